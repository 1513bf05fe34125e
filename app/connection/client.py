"""One connection to one service: events out, events in, and an honest end.

Connected means that `session.created` came: OpenAI upgrades first and refuses afterwards. An end that we did not ask
for always raises, also a clean one: the library's own iteration stops silently at close code 1001, which is how
OpenAI ends the hour.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final, Self

from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from app import __version__
from app.connection.cleaning import without_secrets_of
from app.connection.eventlog import EventLog
from app.connection.failures import FailureKind, ServiceFailure, advice_on, failure, meaning_of_error
from app.connection.keep_alive import KeepAlive, watch
from app.connection.proxies import Proxy, proxy_in_use
from app.connection.refusals import OPENING_ERRORS, from_closed, from_error, from_exception
from app.connection.services import Service
from app.connection.spoken import BETA_FOUND, SpokenDialect
from app.protocol.benign import is_benign
from app.protocol.beta import NamesHeard
from app.protocol.client_events import ClientEvent
from app.protocol.codec import MalformedEventError, decode_server_event
from app.protocol.items import ErrorDetail
from app.protocol.server_events import (
    ConversationCreated,
    ErrorEvent,
    InputCommitted,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    TranscriptionFailed,
    UnknownEvent,
)
from app.protocol.session import Session

USER_AGENT: Final = f"gpt-realtime-tui/{__version__}"

_CLOSE_TIMEOUT_S: Final = 1.0
_ABORT_TIMEOUT_S: Final = 1.5
_QUEUE_FRAMES: Final = 1_024
"""A whole answer can arrive in a second; a full queue would also hold back the answers to our pings."""

_WORK: Final = (ResponseCreated, SessionUpdated, SpeechStarted, InputCommitted)
"""New work of a service that still serves us; the rest of an answer may be on its way whatever ends the session."""
_USUAL: Final = KeepAlive()

_TYPE_CHARS: Final = 80
_MOST_TYPES: Final = 100
"""Of unknown types are told apart when they are counted: a service may make them up."""

_LOGGER: Final = logging.getLogger("app.connection.socket")
_LOGGER.addHandler(logging.NullHandler())  # without one, logging writes warnings into the screen


class _OpenSocket(open_socket):
    """Follows no redirect: the library drops `Authorization` on the way to another host, but not `api-key`."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Connection:
    """A session with a service. Made by `connect`; an async context manager that closes itself.

    One task iterates, any tasks of the same loop send. Both raise ServiceFailure when the connection ends without
    our asking; the iteration's failure knows more, since it has read all that the service said before.
    """

    def __init__(self, socket: ClientConnection, service: Service, log: EventLog | None, keep_alive: KeepAlive) -> None:
        self.service = service
        self.keep_alive = keep_alive
        self._socket = socket
        self._log = log
        self._clean = without_secrets_of(service.redaction)
        self._names = NamesHeard()
        self._dialect = SpokenDialect(service.dialect)
        self._tell_dialect: Callable[[str], None] | None = None
        self._created: SessionCreated | None = None
        self._early: deque[ServerEvent] = deque()
        self._last_error: ErrorDetail | None = None
        self._is_error_last = False
        self._closing = False
        self._given_advice: set[str] = set()
        self._skipped = 0
        self._unknown: Counter[str] = Counter()
        self._tell_skipped: Callable[[], None] | None = None
        self._heard_s = 0.0
        self._round_trip_s: float | None = None
        self._tell_round_trip: Callable[[float], None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._silence: ServiceFailure | None = None

    @property
    def created(self) -> SessionCreated:
        """The service's first word, with the session as it begins. It is not repeated by the iteration."""
        assert self._created is not None  # connect() gives no connection without it
        return self._created

    def advice_on(self, event: ServerEvent) -> str:
        """What an error that has just come means, and what to do about it; once for each meaning, else empty."""
        match event:
            case ErrorEvent(error=error):
                advice = advice_on(error, self.service)
            case TranscriptionFailed(error=error):
                advice = advice_on(error, self.service, "What you say cannot be written down")
            case ResponseDone(response=response):
                failed = response.status_details.error if response.status_details else None
                advice = advice_on(failed, self.service) if failed else ""
            case _:
                return ""
        if not advice or advice in self._given_advice:
            return ""
        self._given_advice.add(advice)
        return advice

    def tell_skipped_to(self, listener: Callable[[], None]) -> None:
        """Who is told, once, that the service sent a frame that is no event; at once where it has already."""
        self._tell_skipped = listener
        if self._skipped:
            listener()

    def tell_round_trip_to(self, listener: Callable[[float], None]) -> None:
        """Who is told how long a ping and its answer took, in seconds: what is known now, and each one to come."""
        self._tell_round_trip = listener
        if self._round_trip_s is not None:
            listener(self._round_trip_s)

    def stopped_reading(self) -> None:
        """What was said could not be sent for as long as the line may keep it: the service counts as gone."""
        self._give_up("it no longer takes what is sent")

    def tell_dialect_to(self, listener: Callable[[str], None]) -> None:
        """Who is told, once, in a sentence, that the service speaks another dialect than was to be expected."""
        self._tell_dialect = listener
        self._tell_of_dialect()

    def _tell_of_dialect(self) -> None:
        if self._tell_dialect is not None and self._dialect.is_beta_found:
            listener, self._tell_dialect = self._tell_dialect, None
            listener(BETA_FOUND)

    @property
    def is_open(self) -> bool:
        """Neither side has begun to end it."""
        return not self._closing and self._socket.state is State.OPEN

    async def send(self, event: ClientEvent) -> None:
        """Say it in the service's dialect. After our own `close()` nothing is sent, and that is no error.

        Raises ServiceFailure when the connection is gone.
        """
        if self._is_ours():
            return
        await self._say(self._dialect.written(event))

    async def _say(self, frame: str) -> None:
        if self._log is not None:  # before it, or the answer could come first
            self._log.sent(frame)
        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            if not self._is_ours():
                raise self._failed(closed) from closed

    async def __aiter__(self) -> AsyncIterator[ServerEvent]:
        """Every event after `session.created`, until our own `close()`. Frames that are no event are skipped.

        Raises ServiceFailure at any other end.
        """
        while self._early:
            yield self._early.popleft()
        while (event := await self._next()) is not None:
            yield event

    async def close(self) -> None:
        """End the session; ends the iteration too. Never hangs, whatever the service does. May be called again."""
        if not self._closing and self._log is not None:
            self._note_what_was_left_out(self._log)
            self._log.note("closed by us")
        self._closing = True
        await self._stop_watching()
        try:
            async with asyncio.timeout(_ABORT_TIMEOUT_S):
                await self._socket.close()
        except TimeoutError:  # the other side no longer reads, so that even the goodbye is stuck
            await self._abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _begin(self) -> None:
        """Wait for `session.created`; raises ServiceFailure when something else ends the waiting."""
        while self._created is None:
            match event := await self._next():
                case SessionCreated(session=session):
                    named = session if session.model else replace(session, model=self.service.model)
                    self._created = replace(event, session=named)
                case ConversationCreated():  # some greet with it alone
                    self._created = SessionCreated(session=Session(model=self.service.model))
                case ErrorEvent() if not is_benign(event.error):
                    raise self._noted(from_error(event.error, self.service))
                case None:  # nobody but connect() knows of this connection yet
                    raise AssertionError("closed before the session began")
                case _:
                    self._early.append(event)

    async def _next(self) -> ServerEvent | None:
        """The next event; None after our own close."""
        while not self._is_ours():
            try:
                frame = await self._socket.recv()
            except ConnectionClosed as closed:
                if self._is_ours():
                    break
                raise self._failed(closed) from closed
            self._heard_s = asyncio.get_running_loop().time()
            if self._log is not None:
                self._log.received(frame)
            again = self._dialect.learn(frame)
            self._tell_of_dialect()
            if again is not None:
                await self._say(again)
                continue
            try:
                event = decode_server_event(frame, self._dialect.reading, self._clean, self._names)
            except MalformedEventError as error:
                self._skip(error)
                continue
            if isinstance(event, UnknownEvent):
                self._unknown[event.type[:_TYPE_CHARS] if len(self._unknown) < _MOST_TYPES else "others"] += 1
            self._remember(event)
            return event
        return None

    def _skip(self, error: MalformedEventError) -> None:
        self._skipped += 1
        if self._log is not None:
            self._log.note(f"skipped a frame: {error}")
        if self._skipped == 1 and self._tell_skipped is not None:
            self._tell_skipped()

    def _note_what_was_left_out(self, log: EventLog) -> None:
        if self._skipped:
            log.note(f"frames that were no events and were skipped: {self._skipped}")
        if self._unknown:
            types = ", ".join(f"{kind} ({count})" for kind, count in self._unknown.most_common())
            log.note(f"events of types that are not known here: {types}")

    def _is_ours(self) -> bool:
        """Whether the end, if there is one, is our own doing. Changes while we wait."""
        return self._closing

    def _remember(self, event: ServerEvent) -> None:
        """Keep an error that may explain a close: one that ends sessions, or the very last event before.

        A service that goes on working has not ended the session for it.
        """
        if isinstance(event, ErrorEvent):
            if not is_benign(event.error):
                self._last_error, self._is_error_last = event.error, True
        elif self._last_error is not None:
            self._is_error_last = False
            if isinstance(event, _WORK) or meaning_of_error(self._last_error) is None:
                self._last_error = None

    async def _watch(self) -> None:
        if await watch(self._socket, self.keep_alive, lambda: self._heard_s, self._measured):
            self._give_up("it no longer answers")

    def _measured(self, round_trip_s: float) -> None:
        self._round_trip_s = round_trip_s
        if self._tell_round_trip is not None:
            self._tell_round_trip(round_trip_s)

    def _give_up(self, what: str) -> None:
        """Nobody is there any more: the line is cut, so that whoever receives learns of it."""
        if self._silence is None and not self._is_ours():
            words = f"{what}, for {self.keep_alive.timeout_s or 0:g} s"
            self._silence = failure(FailureKind.LOST, self.service, words=words)
            self._socket.transport.abort()

    def _failed(self, closed: ConnectionClosed) -> ServiceFailure:
        if self._silence is not None:
            return self._noted(self._silence)
        is_broken = closed.rcvd is None  # the service did not hang up: only what it said at the very last can be why
        last = None if is_broken and not self._is_error_last else self._last_error
        return self._noted(from_closed(closed, last, self.service, opened=self._created is not None))

    def _noted(self, failed: ServiceFailure) -> ServiceFailure:
        if self._log is not None:
            self._log.note(str(failed))
        return failed

    async def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})

    async def _abort(self) -> None:
        await self._stop_watching()
        self._socket.transport.abort()
        await self._socket.wait_closed()


