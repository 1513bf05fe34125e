"""What is said to the service, in the order it is given: at once where nothing waits, else as soon as the line can.

Microphone sound is fifty events a second. A task that is woken for each costs as much as the sending itself, and
waiting is needed only where the line is slower than what is said. Where it is slower for too long, the other side
counts as gone: what was said half a minute ago answers nobody.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

from msgspec import Struct

from app.connection.client import Connection
from app.connection.failures import ServiceFailure
from app.protocol.client_events import ClientEvent


class _Waiting(Struct):
    what: ClientEvent | Coroutine[Any, Any, None]
    """An event, or the rest of the sending of one."""
    since_s: float


class Outbox:
    """One session's. On the loop's thread only; what is given before there is a connection waits for it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._idle: Connection | None = None  # the connection, while nothing waits to be sent on it

    def put(self, event: ClientEvent) -> None:
        """Say it after all that was given before. Returns at once; a line that has gone is noticed by its receiver."""
        connection, self._idle = self._idle, None
        if connection is None or not connection.is_open:
            self._waiting.put_nowait(_Waiting(event, _now_s()))
            return
        sending = connection.send(event)
        try:
            waits_for = sending.send(None)  # runs until it is sent, or until it would have to wait
        except StopIteration:
            self._idle = connection
        except ServiceFailure:
            return  # the receiving side learns of it, with the reason
        else:
            self._waiting.put_nowait(_Waiting(_rest_of(sending, waits_for), _now_s()))

    async def send_all(self, connection: Connection) -> None:
        """Send what waits, and see to what is given from now on; until it is cancelled or the line has gone."""
        begun_s, patience_s = _now_s(), connection.keep_alive.timeout_s
        try:
            while True:
                if self._waiting.empty():
                    self._idle = connection
                given = await self._waiting.get()
                due_s = None if patience_s is None else max(given.since_s, begun_s) + patience_s
                async with asyncio.timeout_at(due_s):
                    await (given.what if isinstance(given.what, Coroutine) else connection.send(given.what))
        except TimeoutError:
            connection.stopped_reading()
        except ServiceFailure:
            return  # the receiving side learns of it, with the reason
        finally:
            self._idle = None


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _rest_of(sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
    """A coroutine that has begun outside a task, from its first wait on, as a task can await it."""
    await _resumed(sending, waits_for)


@types.coroutine
def _resumed(sending: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    while True:
        error: BaseException | None = None
        try:
            yield waits_for
        except BaseException as thrown:
            error = thrown
        try:
            waits_for = sending.throw(error) if error else sending.send(None)
        except StopIteration:
            return
