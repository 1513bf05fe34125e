"""One response at a time (protocol reference, section 5.7).

The service answers by itself under VAD, and answers when asked; a second request while one is active is refused.
So a request waits here until the active response is done. Requests that wait melt into one: an answer answers all
that was said.
"""

from __future__ import annotations

from app.protocol.client_events import ResponseCancel, ResponseCreate
from app.protocol.convert import UNSET


class Responses:
    """Which response is active, and whether another one is wanted."""

    def __init__(self) -> None:
        self._active_id: str | None = None
        self._asked: ResponseCreate | None = None
        self._wanted: ResponseCreate | None = None
        self._is_cancelling = False
        self._is_doomed = False

    @property
    def active_id(self) -> str | None:
        """The id of the response that the service is working on."""
        return self._active_id

    @property
    def is_busy(self) -> bool:
        """A response is active or was asked for."""
        return self._active_id is not None or self._asked is not None

    @property
    def is_awaited(self) -> bool:
        """Busy, or about to be."""
        return self.is_busy or self._wanted is not None

    def want(self, request: ResponseCreate) -> None:
        """Ask for an answer as soon as none is active."""
        self._wanted = request

    def next_request(self) -> ResponseCreate | None:
        """What to send now, if anything."""
        if self._wanted is None or self.is_busy:
            return None
        self._asked, self._wanted = self._wanted, None
        return self._asked

    def created(self, response_id: str) -> bool:
        """The service began a response, asked for or by itself; whether it was cancelled before it began."""
        self._active_id, self._asked, self._is_cancelling = response_id, None, False
        is_doomed, self._is_doomed = self._is_doomed, False
        return is_doomed

    def done(self, response_id: str) -> None:
        """A response ended, in whatever way."""
        if response_id == self._active_id or self._active_id is None:
            self._active_id, self._is_cancelling = None, False

    def refused(self, event_id: str, *, is_busy: bool) -> bool:
        """The service refused a request of ours; whether it was one. Asked again later if it was only too early."""
        if self._asked is None or self._asked.event_id != event_id:
            return False
        self._is_doomed = False
        self._wanted, self._asked = (self._wanted or self._asked) if is_busy else self._wanted, None
        if is_busy and self._active_id is None:
            self._active_id = ""  # some response of which no response.created was seen; its done frees us
        return True

    def drop_wanted(self) -> None:
        """The user wants no answer to what is waiting."""
        self._wanted = None

    def cancel(self, event_id: str) -> ResponseCancel | None:
        """The event that stops the active response; None where none is active or it is being stopped already.

        One that was asked for and has not begun cannot be cancelled yet: `created` will say that it must be.
        """
        if self._active_id is None:
            self._is_doomed = self._asked is not None
            return None
        if self._is_cancelling:
            return None
        self._is_cancelling = True
        return ResponseCancel(event_id=event_id, response_id=self._active_id or UNSET)
