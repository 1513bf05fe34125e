"""One response at a time (protocol reference, section 5.7).

The service answers by itself under VAD, and answers when asked; a second request while one is active is refused.
So a request waits here until the active response is done. Requests that wait melt into one: an answer answers all
that was said.

Nothing is waited for without a limit: a request that nobody takes up, an answer of which nothing comes any more, and
a cancellation that is not confirmed each count as over after a while, so that the next request goes out.
"""

from __future__ import annotations

from enum import Enum, auto

from msgspec import UNSET
from msgspec.structs import replace

from app.conversation.ids import Ids
from app.protocol.client_events import ResponseCancel, ResponseCreate

ANSWER_TIMEOUT_MS = 20_000
"""The usual limit for an answer without a sign of life: to begin, and to go on."""

STOP_TIMEOUT_MS = 5_000
"""A response that was stopped, and of which nothing comes for so long, is over whether the service says so or not."""

BUSY_RETRY_MS = 1_000
"""After a refusal for a response of which nothing is known here: it may be over already, so ask again."""


class Expired(Enum):
    """What has been waited for long enough."""

    NOTHING = auto()
    REQUEST = auto()
    """A request of ours: the service neither began an answer nor refused it."""
    ANSWER = auto()
    """The active response: nothing came of it any more."""
    STOPPED = auto()
    """What nobody wants any more: no word is due about it."""


class Refusal(Enum):
    """What a refused event was."""

    NOT_OURS = auto()
    """No request for an answer."""
    AGAIN = auto()
    """A request that came too early: it is asked again, or was not wanted any more."""
    FINAL = auto()
    """A request that gets no answer."""


