"""A turn is said again: it sounds, touches nothing of the conversation, and whoever talks comes first."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

import numpy as np
import pytest

from app.audio.playback import PlayedOut
from app.connection.services import compatible
from app.conversation.conversation import Conversation
from app.conversation.effects import Effect, EntryChanged, Interrupted, Notice, Send, StatusChanged
from app.conversation.session import Mode, SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Party
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.effect_runner import EffectRunner
from app.live.events import LiveEvent, SayingAgain
from app.live.replay import Replay
from app.live.speaker import LastingSpeaker
from app.live.turn_sounds import TurnSounds
from app.protocol import server_events as sv
from app.protocol.items import Item, Response
from app.protocol.session import Session
from tests.connection.loopback import playing, run
from tests.live.fakes import HandMicrophone, HandSpeaker
from tests.live.hearing_service import WORDS, HearingService, spoken
from tests.live.test_devices import HandSystem

SPEECH = (np.full(24 * 1000, 8_000, "<i2")).tobytes()
"""One second."""


class Room:
    """A conversation, its speaker and what is said again, on one thread and with a clock that is turned by hand."""

    def __init__(self, settings: SessionSettings | None = None) -> None:
        self.now_ms = 0
        self.told: list[LiveEvent] = []
        self.effects: list[Effect] = []
        self.device = HandSpeaker()
        self.speaker = LastingSpeaker(self.device, prebuffer_ms=0)
        self.speaker.start(lambda: None)
        self.talk = Conversation(settings or SessionSettings(), self.speaker, seed="t")
        self._due: list[tuple[float, Callable[[Conversation, int], list[Effect]]]] = []
        self.sounds = TurnSounds()
        self.replay = Replay(self.sounds, self.speaker, self.told.append, self._later)
        self._runner = EffectRunner(
            self.speaker, self.told.append, lambda: self.now_ms, self.talk.find, lambda _: None,
            self.sounds, self.replay.make_way,
        )  # fmt: skip
        session = Session(type="realtime", model="m")
        self(lambda talk, now: talk.connected(sv.SessionCreated(session=session), now))
        self.hear(sv.SessionUpdated(session=session))

    def _later(self, delay_ms: float, step: Callable[[Conversation, int], list[Effect]]) -> None:
        self._due.append((self.now_ms + delay_ms, step))

    def __call__(self, step: Callable[[Conversation, int], list[Effect]]) -> None:
        for effect in step(self.talk, self.now_ms):
            self.effects.append(effect)
            if not isinstance(effect, Send):  # nobody is there to send it to
                self._runner.run(effect)

    def hear(self, event: sv.ServerEvent) -> None:
        self.sounds.received(event)
        self(lambda talk, now: talk.receive(event, now))

    def answer(self, item_id: str, pcm: bytes = SPEECH) -> None:
        """The assistant says it, and has said it."""
        response = f"r-{item_id}"
        self.hear(sv.ResponseCreated(response=Response(id=response)))
        self.hear(sv.OutputItemAdded(response_id=response, item=Item(type="message", id=item_id, role="assistant")))
        self.hear(sv.OutputAudioDelta(response_id=response, item_id=item_id, delta=pcm))
        self.hear(sv.OutputAudioDone(response_id=response, item_id=item_id))
        self.hear(sv.ResponseDone(response=Response(id=response, status="completed")))

    def pass_time(self, ms: int) -> None:
        """The speaker plays on, and all learn of it."""
        for _ in range(ms // 100):
            self.device.sound(100)
            self.now_ms += 100
            for news in self.speaker.news():
                if isinstance(news, PlayedOut):
                    self.replay.played_out(news.item_id)
                    self(lambda talk, now, news=news: talk.played_out(news.item_id, news.played_ms, now))
                else:
                    self(lambda talk, now, news=news: talk.sounding(news.item_id, now))
            due = [step for at_ms, step in self._due if at_ms <= self.now_ms]
            self._due = [each for each in self._due if each[0] > self.now_ms]
            for step in due:
                self(step)

    def again(self, item_id: str) -> None:
        self(lambda talk, now: self.replay.say(item_id, talk, now))

    def heard_ms(self) -> float:
        """So much has sounded since this was last asked."""
        heard, self.device.heard = np.concatenate([np.zeros(0), *self.device.heard]), []
        return np.count_nonzero(heard) / 24

    @property
    def state(self) -> State:
        return self.talk.status.state

    def notices(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Notice)]

    def sayings(self) -> list[str]:
        return [event.item_id for event in self.told if isinstance(event, SayingAgain)]


@pytest.fixture
def room() -> Room:
    """The assistant has said "a1", and the user listens."""
    room = Room()
    room.answer("a1")
    room.pass_time(1500)
    assert (room.heard_ms(), room.state) == (1000, State.LISTENING)
    return room


def test_what_was_said_is_heard_again_with_the_microphone_closed_meanwhile(room: Room):
    room.again("a1")
    assert room.state is State.MUTED
    assert SayingAgain("a1", is_microphone_closed=True) in room.told
    room.pass_time(1500)
    assert (room.heard_ms(), room.state) == (1000, State.LISTENING)
    assert room.sayings() == ["a1", ""]


def test_nothing_of_it_counts_as_heard(room: Room):
    entries = room.talk.entries
    sent = len([effect for effect in room.effects if isinstance(effect, Send)])
    room.again("a1")
    room.pass_time(500)
    room(room.replay.stop)
    room.pass_time(500)
    room.again("a1")
    room.pass_time(2000)
    assert room.talk.entries == entries
    assert len([effect for effect in room.effects if isinstance(effect, Send)]) == sent
    assert not any(isinstance(effect, Interrupted) for effect in room.effects)


def test_it_stops_when_it_is_told_to_and_the_microphone_is_open_again(room: Room):
    room.again("a1")
    room.pass_time(300)
    room(room.replay.stop)
    assert not room.replay.is_saying
    room.pass_time(1000)
    assert 300 <= room.heard_ms() <= 310
    assert room.state is State.LISTENING


def test_the_assistant_comes_first_and_all_of_its_answer_is_heard(room: Room):
    room.again("a1")
    room.pass_time(300)
    room.answer("a2")
    assert not room.replay.is_saying
    room.pass_time(2000)
    assert 1300 <= room.heard_ms() <= 1310
    entry = next(entry for entry in room.talk.entries if entry.item_id == "a2")
    assert (entry.heard_ms, entry.is_interrupted) == (1000, False)


def test_the_talk_key_stops_it_and_opens_the_microphone_at_once(room: Room):
    room.again("a1")
    room.pass_time(300)
    room.replay.make_way()
    room.replay.leave_microphone()
    room(lambda talk, now: talk.talk_key(now))
    assert room.state is State.LISTENING
    room(lambda talk, now: talk.talk_key(now))  # the user closes it
    room.pass_time(1000)
    assert room.state is State.MUTED


def test_a_microphone_that_the_user_had_closed_stays_closed(room: Room):
    room(lambda talk, now: talk.talk_key(now))
    room.again("a1")
    assert room.told[-1] == SayingAgain("a1")
    room.pass_time(2000)
    assert room.state is State.MUTED


def test_another_turn_takes_its_place(room: Room):
    room.answer("a2", SPEECH * 2)
    room.pass_time(2500)
    room.heard_ms()
    room.again("a2")
    room.pass_time(400)
    room.again("a1")
    room.pass_time(600)
    assert room.state is State.MUTED
    room.pass_time(1500)
    assert 1400 <= room.heard_ms() <= 1410
    assert room.state is State.LISTENING


def test_a_long_turn_is_heard_to_its_end_though_it_is_given_in_pieces(room: Room):
    room.answer("a2", SPEECH * 13)
    room.pass_time(14_000)
    room.heard_ms()
    room.again("a2")
    room.pass_time(14_000)
    assert (room.heard_ms(), room.state) == (13_000, State.LISTENING)


def test_a_speaker_that_says_nothing_keeps_no_microphone_closed(room: Room):
    room.again("a1")
    room.speaker.silence()  # as a new session does
    room.pass_time(5000)
    assert (room.replay.is_saying, room.state) == (False, State.LISTENING)


def test_while_the_assistant_speaks_nothing_is_said_again(room: Room):
    room.answer("a2")
    room.pass_time(200)
    room.again("a1")
    assert room.notices() == ["The assistant is speaking. When it is silent, a turn can be said again."]
    room.pass_time(2000)
    assert room.heard_ms() == 1000


def test_a_turn_without_sound_and_one_whose_sound_had_to_make_room_say_so(room: Room):
    room.again("typed")
    assert room.notices() == ["There is no sound of this turn."]
    room.sounds.played("a2", SPEECH * 600)
    room.again("a1")
    assert room.notices()[1:] == ["The sound of this turn is no longer kept: there are only the last 10 minutes."]


def test_in_push_to_talk_an_open_microphone_comes_first():
    room = Room(SessionSettings(mode=Mode.PUSH_TO_TALK))
    room.answer("a1")
    room.pass_time(1500)
    room.again("a1")
    assert (room.state, room.told[-1]) == (State.READY, SayingAgain("a1"))
    room.replay.make_way()
    room(lambda talk, now: talk.talk_key(now))
    room.again("a1")
    assert room.notices() == ["The microphone is open. When your turn is over, one can be said again."]


def is_entry(event: LiveEvent, speaker: Party) -> bool:
    return isinstance(event, EntryChanged) and event.entry.speaker is speaker and event.entry.is_final


def is_state(event: LiveEvent, state: State) -> bool:
    return isinstance(event, StatusChanged) and event.status.state is state


def test_what_the_user_said_over_a_real_line_is_heard_again_sample_by_sample():
    said = np.concatenate([np.frombuffer(spoken(0, word), "<i2") for word in range(WORDS)])
    silence = np.zeros(24 * 300, "<i2")
    told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()
    microphone, device = HandMicrophone(), HandSpeaker()
    heard: list[np.ndarray] = []

    def first(wanted: Callable[[LiveEvent], bool]) -> LiveEvent:
        while not wanted(event := told.get(timeout=10)):
            pass
        return event

    def use(live: LiveConversation) -> None:
        first(lambda event: is_state(event, State.LISTENING))
        for sound in (silence, said, silence):  # place 0 would be as good as none told
            for at in range(0, sound.size, 480):
                microphone.give(sound[at : at + 480].astype(np.float32) / 32_768)
        turn = first(lambda event: is_entry(event, Party.USER))
        first(lambda event: is_entry(event, Party.ASSISTANT))
        device.sound(1000)  # the answer is heard
        first(lambda event: is_state(event, State.LISTENING))
        device.heard = []
        live.say_again(turn.entry.item_id)
        first(lambda event: isinstance(event, SayingAgain))
        device.sound(1000)
        heard.append(np.concatenate(device.heard))

    async def nothing_happens(socket: object, kind: str) -> bool:
        return False

    async def talk() -> None:
        async with playing(HearingService(nothing_happens)) as service:
            live = LiveConversation(
                dialler=ServiceDialler(compatible(service.url), None), settings=SessionSettings(),
                microphone=microphone, speaker=device, listener=told.put, system=HandSystem(), greets=False,
            )  # fmt: skip
            workers = [threading.Thread(target=work) for work in (live.run_line, live.run_sound)]
            for worker in workers:
                worker.start()
            try:
                await asyncio.to_thread(use, live)
            finally:
                live.close()
                for worker in workers:
                    await asyncio.to_thread(worker.join, 10)

    run(talk())
    again = np.round(heard[0] * 32_768).astype("<i2")
    assert np.array_equal(again[again != 0], said)
