"""One item's speech: what of it waits, what stands in where it is late, and the account of what was heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.audio import concealment
from app.audio.pcm import WIRE_RATE_HZ, Resampler, bytes_to_ms, frames_to_ms, ms_to_frames, resample
from app.audio.ports import Samples

NOTHING: Samples = np.zeros(0, dtype=np.float32)

_AT_RISK_MS: Final = 250
"""With more than that in hand no gap is near, and no stand-in is made ready."""

_CALM_MS: Final = 3_000
"""The reserve that was never touched in so long is more than the line needs."""

_RESERVE_MS: Final = 40
"""So much of it is left."""

_NEAR_MS: Final = 2_000
"""Time is made up for in sound that will be heard soon, not in what was sent long ahead."""


_UNKNOWN: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an array."""

    samples: Samples
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class WaitingSound:
    """Sound that waits, in the order in which it will be heard."""

    samples: Samples
    is_given: bool = True
    """It was given by the service, so it counts as heard; what stands in for something does not."""
    left_out: int = 0
    """So many frames of what was given are left out at its end; they count as heard with it."""


@dataclass(slots=True, eq=False)
class PlaybackItem:
    """Frames of the output's rate unless named otherwise. Its methods are the ring's, under the ring's locks."""

    item_id: str
    resampler: Resampler
    rate_hz: int
    queue: deque[WaitingSound] = field(default_factory=deque)
    offset: int = 0
    """Into queue[0]."""
    queued: int = 0
    heard: int = 0
    heard_before: float = 0.0
    """Frames of the wire that were heard at another rate."""
    received_bytes: int = 0
    odd: bytes = b""
    """Half a frame, until its other byte comes."""
    finished: bool = False
    playing: bool = False
    """Past its prebuffer, and neither dry since nor at the end of its stand-in."""
    since: int = 0
    """The clock when the sound that waits now began to wait."""
    has_begun: bool = False
    """That was told."""
    told_ms: int = 0
    """So much was told to have been played out."""

    last: Samples = field(default_factory=lambda: NOTHING)
    """The newest sound that was given, for a stand-in to go on from."""
    stand_in: Samples = field(default_factory=lambda: NOTHING)
    stood_in: int = 0
    """So much of the stand-in has sounded."""
    dry_since: int | None = None
    """The clock when there was no sound of it any more."""
    lost: int = 0
    """So much later does it sound than it could, for having been dry."""
    least_queued: int = _UNKNOWN
    watched_since: int = 0
    spare: int = 0
    """So much of the reserve is not needed."""

    @property
    def is_over(self) -> bool:
        """Everything of it was heard."""
        return self.finished and not self.queued

    @property
    def heard_frames(self) -> float:
        """Of the wire."""
        return self.heard_before + self.heard * WIRE_RATE_HZ / self.rate_hz

    @property
    def heard_ms(self) -> int:
        """Never more than was received; all of it where it is over."""
        received_ms = bytes_to_ms(self.received_bytes)
        return received_ms if self.is_over else min(frames_to_ms(round(self.heard_frames)), received_ms)

    def convert(self, rate_hz: int) -> tuple[Samples, Resampler]:
        """What waits, at another rate, and what makes what comes from now on."""
        rest = [*(piece.samples for piece in self.queue), self.resampler.process(NOTHING, last=True)]
        return resample(np.concatenate(rest)[self.offset :], self.rate_hz, rate_hz), Resampler(WIRE_RATE_HZ, rate_hz)

    def go_on_with(self, samples: Samples, resampler: Resampler, rate_hz: int, clock: int) -> None:
        """From now on at another rate."""
        self.heard_before, self.heard, self.since = self.heard_frames, 0, clock
        self.rate_hz, self.resampler = rate_hz, resampler
        self.queue, self.offset, self.queued = deque([WaitingSound(samples)] if samples.size else ()), 0, samples.size
        self.last = self.stand_in = NOTHING
        self.stood_in = self.lost = self.spare = 0

    # ------------------------------------------------------------------------------ what is given

    def put(self, *pieces: WaitingSound) -> None:
        """These sound next."""
        for piece in pieces:
            if piece.samples.size:
                self.queue.append(piece)
                self.queued += piece.samples.size

    def pieces_of(self, samples: Samples, clock: int) -> list[WaitingSound]:
        """What is to be put for samples that were given: as they are, joined to a stand-in, or shortened.

        Made of the stand-in as it is now: `stood_in` must not have changed when they are put.
        """
        rest = self.stand_in[self.stood_in :]
        if self.is_late and self.stood_in:
            loudness = concealment.loudness_at(self.stood_in, self.rate_hz)
            after, fresh = concealment.joined(rest, samples, self.rate_hz, loudness)
            return [WaitingSound(rest[:after], is_given=False), WaitingSound(fresh)]
        if self.heard and not self.playing and not self.queued:  # after silence
            return [WaitingSound(concealment.joined(NOTHING, samples, self.rate_hz, 0.0)[1])]
        if self._has_time_to_make_up(clock):
            period, shorter = concealment.shortened(samples, self.rate_hz)
            self.spare, self.lost = self.spare - period, self.lost - period
            return [WaitingSound(shorter[:period], left_out=period), WaitingSound(shorter[period:])]
        return [WaitingSound(samples)]

    def _has_time_to_make_up(self, clock: int) -> bool:
        """Asked when sound comes: then the reserve is at its least."""
        self.least_queued = min(self.least_queued, self.queued)
        if clock - self.watched_since >= ms_to_frames(_CALM_MS, self.rate_hz):
            self.spare = max(0, self.least_queued - ms_to_frames(_RESERVE_MS, self.rate_hz))
            self.least_queued, self.watched_since = self.queued, clock
        is_near = self.queued < ms_to_frames(_NEAR_MS, self.rate_hz)
        return is_near and min(self.spare, self.lost) >= ms_to_frames(concealment.LONGEST_MS, self.rate_hz)

    def next_stand_in(self, samples: Samples) -> Samples:
        """What will stand in where nothing comes in time after these, which are the newest."""
        kept = ms_to_frames(concealment.HISTORY_MS, self.rate_hz)
        self.last = samples[-kept:] if samples.size >= kept else np.concatenate([self.last, samples])[-kept:]
        is_at_risk = self.queued + samples.size < ms_to_frames(_AT_RISK_MS, self.rate_hz)
        return concealment.stand_in(self.last, self.rate_hz) if is_at_risk else NOTHING

    # ------------------------------------------------------------------------------ what sounds

    @property
    def is_late(self) -> bool:
        """There is no sound of it, and there is more to come."""
        return self.playing and not self.queued and not self.finished

    @property
    def is_standing_in(self) -> bool:
        """What sounds next is its stand-in."""
        return self.is_late and self.stood_in < self.stand_in.size

    def begin(self, clock: int) -> None:
        """It sounds from now on, or again."""
        self.playing = True
        if self.dry_since is not None:
            self.lost, self.dry_since = self.lost + clock - self.dry_since, None
            self.least_queued, self.watched_since, self.spare = _UNKNOWN, clock, 0

    def take_stand_in(self, frames: int) -> Slice:
        """At most so many frames, which count as heard by nobody."""
        start = self.stood_in
        self.stood_in = min(self.stand_in.size, start + frames)
        return Slice(self.stand_in, start, self.stood_in)

    def take(self, frames: int) -> list[Slice]:
        """The next `frames` (it has them), with what of them was given counted as heard."""
        self.queued -= frames
        slices: list[Slice] = []
        while frames:
            piece = self.queue[0]
            stop = min(piece.samples.size, self.offset + frames)
            taken = stop - self.offset
            slices.append(Slice(piece.samples, self.offset, stop))
            frames -= taken
            self.heard += taken if piece.is_given else 0
            self.offset = stop
            if stop == piece.samples.size:
                self.heard += piece.left_out
                self.queue.popleft()
                self.offset = 0
        return slices
