"""From one sample rate to another, as the sound comes in.

By libsamplerate (`samplerate`, its `sinc_medium`): made for streams, even blocks, 1.9 ms of delay. Where there is no
wheel of it, by a windowed sinc of our own that has the same properties.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Final, Protocol

import numpy as np

from app.audio.ports import Samples

_LARGEST_BLOCK: Final = 1000
"""Of input frames. Every rate that sound cards have needs less (44.1 to 16 kHz: 441); another one is met to within
one part in a million."""

_HALF_WIDTH: Final = 32
"""Taps on either side of an output frame, at the lower of the two rates: 1.3 ms at 24 kHz."""

_TAIL_FRAMES: Final = 64
"""At either rate: silence that pushes out what an engine still holds."""


_MEASURED_BLOCKS: Final = 100
"""Of 10 ms: libsamplerate's lag moves by a frame with where it stands between two."""


class Engine(Protocol):
    """A streaming converter of one fixed ratio; output frame k stands at the time k / to_hz."""

    def push(self, samples: Samples) -> Samples:
        """What is ready after these samples; may be empty."""


NewEngine = Callable[[int, int], Engine]
"""Makes a converter from one rate to another."""


class Resampler:
    """Converts a stream from one rate to another; state is carried between calls, so chunking never shows.

    Output frame k stands at the time k / to_hz. Equal rates pass through untouched. One instance per stream; not for
    use from two threads at once.
    """

    def __init__(self, from_hz: int, to_hz: int, new_engine: NewEngine | None = None) -> None:
        """`new_engine` makes the converter; by default the best one that is installed.

        Raises ValueError unless both rates are positive.
        """
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"a sample rate must be positive: {from_hz} to {to_hz}")
        self.from_hz: Final = from_hz
        self.to_hz: Final = to_hz
        self._new_engine = new_engine or best_engine
        self._restart()

    @property
    def lag_frames(self) -> int:
        """At most so much less than the input's length has come out (at `to_hz`), after any multiple of 10 ms."""
        return 0 if self.from_hz == self.to_hz else _lag(self._new_engine, self.from_hz, self.to_hz)

    def process(self, samples: Samples, last: bool = False) -> Samples:
        """The sound that is ready after these samples; a new array, possibly empty.

        With `last` what the filter still holds is given too: over the whole stream exactly
        `round(frames * to_hz / from_hz)` frames, in time with the input. The resampler is as new afterwards.
        """
        if self._engine is None:
            return samples.astype(np.float32, copy=True)
        self._received += samples.size
        done = self._engine.push(samples)
        if not last:
            self._produced += done.size
            return done
        wanted = round(self._received * self.to_hz / self.from_hz) - self._produced
        while done.size < wanted:
            silence = np.zeros(_TAIL_FRAMES * -(-self.from_hz // self.to_hz), dtype=np.float32)
            done = np.concatenate([done, self._engine.push(silence)])
        self._restart()
        return done[:wanted]

    def _restart(self) -> None:
        self._engine = None if self.from_hz == self.to_hz else self._new_engine(self.from_hz, self.to_hz)
        self._received = 0
        self._produced = 0


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole sound at another rate: exactly `round(frames * to_hz / from_hz)` frames, in time with the input."""
    return Resampler(from_hz, to_hz).process(samples, last=True)


def best_engine(from_hz: int, to_hz: int) -> Engine:
    """libsamplerate, or where it is not installed the windowed sinc."""
    try:
        return LibSampleRate(from_hz, to_hz)
    except ImportError:
        return WindowedSinc(from_hz, to_hz)


@lru_cache(maxsize=16)
def _lag(new_engine: NewEngine, from_hz: int, to_hz: int) -> int:
    """Measured: each engine holds back as much as it needs to look ahead, the same for every stream."""
    engine, block = new_engine(from_hz, to_hz), np.zeros(from_hz // 100, dtype=np.float32)
    lag = produced = 0
    for count in range(1, _MEASURED_BLOCKS + 1):
        produced += engine.push(block).size
        lag = max(lag, count * to_hz // 100 - produced)
    return lag


class LibSampleRate:
    """libsamplerate through `samplerate.Resampler`."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Raises ImportError where it is not installed."""
        library = importlib.import_module("samplerate")
        self._ratio = to_hz / from_hz
        self._resampler = library.Resampler("sinc_medium", channels=1)

    def push(self, samples: Samples) -> Samples:
        """See Engine."""
        return np.array(self._resampler.process(samples, self._ratio), dtype=np.float32)


class WindowedSinc:
    """Better than 85 dB against what the lower rate cannot hold, better than 100 dB in what it can."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        ratio = Fraction(to_hz, from_hz).limit_denominator(_LARGEST_BLOCK)
        self._step = ratio.denominator
        before, self._filters = _filters(ratio.numerator, ratio.denominator)
        self._held: Samples = np.zeros(before, dtype=np.float32)  # silence before the first sample

    def push(self, samples: Samples) -> Samples:
        """Every whole block of output that is ready: a block is one product of its stretch of input and the filters.

        By einsum, which calls no BLAS: for so little work that would wake threads which then spin.
        """
        held = np.concatenate([self._held, samples.astype(np.float32, copy=False)])
        step, width = self._step, self._filters.shape[1]
        count = max(0, (held.size - width) // step + 1)
        # The constructor lays the overlapping stretches over `held` at a fraction of what sliding_window_view costs.
        blocks: Samples = np.ndarray((count, width), np.float32, held, 0, (step * held.itemsize, held.itemsize))
        self._held = held[count * step :].copy()
        done: Samples = np.einsum("bt,ft->bf", blocks, self._filters).reshape(-1)
        return done


@lru_cache(maxsize=16)
def _filters(up: int, down: int) -> tuple[int, Samples]:
    """For each of the `up` output frames that come of `down` input frames its weights of the input.

    Shape (up, width). Beside it: how many input frames lie before the first output frame.
    """
    widen = max(1.0, down / up)  # going down the filter must be longer by the ratio
    half = math.ceil(_HALF_WIDTH * widen)
    place = np.arange(up) * down  # of each output frame, in steps of 1 / up of an input frame
    distance = (place % up)[:, None] / up - np.arange(-half, half + 1)[None, :]
    window = np.i0(8.6 * np.sqrt(np.clip(1 - (distance / (half + 1)) ** 2, 0, 1)))
    weights = np.sinc(0.95 / widen * distance) * window
    weights /= weights.sum(axis=1, keepdims=True)
    filters = np.zeros((up, place[-1] // up + weights.shape[1]), dtype=np.float32)
    for row, start, each in zip(filters, place // up, weights, strict=True):
        row[start : start + each.size] = each
    return half, filters
