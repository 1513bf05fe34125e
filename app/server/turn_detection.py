"""Where a turn of the user begins and ends (server VAD), and how long a pause must be to end it (endpointing).

Goes by the time of the sound, never by the clock: however fast or slow it comes in, the turns are the same."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from app.audio.vad import FRAME_MS
from app.protocol.session import SemanticVad, ServerVad
from app.server.session_settings import given

SURE: Final = 0.9
"""One frame this likely (and not below the threshold) begins a turn; else it takes two in a row, so that a click
does not, and a beginning is noticed at most 64 ms late."""

HYSTERESIS: Final = 0.15
"""A pause begins this far below the threshold: a voice that sways around the threshold does not end its turn."""

FLOOR: Final = 0.01
"""What is less likely than this is silence under any threshold."""


class TurnStep(StrEnum):
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

    def feed(self, probability: float, threshold: float, silence_ms: float) -> TurnStep:
        """Judge the next frame. `silence_ms` of pause end the turn; both settings may differ at every call."""
        if not self._speaking:
            return self._wait(probability, threshold)
        if probability >= threshold:
            resumed = self._pause_frames > 0
            self._pause_frames = 0
            return TurnStep.RESUMED if resumed else TurnStep.SPEECH
        # What lies between the two marks goes on with whatever was before.
        if self._pause_frames == 0 and probability >= max(threshold - HYSTERESIS, FLOOR):
            return TurnStep.SPEECH
        self._pause_frames += 1
        if self.pause_ms < silence_ms:
            return TurnStep.PAUSE
        self.reset()
        return TurnStep.STOPPED

    def _wait(self, probability: float, threshold: float) -> TurnStep:
        if probability < threshold:
            self._likely_frames = 0
            return TurnStep.SILENCE
        self._likely_frames += 1
        if self._likely_frames < 2 and probability < SURE:
            return TurnStep.SILENCE
        self._speaking = True
        return TurnStep.STARTED


EAGERNESS_MS: Final = {"high": 300.0, "medium": 600.0, "auto": 600.0, "low": 1200.0}

WHOLE: Final = 0.6
HALF: Final = 2.5

_WORDS_THAT_GO_ON: Final = (
    "a an the and or but so because if when while that which who whose with without of to from in on at for by as than "
    "about into my your his her its our their this these those is are was were am be um uh er hmm like i we they"
)
_GOES_ON: Final = frozenset(_WORDS_THAT_GO_ON.split())
"""Words that seldom end a sentence. The recogniser sets a full stop after them all the same."""


def silence_window_ms(detection: ServerVad | SemanticVad, words: str | None) -> float:
    """The pause that ends the turn, given what was said so far (None: not known)."""
    if isinstance(detection, ServerVad):
        return float(given(detection.silence_duration_ms))
    window = EAGERNESS_MS[given(detection.eagerness)]
    return window * _factor(words or "")


def _factor(words: str) -> float:
    if not words:
        return 1.0
    last = words.split()[-1].lower()
    if last.endswith((",", "-", "…", "...")) or last.rstrip(".?!") in _GOES_ON:
        return HALF
    return WHOLE if last.endswith((".", "?", "!")) else 1.0
