"""Devices are changed and lost while a conversation runs."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.audio.ports import DeviceBusyError, DeviceLostError
from app.connection.client import Connection
from app.conversation.effects import Notice
from app.conversation.session import SessionSettings
from app.live.conversation import LiveConversation
from app.live.events import LiveEvent, SoundChecked
from app.live.sound_check import CheckStep
from app.live.speaker import LastingSpeaker
from app.protocol.capabilities import ALL_OF_GA
from tests.live.fakes import HandMicrophone, HandSpeaker

PATIENCE_S = 10


class NobodyAnswers:
    """A way to a service that never says its first word."""

    capabilities = ALL_OF_GA
    label = "nobody"
    hint = None
    transcription_model = None

    def take_loop(self) -> asyncio.Runner:
        return asyncio.Runner()

    async def dial(self) -> Connection:
        await asyncio.Event().wait()
        raise AssertionError

    async def hang_up(self) -> None:
        """Nothing was opened."""


@dataclass
class HandSystem:
    """The devices that there are."""

    microphones: dict[str | None, HandMicrophone] = field(default_factory=dict)
    speakers: dict[str | None, HandSpeaker] = field(default_factory=dict)

    def open_microphone(self, spec: str | None) -> HandMicrophone:
        return self.microphones[spec]

    def open_speaker(self, spec: str | None) -> HandSpeaker:
        return self.speakers[spec]

    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (), ()


class Talk:
    """A conversation that runs, and what it tells."""

    def __init__(self, microphone: HandMicrophone, speaker: HandSpeaker, system: HandSystem) -> None:
        self._told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()
        self.live = LiveConversation(
            dialler=NobodyAnswers(),
            settings=SessionSettings(),
            microphone=microphone,
            speaker=speaker,
            listener=self._told.put,
            system=system,
            greets=False,
        )

    def told(self) -> str:
        """The next notice, or step of a sound check."""
        while True:
            match self._told.get(timeout=PATIENCE_S):
                case Notice(text):
                    return text
                case SoundChecked(step):
                    return step


@contextmanager
def talking(microphone: HandMicrophone, speaker: HandSpeaker, system: HandSystem) -> Iterator[Talk]:
    talk = Talk(microphone, speaker, system)
    workers = [threading.Thread(target=work) for work in (talk.live.run_line, talk.live.run_sound)]
    for worker in workers:
        worker.start()
    try:
        assert microphone.opened.wait(PATIENCE_S)
        yield talk
    finally:
        talk.live.close()
        for worker in workers:
            worker.join(PATIENCE_S)
            assert not worker.is_alive()


def test_another_microphone_takes_over():
    before, after = HandMicrophone(), HandMicrophone("headset")
    with talking(before, HandSpeaker(), HandSystem({"head": after})) as talk:
        talk.live.use_microphone("head")
        assert talk.told() == "The microphone is headset now."
        assert (before.is_open, after.is_open) == (False, True)
        assert talk.live.microphone_name == "headset"
    assert not after.is_open


def test_another_microphone_that_cannot_be_opened_leaves_the_one_there_is():
    microphone = HandMicrophone()
    system = HandSystem({None: HandMicrophone(refuses=DeviceBusyError("It is busy."))})
    with talking(microphone, HandSpeaker(), system) as talk:
        talk.live.use_microphone("")
        assert talk.told() == "It is busy. The microphone is as before."
        assert microphone.is_open
        assert talk.live.microphone_name == "hand microphone"
        assert not talk.live.is_input_over


def test_a_microphone_lost_during_its_check_ends_the_check():
    microphone = HandMicrophone()
    with talking(microphone, HandSpeaker(), HandSystem()) as talk:
        talk.live.check_microphone()
        assert talk.told() == CheckStep.RECORDING
        microphone.end(DeviceLostError("It went away."))
        assert [talk.told(), talk.told()] == [CheckStep.DONE, "It went away."]
        assert talk.live.microphone_name == ""
        talk.live.check_microphone()
        assert talk.told() == "There is no microphone to be checked."


def test_another_speaker_takes_over_and_one_that_cannot_be_opened_does_not():
    before, after = HandSpeaker(), HandSpeaker("headphones")
    system = HandSystem(speakers={"head": after, "bad": HandSpeaker(refuses=DeviceBusyError("It is busy."))})
    with talking(HandMicrophone(), before, system) as talk:
        talk.live.use_speaker("bad")
        assert talk.told() == "It is busy. The speaker is as before."
        assert before.is_open
        talk.live.use_speaker("head")
        assert talk.told() == "The speaker is headphones now."
        assert (before.is_open, after.is_open) == (False, True)
        assert talk.live.speaker_name == "headphones"
    assert not after.is_open


def test_a_speaker_that_goes_away_leaves_the_conversation_in_writing():
    speaker = HandSpeaker()
    with talking(HandMicrophone(), speaker, HandSystem()) as talk:
        speaker.fail(DeviceLostError("It went away."))
        assert talk.told() == "It went away. The conversation goes on in writing."
    assert not speaker.is_open


def test_a_speaker_that_comes_after_the_end_is_closed():
    speaker, late = LastingSpeaker(HandSpeaker()), HandSpeaker()
    speaker.start(lambda: None)
    speaker.close()
    speaker.change(late)
    assert not late.is_open
