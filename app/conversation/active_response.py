"""Which response is under way, and whether another one is wanted (protocol reference, section 5.7).

The service works on one response at a time. It answers by itself after a turn that its voice detection ended, and it
answers when asked; a request while a response is under way is refused. So a request waits here until that one is
done. Requests that wait become one: an answer answers all that was said.

Nothing is waited for without a limit: a request that the service does not take up, a response of which nothing more
comes, and a cancellation that is not confirmed each count as over after a while.
"""

from __future__ import annotations

from enum import Enum, auto

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.conversation.effects import Effects, earliest
from app.protocol.benign import BUSY
from app.protocol.client_events import ResponseCancel, ResponseCreate
from app.protocol.items import ResponseOptions

GREETING = "Greet the user in one short, friendly sentence and ask what you can do."

GO_ON = (
    "The connection cut your last answer off after the last words of yours that are in this conversation. Go on right "
    "there: repeat none of them, and do not speak of the interruption. Then answer what else was asked and is not "
    "answered yet."
)

ANSWER_TIMEOUT_MS = 20_000
"""The usual limit for an answer without a sign of life: to begin, and to go on."""

STOP_TIMEOUT_MS = 5_000
"""A response that was stopped, and of which nothing comes for so long, is over whether the service says so or not."""

BUSY_RETRY_MS = 1_000
"""After a refusal for a response of which nothing is known here: it may be over already, so ask again."""


class ResponsePhase(Enum):
    """How far the response has come."""

    IDLE = auto()
    """There is none."""
    ASKED = auto()
    """We asked for it; it has not begun."""
    RECALLED = auto()
    """We asked for it and do not want it any more: it is cancelled when it begins."""
    BUSY = auto()
    """One must be under way, since the service refused our request for that reason. Nothing else is known of it."""
    ACTIVE = auto()
    """Under way."""
    STOPPED = auto()
    """Under way and not wanted any more: nothing of it may sound."""


_NOT_BEGUN = (ResponsePhase.IDLE, ResponsePhase.ASKED, ResponsePhase.RECALLED)
_WANTED = (ResponsePhase.ASKED, ResponsePhase.BUSY, ResponsePhase.ACTIVE)
_BEGUN = (ResponsePhase.ACTIVE, ResponsePhase.STOPPED)


class Expected(Struct, frozen=True):
    """A response that the service is about to begin by itself."""

    item_id: str
    """The user's turn that it answers; empty where it answers none."""
    due_ms: int
    is_wanted: bool = True


class ResponseRequest(Struct, frozen=True):
    """What is asked of the service."""

    event: ResponseCreate
    is_rest: bool = False
    """It is to go on with an answer that was begun in the session before."""


