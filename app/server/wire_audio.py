"""Sound as the wire carries it, and the user's sound on one time line that begins with the session."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.audio.pcm import VAD_RATE_HZ, WIRE_RATE_HZ, Resampler, from_pcm16, resample, to_pcm16
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


_BYTES_PER_SAMPLE = 2


class SoundBuffer:
    """What was appended and not yet committed, cleared or dropped.

    Places on the time line are counted in 16 kHz frames since the first append of the session. The sound is kept
    twice: in the wire's bytes (an item gives them back) and at 16 kHz, as PCM16 to be half as large.
    """

    def __init__(self, form: WireFormat) -> None:
        self.format = form
        self._resampler = Resampler(form.rate_hz, VAD_RATE_HZ)
        self._pending = b""  # the first byte of a frame whose second is still to come
        self._wire = bytearray()
        self._wire_first = 0  # place of _wire[0], in wire frames
        self._samples = bytearray()  # PCM16
        self._first = 0  # place of _samples[0]

    @property
    def end(self) -> int:
        """The place where the next sound will be."""
        return self._first + len(self._samples) // _BYTES_PER_SAMPLE

    @property
    def start(self) -> int:
        """The first place still held."""
        return self._first

    @property
    def held_ms(self) -> float:
        """How much sound is held."""
        return len(self._wire) / self.format.bytes_per_ms

    def append(self, data: bytes) -> Samples:
        """Take in more of the stream, cut anywhere; the 16 kHz samples that became ready, shape (n,)."""
        data = self._pending + data
        whole = len(data) - len(data) % self.format.bytes_per_frame
        self._pending = data[whole:]
        self._wire += data[:whole]
        ready = self._resampler.process(self.format.decode(data[:whole])) if whole else np.zeros(0, dtype=np.float32)
        self._samples += to_pcm16(ready)
        return ready

    def samples(self, start: int, end: int | None = None) -> Samples:
        """The sound from place to place, clipped to what is held; a copy."""
        first = max(0, start - self._first) * _BYTES_PER_SAMPLE
        last = len(self._samples) if end is None else max(0, end - self._first) * _BYTES_PER_SAMPLE
        with memoryview(self._samples) as held:
            return from_pcm16(held[first:last].tobytes())

    def wire(self, start: int, end: int | None = None) -> bytes:
        """The same stretch as `samples`, in the wire's bytes."""
        last = None if end is None else self._offset(end)
        with memoryview(self._wire) as held:
            return held[self._offset(start) : last].tobytes()

    def drop_before(self, place: int) -> None:
        """Forget what lies before the place."""
        place = min(place, self.end)
        if place <= self._first:
            return
        offset = self._offset(place)
        del self._wire[:offset]
        self._wire_first += offset // self.format.bytes_per_frame
        del self._samples[: (place - self._first) * _BYTES_PER_SAMPLE]
        self._first = place

    def clear(self) -> None:
        """Forget everything held, the half frame included; the time line goes on."""
        self._pending = b""
        self._first = self.end
        self._samples.clear()
        self._wire_first += len(self._wire) // self.format.bytes_per_frame
        self._wire.clear()

    def _offset(self, place: int) -> int:
        """Where in `_wire` the place stands."""
        frame = place * self.format.rate_hz // VAD_RATE_HZ - self._wire_first
        return min(max(0, frame * self.format.bytes_per_frame), len(self._wire))


def place_to_ms(place: int) -> int:
    """Whole milliseconds since the first append."""
    return place * 1000 // VAD_RATE_HZ


def ms_to_place(ms: int) -> int:
    """The place so many milliseconds after the first append."""
    return ms * VAD_RATE_HZ // 1000
