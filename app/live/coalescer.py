"""Fewer, newer messages: changes of entries reach a front end at most so many times a second."""

from __future__ import annotations

from collections.abc import Callable

PERIOD_MS = 1000 / 10


class Coalescer:
    """Remembers which entries changed and says when it is time to tell.

    The first change after a pause is told at once. Pure: the owner passes the time and keeps the timer.
    """

    def __init__(self, tell: Callable[[tuple[str, ...]], None]) -> None:
        self._tell = tell
        self._changed: dict[str, None] = {}
        self._next_ms = 0.0

    @property
    def due_ms(self) -> float | None:
        """When to call `flush` next; None while nothing waits."""
        return self._next_ms if self._changed else None

    def changed(self, item_id: str, now_ms: float) -> None:
        """An entry is different."""
        self._changed[item_id] = None
        if now_ms >= self._next_ms:
            self.flush(now_ms)

    def removed(self, item_id: str) -> None:
        """An entry is gone: nothing is to be told of it."""
        self._changed.pop(item_id, None)

    def flush(self, now_ms: float) -> None:
        """Tell all that waits."""
        waiting, self._changed = self._changed, {}
        self._next_ms = now_ms + PERIOD_MS
        if waiting:
            self._tell(tuple(waiting))
