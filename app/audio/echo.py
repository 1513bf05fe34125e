"""Taking the assistant's own voice out of the microphone: WebRTC's AEC3 through `pywebrtc-audio`.

Measured for this use: 24 kHz, frames of a multiple of 240 samples, no delay to set up to about 450 ms, about 1 % of
a core. One rule matters: the reference must never come later than its echo. It is taken when a block is handed to
the card, before it sounds, and never allowed to lag behind.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

import numpy as np

from app.audio.pcm import WIRE_RATE_HZ, Resampler, ms_to_frames
from app.audio.ports import FarEnd, Samples
from app.audio.ring import SampleRing

_FRAME: Final = ms_to_frames(10)
"""The processor works in 10 ms frames; a shorter one would be filled up with silence."""

_SLACK_FRAMES: Final = ms_to_frames(20)
"""What may wait on the reference's side: callbacks of the two devices do not take turns evenly."""

_LAG_FRAMES: Final = ms_to_frames(60)
"""More than this waiting is a lag, and is cut to the slack."""

_FAR_MS: Final = 1000
"""Room for what the speaker hands out while nobody reads."""

Process = Callable[[Samples, Samples], Samples]
"""Near and far, both float32 of the same multiple of 240 frames at 24 kHz, to near without the echo."""


class FarRing:
    """The far end as a bounded ring: the speaker's callback writes blocks into it, the audio worker reads."""

    def __init__(self, rate_hz: int) -> None:
        """`rate_hz` is the speaker's."""
        self.rate_hz: Final = rate_hz
        self.ring: Final = SampleRing(ms_to_frames(_FAR_MS, rate_hz))

    def read(self) -> Samples:
        """All that was handed out since the last call."""
        return self.ring.read()


def open_canceller(far: FarEnd) -> EchoCanceller | None:
    """A canceller for this speaker; None where the library is not installed (`pywebrtc-audio` has no wheel)."""
    try:
        library = importlib.import_module("pywebrtc_audio")
    except (ImportError, OSError):
        return None
    processor = library.AudioProcessor(sample_rate=WIRE_RATE_HZ, echo_cancellation=True)

    def process(near: Samples, far_sound: Samples) -> Samples:
        return np.asarray(processor.process(near, far_sound), dtype=np.float32)

    return EchoCanceller(far, process)


class EchoCanceller:
    """Pairs the microphone's sound with what was handed to the speaker, frame by frame. For one thread."""

    def __init__(self, far: FarEnd, process: Process) -> None:
        """The speaker of `far` must be started: its rate is read here."""
        self._far = far
        self._process = process
        self._to_24k = Resampler(far.rate_hz, WIRE_RATE_HZ)
        self._near: Samples = np.zeros(0, dtype=np.float32)
        self._reference: Samples = np.zeros(0, dtype=np.float32)
        self._started = False

    def process(self, near: Samples) -> Samples:
        """The same sound (24 kHz) without the echo; holds back less than 10 ms."""
        self._near = np.concatenate([self._near, near])
        self._reference = np.concatenate([self._reference, self._to_24k.process(self._far.read())])
        frames = self._near.size // _FRAME * _FRAME
        if frames == 0:
            return np.zeros(0, dtype=np.float32)
        clean = self._process(self._near[:frames], self._paired(frames))
        self._near = self._near[frames:]
        return clean

    def drain(self) -> Samples:
        """What was held back, at the end."""
        held = self._near.size
        return self.process(np.zeros(-held % _FRAME, dtype=np.float32))[:held]

    def _paired(self, frames: int) -> Samples:
        """The reference for the next `frames`: silence where it is short, cut where it lags."""
        lag = self._reference.size - self._near.size
        if lag > _LAG_FRAMES or (lag > 0 and not self._started):
            # The speaker was opened before the microphone, or the worker slept: what was is of no use any more.
            self._reference = self._reference[lag - (_SLACK_FRAMES if self._started else 0) :]
        self._started = True
        taken = self._reference[:frames]
        self._reference = self._reference[frames:]
        if taken.size == frames:
            return taken
        return np.concatenate([taken, np.zeros(frames - taken.size, dtype=np.float32)])
