"""A session that nears its limit: another connection is made beside the one that serves, and follows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from app.connection.client import Connection
from app.conversation.conversation import Conversation
from app.live.dialling import Dialler
from app.live.session_limit import SessionLimit
from app.live.spare import SpareConnection

WENT_ON: Final = "The session neared the service's limit; the conversation goes on in a new one."


class RollOver:
    """When the session is to be followed by another one, and the connection that waits for that.

    Owned by the line and used on its loop.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        """`look`: called when `is_due` may have another answer, beside each step of the conversation."""
        self._look = look
        self._limit: SessionLimit | None = None
        self._spare = SpareConnection()

    @property
    def is_known(self) -> bool:
        """The session has a limit."""
        return self._limit is not None

    def learn(self, expires_at: int | None, loop: asyncio.AbstractEventLoop) -> None:
        """The session that began now ends then, in epoch seconds. Told again, it is no news."""
        if not expires_at or self.is_known:
            return
        self._limit = limit = SessionLimit(time.time(), expires_at)
        for moment_s in (limit.due_s, limit.last_call_s):
            loop.call_later(max(0.0, moment_s - time.time()), self._look)

    def session_over(self) -> None:
        """What is known of its limit says nothing of the next one's."""
        self._limit = None

    def is_due(self, dialler: Dialler, conversation: Conversation) -> bool:
        """The next session is to begin now: near the limit at a quiet moment, close to it at any between two turns.

        Has the connection made when it is time for that.
        """
        limit, now_s = self._limit, time.time()
        if limit is None or now_s < limit.due_s:
            return False
        if not self._spare.is_wanted:
            self._spare.dial(dialler, self._look)
        elif self._spare.has_failed:  # the session ends then, and is followed as after a loss
            self._limit = None
        elif self._spare.is_ready:
            is_last_call = now_s >= limit.last_call_s
            return conversation.is_quiet or (is_last_call and conversation.is_between_turns)
        return False

    async def take(self) -> Connection | None:
        """The connection that waits, if there is one and it still stands."""
        return await self._spare.take()

    async def hang_up(self) -> None:
        """Nobody wants it any more."""
        await self._spare.hang_up()
