"""A broken line that is to be made again: when, and whether at all."""

from __future__ import annotations

import math


class Retry:
    """The next attempt, counted down in whole seconds."""

    def __init__(self) -> None:
        self.in_s: int | None = None
        """So many seconds are left, 0: it is being made; None where nothing is to be made."""
        self.is_given_up = False
        """The line is not made again unless the user asks for it."""
        self._at_ms: float | None = None

    @property
    def deadline_ms(self) -> float | None:
        """When another number is to be shown."""
        return self._at_ms - (self.in_s - 1) * 1000 if self._at_ms is not None and self.in_s else None

    def plan(self, at_ms: float, now_ms: int) -> None:
        """The line will be made again then."""
        self.is_given_up, self._at_ms = False, at_ms
        self.tick(now_ms)

    def give_up(self) -> None:
        """The line is not made again by itself."""
        self.is_given_up, self._at_ms, self.in_s = True, None, None

    def connected(self) -> None:
        """The line stands."""
        self._at_ms = self.in_s = None

    def tick(self, now_ms: int) -> None:
        """Time has passed."""
        if self._at_ms is not None:
            self.in_s = max(0, math.ceil((self._at_ms - now_ms) / 1000))
