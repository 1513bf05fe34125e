"""The service's limits when they come near: how much is left of which, and for how long.

Services tell after each answer what is left (`rate_limits.updated`); far from the limit nobody wants to know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from app.conversation.effects import Effects, Severity
from app.conversation.status import NearLimit
from app.protocol.items import RateLimit
from app.protocol.text import one_line

NEAR_SHARE: Final = 0.1
"""Of the limit: from here on it is near."""
LAST_REQUESTS: Final = 2
"""So few are near, however small the limit is."""

_LONGEST_NAME: Final = 30
_LONGEST_RESET_S: Final = 3_600.0
"""What would be whole again only after that is shown for so long, and no longer: the next answer tells anew."""


class RateLimits:
    """Which limit is near; the user is told when that begins, and not again until it has ended."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self.near: NearLimit | None = None
        self.deadline_ms: int | None = None
        """When it is over by itself."""

    def updated(self, limits: Iterable[RateLimit], now_ms: int) -> None:
        """The service told what is left of each."""
        was_near = self.near is not None
        found = [(share, limit) for limit in limits if (share := _near_share(limit)) is not None]
        if not found:
            self.near = self.deadline_ms = None
            return
        _, limit = min(found, key=lambda each: each[0])
        seconds = limit.reset_seconds if isinstance(limit.reset_seconds, float) else None
        name = one_line(limit.name, _LONGEST_NAME) or "requests"
        self.near = NearLimit(name, limit.remaining or 0, None if seconds is None else math.ceil(seconds))
        lasts_s = _LONGEST_RESET_S if seconds is None else min(seconds, _LONGEST_RESET_S)
        self.deadline_ms = now_ms + math.ceil(lasts_s * 1000)
        if not was_near:
            self._effects.notify(_sentence(self.near), Severity.INFORMATION)

    def tick(self, now_ms: int) -> None:
        """Time has passed: see `deadline_ms`."""
        if self.deadline_ms is not None and now_ms >= self.deadline_ms:
            self.near = self.deadline_ms = None


def _near_share(limit: RateLimit) -> float | None:
    """What part of the limit is left, where that is little; None where it is not, or is not told."""
    if not isinstance(limit.remaining, int):
        return None
    whole = limit.limit if isinstance(limit.limit, int) else 0
    share = limit.remaining / whole if whole else 0.0
    is_last = limit.name == "requests" and limit.remaining <= min(LAST_REQUESTS, whole - 1 if whole else LAST_REQUESTS)
    return share if is_last or (whole and share < NEAR_SHARE) else None


def _sentence(near: NearLimit) -> str:
    resets = "" if near.resets_in_s is None else f"; the limit is whole again in {near.resets_in_s} s"
    return f"The service's limit is near: {near.remaining:,} {near.name} left{resets}."
