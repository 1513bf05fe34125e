"""The sound check: recorded, taken from the conversation, played back, given back."""

from __future__ import annotations

from collections.abc import Callable

from app.audio.pcm import ms_to_bytes
from app.live.sound_check import ECHO_MS, CheckStep, SoundCheck, tone

CHUNK = b"\1\0" * 480
CHUNKS = ECHO_MS // 20


class Room:
    """What a check does, in order; what is played ends when the test says so."""

    def __init__(self) -> None:
        self.done: list[object] = []
        self.end: Callable[[], None] = lambda: None
        self.check = SoundCheck(self._play, self.done.append, self.done.append)

    def _play(self, pcm: bytes, when_over: Callable[[], None]) -> None:
        self.done.append(pcm)
        self.end = when_over

    def hear(self, chunks: int = CHUNKS) -> None:
        for _ in range(chunks):
            self.check.captured(CHUNK)


def test_what_is_said_is_played_back_and_the_microphone_given_back():
    room = Room()
    room.hear(2)  # before the check: nobody listens
    room.check.record()
    room.hear()
    room.end()
    assert room.done == [
        *(True, CheckStep.RECORDING),
        *(CheckStep.PLAYING, True, CHUNK * CHUNKS),
        *(False, CheckStep.DONE),
    ]
    assert len(CHUNK * CHUNKS) == ms_to_bytes(ECHO_MS)


def test_a_tone_is_played_without_the_conversation_hearing_it():
    room = Room()
    room.check.play_tone()
    room.end()
    assert room.done == [CheckStep.TONE, True, tone(), False, CheckStep.DONE]


def test_one_check_at_a_time():
    room = Room()
    room.check.record()
    under_way = list(room.done)
    room.check.record()
    room.check.play_tone()
    assert room.done == under_way
    room.hear()
    under_way = list(room.done)
    room.check.play_tone()
    room.hear()
    assert room.done == under_way


def test_a_microphone_that_goes_ends_the_recording_and_leaves_the_next_check_free():
    room = Room()
    room.check.record()
    room.hear(3)
    room.check.microphone_went()
    assert room.done == [True, CheckStep.RECORDING, False, CheckStep.DONE]
    room.check.record()
    room.hear()
    assert room.done[-1] == CHUNK * CHUNKS


def test_a_microphone_that_goes_does_not_end_what_is_being_played():
    room = Room()
    room.check.play_tone()
    room.check.microphone_went()
    assert CheckStep.DONE not in room.done
