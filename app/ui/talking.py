"""The talk key and the mouse on the lamp, as requests to open or close the microphone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.message_pump import MessagePump
from textual.timer import Timer

from app.ui.talk_key import Act, HoldKey, MouseButton, TalkKey, TapKey

_PATIENCE_MS: Final = 1000.0
"""A request that the conversation has not followed by then was not taken."""


class TalkControl:
    """Owns the timer that tells a tap from a held key, and knows what was asked for and is not told yet."""

    def __init__(
        self,
        owner: MessagePump,
        toggle: Callable[[], bool],
        is_open: Callable[[], bool],
        clock: Callable[[], float],
        *,
        holds: bool,
    ) -> None:
        """`toggle` asks to open or close the microphone and tells whether there is one; `is_open` is what was told.

        `clock` gives seconds and never goes back. `holds`: the microphone is open while the key is held.
        """
        self._owner, self._toggle, self._is_open_as_told, self._clock = owner, toggle, is_open, clock
        self._promises_releases = False
        self._key: TalkKey = self._make_key(holds=holds)
        self._mouse = MouseButton()
        self._timer: Timer | None = None
        self._asked: tuple[bool, float] | None = None
        """What was asked for, open or closed, and when; None when the conversation has followed."""

    def set_holds(self, holds: bool) -> None:
        """Another meaning of the key, from the next press on."""
        self.let_go()
        self._key = self._make_key(holds=holds)

    def promise_releases(self) -> None:
        """The terminal says that it will tell when keys are let go."""
        self._promises_releases = True
        if isinstance(self._key, HoldKey):
            self.let_go()
            self._key = self._make_key(holds=True)

    def told(self) -> None:
        """The conversation has told its status: once it has followed, it is believed again, whatever it does next."""
        if self._asked is not None and self._asked[0] == self._is_open_as_told():
            self._asked = None

    def press(self) -> None:
        """The key was pressed, or repeated itself as far as the terminal tells."""
        self._do(self._key.press(self._now_ms()))

    def repeat(self) -> None:
        """The terminal says that the key repeated itself."""
        self._do(self._key.repeat(self._now_ms()))

    def release(self) -> None:
        """The terminal says that the key was let go."""
        self._do(self._key.release(self._now_ms()))

    def let_go(self) -> None:
        """The keyboard is somewhere else now: a held key is no longer held."""
        self._do(self._key.let_go(self._now_ms()))

    def mouse_down(self) -> None:
        """The button went down on the lamp."""
        self._do(self._mouse.press(self._now_ms(), is_open=self._is_open()))

    def mouse_up(self) -> None:
        """The button came up, wherever that was."""
        self._do(self._mouse.release(self._now_ms()))

    def _make_key(self, *, holds: bool) -> TalkKey:
        return HoldKey(promises_releases=self._promises_releases) if holds else TapKey()

    def _now_ms(self) -> float:
        return self._clock() * 1000

    def _is_open(self) -> bool:
        if self._asked is not None and self._now_ms() - self._asked[1] < _PATIENCE_MS:
            return self._asked[0]
        return self._is_open_as_told()

    def _do(self, act: Act) -> None:
        is_open = self._is_open()
        is_wanted = act is Act.TOGGLE or (act is Act.BEGIN and not is_open) or (act is Act.END and is_open)
        if is_wanted and self._toggle():
            self._asked = (not is_open, self._now_ms())
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.stop()
        due_ms = self._key.due_ms
        wait_s = None if due_ms is None else max(0.001, due_ms / 1000 - self._clock())
        self._timer = None if wait_s is None else self._owner.set_timer(wait_s, self._due, name="talk key")

    def _due(self) -> None:
        self._do(self._key.due(self._now_ms()))
