"""When a session is to be followed by another one, before the service ends it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_AHEAD_S: Final = 120.0
_AHEAD_SHARE: Final = 0.25
_LAST_CALL_SHARE: Final = 0.4
"""Of the time that is left then: from here on the next pause between two turns has to do."""


class SessionLimit(Struct, frozen=True):
    """A session's beginning and its end, in seconds on one clock."""

    begins_s: float
    ends_s: float

    @property
    def ahead_s(self) -> float:
        """So long before its end a quiet moment is looked for: two minutes, less where the session is short."""
        return max(0.0, min(_AHEAD_S, (self.ends_s - self.begins_s) * _AHEAD_SHARE))

    @property
    def due_s(self) -> float:
        """From here on it is followed by another one at a quiet moment."""
        return self.ends_s - self.ahead_s

    @property
    def last_call_s(self) -> float:
        """From here on at any moment between two turns."""
        return self.ends_s - self.ahead_s * _LAST_CALL_SHARE
