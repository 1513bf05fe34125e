"""The assistant's speech: given item by item, handed out block by block, with the one account of what was heard.

No device here: a speaker asks for blocks, and another one may go on where it stopped. `render` runs in the sound card's
callback: under the lock it only moves indices, then it copies.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.audio.pcm import (
    BYTES_PER_FRAME,
    WIRE_RATE_HZ,
    Resampler,
    bytes_to_ms,
    from_pcm16,
    gain,
    ms_to_frames,
    power,
    power_dbfs,
)
from app.audio.playback_item import NOTHING, PlaybackItem, Slice, WaitingSound
from app.audio.ports import Samples

_FADE_MS: Final = 8
"""A flush ends the sound by a ramp of this length: short enough for "now", long enough not to click."""

_GAIN_RAMP_MS: Final = 20
"""From full to nothing; a smaller step takes proportionally less."""

_ENOUGH_PREBUFFERS: Final = 3
"""So many prebuffers of sound in hand, and nothing need be waited for."""

_LONGEST_WAIT_MS: Final = 160
"""The prebuffer grows no further than this, however often the line stutters."""

_REMEMBERED_FLUSHES: Final = 1000
"""So many flushed item ids are kept, to refuse what still arrives for them."""

_NOBODY: Final = object()  # stands for the output while there is none


@dataclass(frozen=True, slots=True)
class Began:
    """The first sound of an item was handed out."""

    item_id: str


@dataclass(frozen=True, slots=True)
class PlayedOut:
    """All that was given for an item so far has sounded: so many milliseconds. More of it may come."""

    item_id: str
    played_ms: int


class PlaybackRing:
    """Speech at 24 kHz in, blocks at the output's rate out; holds minutes and drops nothing.

    Items sound one after another, oldest first. When one runs dry and a later one has sound, the earlier is taken
    to be over. An unfinished item begins (and after running dry goes on) when it has waited for the prebuffer's
    time or has three prebuffers of sound in hand: a slow, uneven line gets a reserve, a fast one no delay. Each
    break doubles the wait, up to 160 ms; an item without a break halves it again.

    `render` is for one thread of each output (its callback), everything else for any.
    """

    def __init__(self, rate_hz: int = WIRE_RATE_HZ, prebuffer_ms: int = 60, *, conceals: bool = True) -> None:
        """Handed out to whoever asks, until `attach` or `detach`. `conceals`: late sound is stood in for."""
        self._conceals = conceals
        self._output: object = None  # who is handed what sounds
        self._prebuffer_ms = prebuffer_ms
        self._wait_ms = prebuffer_ms
        self._writers = threading.Lock()  # orders play, finish and flush; never taken by render
        self._lock = threading.Lock()  # the indices; held for a few lookups only
        self._items: dict[str, PlaybackItem] = {}
        self._current: PlaybackItem | None = None
        self._flushed: dict[str, None] = {}
        self._clock = 0  # frames rendered, silence included
        self._fade: deque[Slice] = deque()
        self._gain = 1.0
        self._volume = 1.0
        self._ducked = 1.0
        self._moved = False
        self._sounded = (NOTHING, 1.0)  # the last block, and its gain
        self._set_rate(rate_hz)

    # ------------------------------------------------------------------------------ whom it is for

    def attach(self, output: object, rate_hz: int) -> None:
        """From now on this output is handed what sounds, at its rate, and any other one silence."""
        self.detach()
        with self._writers:
            items = () if rate_hz == self.rate_hz else tuple(self._items.values())
            converted = [item.convert(rate_hz) for item in items]  # nobody takes anything meanwhile
            with self._lock:
                for item, (samples, resampler) in zip(items, converted, strict=True):
                    item.go_on_with(samples, resampler, rate_hz, self._clock)
                self._set_rate(rate_hz)
                self._output = output

    def detach(self) -> None:
        """Silence for everybody; what waits is kept."""
        with self._lock:
            self._output = _NOBODY
            self._fade.clear()

    def _set_rate(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._fade_ramp = np.linspace(1.0, 0.0, max(1, ms_to_frames(_FADE_MS, rate_hz)), dtype=np.float32)
        self._fade_at = 0
        self._gain_step = 1000.0 / (_GAIN_RAMP_MS * rate_hz)
        self._noticed_frames = -(-rate_hz // 1000)  # one millisecond: so much of an item counts as begun

    # ------------------------------------------------------------------------------ the caller's side

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append PCM16 at 24 kHz to an item; conversion happens here. An item once flushed never sounds again."""
        with self._writers:
            if item_id in self._flushed or not pcm:
                return
            with self._lock:
                item = self._items.get(item_id)
            if item is None:
                item = PlaybackItem(item_id, Resampler(WIRE_RATE_HZ, self.rate_hz), self.rate_hz)
            whole = item.odd + pcm
            cut = len(whole) // BYTES_PER_FRAME * BYTES_PER_FRAME
            item.odd = whole[cut:]
            self._append(item, item.resampler.process(from_pcm16(whole[:cut])), cut)

    def finish(self, item_id: str) -> bool:
        """No more sound comes for the item: play out without waiting. Unknown and flushed items are ignored.

        True when all of it has sounded already.
        """
        with self._writers:
            with self._lock:
                item = self._items.get(item_id)
            if item is None or item.finished:
                return False
            tail = item.resampler.process(np.zeros(0, dtype=np.float32), last=True)
            self._append(item, tail, 0, finished=True)
            return not item.queued

    def flush(self) -> dict[str, int]:
        """Drop what waits; what sounds fades out within 8 ms, which count as heard. Milliseconds heard of each item."""
        with self._writers, self._lock:
            current = self._current
            if current is not None and self._output is not _NOBODY:
                self._fade.extend(self._ending(current))
                self._fade_at = 0
            heard = {item_id: item.heard_ms for item_id, item in self._items.items()}
            self._flushed.update(dict.fromkeys(self._items))
            while len(self._flushed) > _REMEMBERED_FLUSHES:
                del self._flushed[next(iter(self._flushed))]
            self._items.clear()
            self._current = None
        return heard

    def duck(self, gain_db: float) -> None:
        """Play by so much quieter (negative), or as given (0), from the next block on, by a ramp."""
        with self._lock:
            self._ducked = gain(min(0.0, gain_db))

    def set_volume(self, factor: float) -> None:
        """The user's volume, 0 (silence) to 1 (as given): from the next block on, by a ramp, ducked or not. What is
        handed out counts as heard, however softly."""
        with self._lock:
            self._volume = min(1.0, max(0.0, factor))

    def news(self) -> list[Began | PlayedOut]:
        """What has begun to sound, and what has sounded to its end, since this was last asked: each is told once."""
        told: list[Began | PlayedOut] = []
        with self._lock:
            for item in list(self._items.values()):
                heard_ms, received_ms = item.heard_ms, bytes_to_ms(item.received_bytes)
                if heard_ms > 0 and not item.has_begun:
                    item.has_begun = True
                    told.append(Began(item.item_id))
                if heard_ms >= received_ms > item.told_ms:
                    item.told_ms = received_ms
                    told.append(PlayedOut(item.item_id, received_ms))
                if item.is_over:
                    del self._items[item.item_id]
        return told

    @property
    def heard_now(self) -> tuple[str, int] | None:
        """The item that sounds, or sounded last and was neither finished nor silenced; milliseconds heard of it."""
        with self._lock:
            item = self._current
            return None if item is None or item.item_id not in self._items else (item.item_id, item.heard_ms)

    @property
    def is_sounding(self) -> bool:
        """There was sound in the last block that was handed out."""
        return self._sounded[0].size > 0

    @property
    def level_dbfs(self) -> float:
        """Of that block."""
        samples, factor = self._sounded
        return power_dbfs(power(samples) * factor * factor)

    # ---------------------------------------------------------------------------- the callback's side

    def render(self, out: Samples, output: object = None) -> bool:
        """Fill `out`, shape (frames,), with what sounds next, silence where there is nothing.

        True when an item began to sound in it, or all that was given for one has sounded.
        """
        with self._lock:
            if output is not self._output:
                out[:] = 0.0
                return False
            target_gain = self._ducked * self._volume
            whole = self._reserve_whole(out.size)
            pieces, fades = ([], NOTHING) if whole is not None else self._reserve_pieces(out.size)
            self._clock += out.size
            moved, self._moved = self._moved, False
        if whole is not None:
            out[:] = whole
            self._sounded = (whole, target_gain)
        else:
            _copy(pieces, fades, out)
            if not pieces:
                self._gain = target_gain  # nothing sounds, so nothing can click
            self._sounded = (out.copy() if pieces else NOTHING, target_gain)
        if self._gain != target_gain or (target_gain != 1.0 and (pieces or whole is not None)):
            self._apply_gain(out, target_gain)
        return moved

    def _reserve_whole(self, frames: int) -> Samples | None:
        """The usual case: the block lies within one piece of the item that sounds, and nothing fades."""
        item = self._current
        if item is None or not item.playing or item.queued < frames or self._fade:
            return None
        if item.offset + frames > item.queue[0].samples.size:
            return None
        (whole,) = self._take(item, frames)
        return whole.samples[whole.start : whole.stop]

    def _reserve_pieces(self, frames: int) -> tuple[list[Slice], Samples]:
        """Any other case: the pieces, and the factors by which the first of them fade."""
        fade_at, fading = self._fade_at, self._reserve_fade(frames)
        fades = self._fade_ramp[fade_at : self._fade_at]
        return fading + self._reserve(frames - fades.size), fades

    def _apply_gain(self, out: Samples, target: float) -> None:
        if self._gain != target:
            ramp = self._gain + np.copysign(self._gain_step, target - self._gain) * np.arange(1, out.size + 1)
            ramp = np.maximum(ramp, target) if target < self._gain else np.minimum(ramp, target)
            out *= ramp.astype(np.float32)
            self._gain = float(ramp[-1])
        elif target != 1.0:
            out *= np.float32(target)

    def _reserve_fade(self, frames: int) -> list[Slice]:
        pieces: list[Slice] = []
        while self._fade and frames:
            piece = self._fade.popleft()
            stop = min(piece.stop, piece.start + frames)
            pieces.append(Slice(piece.samples, piece.start, stop))
            if stop < piece.stop:
                self._fade.appendleft(Slice(piece.samples, stop, piece.stop))
            frames -= stop - piece.start
            self._fade_at += stop - piece.start
        return pieces

    def _reserve(self, frames: int) -> list[Slice]:
        """Take the frames that sound now out of the queues, and count them as heard."""
        pieces: list[Slice] = []
        while frames:
            item = self._current
            if item is not None and item.is_standing_in and not self._is_followed(item):
                item.dry_since = self._clock if item.dry_since is None else item.dry_since
                pieces.append(item.take_stand_in(frames))
                frames -= pieces[-1].stop - pieces[-1].start
                continue
            if item is None or not item.queued or not item.playing:
                item = self._next_item()
                if item is None:
                    break
            taking = min(frames, item.queued)
            pieces.extend(self._take(item, taking))
            frames -= taking
        return pieces

    def _is_followed(self, item: PlaybackItem) -> bool:
        """A later item has sound, so this one is over."""
        return any(other.queued for other in self._items.values() if other is not item)

    def _take(self, item: PlaybackItem, frames: int) -> list[Slice]:
        """The next `frames` of an item (it has them), counted as heard."""
        self._moved |= item.heard < self._noticed_frames or item.queued == frames
        return item.take(frames)

    def _ending(self, item: PlaybackItem) -> list[Slice]:
        """What sounds of it while it fades."""
        if item.is_standing_in and item.stood_in:
            return [item.take_stand_in(self._fade_ramp.size)]
        return self._take(item, min(self._fade_ramp.size, item.queued)) if item.playing and item.queued else []

    def _next_item(self) -> PlaybackItem | None:
        """The oldest item with sound, when it may begin; running dry and moving on are noted here."""
        dry = self._current
        waiting = [item for item in self._items.values() if item.queued]
        if dry is not None and not dry.queued and dry.playing:
            dry.playing = False
            dry.dry_since = self._clock if dry.dry_since is None else dry.dry_since
            if waiting:
                dry.finished = True  # the next item has begun to arrive, so this one is over
            if dry.finished:
                self._wait_ms = max(self._prebuffer_ms, self._wait_ms // 2)
        if not waiting:
            return None
        item = waiting[0]
        enough = ms_to_frames(self._wait_ms * _ENOUGH_PREBUFFERS, self.rate_hz)
        waited = self._clock - item.since >= ms_to_frames(self._wait_ms, self.rate_hz)
        if not (item.finished or len(waiting) > 1 or waited or item.queued >= enough):
            return None
        item.begin(self._clock)
        self._current = item
        return item

    # ----------------------------------------------------------------------------------------- shared

    def _append(self, item: PlaybackItem, samples: Samples, received_bytes: int, finished: bool = False) -> None:
        stand_in = NOTHING if finished or not self._conceals else item.next_stand_in(samples)
        while True:
            stood_in = item.stood_in
            pieces = item.pieces_of(samples, self._clock) if self._conceals else [WaitingSound(samples)]
            with self._lock:
                if stood_in != item.stood_in:  # some of the stand-in has sounded meanwhile
                    continue
                self._items.setdefault(item.item_id, item)
                item.received_bytes += received_bytes
                if finished and item.stood_in and item.is_standing_in:  # `samples` are what the filter held
                    self._fade, self._fade_at = deque([item.take_stand_in(self._fade_ramp.size)]), 0
                    item.heard += samples.size
                else:
                    self._put(item, samples.size, pieces)
                if samples.size or finished:
                    item.stand_in, item.stood_in = stand_in, 0
                item.finished = item.finished or finished
                return

    def _put(self, item: PlaybackItem, frames: int, pieces: list[WaitingSound]) -> None:
        if frames and not item.queued:
            self._end_silence(item)
        item.put(*pieces)

    def _end_silence(self, item: PlaybackItem) -> None:
        if item.is_late:  # its stand-in sounds
            item.begin(self._clock)
            return
        item.since = self._clock
        if item.heard and not item.playing and not item.finished:
            self._wait_ms = min(_LONGEST_WAIT_MS, 2 * self._wait_ms)


def _copy(pieces: list[Slice], fades: Samples, out: Samples) -> None:
    at = 0
    for piece in pieces:
        end = at + piece.stop - piece.start
        out[at:end] = piece.samples[piece.start : piece.stop]
        at = end
    out[at:] = 0.0
    out[: fades.size] *= fades
