"""The formats of sound on the wire: PCM16 at 24 kHz, and G.711 mu-law and A-law at 8 kHz."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.audio.pcm import WIRE_RATE_HZ, from_pcm16, resample, to_pcm16
from app.audio.ports import Samples

_G711_RATE_HZ: Final = 8000


@dataclass(frozen=True, slots=True)
class WireFormat:
    """How sound is written in base64 on the wire."""

    type: str
    rate_hz: int
    bytes_per_frame: int

    @property
    def bytes_per_ms(self) -> int:
        """Exact: 48 for PCM16, 8 for G.711."""
        return self.rate_hz * self.bytes_per_frame // 1000

    def decode(self, data: bytes) -> Samples:
        """Float samples at `rate_hz`; an incomplete last frame is ignored."""
        if self.type == "audio/pcm":
            return from_pcm16(data)
        decoded: Samples = _levels(self.type)[np.frombuffer(data, dtype=np.uint8)].astype(np.float32)
        return decoded / np.float32(32768.0)

    def encode(self, samples_24k: Samples) -> bytes:
        """The wire's bytes of a whole sound at 24 kHz."""
        if self.type == "audio/pcm":
            return to_pcm16(samples_24k)
        sound = np.clip(resample(samples_24k, WIRE_RATE_HZ, self.rate_hz), -1.0, 1.0) * 32768.0
        codes, midpoints = _nearest(self.type)
        return bytes(codes[np.searchsorted(midpoints, sound)].tobytes())


PCM: Final = WireFormat("audio/pcm", WIRE_RATE_HZ, 2)
MU_LAW: Final = WireFormat("audio/pcmu", _G711_RATE_HZ, 1)
A_LAW: Final = WireFormat("audio/pcma", _G711_RATE_HZ, 1)
FORMATS: Final = {form.type: form for form in (PCM, MU_LAW, A_LAW)}


@cache
def _levels(kind: str) -> npt.NDArray[np.int32]:
    """The 16 bit level of each of the 256 codes (ITU-T G.711)."""
    code = np.arange(256, dtype=np.int32)
    if kind == "audio/pcmu":
        code = ~code & 0xFF
        level = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
        return np.where(code & 0x80, -level, level)
    code ^= 0x55
    exponent = (code >> 4) & 7
    level = np.where(
        exponent == 0, ((code & 0x0F) << 4) + 8, (((code & 0x0F) << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, level, -level)


@cache
def _nearest(kind: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """The codes in order of their level, and the midpoints between neighbours."""
    levels = _levels(kind)
    order = np.argsort(levels, kind="stable")
    ranked = levels[order]
    return order.astype(np.uint8), (ranked[1:] + ranked[:-1]) / 2.0
