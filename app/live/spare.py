"""A connection that is made beside the one that serves, to take its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from app.connection.client import Connection
from app.connection.failures import ServiceFailure
from app.live.dialling import Dialler


class SpareConnection:
    """At most one, owned by the line and used on its loop."""

    def __init__(self) -> None:
        self._dialling: asyncio.Task[Connection] | None = None

    @property
    def is_wanted(self) -> bool:
        """It was asked for, and not taken or hung up since."""
        return self._dialling is not None

    @property
    def is_ready(self) -> bool:
        """It stands, for all that is known."""
        task = self._dialling
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    @property
    def has_failed(self) -> bool:
        """It could not be made."""
        task = self._dialling
        return task is not None and task.done() and not self.is_ready

    def dial(self, dialler: Dialler, when_done: Callable[[], None]) -> None:
        """Begin to make it."""
        self._dialling = asyncio.create_task(dialler.dial())
        self._dialling.add_done_callback(lambda _: when_done())

    async def take(self) -> Connection | None:
        """The connection, if it was made and still stands."""
        dialling, self._dialling = self._dialling, None
        if dialling is None:
            return None
        with suppress(ServiceFailure):
            connection = await dialling
            if connection.is_open:
                return connection
            await connection.close()
        return None

    async def hang_up(self) -> None:
        """Nobody wants it any more."""
        dialling, self._dialling = self._dialling, None
        if dialling is not None:
            dialling.cancel()
            await asyncio.wait({dialling})
            if not dialling.cancelled() and dialling.exception() is None:
                await dialling.result().close()
