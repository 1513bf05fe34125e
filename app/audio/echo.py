"""Taking the assistant's own voice out of the microphone: WebRTC's AEC3 through `pywebrtc-audio`.

Measured for this use: 24 kHz, frames of a multiple of 240 samples, no delay to set up to about 450 ms, about 1.2 % of
a core, its output 9 ms late. One rule matters: the reference must never come later than its echo. It is taken when a
block is handed to the card, before it sounds, and never allowed to lag behind.
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

_ECHO_FRAMES: Final = ms_to_frames(1000)
"""So long after the speaker's last sound there may be an echo of it. Then the processor rests, and what the
microphone hears passes untouched and 9 ms earlier."""

_DELAY_FRAMES: Final = 224
"""So much later than its input the processor's output comes, at 24 kHz."""

_WARM_FRAMES: Final = 10 * _FRAME
"""So much of what passed is shown to the processor when it begins again, for its filters."""

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

    return EchoCanceller(far, process, _DELAY_FRAMES)


class EchoCanceller:
    """Pairs the microphone's sound with what was handed to the speaker, frame by frame. For one thread.

    While the speaker is silent nothing is processed.
    """

    def __init__(self, far: FarEnd, process: Process, delay_frames: int = 0) -> None:
        """The speaker of `far` must be started: its rate is read here. `delay_frames` is the delay of `process`,
        less than 10 ms."""
        self._far = far
        self._process = process
        self._delay = delay_frames
        self._silent = _ECHO_FRAMES  # so long the speaker has been
        self._past: Samples = np.zeros(_WARM_FRAMES, dtype=np.float32)
        self._to_24k = Resampler(far.rate_hz, WIRE_RATE_HZ)
        self._near: Samples = np.zeros(0, dtype=np.float32)
        self._reference: Samples = np.zeros(0, dtype=np.float32)
        self._started = False

    def process(self, near: Samples) -> Samples:
        """The same sound (24 kHz) without the echo; holds back less than 10 ms."""
        self._near = np.concatenate([self._near, near])
        self._reference = np.concatenate([self._reference, self._spoken()])
        frames = self._near.size // _FRAME * _FRAME
        if frames == 0:
            return np.zeros(0, dtype=np.float32)
        far = self._paired(frames)
        now, self._near = self._near[:frames], self._near[frames:]
        return self._clean(now, far)

    def drain(self) -> Samples:
        """What was held back, at the end."""
        held = self._near.size + (0 if self._is_resting else self._delay)
        return self.process(np.zeros(self._delay + -held % _FRAME, dtype=np.float32))[:held]

    @property
    def _is_resting(self) -> bool:
        return self._silent >= _ECHO_FRAMES

    def _spoken(self) -> Samples:
        far = self._far.read()
        if self._is_resting and not far.any():  # the resampler holds nothing but silence either
            return np.zeros(far.size * WIRE_RATE_HZ // self._far.rate_hz, dtype=np.float32)
        return self._to_24k.process(far)

    def _clean(self, near: Samples, far: Samples) -> Samples:
        """The processor's output, or what came in while it rests; nothing twice and nothing lost in between."""
        rested = self._is_resting
        self._silent = 0 if far.any() else self._silent + far.size
        past, self._past = self._past, np.concatenate([self._past, near])[-_WARM_FRAMES:]
        if rested and self._is_resting:
            return near
        if rested:
            self._process(past, np.zeros(_WARM_FRAMES, dtype=np.float32))
            return self._process(near, far)[self._delay :]  # what it still held has passed already
        clean = self._process(near, far)
        return np.concatenate([clean, near[near.size - self._delay :]]) if self._is_resting else clean

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
