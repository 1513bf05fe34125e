"""The talk key and the mouse on the lamp: taps and held keys told apart, whatever the terminal makes of them.

A terminal with kitty's keyboard protocol may tell repeats and releases (`app.ui.keys.keyboard_protocol`). The others
send a held key as presses: the second after 250 to 700 ms, the rest every 30 to 40 ms (on some systems up to 100).
Between them are those that tell releases, but repeats as presses (WezTerm on macOS), and those that promise releases
and tell none.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

from textual.message_pump import MessagePump
from textual.timer import Timer

REPEAT_MS: Final = 150
"""Presses as close as this are repeats of one another."""

FIRST_REPEAT_MS: Final = 750
"""The first repeat comes at the latest so long after the press."""

SECOND_PRESS_MS: Final = 600
"""In `hold`, a second press within this begins the hold, where releases are not told."""

RELEASE_MS: Final = 300
"""So long without a repeat, and a held key has been let go, where releases are not told."""

HELD_MS: Final = 400
"""A key or mouse button down shorter than this was tapped, and toggles; longer, and it was held."""

_NEVER: Final = float("-inf")


class Act(Enum):
    """What the talk key does."""

    NOTHING = auto()
    TOGGLE = auto()
    """Open or close the microphone."""
    BEGIN = auto()
    """Open the microphone, if it is not open."""
    END = auto()
    """Close the microphone, if it is not closed."""
    TAPPED = auto()
    """It was not held: closes what is open; else nothing, and the user should know that it is to be held."""


class TalkKey(Protocol):
    """How presses become acts. After each call the owner sets a timer to `due_ms` and then calls `due`."""

    @property
    def due_ms(self) -> float | None:
        """When to call `due`, on the same clock; None: not at all."""

    def press(self, now_ms: float) -> Act:
        """The key was pressed, or repeated itself as far as this terminal tells."""

    def repeat(self, now_ms: float) -> Act:
        """The terminal says that the key repeated itself."""

    def release(self, now_ms: float) -> Act:
        """The terminal says that the key was let go."""

    def let_go(self, now_ms: float) -> Act:
        """The keyboard is somewhere else: if the key is held, its release will not be told."""

    def due(self, now_ms: float) -> Act:
        """The time has come."""


class TapKey:
    """Each tap toggles. A held key counts once; where releases are told, what it has opened closes with its release.

    Without releases a second press could be a tap or the first repeat, so it waits: a third press right behind it
    tells a held key, silence a tap.
    """

    def __init__(self) -> None:
        self._tells_releases = False
        self._down_ms: float | None = None
        self._tapped_ms = self._pressed_ms = _NEVER
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

    def repeat(self, now_ms: float) -> Act:
        """No tap."""
        return Act.NOTHING

    def release(self, now_ms: float) -> Act:
        """The end of a hold, or of a tap; the next press is a new one, however soon it comes."""
        self._tells_releases = True
        was_held = self._down_ms is not None and now_ms - self._down_ms >= HELD_MS
        self._down_ms = self._waits_since_ms = None
        self._tapped_ms = self._pressed_ms = _NEVER
        return Act.END if was_held else Act.NOTHING

    def let_go(self, now_ms: float) -> Act:
        """A release; but on a terminal that tells none, nobody knows that the key is still down."""
        return self.release(now_ms) if self._tells_releases else Act.NOTHING

    def due(self, now_ms: float) -> Act:
        """No third press came: it was a tap."""
        if self.due_ms is None or now_ms < self.due_ms:
            return Act.NOTHING
        return self._tap(now_ms)

    def _tap(self, now_ms: float) -> Act:
        self._waits_since_ms = None
        self._tapped_ms = self._down_ms = now_ms
        return Act.TOGGLE


class HoldKey:
    """The microphone is open while the key is held.

    Where releases are told, from the press to the release. Elsewhere from the second press within `SECOND_PRESS_MS`
    until `RELEASE_MS` have gone by without another: a single press opens nothing. A promise of releases is believed
    as long as a first repeat may still come.
    """

    def __init__(self, *, promises_releases: bool = False) -> None:
        """`promises_releases`: the terminal has said that it tells them."""
        self._promises_releases = promises_releases
        self._tells_releases = False
        self._pressed_ms = _NEVER
        self._is_held = False
        self._due_ms: float | None = None

    @property
    def due_ms(self) -> float | None:
        """When the key counts as let go, or as tapped."""
        return self._due_ms

    def press(self, now_ms: float) -> Act:
        """Opens as soon as it is known to be held; while it is, a press is a repeat, and they must go on coming."""
        if self._is_held:
            self._due_ms = now_ms + RELEASE_MS
            return Act.NOTHING
        since_ms, self._pressed_ms = now_ms - self._pressed_ms, now_ms
        if self._tells_releases:
            return self._begin(None)
        if self._promises_releases:
            return self._begin(now_ms + FIRST_REPEAT_MS)
        if since_ms <= SECOND_PRESS_MS:
            return self._begin(now_ms + RELEASE_MS)
        self._due_ms = now_ms + FIRST_REPEAT_MS
        return Act.NOTHING

    def repeat(self, now_ms: float) -> Act:
        """Whoever tells repeats tells releases. One that follows no press, or an ended hold, begins nothing."""
        self._tells_releases = True
        if self._is_held:
            self._due_ms = None
            return Act.NOTHING
        return Act.NOTHING if self._pressed_ms == _NEVER else self._begin(None)

    def release(self, now_ms: float) -> Act:
        """Closes at once."""
        self._tells_releases = True
        return self._end()

    def let_go(self, now_ms: float) -> Act:
        """Closes at once."""
        return self._end()

    def due(self, now_ms: float) -> Act:
        """No repeat came any more: it was let go; or none came at all: it was tapped."""
        if self._due_ms is None or now_ms < self._due_ms:
            return Act.NOTHING
        return self._end() if self._is_held else self._tapped()

    def _tapped(self) -> Act:
        self._due_ms, self._pressed_ms = None, _NEVER
        return Act.TAPPED

    def _begin(self, due_ms: float | None) -> Act:
        self._is_held, self._due_ms = True, due_ms
        return Act.BEGIN

    def _end(self) -> Act:
        was_held = self._is_held
        self._is_held, self._due_ms, self._pressed_ms = False, None, _NEVER
        return Act.END if was_held else Act.NOTHING


class MouseButton:
    """A click toggles; held, the microphone is open as long. Its release always comes."""

    def __init__(self) -> None:
        self._down_ms = _NEVER
        self._was_open = False

    def press(self, now_ms: float, *, is_open: bool) -> Act:
        """Opens what is closed."""
        self._down_ms, self._was_open = now_ms, is_open
        return Act.BEGIN

    def release(self, now_ms: float) -> Act:
        """Closes what was open before, and what was opened by holding; a click leaves it open."""
        return Act.END if self._was_open or now_ms - self._down_ms >= HELD_MS else Act.NOTHING


_PATIENCE_MS: Final = 1000.0
"""A request that no status has shown by then was not taken."""


class TalkControl:
    """Opens and closes the microphone as key and mouse want it.

    Owns the timer that tells a tap from a held key. What was asked for counts as done until the conversation's status
    shows it, so that a quick second press means the other thing.
    """

    def __init__(
        self,
        owner: MessagePump,
        toggle: Callable[[], bool],
        tapped: Callable[[], object],
        is_open: Callable[[], bool],
        clock: Callable[[], float],
        *,
        holds: bool,
    ) -> None:
        """`toggle` asks to open or close the microphone and says whether there is one; `tapped` is called when
        the key was tapped that is to be held; `is_open` is as the status says.

        `clock` gives seconds and never goes back. `holds`: the microphone is open while the key is held.
        """
        self._owner, self._toggle, self._tapped, self._clock = owner, toggle, tapped, clock
        self._is_open_by_status = is_open
        self._promises_releases = False
        self._key: TalkKey = self._make_key(holds=holds)
        self._mouse = MouseButton()
        self._timer: Timer | None = None
        self._requested: tuple[bool, float] | None = None
        """What was asked for, open or closed, and when; None once the status has shown it."""

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

    def status_changed(self) -> None:
        """There is a new status: once it shows what was asked for, it is believed again, whatever it says next."""
        if self._requested is not None and self._requested[0] == self._is_open_by_status():
            self._requested = None

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
        if self._requested is not None and self._now_ms() - self._requested[1] < _PATIENCE_MS:
            return self._requested[0]
        return self._is_open_by_status()

    def _do(self, act: Act) -> None:
        is_open = self._is_open()
        closes = act in (Act.END, Act.TAPPED) and is_open  # what is open is closed by a tap, too
        is_wanted = act is Act.TOGGLE or (act is Act.BEGIN and not is_open) or closes
        if is_wanted and self._toggle():
            self._requested = (not is_open, self._now_ms())
        elif act is Act.TAPPED:
            self._tapped()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.stop()
        due_ms = self._key.due_ms
        wait_s = None if due_ms is None else max(0.001, due_ms / 1000 - self._clock())
        self._timer = None if wait_s is None else self._owner.set_timer(wait_s, self._due, name="talk key")

    def _due(self) -> None:
        self._do(self._key.due(self._now_ms()))
