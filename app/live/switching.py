"""Going on with another service, in the middle of a talk."""

from __future__ import annotations

import asyncio
from typing import Protocol

from app.connection.client import Connection
from app.conversation.session import SessionChange
from app.live.dialling import Dialler
from app.live.service_choice import ServiceChoice


class SwitchError(Exception):
    """That service cannot be dialled; `str` is the sentence for the user."""


class Switchboard(Protocol):
    """Knows the services for which all is set."""

    def choices(self) -> tuple[ServiceChoice, ...]:
        """Those that can be had, with the models that are known of each. May take a moment."""

    def dialler(self, choice: ServiceChoice) -> tuple[Dialler, SessionChange]:
        """The way there, and what of the session's settings depends on the service. Raises SwitchError."""


class Dialled:
    """A dialler that has been asked once already: the connection that came of it, and then itself."""

    def __init__(self, dialler: Dialler, first: Connection) -> None:
        self._dialler = dialler
        self._first: Connection | None = first
        self.label = dialler.label
        self.hint = dialler.hint
        self.transcription_model = dialler.transcription_model
        self.capabilities = dialler.capabilities

    def take_loop(self) -> asyncio.Runner:
        """See Dialler. Nobody asks: the loop on which it was dialled is running."""
        return self._dialler.take_loop()

    async def dial(self) -> Connection:
        """See Dialler. The first time it gives what was dialled."""
        if self._first is None:
            return await self._dialler.dial()
        first, self._first = self._first, None
        return first

    async def hang_up(self) -> None:
        """See Dialler."""
        if self._first is not None:
            await self._first.close()
        await self._dialler.hang_up()
