"""The way of the user's sound to the service: what of it goes out, and when a spoken turn is complete.

Nothing is sent that was captured while the microphone was closed. What was captured before it closed is sent,
also when it arrives here later than the key.
"""

from __future__ import annotations

from msgspec import Struct

from app.conversation.playout import BYTES_PER_MS

LEAST_TURN_MS = 100
"""Less than this is refused as an empty commit (protocol reference, section 5.3)."""

CLOSING_GRACE_MS = 250
"""How long the last captured sound may take from the sound card to here after the microphone was closed."""

TAIL_MS = 400
"""Silence sent beyond the service's own silence window when the microphone closes hands-free, so that it notices
the end of a turn that was under way."""


class Uplinked(Struct, frozen=True):
    """What became of a chunk: the sound to send (empty: none), and whether a push-to-talk turn is complete now."""

    pcm: bytes = b""
    is_turn_complete: bool = False


class Uplink:
    """Open, closing (waiting for what was captured before the key) or closed."""

    def __init__(self) -> None:
        self.is_open = False
        self.appended_ms = 0.0
        """All sound ever sent: the clock of the service's audio_start_ms and audio_end_ms."""
        self._take_ms = 0.0
        self._closing_at_ms: float | None = None
        self._is_turn_ending = False
        self._tail_ms = 0.0

    @property
    def take_ms(self) -> float:
        """Sound sent since the microphone was opened."""
        return self._take_ms

    @property
    def deadline_ms(self) -> float | None:
        """When to call `expire` at the latest."""
        return None if self._closing_at_ms is None else self._closing_at_ms + CLOSING_GRACE_MS

    def open(self) -> None:
        """From now on everything is sent. A turn that was about to be complete goes on."""
        if not self._is_turn_ending:
            self._take_ms = 0.0
        self.is_open, self._closing_at_ms, self._tail_ms, self._is_turn_ending = True, None, 0.0, False

    def close(self, now_ms: float, *, tail_ms: float = 0.0) -> None:
        """Nothing captured after now is sent; `tail_ms` of silence follow in its place."""
        if self.is_open:
            self.is_open, self._closing_at_ms, self._tail_ms = False, now_ms, tail_ms

    def end_turn(self) -> bool:
        """The turn is to be committed when all of it was sent; whether that is the case already."""
        self._is_turn_ending = True
        return self._closing_at_ms is None and self._complete()

    def discard(self) -> None:
        """What was sent is to be thrown away: no late chunk and no tail follows."""
        self._closing_at_ms, self._tail_ms, self._take_ms, self._is_turn_ending = None, 0.0, 0.0, False

    def captured(self, pcm: bytes, captured_ms: float) -> Uplinked:
        """A chunk from the microphone, with the moment of its last sample on the conversation's clock."""
        length_ms = len(pcm) / BYTES_PER_MS
        if self.is_open:
            return Uplinked(self._count(pcm, length_ms))
        if self._closing_at_ms is not None:
            if captured_ms - length_ms < self._closing_at_ms:  # at least partly from before the key
                sent = self._count(pcm, length_ms)
                return Uplinked(sent, captured_ms >= self._closing_at_ms and self._closed())
            is_complete = self._closed()
            return Uplinked(self._tail(length_ms), is_complete)
        return Uplinked(self._tail(length_ms))

    def expire(self, now_ms: float) -> bool:
        """Give up waiting for late chunks when it is time; whether a turn is complete with that."""
        return self.deadline_ms is not None and now_ms >= self.deadline_ms and self._closed()

    def finish(self) -> Uplinked:
        """No chunk will come any more: the rest of the tail at once, and whether a turn is complete with that."""
        rest_ms, self._tail_ms = max(0.0, self._tail_ms), 0.0
        self.appended_ms += rest_ms
        return Uplinked(bytes(round(rest_ms) * BYTES_PER_MS), self._closed())

    def _count(self, pcm: bytes, length_ms: float) -> bytes:
        self.appended_ms += length_ms
        self._take_ms += length_ms
        return pcm

    def _tail(self, length_ms: float) -> bytes:
        if self._tail_ms <= 0:
            return b""
        self._tail_ms -= length_ms
        self.appended_ms += length_ms
        return bytes(int(length_ms * BYTES_PER_MS))

    def _closed(self) -> bool:
        self._closing_at_ms = None
        return self._complete()

    def _complete(self) -> bool:
        is_ending, self._is_turn_ending = self._is_turn_ending, False
        return is_ending
