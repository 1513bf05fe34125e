"""Whether a line that broke is made again, and when. No clock and no I/O."""

from __future__ import annotations

from typing import Final

from app.connection.failures import FailureKind, ServiceFailure
from app.exit_status import LOST, REFUSED
from app.live.backoff import Backoff
from app.live.events import Ended

_BACK: Final = "The connection is back, and the conversation goes on."
_EXPIRED: Final = "The session reached the service's limit; the conversation goes on in a new one."
_STABLE_MS: Final = 10_000
"""A line that stood for so long was no failure of the attempts before it."""

_REFUSALS: Final = frozenset(
    {FailureKind.KEY_REFUSED, FailureKind.MODEL_UNKNOWN, FailureKind.QUOTA, FailureKind.PERMISSION, FailureKind.REFUSED}
)


def ended_by(failed: ServiceFailure) -> Ended:
    """The end of a conversation whose line is not made again, after that."""
    return Ended(str(failed), REFUSED if failed.kind in _REFUSALS else LOST)


class LineRepair:
    """What is known of a broken line: since when, how often it was tried, and whether it is given up."""

    def __init__(self, backoff: Backoff, for_s: float, *, stays_offline: bool) -> None:
        """`for_s`: so long it is made again by itself, 0: never. `stays_offline`: after that the user may ask for it;
        else that is the end.
        """
        self.is_waiting = False
        """The line broke, and none is there yet."""
        self.is_given_up = False
        self.is_after_limit = False
        """It did not break: the service ended a session at its limit."""
        self.due_ms = 0.0
        """Not before that the next attempt is made."""
        self._backoff, self._for_s, self._stays_offline = backoff, for_s, stays_offline
        self._has_stood = False
        self._back = ""
        self._stood_ms = self._ends_ms = 0

    @property
    def is_wanted(self) -> bool:
        """Lines are made again at all."""
        return self._for_s > 0

    def may_go_on(self, failed: ServiceFailure, now_ms: int) -> bool:
        """The first dialling is the user's own affair; afterwards a loss is mended, for as long as is set."""
        if failed.fatal or not self._has_stood or not self.is_wanted:
            return False
        return self._stays_offline or now_ms < self._ends_ms or not self.is_waiting

    def broke(self, failed: ServiceFailure, now_ms: int) -> str | None:
        """The line broke, or could not be made again. What is to be said of it, None where that was said before."""
        if self.is_waiting:
            return None
        if now_ms - self._stood_ms >= _STABLE_MS:
            self._backoff = self._backoff.anew()
        if self._backoff.attempts == 0:
            self._ends_ms = now_ms + round(self._for_s * 1000)
        self.is_after_limit = failed.kind is FailureKind.EXPIRED
        self.is_waiting, self._back = True, "" if self.is_after_limit else _BACK
        return _EXPIRED if self.is_after_limit else str(failed).removesuffix(failed.remedy).rstrip()

    def plan(self, failed: ServiceFailure, now_ms: int) -> bool:
        """When the next attempt is made; False where there is to be none by itself any more."""
        is_first_of_expired = failed.kind is FailureKind.EXPIRED and self._backoff.attempts == 0
        delay_ms = 0 if is_first_of_expired else self._backoff.delay_ms(failed.retry_after_s)
        self._backoff = self._backoff.after_attempt()
        self.due_ms = now_ms + delay_ms
        if now_ms >= self._ends_ms:
            return False
        self.due_ms = min(self.due_ms, self._ends_ms)  # the last attempt
        return True

    def retry(self, now_ms: int) -> bool:
        """The user wants it now, also where it was given up; False where the line stands."""
        if self.is_waiting:
            if self.is_given_up:
                self._backoff = self._backoff.anew()
                self._ends_ms = now_ms + round(self._for_s * 1000)
            self.is_given_up, self.due_ms = False, now_ms
        return self.is_waiting

    def give_up(self) -> bool:
        """It is not made again by itself; False where the line stands, or that is so already."""
        is_news = self.is_waiting and not self.is_given_up
        self.is_given_up = self.is_given_up or is_news
        return is_news

    def stands(self, now_ms: int) -> str:
        """The service answered. What is to be said of it; empty: nothing."""
        back, self._back = self._back, ""
        was_waiting, self.is_waiting = self.is_waiting, False
        self._has_stood, self._stood_ms = True, now_ms
        return back if was_waiting else ""
