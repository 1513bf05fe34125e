"""What all clients together may ask of the service within a minute, where its owner has set that.

Nothing is limited by default; then nothing is told of limits either, since there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.protocol.items import RateLimit
from app.protocol.server_events import RateLimitsUpdated
from app.server.request_errors import EngineFailure

_WINDOW_S: Final = 60.0


@dataclass(slots=True)
class _Allowance:
    """So many of one thing within a minute. What was used comes back evenly; it may be overdrawn, never refused
    halfway.
    """

    name: str
    limit: int
    used: float = 0.0

    def recover(self, elapsed_s: float) -> None:
        self.used = max(0.0, round(self.used - self.limit * elapsed_s / _WINDOW_S, 6))  # 6.0 s are one tenth, exactly

    def seconds_until(self, used: float) -> float:
        return max(0.0, self.used - used) * _WINDOW_S / self.limit

    def told(self) -> RateLimit:
        return RateLimit(
            name=self.name,
            limit=self.limit,
            remaining=max(0, int(self.limit - self.used)),
            reset_seconds=round(self.seconds_until(0), 3),
        )


class Quota:
    """Requests (a response is one) and tokens, counted over all sessions of the service."""

    def __init__(self, requests_per_minute: int | None = None, tokens_per_minute: int | None = None) -> None:
        """None: without limit."""
        wanted = (("requests", requests_per_minute), ("tokens", tokens_per_minute))
        self._allowances = {name: _Allowance(name, limit) for name, limit in wanted if limit is not None}
        self._last_s: float | None = None

    def advance(self, now: float) -> None:
        """It is `now`, in seconds of one monotonic clock for all sessions."""
        elapsed_s = 0.0 if self._last_s is None else max(0.0, now - self._last_s)
        self._last_s = now if self._last_s is None else max(now, self._last_s)
        for allowance in self._allowances.values():
            allowance.recover(elapsed_s)

    def ask(self) -> EngineFailure | None:
        """One more response is wanted: it counts, or this is why it cannot be."""
        for allowance in self._allowances.values():
            most = allowance.limit - 1  # one request, or at least one token, must be left
            if allowance.used > most:
                wait_s = max(0.1, allowance.seconds_until(most))
                return EngineFailure(
                    "rate_limit_exceeded",
                    f"Rate limit reached: this service allows {allowance.limit} {allowance.name} per minute. "
                    f"Please try again in {wait_s:.1f}s.",
                    allowance.name,
                )
        if (requests := self._allowances.get("requests")) is not None:
            requests.used += 1
        return None

    def spend(self, tokens: int) -> None:
        """So many were used."""
        if (allowance := self._allowances.get("tokens")) is not None:
            allowance.used += tokens

    def told(self) -> RateLimitsUpdated | None:
        """What is left, for the client; None where nothing is limited."""
        if not self._allowances:
            return None
        return RateLimitsUpdated(rate_limits=tuple(allowance.told() for allowance in self._allowances.values()))
