"""The sound check: a tone to hear, and one's own voice to hear back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from app.audio.pcm import WIRE_RATE_HZ, gain, ms_to_bytes, to_pcm16

TONE_HZ = 440.0
TONE_MS = 900
TONE_DBFS = -20.0
ECHO_MS = 3_000
"""So long the user is listened to before it is played back."""


class CheckStep(StrEnum):
    """Where a sound check is."""

    TONE = "playing a tone"
    RECORDING = "say something"
    PLAYING = "this is what was heard"
    DONE = "done"


def tone() -> bytes:
    """A soft tone with soft edges. PCM16, mono, 24 kHz."""
    times = np.arange(TONE_MS * WIRE_RATE_HZ // 1000, dtype=np.float32) / WIRE_RATE_HZ
    edge = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.03)
    return to_pcm16(gain(TONE_DBFS) * np.sin(2 * np.pi * TONE_HZ * times) * edge)


class SoundCheck:
    """Plays a tone, or what the microphone just heard; meanwhile the service hears nothing.

    `play` lets sound be heard beside the conversation and calls back when it is over; `hold` takes the microphone
    away from the conversation, or gives it back.
    """

    def __init__(
        self,
        play: Callable[[bytes, Callable[[], None]], None],
        hold: Callable[[bool], None],
        tell: Callable[[CheckStep], None],
    ) -> None:
        self._play, self._hold, self._tell = play, hold, tell
        self._take: bytearray | None = None
        self._is_busy = False

    def play_tone(self) -> None:
        """Once; not while another check is under way."""
        if not self._is_busy:
            self._is_busy = True
            self._begin_playing(tone(), CheckStep.TONE)

    def record(self) -> None:
        """Listen from now on."""
        if not self._is_busy:
            self._is_busy, self._take = True, bytearray()
            self._hold(True)
            self._tell(CheckStep.RECORDING)

    def captured(self, pcm: bytes) -> None:
        """A chunk of the microphone, whether it is wanted or not."""
        if self._take is None:
            return
        self._take += pcm
        if len(self._take) >= ms_to_bytes(ECHO_MS):
            take, self._take = bytes(self._take), None
            self._begin_playing(take, CheckStep.PLAYING)

    def microphone_went(self) -> None:
        """The one that is listened to is gone, or another one took its place: what was recorded is thrown away."""
        if self._take is not None:
            self._take = None
            self._end()

    def _begin_playing(self, pcm: bytes, step: CheckStep) -> None:
        self._tell(step)
        self._hold(True)  # the tone is nothing for the service either
        self._play(pcm, self._end)

    def _end(self) -> None:
        self._is_busy = False
        self._hold(False)
        self._tell(CheckStep.DONE)