class ActiveResponse:
    """The one response: expected, asked for, under way; and the request that waits for its end."""

    def __init__(self, effects: Effects, timeout_ms: int) -> None:
        self._effects = effects
        self.timeout_ms = timeout_ms
        self.phase = ResponsePhase.IDLE
        self.response_id = ""
        """Of the response under way; empty while there is none, or where the service did not tell it."""
        self._expected: Expected | None = None
        self._wanted: ResponseRequest | None = None
        # The last request, also once a response has begun: that one may be the service's own, and our request be
        # refused because of it.
        self._request: ResponseRequest | None = None
        self._request_id = ""
        self._due_ms: int | None = None
        self._busy_until_ms: int | None = None
        self._cancel_id = ""
        self._late_cancel_ids: set[str] = set()  # cancellations of what counts as over here
        self._known_ids: set[str] = set()

    @property
    def is_busy(self) -> bool:
        """A response is under way or was asked for."""
        return self.phase is not ResponsePhase.IDLE

    @property
    def has_begun(self) -> bool:
        """A response is under way, as far as is known."""
        return self.phase not in _NOT_BEGUN

    @property
    def has_request_waiting(self) -> bool:
        """A response is wanted, and was not asked for yet."""
        return self._wanted is not None

    @property
    def wants_rest(self) -> bool:
        """The request that waits is for the rest of an answer."""
        return self._wanted is not None and self._wanted.is_rest

    @property
    def is_rest(self) -> bool:
        """What was asked for, and may be under way, is the rest of an answer."""
        return self._request is not None and self._request.is_rest

    @property
    def is_expected(self) -> bool:
        """The service is about to begin an answer by itself, and the user wants it."""
        return self._expected is not None and self._expected.is_wanted

    @property
    def is_requested(self) -> bool:
        """A response that the user wants is under way, asked for, or waits to be asked for."""
        return self._wanted is not None or self.phase in _WANTED

    @property
    def is_awaited(self) -> bool:
        """The user waits for an answer, be it one that the service is about to give by itself."""
        return self.is_requested or self.is_expected

    @property
    def deadline_ms(self) -> float | None:
        """When one of the limits is reached."""
        return earliest(self._due_ms, self._expected.due_ms if self._expected else None)

    # ---------------------------------------------------------------- what the user wants

    def want_greeting(self, instructions: str) -> None:
        """Let the assistant speak first."""
        words = f"{instructions}\n{GREETING}".strip()
        self.want(ResponseCreate(response=ResponseOptions(instructions=words)))

    def want(self, request: ResponseCreate) -> None:
        """Ask for an answer as soon as none is under way."""
        self._wanted = ResponseRequest(request)

    def want_rest(self, instructions: str) -> None:
        """Let the assistant go on with an answer that was begun in the session before."""
        words = f"{instructions}\n{GO_ON}".strip()
        self._wanted = ResponseRequest(ResponseCreate(response=ResponseOptions(instructions=words)), is_rest=True)

    def expect(self, item_id: str, now_ms: int) -> None:
        """The service is about to answer this turn by itself."""
        self._expected = Expected(item_id, now_ms + self.timeout_ms)

    def expect_none(self) -> None:
        """The service will not begin a response by itself now."""
        self._expected = None

    def turn_ended(self) -> None:
        """A new turn deserves an answer, whatever was not wanted before it."""
        if self._expected is not None and not self._expected.is_wanted:
            self._expected = None

    def ask_if_due(self, now_ms: int) -> None:
        """Send the request that waits, if nothing is in its way: each time under an id of its own."""
        if self._wanted is None or self.is_busy:
            return
        self._request, self._wanted = self._wanted, None
        self._request_id = self._effects.send(self._request.event)
        self.phase, self._due_ms = ResponsePhase.ASKED, now_ms + self.timeout_ms

    def interrupted(self, now_ms: int, *, is_expected_unwanted: bool) -> None:
        """The user wants neither the response under way nor one that was asked for.

        `is_expected_unwanted`: nor the one that the service is about to begin by itself, which is cancelled then.
        """
        self._wanted = None
        expected, self._expected = self._expected, None
        if is_expected_unwanted and expected is not None and not self.has_begun:
            self._expected = replace(expected, is_wanted=False)
        match self.phase:
            case ResponsePhase.ASKED:
                self.phase = ResponsePhase.RECALLED
            case ResponsePhase.ACTIVE | ResponsePhase.BUSY:
                self.phase = ResponsePhase.STOPPED
                self._due_ms = now_ms + self._patience_ms

    def cancel(self) -> None:
        """Stop the response under way, if there is one and that was not sent already."""
        if self.has_begun and not self._cancel_id:
            self._cancel_id = self._effects.send(ResponseCancel(response_id=self.response_id or UNSET))

    def cancel_late(self, response_id: str) -> None:
        """Stop a response which counts as over here, in case it is not."""
        self._late_cancel_ids.add(self._effects.send(ResponseCancel(response_id=response_id)))

    # ---------------------------------------------------------------- what the service says

    def created(self, response_id: str, now_ms: int) -> bool:
        """A response begins, asked for or not; whether it was unwanted before it began."""
        is_unwanted = (
            self.phase is ResponsePhase.RECALLED
            or (self.phase is ResponsePhase.STOPPED and not self.response_id)
            or (self._expected is not None and not self._expected.is_wanted)
        )
        self.phase = ResponsePhase.STOPPED if is_unwanted else ResponsePhase.ACTIVE
        self.response_id, self._cancel_id = response_id, ""
        self._expected, self._busy_until_ms = None, None
        self._known_ids.add(response_id)
        self._due_ms = now_ms + self._patience_ms
        return is_unwanted

    def heard_of(self, response_id: str, now_ms: int) -> bool:
        """A piece of a response came: a sign of life. Whether it is of a response whose beginning was not told."""
        is_new = not response_id or response_id not in self._known_ids
        if not self.has_begun:
            return is_new
        if is_new and response_id and not self.response_id:
            self.response_id = response_id
            self._known_ids.add(response_id)
            self.phase = ResponsePhase.ACTIVE if self.phase is ResponsePhase.BUSY else self.phase
        if is_new or response_id == self.response_id:
            self.extend(now_ms)
        return False

    def extend(self, until_ms: int) -> None:
        """The response has something to show until then; only from there on it is waited for."""
        if self.phase in _BEGUN:
            self._due_ms = max(self._due_ms or 0, until_ms + self._patience_ms)

    def done(self, response_id: str) -> bool:
        """A response ended, in whatever way. Whether it is the one under way, or one that was not heard of before.

        One without an id, or with an id that was never heard of, is the one under way: there is but one at a time.
        """
        is_new = not response_id or response_id not in self._known_ids
        self._known_ids.add(response_id)
        if not is_new and (not self.has_begun or self.response_id not in ("", response_id)):
            return False
        if not self.has_begun:
            self._expected = None
        self._end()
        return True

    def refused(self, event_id: str, code: str, now_ms: int, *, is_the_requests: bool = False) -> bool | None:
        """The service refused an event of ours. Whether it was a request that gets no answer; None: no request.

        One that came too early is asked again, unless it was not wanted any more, though not for ever.
        `is_the_requests`: a refusal that names no event can only mean the request, if one is under way, or the answer
        that the service was about to give by itself.
        """
        if is_the_requests and self.phase is ResponsePhase.IDLE and self._expected is not None:
            self._expected = None
            return True
        is_it = is_the_requests and self.phase in (ResponsePhase.ASKED, ResponsePhase.RECALLED)
        if self._request is None or not (is_it or event_id == self._request_id):
            return None
        is_busy = code == BUSY
        if is_busy:
            self._busy_until_ms = self._busy_until_ms or now_ms + self.timeout_ms
            if now_ms >= self._busy_until_ms:
                is_busy, self._busy_until_ms = False, None
        was_wanted = self.phase in _WANTED
        if is_busy and was_wanted:
            self._wanted = self._wanted or self._request
        self._request = None
        if not self.has_begun:
            self._end()
            if is_busy:
                self.phase = ResponsePhase.BUSY if was_wanted else ResponsePhase.STOPPED
                self._due_ms = now_ms + BUSY_RETRY_MS
        return not is_busy

    def cancel_refused(self, event_id: str) -> bool:
        """The service refused this event: if it was our cancellation, no response is under way, whatever we missed.

        Whether it was the cancellation of what counts as over here, of which the refusal is no news.
        """
        if event_id and event_id == self._cancel_id and self.has_begun:
            self._end()
        return event_id in self._late_cancel_ids

    # ---------------------------------------------------------------- limits

    def expire_expected(self, now_ms: int) -> Expected | None:
        """The response that the user has waited for in vain, though the service was about to begin it by itself."""
        expected = self._expected
        if expected is None or now_ms < expected.due_ms:
            return None
        self._expected = None
        return expected if expected.is_wanted else None

    def expire(self, now_ms: int) -> ResponsePhase:
        """The phase in which a limit was reached, and which is over with that; IDLE where none was."""
        if self._due_ms is None or now_ms < self._due_ms:
            return ResponsePhase.IDLE
        phase = self.phase
        self._end()
        return phase

    # ---------------------------------------------------------------- within

    @property
    def _patience_ms(self) -> int:
        return min(self.timeout_ms, STOP_TIMEOUT_MS) if self.phase is ResponsePhase.STOPPED else self.timeout_ms

    def _end(self) -> None:
        self.phase, self.response_id, self._request = ResponsePhase.IDLE, "", None
        self._due_ms, self._cancel_id = None, ""
