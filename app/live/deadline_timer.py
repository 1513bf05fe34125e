"""One timer for whatever is due first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class DeadlineTimer:
    """Calls when the deadline that was set last has come. Used on the line's loop."""

    def __init__(self, now_ms: Callable[[], int], call: Callable[[], None]) -> None:
        self._now_ms, self._call = now_ms, call
        self._handle: asyncio.TimerHandle | None = None
        self._due_ms: float | None = None

    def set(self, loop: asyncio.AbstractEventLoop | None, deadline_ms: float | None) -> None:
        """Another deadline, None: there is none. Without a loop nothing is called."""
        if self._handle and deadline_ms == self._due_ms:
            return
        self.cancel()
        if deadline_ms is not None and loop:
            delay_s = max(0.0, deadline_ms - self._now_ms()) / 1000
            self._handle, self._due_ms = loop.call_later(delay_s, self._ring), deadline_ms

    def cancel(self) -> None:
        """Nothing is due."""
        if self._handle:
            self._handle.cancel()
            self._handle = None

    def _ring(self) -> None:
        self._handle = None
        self._call()
