"""From one sample rate to another, as the sound comes in: a windowed sinc, in pieces of a common period of both rates.

Measured with tones (tests/audio/test_pcm.py holds the limits; n = half the lower rate): even to 0.05 dB up to 0.85 n,
-2.6 dB at 0.9 n, below -96 dB from 1.02 n on, so that nothing folds back above the noise of 16 bits. Blocks of 10 ms
come out even; the delay is 1.3 ms (2 ms to 16 kHz; 3.3 ms from and to 44.1 kHz, of which a common period is that
long). libsamplerate's `sinc_medium` is as even and better where 16 bits cannot tell (-115 dB), has 1.9 ms of delay and
costs ten times as much; soxr gives 0, 0, 0, 830 frames for four blocks of 10 ms.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np

from app.audio.ports import Samples

_LONGEST_PERIOD: Final = 1000
"""In input frames. Every rate that sound cards have needs less (44.1 to 16 kHz: 441); another one is met to within
one part in a million."""

_HALF_WIDTH: Final = 32
"""Taps on either side of an output frame, at the lower of the two rates: 1.3 ms at 24 kHz."""

_CUT: Final = 0.92
"""Of half the lower rate: the middle of the filter's slope, which is then over where folding would begin."""

_STEEPNESS: Final = 9.5
"""Kaiser's beta: 100 dB beside the slope, for as long a filter as this."""

_FLUSH_FRAMES: Final = 64
"""At the lower rate: silence that pushes out what the filter still holds."""


class Resampler:
    """Converts a stream from one rate to another; state is carried between calls, so chunking never shows.

    Output frame k stands at the time k / to_hz. Equal rates pass through untouched. One instance per stream; not for
    use from two threads at once.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Raises ValueError unless both rates are positive."""
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"a sample rate must be positive: {from_hz} to {to_hz}")
        self.from_hz: Final = from_hz
        self.to_hz: Final = to_hz
        ratio = Fraction(to_hz, from_hz).limit_denominator(_LONGEST_PERIOD)
        self._period = ratio.denominator
        self._before, self._filters = _filters(ratio.numerator, ratio.denominator)
        self._restart()

    @property
    def lag_frames(self) -> int:
        """At most so much less than the input's length has come out (at `to_hz`), after any multiple of 10 ms."""
        if self.from_hz == self.to_hz:
            return 0
        blocks = range(1, 101)
        return max(block * self.to_hz // 100 - self._ready(block * self.from_hz // 100) for block in blocks)

    def process(self, samples: Samples, last: bool = False) -> Samples:
        """The sound that is ready after these samples; a new array, possibly empty.

        With `last` what the filter still holds is given too: over the whole stream exactly
        `round(frames * to_hz / from_hz)` frames, in time with the input. The resampler is as new afterwards.
        """
        if self.from_hz == self.to_hz:
            return samples.astype(np.float32, copy=True)
        self._received += samples.size
        done = self._push(samples)
        if not last:
            self._produced += done.size
            return done
        wanted = round(self._received * self.to_hz / self.from_hz) - self._produced
        while done.size < wanted:
            silence = np.zeros(_FLUSH_FRAMES * -(-self.from_hz // self.to_hz), dtype=np.float32)
            done = np.concatenate([done, self._push(silence)])
        self._restart()
        return done[:wanted]

    def _restart(self) -> None:
        self._held: Samples = np.zeros(self._before, dtype=np.float32)  # silence before the first sample
        self._received = 0
        self._produced = 0

    def _ready(self, received: int) -> int:
        """How much of a stream has come out after so many of its frames."""
        up, width = self._filters.shape
        return int(max(0, (self._before + received - width) // self._period + 1) * up)

    def _push(self, samples: Samples) -> Samples:
        """Every whole period of output that is ready: one product of its stretch of input and the filters.

        By einsum, which calls no BLAS: for so little work that would wake threads which then spin.
        """
        held = np.concatenate([self._held, samples], dtype=np.float32)
        period, width = self._period, self._filters.shape[1]
        count = max(0, (held.size - width) // period + 1)
        # The constructor lays the overlapping stretches over `held` at a fraction of what sliding_window_view costs.
        stretches: Samples = np.ndarray((count, width), np.float32, held, 0, (period * held.itemsize, held.itemsize))
        self._held = held[count * period :]
        if not held.any():  # a microphone that is muted gives nothing else
            return np.zeros(count * self._filters.shape[0], dtype=np.float32)
        done: Samples = np.einsum("pt,ft->pf", stretches, self._filters).reshape(-1)
        return done


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole sound at another rate: exactly `round(frames * to_hz / from_hz)` frames, in time with the input."""
    return Resampler(from_hz, to_hz).process(samples, last=True)


@lru_cache(maxsize=16)
def _filters(up: int, down: int) -> tuple[int, Samples]:
    """For each of the `up` output frames that come of `down` input frames its weights of the input.

    Shape (up, width). Beside it: how many input frames lie before the first output frame.
    """
    widen = max(1.0, down / up)  # going down the filter must be longer by the ratio
    half = math.ceil(_HALF_WIDTH * widen)
    place = np.arange(up) * down  # of each output frame, in steps of 1 / up of an input frame
    distance = (place % up)[:, None] / up - np.arange(-half, half + 1)[None, :]
    window = np.i0(_STEEPNESS * np.sqrt(np.clip(1 - (distance / (half + 1)) ** 2, 0, 1)))
    weights = np.sinc(_CUT / widen * distance) * window
    weights /= weights.sum(axis=1, keepdims=True)
    filters = np.zeros((up, place[-1] // up + weights.shape[1]), dtype=np.float32)
    for row, start, each in zip(filters, place // up, weights, strict=True):
        row[start : start + each.size] = each
    return half, filters
