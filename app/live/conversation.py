"""A running conversation: the rules, the line and the sound as one thing for a front end."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from app.audio.capture import Chunk, Levels
from app.audio.example import CLIPS, Clip, load
from app.audio.files import ClipMicrophone
from app.audio.ports import AudioError, Microphone, Speaker
from app.conversation.active_response import ANSWER_TIMEOUT_MS
from app.conversation.bill import NO_BUDGET, Budget
from app.conversation.conversation import Conversation
from app.conversation.effects import Effect, Notice, Severity, StatusChanged
from app.conversation.ordered import OrderedEntries
from app.conversation.prices import NO_PRICES, PriceList
from app.conversation.session import Mode, SessionChange, SessionSettings
from app.conversation.status import State, Status
from app.conversation.transcript import Entry, Transcript
from app.history.saved import Saved
from app.live.backoff import Backoff
from app.live.devices import Devices, SoundSystem
from app.live.dialling import Dialler
from app.live.events import ExampleOffered, HeardSoFar, Listener, WireEventsAfter
from app.live.example import ExampleDirector
from app.live.line import Line
from app.live.replay import Replay
from app.live.service_choice import ServiceChoice
from app.live.sound import SoundWorker
from app.live.speaker import LastingSpeaker
from app.live.switching import Switchboard, SwitchError
from app.live.turn_sounds import TurnSounds
from app.protocol.session import VOICES
from app.protocol.wire_event import WireEvent

_RELEASE_AFTER_MS = 250
"""In push-to-talk the example keeps the microphone open for so long after its last word."""

_BEFORE_SPEECH = frozenset({State.HEARING, State.THINKING, State.SPEAKING})
"""An answer is to be expected."""


class Keeper(Protocol):
    """Keeps what was said. Called on the line's thread; a failure of its is never ours."""

    def keep(self, about: Saved, entries: OrderedEntries[Entry], changed: Iterable[str]) -> None:
        """These entries changed or left, of all that there are; `about` is the conversation without its entries."""

    def end(self, saved: Saved) -> None:
        """The conversation as it ended; nothing comes after it."""


