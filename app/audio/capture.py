"""From the microphone to what is sent: rate, echo, chunks, levels, voice. Runs on the audio worker's thread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from app.audio.pcm import (
    FLOOR_DBFS,
    SILENT,
    VAD_RATE_HZ,
    WIRE_RATE_HZ,
    Resampler,
    ms_to_frames,
    peak,
    power,
    power_dbfs,
    to_pcm16,
)
from app.audio.peak_meter import PeakMeter
from app.audio.ports import Microphone, Samples
from app.audio.vad import VoiceDetector

CHUNK_MS: Final = 20
CHUNK_FRAMES: Final = ms_to_frames(CHUNK_MS)
CHUNK_BYTES: Final = 2 * CHUNK_FRAMES

_SILENCE: Samples = np.zeros(ms_to_frames(CHUNK_MS, VAD_RATE_HZ), dtype=np.float32)
"""A chunk of silence at the voice detector's rate."""

_NOTHING: Final = bytes(CHUNK_BYTES)
"""A chunk without a single sound, as a muted microphone gives it."""


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
    """What the meters show at one moment."""

    input_dbfs: float = FLOOR_DBFS
    peak_dbfs: float = FLOOR_DBFS
    """The highest sample of late; stands 1.5 s, then sinks."""
    clipping: bool = False
    """The microphone was cut off at full scale within the last 1.5 s."""
    voice: float = 0.0
    output_dbfs: float = FLOOR_DBFS


class Canceller(Protocol):
    """Takes the speaker's sound out of the microphone's."""

    @property
    def held_frames(self) -> int:
        """So much of what was given is not out yet."""

    def process(self, near: Samples) -> Samples:
        """The same sound without the echo, at 24 kHz; may hold some of it back for a moment, never loses any."""

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
        # Begins with so much silence as the resampler holds back: a chunk is then complete with a block of the device,
        # not with the block after it.
        self._rest: Samples = np.zeros(self._to_wire.lag_frames, dtype=np.float32)
        self._raw: list[Samples] = []
        self._missing = CHUNK_FRAMES - self._rest.size  # frames at 24 kHz until the next chunk is complete
        self._was_silent = False
        self._voice = 0.0
        self._over = False
        self._meter = PeakMeter()
        self._level_dbfs = FLOOR_DBFS

    @property
    def ended(self) -> bool:
        """The microphone is over and all of it was given."""
        return self._over

    @property
    def missing_frames(self) -> int:
        """So many more of the microphone's frames complete the next chunk."""
        held = sum(part.size for part in self._raw)
        return -(-self._missing * self._to_wire.from_hz // WIRE_RATE_HZ) - held

    def levels(self, now_ms: float, output_dbfs: float = FLOOR_DBFS) -> Levels:
        """What the meters show at this time, on the clock of `step`; from any thread, never waits.

        `output_dbfs` is the speaker's level, for which there is room among them.
        """
        return Levels(
            input_dbfs=self._level_dbfs,
            peak_dbfs=self._meter.peak_dbfs(now_ms),
            clipping=self._meter.is_clipping(now_ms),
            voice=self._voice,
            output_dbfs=output_dbfs,
        )

    def step(self, now_ms: float) -> list[Chunk]:
        """All chunks completed by what the microphone holds now; often none, never waits.

        `now_ms` is any steady clock. What is left at the microphone's end is filled up with silence and given as the
        last chunk.
        """
        if self._over:
            return []
        last = self._microphone.ended  # before reading: what came before the end is then in `read`
        raw = self._microphone.read()
        self._raw.append(raw)
        if not last and self.missing_frames > 0:
            return []  # no chunk could be completed: one resampling of 20 ms costs half of two of 10 ms
        sound = self._measured(raw if len(self._raw) == 1 else np.concatenate(self._raw), now_ms)
        self._raw = []
        sound = self._to_wire.process(sound, last)
        if self._canceller is not None:
            sound = self._canceller.process(sound)
            if last:
                sound = np.concatenate([sound, self._canceller.drain()])
        chunks = self._chunks(sound, now_ms, last)
        if last:
            self._over = True
            self._level_dbfs, self._voice = FLOOR_DBFS, 0.0
        elif chunks:
            self._level_dbfs = chunks[-1].level_dbfs
        return chunks

    def _measured(self, raw: Samples, now_ms: float) -> Samples:
        """The sound as the card gave it, without what is no number: a driver may hand that out, and the voice
        detector would never forget it."""
        amplitude = peak(raw)
        if not math.isfinite(amplitude):
            raw = np.nan_to_num(raw, nan=0.0, posinf=1.0, neginf=-1.0)
            amplitude = peak(raw)
        self._meter.measure(amplitude, now_ms)
        return raw

    def _chunks(self, sound: Samples, now_ms: float, last: bool) -> list[Chunk]:
        """What is complete with this sound; with `last` also the rest, filled up."""
        held = np.concatenate([self._rest, sound]) if self._rest.size else sound
        if last:
            held = np.pad(held, (0, -held.size % CHUNK_FRAMES))
        whole = held.size // CHUNK_FRAMES * CHUNK_FRAMES
        self._rest = held[whole:]
        self._missing = CHUNK_FRAMES - self._rest.size
        behind = held.size + (self._canceller.held_frames if self._canceller is not None else 0)
        return [
            self._chunk(held[at : at + CHUNK_FRAMES], now_ms - (behind - at - CHUNK_FRAMES) * 1000 / WIRE_RATE_HZ)
            for at in range(0, whole, CHUNK_FRAMES)
        ]

    def _chunk(self, samples: Samples, captured_ms: float) -> Chunk:
        mean_square = power(samples)
        is_silent = mean_square < SILENT * SILENT and peak(samples) < SILENT
        is_still_silent = is_silent and self._was_silent  # what the resampler holds is silence too
        self._was_silent = is_silent
        probabilities = self._detector.feed(_SILENCE if is_still_silent else self._to_detector.process(samples))
        if probabilities:
            self._voice = probabilities[-1]
        pcm = to_pcm16(samples) if mean_square else _NOTHING
        return Chunk(pcm, captured_ms, power_dbfs(mean_square), self._voice)
