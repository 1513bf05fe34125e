"""Where a turn of the user begins and ends, from the probabilities of speech alone.

Goes by the time of the sound, never by the clock: however fast or slow it comes in, the answer is the same.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from app.audio.vad import FRAME_MS

SURE: Final = 0.9
"""One frame this likely (and not below the threshold) begins a turn; else it takes two in a row, so that a click
does not, and a beginning is noticed at most 64 ms late."""

HYSTERESIS: Final = 0.15
"""A pause begins this far below the threshold: a voice that sways around the threshold does not end its turn."""

FLOOR: Final = 0.01
"""What is less likely than this is silence under any threshold."""


class Step(StrEnum):
    """What a frame of 32 ms was to the turn."""

    SILENCE = "silence"
    STARTED = "started"
    SPEECH = "speech"
    PAUSE = "pause"
    RESUMED = "resumed"
    STOPPED = "stopped"


class TurnDetector:
    """Follows one stream of frames."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No turn is going on."""
        self._speaking = False
        self._likely_frames = 0
        self._pause_frames = 0

    @property
    def speaking(self) -> bool:
        """A turn has begun and not ended."""
        return self._speaking

    @property
    def pause_ms(self) -> float:
        """How long the pause inside the turn has lasted; 0.0 while the user speaks."""
        return self._pause_frames * FRAME_MS

    @property
    def likely_frames(self) -> int:
        """At STARTED: how many frames the turn has, the present one included."""
        return self._likely_frames

    def feed(self, probability: float, threshold: float, silence_ms: float) -> Step:
        """Judge the next frame. `silence_ms` of pause end the turn; both settings may differ at every call."""
        if not self._speaking:
            return self._wait(probability, threshold)
        if probability >= threshold:
            resumed = self._pause_frames > 0
            self._pause_frames = 0
            return Step.RESUMED if resumed else Step.SPEECH
        # What lies between the two marks goes on with whatever was before.
        if self._pause_frames == 0 and probability >= max(threshold - HYSTERESIS, FLOOR):
            return Step.SPEECH
        self._pause_frames += 1
        if self.pause_ms < silence_ms:
            return Step.PAUSE
        self.reset()
        return Step.STOPPED

    def _wait(self, probability: float, threshold: float) -> Step:
        if probability < threshold:
            self._likely_frames = 0
            return Step.SILENCE
        self._likely_frames += 1
        if self._likely_frames < 2 and probability < SURE:
            return Step.SILENCE
        self._speaking = True
        return Step.STARTED
