"""Sound as numbers: units of the wire, conversions, levels and rates. Pure; no device, no thread.

The wire carries PCM16 little endian, mono, 24 kHz (the realtime API's `audio/pcm`). Inside the program sound is
float32, shape (frames,), full scale -1.0 to 1.0 (`Samples`).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from app.audio.ports import Samples
from app.audio.resampling import Resampler as Resampler
from app.audio.resampling import resample as resample

WIRE_RATE_HZ: Final = 24_000
"""Frames per second on the wire; the realtime API accepts no other rate for `audio/pcm`."""

VAD_RATE_HZ: Final = 16_000
"""Frames per second that the voice detectors take."""

BYTES_PER_FRAME: Final = 2
"""Mono, 16 bit."""

FLOOR_DBFS: Final = -100.0
"""The level of silence; nothing is reported lower (16 bit sound ends at about -96)."""

SILENT: Final = 3e-4
"""No sample above this (-70 dBFS): silence. No voice detector finds speech below it."""

_FULL_SCALE: Final = np.float32(32768.0)
_ONE_STEP: Final = np.float32(1 / 32768)
_HIGHEST: Final = np.float32(32767.0)
_LOWEST: Final = np.float32(-32768.0)


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
    scaled: Samples = np.multiply(samples, _FULL_SCALE, dtype=np.float32)
    if not math.isfinite(np.dot(scaled, scaled)):  # at a third of the cost of a look at each sample
        scaled[np.isnan(scaled)] = 0.0
    np.rint(scaled, out=scaled)
    np.minimum(scaled, _HIGHEST, out=scaled)
    np.maximum(scaled, _LOWEST, out=scaled)
    return scaled.astype("<i2").tobytes()


def from_pcm16(pcm: bytes | bytearray | memoryview) -> Samples:
    """PCM16 little endian as float samples, exactly inverse to `to_pcm16`. A trailing odd byte is ignored."""
    view = memoryview(pcm)
    whole = view[: len(view) // BYTES_PER_FRAME * BYTES_PER_FRAME]
    samples: Samples = np.multiply(np.frombuffer(whole, dtype="<i2"), _ONE_STEP, dtype=np.float32)
    return samples


def power(samples: Samples) -> float:
    """Mean square; 0.0 for nothing."""
    return float(np.dot(samples, samples)) / samples.size if samples.size else 0.0


def power_dbfs(mean_square: float) -> float:
    """A mean square in dB below a full-scale square wave, not below `FLOOR_DBFS`."""
    return max(FLOOR_DBFS, 10.0 * math.log10(mean_square)) if mean_square > 0.0 else FLOOR_DBFS


def level_dbfs(samples: Samples) -> float:
    """Root mean square in dB below a full-scale square wave; `FLOOR_DBFS` for silence and for nothing."""
    return power_dbfs(power(samples))


def peak_dbfs(samples: Samples) -> float:
    """The largest sample in dBFS; `FLOOR_DBFS` for silence and for nothing."""
    return to_dbfs(peak(samples))


def peak(samples: Samples) -> float:
    """The largest absolute sample; 0.0 for nothing."""
    if not samples.size:
        return 0.0
    return max(float(np.maximum.reduce(samples)), -float(np.minimum.reduce(samples)))


def to_dbfs(amplitude: float) -> float:
    """An amplitude (full scale 1.0) in dBFS, not below `FLOOR_DBFS`."""
    return power_dbfs(amplitude * amplitude)


def gain(gain_db: float) -> float:
    """Decibels as a factor of amplitude."""
    return float(10.0 ** (gain_db / 20.0))