class LiveConversation:
    """Joins conversation, connection and sound; see `app.live.events.Live` for what each method promises.

    `microphone` None: there is none; the example can be spoken all the same. `waits_to_speak`: the microphone is a
    recording, which begins when it is first heard, not before. `speaks_example`: the microphone is the example,
    whose sentences follow by themselves. `timeout_ms`, `preroll_ms`, `chosen`: see `Conversation`. `reconnect_s`,
    `stays_offline`: see `Line`. `volume`: see `Live.set_volume`.
    """

    def __init__(
        self,
        *,
        dialler: Dialler,
        settings: SessionSettings,
        microphone: Microphone | None,
        speaker: Speaker,
        listener: Listener,
        system: SoundSystem,
        greets: bool,
        waits_to_speak: bool = False,
        speaks_example: bool = False,
        cancels_echo: bool = True,
        keeper: Keeper | None = None,
        timeout_ms: int = ANSWER_TIMEOUT_MS,
        prices: PriceList = NO_PRICES,
        budget: Budget = NO_BUDGET,
        preroll_ms: int = 0,
        volume: int = 100,
        chosen: frozenset[str] = frozenset(),
        clips: Sequence[Clip] = CLIPS,
        switchboard: Switchboard | None = None,
        wire_events: WireEventsAfter = lambda _: (),
        backoff: Backoff | None = None,
        reconnect_s: float = 0,
        stays_offline: bool = False,
    ) -> None:
        self._listener, self._system, self._switchboard = listener, system, switchboard
        self._wire_events = wire_events
        self._speaker = LastingSpeaker(speaker)
        self._speaker.set_volume(volume)
        self._example = ClipMicrophone("example") if speaks_example else None
        self._director = ExampleDirector(clips, is_automatic=speaks_example)
        first = self._example or microphone
        self._waiting = first if waits_to_speak else None
        self._sound = SoundWorker(None if waits_to_speak else first, self._speaker, self, cancels_echo=cancels_echo)
        sounds = TurnSounds()
        self._line = Line(
            Conversation(
                settings,
                self._speaker,
                seed=secrets.token_hex(5),
                has_microphone=first is not None,
                greets=greets,
                timeout_ms=timeout_ms,
                prices=prices,
                budget=budget,
                preroll_ms=preroll_ms,
                capabilities=dialler.capabilities,
                chosen=chosen,
            ),
            dialler,
            self._speaker,
            listener,
            self._sound.now_ms,
            on_status=self._status_changed,
            on_final=self._keep,
            on_over=self._over,
            sounds=sounds,
            before_speech=self._make_way,
            backoff=backoff or Backoff(secrets.randbits(32)),
            reconnect_s=reconnect_s,
            stays_offline=stays_offline,
        )
        self._replay = Replay(sounds, self._speaker, listener, self._line.later)
        self._state = State.CONNECTING
        self._is_input_finite = waits_to_speak or speaks_example
        name = first.name if first else ""
        self._devices = Devices(self._line, self._sound, self._speaker, listener, system, name)
        self._keeper = keeper
        self.started_at = time.time()

    # ---------------------------------------------------------------- what a front end sees

    @property
    def service_label(self) -> str:
        return self._line.dialler.label

    @property
    def dialler(self) -> Dialler:
        """The way to the service that is talked with."""
        return self._line.dialler

    @property
    def voices(self) -> tuple[str, ...]:
        return self._line.dialler.capabilities.voices or VOICES

    @property
    def microphone_name(self) -> str:
        return self._devices.microphone_name

    @property
    def speaker_name(self) -> str:
        return self._speaker.name

    @property
    def sound_server(self) -> str:
        return self._sound.server

    @property
    def levels(self) -> Levels:
        return self._sound.levels

    @property
    def heard_so_far(self) -> HeardSoFar | None:
        now = self._speaker.heard_now
        return None if now is None else HeardSoFar(*now)

    @property
    def status(self) -> Status:
        """The conversation's status now."""
        return self._line.status

    @property
    def is_waiting_to_speak(self) -> bool:
        """The microphone is a recording, which begins when it is opened."""
        return self._waiting is not None

    @property
    def is_input_finite(self) -> bool:
        """The microphone says what it has to say, and that is all: a recording, or the example."""
        return self._is_input_finite

    @property
    def is_input_over(self) -> bool:
        """Nothing more will be said into the microphone: there is none, its file is over, or the example is."""
        if self._waiting is not None:
            return False
        if self._example is not None:
            return self._director.is_over and not self._example.speaking
        return self._sound.is_input_over

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._line.entries

    # ---------------------------------------------------------------- what a front end does

    def run_line(self) -> None:
        self._line.run()

    def run_sound(self) -> None:
        self._offer_example()
        self._sound.run()

    def talk_key(self) -> None:
        def step(talk: Conversation, now_ms: int) -> list[Effect]:
            self._replay.make_way()
            self._replay.leave_microphone()
            return talk.talk_key(now_ms)

        self._line.post(step)

    def hold_microphone(self, is_held: bool) -> None:
        self._line.post(lambda talk, now_ms: talk.hold_microphone(is_held, now_ms))

    def stop_key(self) -> None:
        def step(talk: Conversation, now_ms: int) -> list[Effect]:
            return self._replay.stop(talk, now_ms) if self._replay.is_saying else talk.stop_key(now_ms)

        self._line.post(step)

    def say(self, text: str) -> None:
        self._line.post(self._replay.stop)
        self._line.post(lambda talk, now_ms: talk.speak_text(text, now_ms))

    def say_again(self, item_id: str) -> None:
        self._line.post(lambda talk, now_ms: self._replay.say(item_id, talk, now_ms))

    def change(self, change: SessionChange) -> None:
        self._line.post(lambda talk, now_ms: talk.change(change, now_ms))

    def limit_spending(self, budget: Budget) -> None:
        self._line.post(lambda talk, now_ms: talk.limit_spending(budget, now_ms))

    def reconnect(self) -> None:
        self._line.retry()

    def stay_offline(self) -> None:
        self._line.give_up()

    def renew(self, change: SessionChange) -> None:
        self._line.renew(change)

    def services(self) -> tuple[ServiceChoice, ...]:
        return self._switchboard.choices() if self._switchboard is not None else ()

    def switch(self, choice: ServiceChoice, change: SessionChange) -> None:
        if self._switchboard is None:
            return
        try:
            dialler, needed = self._switchboard.dialler(choice)
        except SwitchError as error:
            self._listener(Notice(str(error), Severity.ERROR))
            return
        self._listener(Notice(f"Connecting to {dialler.label} …"))
        self._line.switch(dialler, change.with_all_of(needed))

    def wire_events(self, number: int) -> tuple[WireEvent, ...]:
        return self._wire_events(number)

    def device_names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self._system.names()

    def use_microphone(self, spec: str) -> None:
        self._with_sound(lambda: self._take_microphone(spec))

    def use_speaker(self, spec: str) -> None:
        self._with_sound(lambda: self._devices.use_speaker(spec))

    def set_volume(self, percent: int) -> None:
        self._speaker.set_volume(percent)

    def check_speaker(self) -> None:
        self._line.post(self._replay.stop)
        self._with_sound(self._devices.check.play_tone)

    def check_microphone(self) -> None:
        self._line.post(self._replay.stop)
        self._with_sound(self._devices.record_check)

    def suspend(self) -> threading.Event:
        return self._sound.suspend()

    def resume(self) -> None:
        self._sound.resume()

    def speak_example(self) -> None:
        self._line.post(self._speak_example)

    def close(self) -> None:
        self._line.close()
        self._sound.close()

    def _with_sound(self, task: Callable[[], object]) -> None:
        if not self._sound.do(task):
            self._listener(Notice("The conversation is over: microphone and speaker are closed.", Severity.WARNING))

    def _make_way(self) -> None:
        self._replay.make_way()

    # ---------------------------------------------------------------- what the audio worker reports

    def captured(self, chunk: Chunk) -> None:
        self._devices.check.captured(chunk.pcm)
        self._line.post(lambda talk, now_ms: talk.captured(chunk.pcm, chunk.captured_ms, chunk.voice, now_ms))

    def sounding(self, item_id: str) -> None:
        self._line.post(lambda talk, now_ms: talk.sounding(item_id, now_ms))

    def played_out(self, item_id: str, played_ms: int) -> None:
        def step(talk: Conversation, now_ms: int) -> list[Effect]:
            self._replay.played_out(item_id)
            return talk.played_out(item_id, played_ms, now_ms)

        self._line.post(step)

    def microphone_ended(self, error: AudioError | None) -> None:
        if error is None:  # the end of a file: a quiet room follows
            return
        self._devices.microphone_lost(error)
        self._offer_example()

    def speaker_failed(self, error: AudioError) -> None:
        self._devices.speaker_failed(error)

    def _take_microphone(self, spec: str) -> None:
        waiting, self._waiting = self._waiting, None  # the recording would take the place of what is chosen now
        if self._devices.use_microphone(spec):
            self._example = None
            self._director.only_offer()
        else:
            self._waiting = waiting

    # ---------------------------------------------------------------- what is kept, on the line's thread

    def _keep(self, transcript: Transcript, changed: set[str]) -> None:
        if self._keeper is not None:
            self._keeper.keep(self._about(), transcript, changed)

    def _over(self) -> None:
        """The line is gone for good: what was said is kept, and devices that serve nothing are closed."""
        self._sound.close()
        if self._keeper is not None:
            self._keeper.end(self._saved())

    def _saved(self) -> Saved:
        return replace(self._about(), entries=self.entries)

    def _about(self) -> Saved:
        status = self.status
        return Saved(self.started_at, self.service_label, status.model, spending=status.spending)

    # ---------------------------------------------------------------- the example, on the line's thread

    def _speak_example(self, talk: Conversation, now_ms: int) -> list[Effect]:
        clip = self._director.next_clip
        if clip is None:
            return []
        effects: list[Effect] = []
        if self._example is None:
            self._example = ClipMicrophone("example")
            self._devices.microphone_name = "example"
            self._sound.take(self._example)
            effects += talk.microphone_came(True, now_ms)
        samples, rate_hz = load(clip)
        length_ms = len(samples) * 1000 / rate_hz
        self._director.take(now_ms, length_ms)
        status = talk.status
        if status.settings.mode is Mode.PUSH_TO_TALK and not status.is_microphone_open:
            effects += talk.talk_key(now_ms)
            self._line.later(length_ms + _RELEASE_AFTER_MS, Conversation.talk_key)
        self._example.cue(samples, rate_hz)
        self._offer_example()
        return effects

    def _status_changed(self, changed: StatusChanged) -> None:
        if self._waiting is not None and changed.status.is_microphone_open:
            self._sound.take(self._waiting)
            self._waiting = None
        state = changed.status.state
        if state is not self._state:
            self._state = state
            if state in _BEFORE_SPEECH:
                self._speaker.expect()
            self._director.observe(state, self._sound.now_ms())
            self._set_example_timer()

    def _set_example_timer(self) -> None:
        due_ms = self._director.due_ms
        if due_ms is not None:
            self._line.later(due_ms - self._sound.now_ms(), self._example_due)

    def _example_due(self, talk: Conversation, now_ms: int) -> list[Effect]:
        due_ms = self._director.due_ms
        if due_ms is None or now_ms < due_ms:
            return []  # the state changed meanwhile, and set another timer
        effects = self._speak_example(talk, now_ms)
        self._set_example_timer()
        return effects

    def _offer_example(self) -> None:
        if self._example is None and self._devices.microphone_name:
            return
        clip = self._director.next_clip
        self._listener(ExampleOffered(clip.text if clip else None))
