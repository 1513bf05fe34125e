"""When a broken line is made again: exponential back-off with full jitter."""

from __future__ import annotations

import random
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

FIRST_MS: Final = 1_000
LONGEST_MS: Final = 30_000


class Backoff(Struct, frozen=True):
    """How long to wait before the next attempt, as a value: the same seed gives the same waits.

    The wait is drawn evenly from zero to a limit that doubles with each attempt, so that the clients of a service that
    comes back do not all come at once.
    """

    seed: int
    attempts: int = 0
    """Made so far."""
    first_ms: int = FIRST_MS
    longest_ms: int = LONGEST_MS

    def delay_ms(self, retry_after_s: float | None = None) -> int:
        """Before the next attempt. Never sooner than the service asks for."""
        limit_ms = min(self.longest_ms, self.first_ms * 2 ** min(self.attempts, 16))
        drawn_ms = random.Random(self.seed * 1_000 + self.attempts).uniform(0, limit_ms)
        return round(max(drawn_ms, (retry_after_s or 0) * 1000))

    def after_attempt(self) -> Backoff:
        """The waits after one more attempt."""
        return replace(self, attempts=self.attempts + 1)

    def anew(self) -> Backoff:
        """The waits after a line that stood."""
        return replace(self, attempts=0)
