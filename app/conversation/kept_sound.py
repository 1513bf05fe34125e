"""The user's last sound, for a service that may not have got it: 30 s of it, and where turns were ended in it.

Kept while a line stands, since nobody says which of it arrived before the line broke, and while there is none, to be
sent when there is one again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import dropwhile
from typing import Final

from msgspec import Struct

from app.conversation.playback import BYTES_PER_MS

KEPT_MS: Final = 30_000
_BEFORE_VOICE_MS: Final = 500
"""Kept of what was heard before the first voice: a word's soft beginning, and what detectors want to hear before it."""


class KeptChunk(Struct, frozen=True):
    """A chunk of sound, PCM16 at 24 kHz; without any, the end of a turn."""

    pcm: bytes
    captured_ms: float
    """When its last sample was captured, on the conversation's clock."""
    is_voiced: bool = False

    @property
    def length_ms(self) -> float:
        """How long it sounds."""
        return len(self.pcm) / BYTES_PER_MS

    @property
    def is_turn_end(self) -> bool:
        """It is no sound, but the place where the user ended a turn."""
        return not self.pcm


class KeptSound:
    """A ring: what is added last stays."""

    def __init__(self) -> None:
        self._chunks: deque[KeptChunk] = deque()
        self._length_ms = 0.0

    def __iter__(self) -> Iterator[KeptChunk]:
        return iter(tuple(self._chunks))

    @property
    def length_ms(self) -> float:
        """How much there is."""
        return self._length_ms

    @property
    def since_ms(self) -> float | None:
        """When the first of it was captured, on the conversation's clock; None where there is none."""
        first = next((chunk for chunk in self._chunks if not chunk.is_turn_end), None)
        return None if first is None else first.captured_ms - first.length_ms

    def add(self, chunk: KeptChunk) -> float:
        """Keep this too; how many milliseconds with a voice in them left to make room for it."""
        lost_ms = 0.0
        self._chunks.append(chunk)
        self._length_ms += chunk.length_ms
        while self._length_ms > KEPT_MS:
            oldest = self._pop_oldest()
            lost_ms += oldest.length_ms if oldest.is_voiced else 0.0
        while self._chunks and self._chunks[0].is_turn_end:  # of a turn of which nothing is left
            self._chunks.popleft()
        return lost_ms

    def forget_until(self, moment_ms: float) -> None:
        """What was captured until then has arrived."""
        while self._chunks and self._chunks[0].captured_ms <= moment_ms:
            self._pop_oldest()

    def forget_silence(self) -> None:
        """What was captured before the first voice is worth nothing, nor is all of it where there is none."""
        voiced = next(dropwhile(lambda chunk: not chunk.is_voiced, self._chunks), None)
        self.forget_until(float("inf") if voiced is None else voiced.captured_ms - _BEFORE_VOICE_MS)

    def forget_turn(self) -> None:
        """The turn that has not been ended is thrown away."""
        while self._chunks and not self._chunks[-1].is_turn_end:
            self._length_ms -= self._chunks.pop().length_ms

    def _pop_oldest(self) -> KeptChunk:
        oldest = self._chunks.popleft()
        self._length_ms -= oldest.length_ms
        return oldest
