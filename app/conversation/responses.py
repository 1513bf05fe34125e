"""One response at a time (protocol reference, section 5.7).

The service answers by itself under VAD, and answers when asked; a second request while one is active is refused.
So a request waits here until the active response is done. Requests that wait melt into one: an answer answers all
that was said.
"""

from __future__ import annotations

from dataclasses import replace

from app.conversation.ids import Ids
from app.protocol.client_events import ResponseCancel, ResponseCreate
from app.protocol.convert import UNSET

ASKED_TIMEOUT_MS = 15_000
"""A request that the service neither begins nor refuses for so long is given up: other requests wait for it."""

BUSY_RETRY_MS = 1_000
"""After a refusal for a response of which nothing is known here: it may be over already, so ask again."""


class Responses:
    """Which response is active, and whether another one is wanted."""

    def __init__(self) -> None:
        self._active_id: str | None = None
        self._asked: ResponseCreate | None = None
        self._wanted: ResponseCreate | None = None
        # The last request, also after some response has begun: that may have been the service's own, and the
        # refusal of ours is still to come. `_retry` is None where the user does not want it any more.
        self._sent_id = ""
        self._retry: ResponseCreate | None = None
        self._cancel_id = ""
        self._is_doomed = False
        self._due_ms: int | None = None

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
        """Busy, or about to be."""
        return self.is_busy or self._wanted is not None

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
        self._due_ms = now_ms + ASKED_TIMEOUT_MS
        return self._asked

    def created(self, response_id: str) -> bool:
        """The service began a response, asked for or by itself; whether it was cancelled before it began."""
        self._active_id, self._asked, self._cancel_id, self._due_ms = response_id, None, "", None
        is_doomed, self._is_doomed = self._is_doomed, False
        return is_doomed

    def done(self, response_id: str) -> None:
        """A response ended, in whatever way."""
        if self._active_id is None or self._active_id not in ("", response_id):
            return
        self._active_id, self._cancel_id, self._due_ms = None, "", None
        self._sent_id, self._retry = "", None

    def refused(self, event_id: str, *, is_busy: bool, now_ms: int) -> bool:
        """The service refused a request of ours; whether it was one. Asked again later if it was only too early."""
        if not event_id or event_id != self._sent_id:
            return False
        retry, self._retry, self._sent_id = self._retry, None, ""
        if is_busy and self._wanted is None:
            self._wanted = retry
        if self._asked is not None:
            self._asked, self._is_doomed, self._due_ms = None, False, None
            if is_busy:
                self._active_id, self._due_ms = "", now_ms + BUSY_RETRY_MS
        return True

    def cancel_refused(self, event_id: str) -> None:
        """The service refused this event: if it was our cancellation, nothing is active, whatever we missed."""
        if event_id and event_id == self._cancel_id:
            self.done(self._active_id or "")

    def expire(self, now_ms: int) -> bool:
        """Time has passed; whether a request was given up."""
        if self._due_ms is None or now_ms < self._due_ms:
            return False
        self._due_ms = None
        if self._asked is None:
            self.done("")
            return False
        self._asked, self._retry, self._sent_id, self._is_doomed = None, None, "", False
        return True

    def interrupted(self, *, is_answer_expected: bool) -> None:
        """The user wants none of the answers to come: not the one that waits, nor one that was asked for.

        `is_answer_expected`: nor the one that the service is about to begin by itself.
        """
        self._wanted = self._retry = None
        self._is_doomed = not self._active_id and (self.is_busy or is_answer_expected)

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