async def connect(
    service: Service,
    *,
    open_timeout_s: float = 10.0,
    keep_alive: KeepAlive = _USUAL,
    log: EventLog | None = None,
) -> Connection:
    """A connection whose session has begun, within `open_timeout_s` altogether.

    `keep_alive` decides how soon a dead line is noticed; slow links want more time.
    Raises ServiceFailure: refused, unreachable, too late. A proxy is used as `proxies` finds it.
    """
    if log is not None:
        log.hide(service.secrets)
        log.note(f"connecting to {service.address}, model {service.model}, dialect {service.dialect or 'found out'}")
    connection: Connection | None = None
    proxy: Proxy | None = None
    try:
        proxy = proxy_in_use(service.url)
        if log is not None and proxy is not None:
            log.note(f"through the proxy {proxy.place}, from {proxy.variable}")
        async with asyncio.timeout(open_timeout_s):
            connection = Connection(await _open(service, proxy), service, log, keep_alive)
            await connection._begin()
            connection._watching = asyncio.create_task(connection._watch())
            return connection
    except BaseException as error:
        if connection is not None:
            await connection._abort()
        if not isinstance(error, OPENING_ERRORS):
            raise
        failed = from_exception(error, service, proxy)
        if connection is not None and isinstance(error, TimeoutError):
            words = "it let us in, but began no session"
            if connection._skipped:
                words = "it let us in, but what it sent was not understood"
            failed = failure(FailureKind.TIMEOUT, service, words=words)
        if log is not None:
            log.note(str(failed))
        raise failed from error


async def _open(service: Service, proxy: Proxy | None) -> ClientConnection:
    return await _OpenSocket(
        service.url,
        additional_headers=list(service.headers),
        user_agent_header=USER_AGENT,
        compression=None,  # PCM in base64 hardly shrinks, and both sides would pay for it
        proxy=None if proxy is None else proxy.url,
        open_timeout=None,  # connect() has one for everything
        ping_interval=None,  # see keep_alive
        close_timeout=_CLOSE_TIMEOUT_S,
        max_size=None,  # session.updated repeats all instructions and tools
        max_queue=_QUEUE_FRAMES,
        logger=_LOGGER,
    )
