"""Sound as numbers: units of the wire, conversions, levels and rates. Pure; no device, no thread.

The wire carries PCM16 little endian, mono, 24 kHz (the realtime API's `audio/pcm`). Inside the program sound is
float32, shape (frames,), full scale -1.0 to 1.0 (`Samples`).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.audio.ports import Samples

WIRE_RATE_HZ: Final = 24_000
"""Frames per second on the wire; the realtime API accepts no other rate for `audio/pcm`."""

VAD_RATE_HZ: Final = 16_000
"""Frames per second that the voice detectors take."""

BYTES_PER_FRAME: Final = 2
"""Mono, 16 bit."""

FLOOR_DBFS: Final = -100.0
"""The level of silence; nothing is reported lower (16 bit sound ends at about -96)."""


def ms_to_frames(ms: float, rate_hz: int = WIRE_RATE_HZ) -> int:
    """Whole frames in `ms` milliseconds, rounded down."""
    return int(ms * rate_hz // 1000)


def frames_to_ms(frames: int, rate_hz: int = WIRE_RATE_HZ) -> int:
    """Whole milliseconds in `frames`, rounded down: never more than was there."""
    return frames * 1000 // rate_hz


def ms_to_bytes(ms: float, rate_hz: int = WIRE_RATE_HZ) -> int:
    """Bytes of PCM16 mono in `ms` milliseconds; always whole frames."""
    return ms_to_frames(ms, rate_hz) * BYTES_PER_FRAME


def bytes_to_ms(size_bytes: int, rate_hz: int = WIRE_RATE_HZ) -> int:
    """Whole milliseconds of PCM16 mono in `size_bytes`."""
    return frames_to_ms(size_bytes // BYTES_PER_FRAME, rate_hz)


def to_pcm16(samples: npt.ArrayLike) -> bytes:
    """Float samples as PCM16 little endian; beyond full scale is clipped, not wrapped; NaN is silence."""
    scaled = np.asarray(samples, dtype=np.float32) * np.float32(32768.0)
    scaled[np.isnan(scaled)] = 0.0
    return bytes(np.clip(np.rint(scaled), -32768, 32767).astype("<i2").tobytes())


def from_pcm16(pcm: bytes | bytearray | memoryview) -> Samples:
    """PCM16 little endian as float samples, exactly inverse to `to_pcm16`. A trailing odd byte is ignored."""
    view = memoryview(pcm)
    whole = view[: len(view) // BYTES_PER_FRAME * BYTES_PER_FRAME]
    return np.frombuffer(whole, dtype="<i2").astype(np.float32) / np.float32(32768.0)


def level_dbfs(samples: Samples) -> float:
    """Root mean square in dB below a full-scale square wave; `FLOOR_DBFS` for silence and for nothing."""
    if samples.size == 0:
        return FLOOR_DBFS
    return _power_dbfs(float(np.dot(samples, samples)) / samples.size)


def peak_dbfs(samples: Samples) -> float:
    """The largest sample in dBFS; `FLOOR_DBFS` for silence and for nothing."""
    return to_dbfs(peak(samples))


def peak(samples: Samples) -> float:
    """The largest absolute sample; 0.0 for nothing."""
    return max(float(samples.max()), -float(samples.min())) if samples.size else 0.0


def to_dbfs(amplitude: float) -> float:
    """An amplitude (full scale 1.0) in dBFS, not below `FLOOR_DBFS`."""
    return _power_dbfs(amplitude * amplitude)


def gain(gain_db: float) -> float:
    """Decibels as a factor of amplitude."""
    return float(10.0 ** (gain_db / 20.0))


def _power_dbfs(power: float) -> float:
    if not power > 0.0:
        return FLOOR_DBFS
    return max(FLOOR_DBFS, 10.0 * math.log10(power))


# ------------------------------------------------------------------------------------------------ rates


_LARGEST_BLOCK: Final = 1000
"""Of input frames. Every rate that sound cards have needs less (44.1 to 16 kHz: 441); another one is met to within
one part in a million."""

_HALF_WIDTH: Final = 32
"""Taps on either side of an output frame, at the lower of the two rates: 1.3 ms at 24 kHz."""


class Resampler:
    """Converts a stream from one rate to another; state is carried between calls, so chunking never shows.

    A windowed sinc: better than 85 dB against what the lower rate cannot hold, better than 100 dB in what it can.
    Output frame k stands at the time k / to_hz. Equal rates pass through untouched.

    One instance per stream; not for use from two threads at once.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Raises ValueError unless both rates are positive."""
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"a sample rate must be positive: {from_hz} to {to_hz}")
        self.from_hz: Final = from_hz
        self.to_hz: Final = to_hz
        ratio = Fraction(to_hz, from_hz).limit_denominator(_LARGEST_BLOCK)
        self._step = ratio.denominator
        self._before, self._filters = _filters(ratio.numerator, ratio.denominator)
        self._held: Samples
        self._restart()

    @property
    def lag_frames(self) -> int:
        """So much less than the input's length has come out (at `to_hz`), after any multiple of 10 ms of input."""
        if self.from_hz == self.to_hz:
            return 0
        frames, width = self._filters.shape
        return int(frames * -((self._before - width) // self._step + 1))

    def process(self, samples: Samples, last: bool = False) -> Samples:
        """The sound that is ready after these samples; a new array, possibly empty.

        With `last` what the filter still holds is given too: over the whole stream exactly
        `round(frames * to_hz / from_hz)` frames, in time with the input. The resampler is as new afterwards.
        """
        if self.from_hz == self.to_hz:
            return samples.astype(np.float32, copy=True)
        self._received += samples.size
        if last:
            silence = np.zeros(self._filters.shape[1] + self._step, dtype=np.float32)
            done = self._push(np.concatenate([samples, silence]))
            missing = round(self._received * self.to_hz / self.from_hz) - self._produced
            done = np.concatenate([done, np.zeros(max(0, missing - done.size), dtype=np.float32)])[:missing]
            self._restart()
            return done
        done = self._push(samples)
        self._produced += done.size
        return done

    def _push(self, samples: Samples) -> Samples:
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

    def _restart(self) -> None:
        self._held = np.zeros(self._before, dtype=np.float32)  # silence before the first sample
        self._received = 0
        self._produced = 0


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
    window = np.i0(8.6 * np.sqrt(np.clip(1 - (distance / (half + 1)) ** 2, 0, 1)))
    weights = np.sinc(0.95 / widen * distance) * window
    weights /= weights.sum(axis=1, keepdims=True)
    filters = np.zeros((up, place[-1] // up + weights.shape[1]), dtype=np.float32)
    for row, start, each in zip(filters, place // up, weights, strict=True):
        row[start : start + each.size] = each
    return half, filters