class Responses:
    """Which response is active, and whether another one is wanted."""

    def __init__(self, timeout_ms: int = ANSWER_TIMEOUT_MS) -> None:
        self.timeout_ms = timeout_ms
        self._active_id: str | None = None
        self._asked: ResponseCreate | None = None
        self._wanted: ResponseCreate | None = None
        # The last request, also after some response has begun: that may have been the service's own, and the
        # refusal of ours is still to come. `_retry` is None where the user does not want it any more.
        self._sent_id = ""
        self._retry: ResponseCreate | None = None
        self._cancel_id = ""
        self._needless_ids: set[str] = set()  # cancellations of what counts as over already
        self._is_doomed = False
        self._is_stopped = False
        self._is_presumed = False  # active only because the service says that it is busy
        self._busy_until_ms: int | None = None
        self._due_ms: int | None = None
        self._known: set[str] = set()

    @property
    def active_id(self) -> str | None:
        """The id of the response that the service is working on; empty where the service did not tell it."""
        return self._active_id

    @property
    def is_busy(self) -> bool:
        """A response is active or was asked for."""
        return self._active_id is not None or self._asked is not None

    @property
    def is_awaited(self) -> bool:
        """The user waits for an answer: one is active, asked for or wanted, and was not stopped."""
        if self._wanted is not None:
            return True
        if self._active_id is not None:
            return not self._is_stopped
        return self._asked is not None and not self._is_doomed

    @property
    def is_stopped(self) -> bool:
        """The active response is wanted no more."""
        return self._active_id is not None and self._is_stopped

    @property
    def deadline_ms(self) -> int | None:
        """When `expire` has something to do."""
        return self._due_ms

    def want(self, request: ResponseCreate) -> None:
        """Ask for an answer as soon as none is active."""
        self._wanted = request

    def next_request(self, ids: Ids, now_ms: int) -> ResponseCreate | None:
        """What to send now, if anything, under an event id of its own also when it is asked again."""
        if self._wanted is None or self.is_busy:
            return None
        event_id = ids.event()
        self._asked, self._wanted = replace(self._wanted, event_id=event_id), None
        self._sent_id, self._retry, self._is_doomed = event_id, self._asked, False
        self._due_ms = now_ms + self.timeout_ms
        return self._asked

    def created(self, response_id: str, now_ms: int) -> bool:
        """The service began a response, asked for or by itself; whether it was cancelled before it began."""
        self._active_id, self._asked, self._cancel_id, self._busy_until_ms = response_id, None, "", None
        self._known.add(response_id)
        is_doomed, self._is_doomed = self._is_doomed, False
        self._is_stopped, self._is_presumed = is_doomed, False
        self._due_ms = now_ms + self._patience_ms
        return is_doomed

    def heard_of(self, response_id: str, now_ms: int) -> bool:
        """A piece of a response came: a sign of life. Whether it is of a response whose beginning was not told."""
        is_new = not response_id or response_id not in self._known
        if self._active_id is None:
            return is_new
        if is_new and response_id and (self._is_presumed or not self._active_id):
            self._active_id, self._is_presumed = response_id, False
            self._known.add(response_id)
        if is_new or response_id == self._active_id:
            self.extend(now_ms)
        return False

    def extend(self, until_ms: int) -> None:
        """The active response has something to show until then; only from there on it is waited for."""
        if self._active_id is not None and not self._is_presumed:
            self._due_ms = max(self._due_ms or 0, until_ms + self._patience_ms)

    def done(self, response_id: str) -> bool:
        """A response ended, in whatever way; whether it is the one that is active, or else news.

        One without an id, or with an id that was never heard of, is the active one: there is but one at a time.
        """
        is_new = not response_id or response_id not in self._known
        self._known.add(response_id)
        if self._active_id is None:
            if not is_new:
                return False
            if self._asked is not None:  # its beginning was not told
                self._is_doomed = False
                self._end()
            return True
        if not is_new and self._active_id not in ("", response_id):
            return False
        self._end()
        return True

    def refused(self, event_id: str, *, is_busy: bool, now_ms: int) -> Refusal:
        """The service refused an event of ours. Asked again later if it was only too early, but not for ever."""
        if not event_id or event_id != self._sent_id:
            return Refusal.NOT_OURS
        retry, self._retry, self._sent_id = self._retry, None, ""
        if is_busy:
            self._busy_until_ms = self._busy_until_ms or now_ms + self.timeout_ms
            if now_ms >= self._busy_until_ms:
                is_busy, self._busy_until_ms = False, None
        if is_busy and self._wanted is None:
            self._wanted = retry
        if self._asked is not None:
            self._asked, self._is_doomed, self._due_ms = None, False, None
            if is_busy:
                self._active_id, self._cancel_id, self._is_stopped, self._is_presumed = "", "", False, True
                self._due_ms = now_ms + BUSY_RETRY_MS
        return Refusal.AGAIN if is_busy else Refusal.FINAL

    def cancel_refused(self, event_id: str) -> bool:
        """The service refused this event: if it was our cancellation, nothing is active, whatever we missed.

        Whether it was the cancellation of what counts as over, of which the refusal is no news.
        """
        if event_id and event_id == self._cancel_id and self._active_id is not None:
            self._end()
        return event_id in self._needless_ids

    def expire(self, now_ms: int) -> Expired:
        """Time has passed; what was given up."""
        if self._due_ms is None or now_ms < self._due_ms:
            return Expired.NOTHING
        if self._asked is not None:
            is_unwanted = self._is_doomed
            self._end()
            self._is_doomed = False
            return Expired.STOPPED if is_unwanted else Expired.REQUEST
        expired = Expired.STOPPED if self._is_stopped else Expired.ANSWER
        expired = Expired.NOTHING if self._is_presumed else expired
        self._end()
        return expired

    def interrupted(self, now_ms: int, *, is_answer_expected: bool) -> None:
        """The user wants none of the answers to come: not the one that waits, nor one that was asked for.

        `is_answer_expected`: nor the one that the service is about to begin by itself.
        """
        self._wanted = self._retry = None
        self._is_doomed = not self._active_id and (self.is_busy or is_answer_expected)
        if self._active_id is not None and not self._is_stopped:
            self._is_stopped = True
            if not self._is_presumed:
                self._due_ms = now_ms + self._patience_ms

    def turn_ended(self) -> None:
        """A new turn deserves an answer, whatever was not wanted before it."""
        self._is_doomed = self._is_doomed and self._asked is not None

    def cancel(self, event_id: str) -> ResponseCancel | None:
        """The event that stops the active response; None where none is active or it is being stopped already.

        One that has not begun cannot be cancelled yet: `created` will say that it must be.
        """
        if self._active_id is None or self._cancel_id:
            return None
        self._cancel_id = event_id
        return ResponseCancel(event_id=event_id, response_id=self._active_id or UNSET)

    def cancel_late(self, response_id: str, event_id: str) -> ResponseCancel:
        """The event that stops a response which counts as over, in case it is not."""
        self._needless_ids.add(event_id)
        return ResponseCancel(event_id=event_id, response_id=response_id)

    # ---------------------------------------------------------------- within

    @property
    def _patience_ms(self) -> int:
        return min(self.timeout_ms, STOP_TIMEOUT_MS) if self._is_stopped else self.timeout_ms

    def _end(self) -> None:
        self._active_id, self._asked, self._due_ms = None, None, None
        self._is_stopped = self._is_presumed = False
        self._sent_id, self._retry = "", None
