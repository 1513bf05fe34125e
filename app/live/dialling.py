"""How a running conversation comes to its connection: straight to a service, or by way of an embedded one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from app.connection.child import Child
from app.connection.client import Connection, connect
from app.connection.embedded import EmbeddedService
from app.connection.eventlog import EventLog
from app.connection.services import EMBEDDED_MODEL, Service


class Dialler(Protocol):
    """Owns what stands behind the line."""

    @property
    def label(self) -> str:
        """Which service, in words."""

    @property
    def hint(self) -> str | None:
        """A sentence about a setting that does not do what it seems to."""

    @property
    def transcription_model(self) -> str | None:
        """What to ask for as the writer of the user's words."""

    async def dial(self) -> Connection:
        """A connection whose service has said its first word. Raises ServiceFailure."""

    async def hang_up(self) -> None:
        """Release what `dial` needed. The connection is closed already."""


class ServiceDialler:
    """To a service that runs somewhere."""

    def __init__(self, service: Service, log: EventLog | None) -> None:
        self._service, self._log = service, log
        self.label = service.label
        self.hint = service.hint
        self.transcription_model = service.transcription_model

    async def dial(self) -> Connection:
        """See Dialler."""
        return await connect(self._service, log=self._log)

    async def hang_up(self) -> None:
        """See Dialler."""
        if self._log:
            self._log.close()


class _GivenUpError(Exception):
    """The conversation ended before the service listened."""


class EmbeddedDialler:
    """To the program's own service, in a process of its own that begins now: it loads while the screen comes up."""

    label = "embedded service"
    hint = None
    transcription_model = EMBEDDED_MODEL

    def __init__(
        self, options: Mapping[str, object], log: EventLog | None, log_path: Path, child: Child | None = None
    ) -> None:
        """`options`: what the service is told. `child`: its process, where it was started before and told then."""
        self._log, self._child = log, child
        start = EmbeddedService.of(child) if child else EmbeddedService.start(log_path, options)
        self._is_given_up = threading.Event()
        self._give_up: Callable[[], object] = lambda: None
        # A thread of its own, since the line's loop does not run yet.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="embedded service")
        self._starting: Future[EmbeddedService] = self._starter.submit(lambda: asyncio.run(self._begin(start)))

    async def _begin(self, start: Coroutine[Any, Any, EmbeddedService]) -> EmbeddedService:
        """The running service; ends early, with nothing left running, when nobody waits for it any more."""
        starting = asyncio.ensure_future(start)
        loop = asyncio.get_running_loop()
        self._give_up = lambda: loop.call_soon_threadsafe(starting.cancel)
        if self._is_given_up.is_set():
            starting.cancel()
        try:
            return await starting
        except asyncio.CancelledError:
            raise _GivenUpError from None

    async def dial(self) -> Connection:
        """See Dialler."""
        child = await asyncio.wrap_future(self._starting)
        return await connect(child.service, log=self._log)

    async def hang_up(self) -> None:
        """See Dialler."""
        self._is_given_up.set()
        with suppress(RuntimeError):  # its loop is over
            self._give_up()
        starting = asyncio.wrap_future(self._starting)
        await asyncio.wait({starting})
        if starting.exception() is None:  # `dial` has told of one
            await starting.result().stop()
        elif self._child:
            self._child.kill()  # nobody had begun to wait for it
        self._starter.shutdown()
        if self._log:
            self._log.close()
