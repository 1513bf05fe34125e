"""A turn of the user's that waits for its answer, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass

from app.conversation.transcript import Latency


@dataclass(slots=True)
class Question:
    """What happened when, in milliseconds of the conversation's clock."""

    ended_ms: int
    """The user fell silent, released the key or sent the text."""
    over_ms: int
    """The service was told, or told us, that the turn is over."""
    first_piece_ms: int | None = None
    first_sound_ms: int | None = None
    """The first sound came in."""

    def latency(self, heard_ms: int | None = None) -> Latency:
        """The figures so far; `heard_ms`: when the first sound left the speaker."""
        came_ms = self.first_piece_ms if heard_ms is None else self.first_sound_ms
        return Latency(
            first_word_ms=self._after(self.ended_ms, self.first_piece_ms),
            first_sound_ms=self._after(self.ended_ms, heard_ms),
            turn_ms=self.over_ms - self.ended_ms,
            service_ms=self._after(self.over_ms, came_ms),
            playback_ms=None if came_ms is None else self._after(came_ms, heard_ms),
        )

    def _after(self, begin_ms: int, moment_ms: int | None) -> int | None:
        return None if moment_ms is None else moment_ms - begin_ms
