"""How a running conversation comes to its connection: straight to a service, or by way of an embedded one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from app.connection.child import Child
from app.connection.client import Connection, connect
from app.connection.embedded import EmbeddedService
from app.connection.entra import EntraSignIn
from app.connection.eventlog import EventLog
from app.connection.families import EMBEDDED
from app.connection.keep_alive import KeepAlive
from app.connection.services import Service
from app.protocol.capabilities import SessionCapabilities

_USUAL: Final = KeepAlive()


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

    @property
    def capabilities(self) -> SessionCapabilities:
        """What a session may hold."""

    def take_loop(self) -> asyncio.Runner:
        """Where `dial` and `hang_up` are to be awaited; it does not run. Whoever takes it closes it. Called once."""

    async def dial(self) -> Connection:
        """A connection whose service has said its first word. Raises ServiceFailure."""

    async def hang_up(self) -> None:
        """Release what `dial` needed. The connection is closed already."""


class ServiceDialler:
    """To a service that runs somewhere."""

    def __init__(
        self,
        service: Service,
        log: EventLog | None,
        keep_alive: KeepAlive = _USUAL,
        *,
        sign_in: EntraSignIn | None = None,
    ) -> None:
        self._service, self._log, self._keep_alive = service, log, keep_alive
        self._sign_in = sign_in or EntraSignIn()
        self.label = service.label
        self.hint = service.hint
        self.transcription_model = service.transcription_model
        self.capabilities = service.capabilities

    def take_loop(self) -> asyncio.Runner:
        """See Dialler."""
        return asyncio.Runner()

    async def dial(self) -> Connection:
        """See Dialler."""
        service = await self._sign_in.signed_in(self._service)
        return await connect(service, keep_alive=self._keep_alive, log=self._log)

    async def hang_up(self) -> None:
        """See Dialler. There is nothing but the connection."""


class EmbeddedDialler:
    """To the program's own service, in a process of its own."""

    label = EMBEDDED.label
    hint = None
    transcription_model = EMBEDDED.transcription_model
    capabilities = EMBEDDED.capabilities

    def __init__(
        self, options: Mapping[str, object], log: EventLog | None, log_path: Path, child: Child | None = None
    ) -> None:
        """`options`: what the service is told. `child`: its process, where it was started before and told then."""
        self._options, self._log, self._log_path, self._child = options, log, log_path, child
        self._starting: asyncio.Task[EmbeddedService] | None = None

    def take_loop(self) -> asyncio.Runner:
        """See Dialler."""
        return asyncio.Runner()

    async def dial(self) -> Connection:
        """See Dialler. A service that has ended since is started again."""
        if self._starting is not None and self._has_ended(self._starting):
            await self._starting.result().stop()
            self._starting = self._child = None
        if self._starting is None:
            child = self._child
            start = EmbeddedService.of(child) if child else EmbeddedService.start(self._log_path, self._options)
            self._starting = asyncio.create_task(start)
        running = await asyncio.shield(self._starting)  # who gives up one dialling may dial again
        return await connect(running.service, log=self._log)

    @staticmethod
    def _has_ended(starting: asyncio.Task[EmbeddedService]) -> bool:
        is_started = starting.done() and not starting.cancelled() and starting.exception() is None
        return is_started and not starting.result().is_running

    async def hang_up(self) -> None:
        """See Dialler."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
            if not self._starting.cancelled() and self._starting.exception() is None:  # `dial` has told of one
                await self._starting.result().stop()
        if self._child:
            self._child.kill()  # nobody may have begun to wait for it
