"""A word for who waits: what takes longer than a moment is named on standard error, where somebody sits there."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Final, Self

from app.console import is_terminal, say

_AFTER_S: Final = 1.0


class Waiting:
    """One step at a time. A context manager, whose end is that of its timer."""

    def __init__(self, after_s: float = _AFTER_S) -> None:
        self._after_s = after_s
        self._is_watched = is_terminal(sys.stderr)
        self._timer: threading.Timer | None = None

    def begin(self, what: str) -> None:
        """From now on this is waited for."""
        self.end()
        if self._is_watched:
            self._timer = threading.Timer(self._after_s, say, [f"... {what}"])
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """It has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
