"""The talk key and the mouse on the lamp, as requests to open or close the microphone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.message_pump import MessagePump
from textual.timer import Timer

from app.ui.talk_key import Act, HoldKey, TalkKey, TapKey

_CLICK_MS: Final = 400.0
"""A mouse button held shorter than this is a click, which toggles; longer, and it is the talk key held."""


class Talking:
    """Owns the timer that tells a tap from a held key. `toggle` opens or closes the microphone, `is_open` tells."""

    def __init__(
        self,
        owner: MessagePump,
        toggle: Callable[[], None],
        is_open: Callable[[], bool],
        clock: Callable[[], float],
        *,
        holds: bool,
    ) -> None:
        """`clock` gives seconds and never goes back. `holds`: the microphone is open while the key is held."""
        self._owner, self._toggle, self._is_open, self._clock = owner, toggle, is_open, clock
        self._key: TalkKey = HoldKey() if holds else TapKey()
        self._timer: Timer | None = None
        self._mouse_down_ms = 0.0
        self._was_open = False

    def set_holds(self, holds: bool) -> None:
        """Another meaning of the key, from the next press on."""
        self.let_go()
        self._key = HoldKey() if holds else TapKey()

    def press(self) -> None:
        """The key was pressed, or repeated itself."""
        self._do(self._key.press(self._now_ms()))

    def let_go(self) -> None:
        """The keyboard is somewhere else now: a held key is no longer held."""
        if isinstance(self._key, HoldKey) and self._key.due_ms is not None:
            self._key = HoldKey()
            self._do(Act.END)

    def mouse_down(self) -> None:
        """The button went down on the lamp."""
        self._mouse_down_ms, self._was_open = self._now_ms(), self._is_open()
        if not self._was_open:
            self._toggle()

    def mouse_up(self) -> None:
        """The button came up: what was opened by holding is closed; a click leaves it toggled."""
        if self._was_open or self._now_ms() - self._mouse_down_ms >= _CLICK_MS:
            self._toggle()

    def _now_ms(self) -> float:
        return self._clock() * 1000

    def _do(self, act: Act) -> None:
        is_wanted = act is Act.TOGGLE or (act is Act.BEGIN and not self._is_open())
        if is_wanted or (act is Act.END and self._is_open()):
            self._toggle()
        if self._timer:
            self._timer.stop()
        due_ms = self._key.due_ms
        wait_s = None if due_ms is None else max(0.001, due_ms / 1000 - self._clock())
        self._timer = None if wait_s is None else self._owner.set_timer(wait_s, self._due, name="talk key")

    def _due(self) -> None:
        self._do(self._key.due(self._now_ms()))
