"""What the user was told in passing: kept when the toast is gone, or never had room. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from app.conversation.effects import Severity

MOST_NOTICES: Final = 500
"""The oldest ones make room."""

_WORDS: Final = {Severity.INFORMATION: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}
_WIDTH: Final = max(map(len, _WORDS.values()))


class NoticeShown(Struct, frozen=True):
    """One notice, and when (epoch seconds) it was shown."""

    shown_at: float
    severity: Severity
    text: str

    @property
    def head(self) -> str:
        """The time by the clock, and in a word how much it matters; always as wide."""
        return f"{datetime.fromtimestamp(self.shown_at):%H:%M:%S}  {_WORDS[self.severity]:<{_WIDTH}}"

    @property
    def line(self) -> str:
        """All of it on one line."""
        return f"{self.head}  {' '.join(self.text.split())}"


class NoticeLog:
    """The last notices in their order. For one thread."""

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        """`wall_clock` gives the time since the epoch, in seconds."""
        self._wall_clock = wall_clock
        self._notices: deque[NoticeShown] = deque(maxlen=MOST_NOTICES)
        self.watcher: Callable[[NoticeShown], object] | None = None
        """Who is told of each new one."""

    def add(self, text: str, severity: Severity) -> None:
        """A notice is shown now."""
        notice = NoticeShown(self._wall_clock(), severity, text)
        self._notices.append(notice)
        if self.watcher:
            self.watcher(notice)

    @property
    def notices(self) -> tuple[NoticeShown, ...]:
        """The oldest first."""
        return tuple(self._notices)

    @property
    def text(self) -> str:
        """A notice a line, to be copied."""
        return "".join(f"{notice.line}\n" for notice in self._notices)
