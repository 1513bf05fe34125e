"""State words that stand long enough to be read. Pure: the clock is passed in."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from app.conversation.status import State

SPEAKING_MS: Final = 500.0
OTHERS_MS: Final = 250.0
HEARD_MS: Final = 400.0

HEARD: Final = "heard"
"""Shown for a moment when an interruption was recognised; no state of the conversation."""

_AT_ONCE: Final = frozenset({State.MUTED, State.OFFLINE})
"""Words that wait for nothing: the user must never speak into a microphone that is closed, or to nobody."""


class Shown(Struct, frozen=True):
    """What to show now, and when to ask again (None: nothing is waiting)."""

    word: str
    due_ms: float | None = None


class HeldState:
    """Which word is on the screen. Of several that wait, the newest is shown; those between are left out."""

    def __init__(self, state: State = State.CONNECTING) -> None:
        self._shown: str = state
        self._wanted: State = state
        self._until_ms = float("-inf")

    def show(self, state: State, now_ms: float) -> Shown:
        """The conversation is in this state now."""
        self._wanted = state
        return self.at(now_ms)

    def flash(self, now_ms: float) -> Shown:
        """An interruption was recognised: HEARD at once, then whatever the state is by then."""
        self._shown, self._until_ms = HEARD, now_ms + HEARD_MS
        return self.at(now_ms)

    def at(self, now_ms: float) -> Shown:
        """What to show at this moment."""
        if self._shown != self._wanted and (now_ms >= self._until_ms or self._wanted in _AT_ONCE):
            self._shown = self._wanted
            self._until_ms = now_ms + (SPEAKING_MS if self._wanted is State.SPEAKING else OTHERS_MS)
        return Shown(self._shown, None if self._shown == self._wanted else self._until_ms)
