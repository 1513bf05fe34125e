"""One press of the talk key told from the auto-repeat of a held one. Pure: the time is given.

Terminals without the keyboard protocol of kitty send a held key as presses: the second after 250 to 700 ms, the rest
every 30 to 40 ms (on some systems up to 100). The second press alone could be either a tap or the first repeat, so it
waits: a third press right behind it tells a held key, silence a tap.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, Protocol

REPEAT_MS: Final = 150
"""Presses as close as this are repeats of one another."""

FIRST_REPEAT_MS: Final = 750
"""The first repeat comes at the latest so long after the press."""

RELEASE_MS: Final = 250
"""So long without a repeat, and a held key has been let go."""


class Act(Enum):
    """What the talk key does."""

    NOTHING = auto()
    TOGGLE = auto()
    """Open or close the microphone."""
    BEGIN = auto()
    """Open the microphone, if it is not open."""
    END = auto()
    """Close the microphone, if it is not closed."""


class TalkKey(Protocol):
    """How presses become acts. After each call the owner sets a timer to `due_ms` and then calls `due`."""

    @property
    def due_ms(self) -> float | None:
        """When to call `due`, on the same clock; None: not at all."""

    def press(self, now_ms: float) -> Act:
        """The key was pressed, or repeated itself."""

    def due(self, now_ms: float) -> Act:
        """The time has come."""


class TapKey:
    """Each tap toggles; a held key counts once."""

    def __init__(self) -> None:
        self._tapped_ms = float("-inf")
        self._pressed_ms = float("-inf")
        self._waits_since_ms: float | None = None

    @property
    def due_ms(self) -> float | None:
        """When a press that waits for its like becomes a tap."""
        return None if self._waits_since_ms is None else self._waits_since_ms + REPEAT_MS

    def press(self, now_ms: float) -> Act:
        """The first press acts at once, one that may be the first repeat waits."""
        since_ms, self._pressed_ms = now_ms - self._pressed_ms, now_ms
        if since_ms <= REPEAT_MS:
            self._waits_since_ms = None
            return Act.NOTHING
        if now_ms - self._tapped_ms <= FIRST_REPEAT_MS:
            self._waits_since_ms = now_ms
            return Act.NOTHING
        return self._tap(now_ms)

    def due(self, now_ms: float) -> Act:
        """No third press came: it was a tap."""
        if self.due_ms is None or now_ms < self.due_ms:
            return Act.NOTHING
        return self._tap(now_ms)

    def _tap(self, now_ms: float) -> Act:
        self._waits_since_ms = None
        self._tapped_ms = now_ms
        return Act.TOGGLE


class HoldKey:
    """The microphone is open while the key is held, as far as its repeats tell."""

    def __init__(self) -> None:
        self._open_until_ms: float | None = None

    @property
    def due_ms(self) -> float | None:
        """When the key counts as let go."""
        return self._open_until_ms

    def press(self, now_ms: float) -> Act:
        """The first press opens; each repeat keeps it open a little longer."""
        if self._open_until_ms is None:
            self._open_until_ms = now_ms + FIRST_REPEAT_MS
            return Act.BEGIN
        self._open_until_ms = now_ms + RELEASE_MS
        return Act.NOTHING

    def due(self, now_ms: float) -> Act:
        """No repeat came any more: it was let go."""
        if self._open_until_ms is None or now_ms < self._open_until_ms:
            return Act.NOTHING
        self._open_until_ms = None
        return Act.END
