"""From the microphone to what is sent: rate, echo, chunks, levels, voice. Runs on the audio worker's thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from app.audio.pcm import (
    FLOOR_DBFS,
    VAD_RATE_HZ,
    WIRE_RATE_HZ,
    Resampler,
    level_dbfs,
    ms_to_frames,
    peak,
    to_dbfs,
    to_pcm16,
)
from app.audio.ports import Microphone, Samples
from app.audio.vad import VoiceDetector

CHUNK_MS: Final = 20
CHUNK_FRAMES: Final = ms_to_frames(CHUNK_MS)
CHUNK_BYTES: Final = 2 * CHUNK_FRAMES

_HOLD_MS: Final = 1500.0
"""So long the peak stands and a clipping is shown."""

_DECAY_DB_PER_S: Final = 20.0
"""So fast the peak sinks after that."""

_CLIPPING: Final = 0.999
"""From here on a sample is taken for cut off by the card."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """20 ms of the microphone, ready for the wire."""

    pcm: bytes
    """PCM16 little endian, mono, 24 kHz; always 960 bytes."""
    captured_ms: float
    """When its last sample was read, on the clock given to `step`."""
    level_dbfs: float
    voice: float
    """How likely it is speech, 0.0 to 1.0: the newest frame of the voice detector."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What the meters show. A whole new one replaces the last, so any thread may look at any time."""

    input_dbfs: float = FLOOR_DBFS
    peak_dbfs: float = FLOOR_DBFS
    """The highest sample of late; stands 1.5 s, then sinks."""
    clipping: bool = False
    """The microphone was cut off at full scale within the last 1.5 s."""
    voice: float = 0.0
    output_dbfs: float = FLOOR_DBFS


class Canceller(Protocol):
    """Takes the speaker's sound out of the microphone's."""

    def process(self, near: Samples) -> Samples:
        """The same sound without the echo, at 24 kHz; may hold back less than 10 ms, never loses any."""

    def drain(self) -> Samples:
        """What was held back, at the end."""


class Capture:
    """One microphone's way to the wire; `start` and `close` of the microphone are its owner's."""

    def __init__(self, microphone: Microphone, detector: VoiceDetector, canceller: Canceller | None = None) -> None:
        """The microphone must be started: its rate is read here."""
        self._microphone = microphone
        self._detector = detector
        self._canceller = canceller
        self._to_wire = Resampler(microphone.rate_hz, WIRE_RATE_HZ)
        self._to_detector = Resampler(WIRE_RATE_HZ, VAD_RATE_HZ)
        # So much silence as the resampler holds back: a chunk is then complete with a block of the device, not
        # with the block after it.
        self._lead: Samples = np.zeros(self._to_wire.lag_frames, dtype=np.float32)
        self._rest: Samples = np.zeros(0, dtype=np.float32)
        self._raw: list[Samples] = []
        self._missing = CHUNK_FRAMES - self._lead.size  # frames at 24 kHz until the next chunk is complete
        self._voice = 0.0
        self._over = False
        self._levels = Levels()
        self._peak_since_ms = float("-inf")
        self._sunk_ms = float("-inf")
        self._clipped_ms = float("-inf")

    @property
    def levels(self) -> Levels:
        """The newest levels; never waits."""
        return self._levels

    @property
    def ended(self) -> bool:
        """The microphone is over and all of it was given."""
        return self._over

    def step(self, now_ms: float, output_dbfs: float = FLOOR_DBFS) -> list[Chunk]:
        """All chunks completed by what the microphone holds now; often none, never waits.

        `now_ms` is any steady clock. `output_dbfs` is the speaker's level, kept for the meters. What is left at
        the microphone's end is filled up with silence and given as the last chunk.
        """
        if self._over:
            return []
        last = self._microphone.ended  # before reading: what came before the end is then in `read`
        self._raw.append(self._microphone.read())
        if not last and sum(part.size for part in self._raw) * WIRE_RATE_HZ < self._missing * self._to_wire.from_hz:
            self._levels = replace(self._levels, output_dbfs=output_dbfs)
            return []  # no chunk could be completed: one resampling of 20 ms costs half of two of 10 ms
        heard = np.concatenate(self._raw)
        self._raw = []
        sound = self._to_wire.process(heard, last)
        if self._lead.size:
            sound, self._lead = np.concatenate([self._lead, sound]), self._lead[:0]
        if self._canceller is not None:
            sound = self._canceller.process(sound)
            if last:
                sound = np.concatenate([sound, self._canceller.drain()])
        held = np.concatenate([self._rest, sound])
        if last:
            held = np.pad(held, (0, -held.size % CHUNK_FRAMES))
            self._over = True
        whole = held.size // CHUNK_FRAMES * CHUNK_FRAMES
        self._rest = held[whole:]
        self._missing = CHUNK_FRAMES - self._rest.size
        chunks = [
            self._chunk(held[at : at + CHUNK_FRAMES], now_ms - (held.size - at - CHUNK_FRAMES) * 1000 / WIRE_RATE_HZ)
            for at in range(0, whole, CHUNK_FRAMES)
        ]
        self._measure(heard, chunks, now_ms, output_dbfs)
        return chunks

    def _chunk(self, samples: Samples, captured_ms: float) -> Chunk:
        probabilities = self._detector.feed(self._to_detector.process(samples))
        if probabilities:
            self._voice = probabilities[-1]
        return Chunk(to_pcm16(samples), captured_ms, level_dbfs(samples), self._voice)

    def _measure(self, heard: Samples, chunks: list[Chunk], now_ms: float, output_dbfs: float) -> None:
        was = self._levels
        amplitude = peak(heard)
        loudest = to_dbfs(amplitude)
        sinking_from = max(self._peak_since_ms + _HOLD_MS, self._sunk_ms)
        sunk = was.peak_dbfs
        if now_ms > sinking_from:
            sunk = max(FLOOR_DBFS, sunk - (now_ms - sinking_from) * _DECAY_DB_PER_S / 1000)
            self._sunk_ms = now_ms
        if loudest >= sunk:
            self._peak_since_ms = self._sunk_ms = now_ms
        if amplitude >= _CLIPPING:
            self._clipped_ms = now_ms
        self._levels = Levels(
            input_dbfs=FLOOR_DBFS if self._over else chunks[-1].level_dbfs if chunks else was.input_dbfs,
            peak_dbfs=max(sunk, loudest),
            clipping=now_ms - self._clipped_ms <= _HOLD_MS,
            voice=0.0 if self._over else self._voice,
            output_dbfs=output_dbfs,
        )
