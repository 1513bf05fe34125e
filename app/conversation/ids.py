"""Ids of our own choosing for events and items."""

from __future__ import annotations


class Ids:
    """Unique within a session; `seed` makes them unique over sessions. Items stay within 32 characters."""

    def __init__(self, seed: str) -> None:
        self._seed = seed[:12]
        self._count = 0

    def event(self) -> str:
        """For a client event; a refusal names it."""
        return f"ev_{self._next()}"

    def item(self) -> str:
        """For an item that we create."""
        return f"item_{self._next()}"

    def _next(self) -> str:
        self._count += 1
        return f"{self._seed}{self._count:x}"
