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

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from app import __version__
from app.connection.cleaning import without_secrets_of
from app.connection.eventlog import EventLog
from app.connection.failures import FailureKind, ServiceFailure, advice_on, failure, is_benign, meaning_of_error
from app.connection.proxies import Proxy, proxy_in_use
from app.connection.refusals import OPENING_ERRORS, from_closed, from_error, from_exception
from app.connection.services import Service
from app.connection.spoken import BETA_FOUND, SpokenDialect
from app.protocol.client_events import ClientEvent
from app.protocol.codec import MalformedEventError, decode_server_event
from app.protocol.items import ErrorDetail
from app.protocol.server_events import ConversationCreated, ErrorEvent, ServerEvent, SessionCreated, UnknownEvent
from app.protocol.session import Session

USER_AGENT: Final = f"gpt-realtime-tui/{__version__}"

_CLOSE_TIMEOUT_S: Final = 1.0
_ABORT_TIMEOUT_S: Final = 1.5
_QUEUE_FRAMES: Final = 1_024
"""A whole answer can arrive in a second; a full queue would also hold back the answers to our pings."""

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

    def __init__(self, socket: ClientConnection, service: Service, log: EventLog | None) -> None:
        self.service = service
        self._socket = socket
        self._log = log
        self._clean = without_secrets_of(service.redaction)
        self._dialect = SpokenDialect(service.dialect)
        self._tell_dialect: Callable[[str], None] | None = None
        self._created: SessionCreated | None = None
        self._early: deque[ServerEvent] = deque()
        self._last_error: ErrorDetail | None = None
        self._closing = False
        self._given_advice: set[str] = set()
        self._skipped = 0
        self._unknown: Counter[str] = Counter()
        self._tell_skipped: Callable[[], None] | None = None

    @property
    def created(self) -> SessionCreated:
        """The service's first word, with the session as it begins. It is not repeated by the iteration."""
        assert self._created is not None  # connect() gives no connection without it
        return self._created

    def advice_on(self, event: ServerEvent) -> str:
        """What an error that has just come means, and what to do about it; once for each meaning, else empty."""
        advice = advice_on(event.error, self.service) if isinstance(event, ErrorEvent) else ""
        if not advice or advice in self._given_advice:
            return ""
        self._given_advice.add(advice)
        return advice

    def tell_skipped_to(self, listener: Callable[[], None]) -> None:
        """Who is told, once, that the service sent a frame that is no event; at once where it has already."""
        self._tell_skipped = listener
        if self._skipped:
            listener()

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
                case SessionCreated():
                    self._created = event
                case ConversationCreated():  # some greet with it alone
                    self._created = SessionCreated(session=Session())
                case ErrorEvent():
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
            if self._log is not None:
                self._log.received(frame)
            again = self._dialect.learn(frame)
            self._tell_of_dialect()
            if again is not None:
                await self._say(again)
                continue
            try:
                event = decode_server_event(frame, self._dialect.reading, self._clean)
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
        """Keep an error that may explain a close: one that ends sessions, or the very last event before."""
        if isinstance(event, ErrorEvent):
            if not is_benign(event.error):
                self._last_error = event.error
        elif self._last_error is not None and meaning_of_error(self._last_error) is None:
            self._last_error = None

    def _failed(self, closed: ConnectionClosed) -> ServiceFailure:
        return self._noted(from_closed(closed, self._last_error, self.service, opened=self._created is not None))

    def _noted(self, failed: ServiceFailure) -> ServiceFailure:
        if self._log is not None:
            self._log.note(str(failed))
        return failed

    async def _abort(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()


async def connect(
    service: Service,
    *,
    open_timeout_s: float = 10.0,
    ping_interval_s: float | None = 20.0,
    ping_timeout_s: float | None = 30.0,
    log: EventLog | None = None,
) -> Connection:
    """A connection whose session has begun, within `open_timeout_s` altogether.

    The ping settings decide how soon a dead line is noticed; slow links want more time, None turns that off.
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
            connection = Connection(await _open(service, proxy, ping_interval_s, ping_timeout_s), service, log)
            await connection._begin()
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


async def _open(
    service: Service, proxy: Proxy | None, ping_interval_s: float | None, ping_timeout_s: float | None
) -> ClientConnection:
    return await _OpenSocket(
        service.url,
        additional_headers=list(service.headers),
        user_agent_header=USER_AGENT,
        compression=None,  # PCM in base64 hardly shrinks, and both sides would pay for it
        proxy=None if proxy is None else proxy.url,
        open_timeout=None,  # connect() has one for everything
        ping_interval=ping_interval_s,
        ping_timeout=ping_timeout_s,
        close_timeout=_CLOSE_TIMEOUT_S,
        max_size=None,  # session.updated repeats all instructions and tools
        max_queue=_QUEUE_FRAMES,
        logger=_LOGGER,
    )
