"""Sound as numbers: units of the wire, conversions, levels and rates. Pure; no device, no thread.

The wire carries PCM16 little endian, mono, 24 kHz (the realtime API's `audio/pcm`). Inside the program sound is
float32, shape (frames,), full scale -1.0 to 1.0 (`Samples`).
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from functools import lru_cache
from math import gcd
from typing import Final, Protocol

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


class Engine(Protocol):
    """A streaming converter of one fixed ratio; output frame k stands at the time k / to_hz."""

    def push(self, samples: Samples) -> Samples:
        """What is ready after these samples; may be empty."""


class Resampler:
    """Converts a stream from one rate to another; state is carried between calls, so chunking never shows.

    Uses libsamplerate's `sinc_medium` (1.9 ms delay, even blocks) where the `samplerate` package is installed,
    else a windowed-sinc polyphase filter of our own (`Polyphase`; about the same delay), so that platforms
    without a wheel work. Equal rates pass through untouched.

    One instance per stream; not for use from two threads at once.
    """

    def __init__(self, from_hz: int, to_hz: int, engine: Callable[[int, int], Engine] | None = None) -> None:
        """`engine` makes the converter; by default the best one that is installed.

        Raises ValueError unless both rates are positive.
        """
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"a sample rate must be positive: {from_hz} to {to_hz}")
        self.from_hz: Final = from_hz
        self.to_hz: Final = to_hz
        self._new_engine = engine or _best_engine
        self._restart()

    def process(self, samples: Samples, last: bool = False) -> Samples:
        """The sound that is ready after these samples; a new array, possibly empty.

        With `last` what the filter still holds is given too: over the whole stream exactly
        `round(frames * to_hz / from_hz)` frames, in time with the input. The resampler is as new afterwards.
        """
        if self._engine is None:
            return samples.astype(np.float32, copy=True)
        self._received += samples.size
        done = self._engine.push(samples)
        if last:
            # libsamplerate's own end_of_input leaves its tail inside; silence pushes it out.
            tail = self._engine.push(np.zeros(64 + 64 * -(-self.from_hz // self.to_hz), dtype=np.float32))
            wanted = round(self._received * self.to_hz / self.from_hz) - self._produced
            done = np.concatenate([done, tail])[:wanted]
            self._restart()
        else:
            self._produced += done.size
        return done

    def _restart(self) -> None:
        self._engine = None if self.from_hz == self.to_hz else self._new_engine(self.from_hz, self.to_hz)
        self._received = 0
        self._produced = 0


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole sound at another rate: exactly `round(frames * to_hz / from_hz)` frames, in time with the input."""
    return Resampler(from_hz, to_hz).process(samples, last=True)


def _best_engine(from_hz: int, to_hz: int) -> Engine:
    try:
        return LibSampleRate(from_hz, to_hz)
    except ImportError:
        return Polyphase(from_hz, to_hz)


class LibSampleRate:
    """libsamplerate through `samplerate.Resampler`."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        library = importlib.import_module("samplerate")
        self._ratio = to_hz / from_hz
        self._resampler = library.Resampler("sinc_medium", channels=1)

    def push(self, samples: Samples) -> Samples:
        return np.array(self._resampler.process(samples, self._ratio), dtype=np.float32)


class Polyphase:
    """A windowed sinc at the common up-rate, cut into phases: output k is one dot product of its phase.

    Bit-identical for any chunking.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        common = gcd(from_hz, to_hz)
        self._up = to_hz // common
        self._down = from_hz // common
        self._phases = _phases(self._up, self._down)
        self._half = self._phases.shape[1] // 2
        self._held: Samples = np.zeros(self._half, dtype=np.float32)  # silence before the first sample
        self._first = -self._half  # input index of _held[0]
        self._next = 0  # output index

    def push(self, samples: Samples) -> Samples:
        held = np.concatenate([self._held, samples.astype(np.float32, copy=False)])
        # Output k takes the inputs k*M//L - half ... k*M//L + half: only those whose followers are here.
        ready = max(0, self._first + held.size - self._half)
        end = max(self._next, -(-ready * self._up // self._down))
        position = np.arange(self._next, end) * self._down
        start = position // self._up - self._half - self._first
        windows = held[start[:, None] + np.arange(2 * self._half + 1)]
        done: Samples = np.einsum("kt,kt->k", windows, self._phases[position % self._up])
        self._next = end
        drop = min(max(0, end * self._down // self._up - self._half - self._first), held.size)
        self._held = held[drop:].copy()
        self._first += drop
        return done


@lru_cache(maxsize=16)
def _phases(up: int, down: int) -> Samples:
    """The filter, shape (up, taps): row p serves the outputs that lie p / up after an input sample."""
    widen = max(1.0, down / up)  # going down the filter must be longer by the ratio
    half = int(np.ceil(32 * widen))
    cut = 0.95 / widen
    distance = np.arange(up)[:, None] / up - np.arange(-half, half + 1)[None, :]
    window = np.i0(8.6 * np.sqrt(np.clip(1 - (distance / (half + 1)) ** 2, 0, 1)))
    filters = np.sinc(cut * distance) * window
    phases: Samples = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return phases
