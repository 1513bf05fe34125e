"""Connections that were left, closed beside what goes on: no session waits for the goodbye of the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.connection.client import Connection


class Goodbyes:
    """Owned by the line and used on its loop."""

    def __init__(self, when_ended: Callable[[asyncio.Task[None]], None]) -> None:
        """`when_ended`: told of each, also of one that failed."""
        self._when_ended = when_ended
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, connection: Connection) -> None:
        """Begin to close it."""
        task = asyncio.create_task(connection.close())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._when_ended)

    async def all_said(self) -> None:
        """Wait until all are closed."""
        if self._tasks:
            await asyncio.wait(self._tasks)
