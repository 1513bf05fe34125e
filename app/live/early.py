"""Dials while the program is still being loaded."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from app.connection.client import Connection
from app.live.dialling import Dialler


class EarlyDialler:
    """Another dialler's first call, begun at once and on a thread of its own.

    A connection lives on the loop on which it was opened. So the thread only lends it: `take_loop` ends the thread and
    hands the loop over with all that is under way on it. A context manager, for the time until then: left before, it
    hangs up.
    """

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self.label = dialler.label
        self.hint = dialler.hint
        self.transcription_model = dialler.transcription_model
        self.capabilities = dialler.capabilities
        # A factory, since without one the loop would also become the one of the thread that is here now.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._is_wanted = asyncio.Event()
        self._is_taken = False
        self._first: asyncio.Task[Connection] | None = None
        self._thread = threading.Thread(target=lambda: self._runner.run(self._dial_until_wanted()), name="dialling")

    def __enter__(self) -> Self:
        self._runner.get_loop()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_taken:
            with self.take_loop() as runner:
                runner.run(self.hang_up())

    async def _dial_until_wanted(self) -> None:
        self._first = asyncio.create_task(self._dialler.dial())
        await self._is_wanted.wait()

    def take_loop(self) -> asyncio.Runner:
        """See Dialler."""
        self._is_taken = True
        self._runner.get_loop().call_soon_threadsafe(self._is_wanted.set)
        self._thread.join()
        return self._runner

    async def dial(self) -> Connection:
        """See Dialler. The first time it gives what was begun."""
        if self._first is None:
            return await self._dialler.dial()
        first, self._first = self._first, None
        return await first

    async def hang_up(self) -> None:
        """See Dialler. A connection that nobody has asked for is closed."""
        if self._first is not None:
            self._first.cancel()
            await asyncio.wait({self._first})
            if not self._first.cancelled() and self._first.exception() is None:
                await self._first.result().close()
        await self._dialler.hang_up()
