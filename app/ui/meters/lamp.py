"""The lamp, the word beside it and the keys that open and close the microphone: the last things to leave a screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from textual import events
from textual.message import Message
from textual.timer import Timer

from app.conversation.status import State
from app.ui.keys.situation import Situation, stop_word, talk_word
from app.ui.painting import Role, Run, StyledLine

SPEAKING_MS: Final = 500.0
OTHERS_MS: Final = 250.0
HEARD_MS: Final = 400.0

HEARD: Final = "heard"
"""Shown for a moment when an interruption was recognised; no state of the conversation."""

_AT_ONCE: Final = frozenset({State.MUTED, State.RECONNECTING, State.OFFLINE})
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


_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SPIN_S: Final = 0.1
_WORD_CELLS: Final = max(len(state) for state in State if state is not State.RECONNECTING)
_SECONDS_CELLS: Final = len(" 10 s")
_TALK_CELLS: Final = len("unmute")
_STOP_CELLS: Final = len("interrupt")

_WORD_ROLES: Final[dict[str, Role]] = {
    State.CONNECTING: "dim",
    State.READY: "strong",
    State.LISTENING: "strong",
    State.HEARING: "accent",
    State.THINKING: "strong",
    State.SPEAKING: "accent",
    State.MUTED: "warning",
    State.RECONNECTING: "warning",
    State.OFFLINE: "error",
    HEARD: "accent",
}


class TalkPressed(Message):
    """The mouse went down on the lamp, its word or the talk key's hint."""


class TalkReleased(Message):
    """The mouse that was pressed there came up again, wherever that was."""


class Lamp(StyledLine):
    """`● LISTENING  Space mute  Esc interrupt`.

    The sign follows the microphone at once: ● open, ◌ closed, turning while the line is being made. The word is held
    long enough to be read. The keys stand in columns of their own, so that nothing moves, as long as there is room.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds and never goes back."""
        super().__init__()
        self.tooltip = "Whose turn it is, and whether the microphone is open (●) or closed (◌). Press and hold to talk."
        self._clock = clock
        self._now = Situation()
        self._taking_since_ms: float | None = None
        self._held = HeldState()
        self._word: str = State.CONNECTING
        self._due: Timer | None = None
        self._spin: Timer | None = None
        self._count: Timer | None = None
        self._turn = 0
        self._is_pressed = False
        self._talk_key, self._stop_key = "Space", "Esc"
        self._with_stop = False

    def show(self, now: Situation) -> None:
        """Take over the microphone, the state and the keys' meaning."""
        self._now = now
        if not now.is_taking:
            self._taking_since_ms = None
        elif self._taking_since_ms is None:
            self._taking_since_ms = self._now_ms()
        self._keep_counting(now.is_taking)
        self._take(self._held.show(now.status.state, self._now_ms()))

    def flash_heard(self) -> None:
        """Say HEARD for 400 ms: the interruption was recognised."""
        self._take(self._held.flash(self._now_ms()))

    def show_keys(self, talk: str, stop: str) -> None:
        """The keys as they are bound, in words."""
        self._talk_key, self._stop_key = talk, stop
        self.draw()

    def show_stop(self, with_stop: bool) -> None:
        """Whether the stop key stands here, too."""
        self._with_stop = with_stop
        self.draw()

    @property
    def word(self) -> str:
        """The word on the screen, in capitals."""
        return self._word.upper()

    @property
    def talk_cells(self) -> int:
        """Width of lamp, word and talk key."""
        return 3 + self._word_cells + 2 + len(self._talk_key) + 1 + _TALK_CELLS

    @property
    def _word_cells(self) -> int:
        return _WORD_CELLS + (_SECONDS_CELLS if self._now.is_push_to_talk else 0)

    @property
    def stop_cells(self) -> int:
        """Width of the stop key, with the gap before it."""
        return 2 + len(self._stop_key) + 1 + _STOP_CELLS

    def on_mount(self) -> None:
        """Begin with what was shown before there was a screen."""
        self._take(self._held.at(self._now_ms()))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a hold."""
        if event.button == 1 and not self._is_pressed:
            self._is_pressed = True
            self.capture_mouse()
            self.post_message(TalkPressed())
            event.stop()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End a hold, over whatever the mouse is by now."""
        if self._is_pressed:
            event.stop()
            self._release()

    def on_mouse_release(self) -> None:
        """The mouse was taken away, by a dialog for instance: the hold is over."""
        self._release()

    def _release(self) -> None:
        if self._is_pressed:
            self._is_pressed = False
            self.release_mouse()
            self.post_message(TalkReleased())

    def _take(self, shown: Shown) -> None:
        self._word = shown.word
        if not self.is_mounted:
            return
        if self._due is not None:
            self._due.stop()
            self._due = None
        if shown.due_ms is not None:
            self._due = self.set_timer(max(0.0, (shown.due_ms - self._now_ms()) / 1000), self._on_due)
        self._keep_turning(self._word == State.CONNECTING and self.app.animation_level != "none")
        self.draw()

    def _on_due(self) -> None:
        self._take(self._held.at(self._now_ms()))

    def _keep_turning(self, is_turning: bool) -> None:
        if is_turning and self._spin is None:
            self._spin = self.set_interval(_SPIN_S, self._on_turn)
        elif not is_turning and self._spin is not None:
            self._spin.stop()
            self._spin = None

    def _keep_counting(self, is_counting: bool) -> None:
        if is_counting and self._count is None and self.is_mounted:
            self._count = self.set_interval(1.0, self.draw, name="seconds of the turn")
        elif not is_counting and self._count is not None:
            self._count.stop()
            self._count = None

    def _on_turn(self) -> None:
        self._turn = (self._turn + 1) % len(_SPINNER)
        self.draw()

    def _now_ms(self) -> float:
        return self._clock() * 1000

    def draw(self) -> None:
        """Close up where the columns have no room."""
        needed = self.talk_cells + (self.stop_cells if self._with_stop else 0)
        is_wide = self.size.width >= needed
        counted = f"{self.word}{self._counted}"
        word = f" {counted:<{self._word_cells}}" if is_wide else f" {counted}"
        runs: list[Run] = [(" ", "plain"), self._sign(), (word, _WORD_ROLES[self._word])]
        runs += _hint(self._talk_key, talk_word(self._now), _TALK_CELLS if is_wide else 0)
        if self._with_stop:
            runs += _hint(self._stop_key, stop_word(self._now), 0)
        self.paint(runs)

    @property
    def _counted(self) -> str:
        """Seconds: until the next try, or of the turn that is being spoken."""
        seconds = self._now.status.retry_in_s
        if seconds and self._word == State.RECONNECTING:
            return f" in {seconds} s"
        if self._taking_since_ms is not None and self._word in (State.LISTENING, State.HEARING):
            return f" {(self._now_ms() - self._taking_since_ms) / 1000:.0f} s"
        return ""

    def _sign(self) -> Run:
        if self._spin is not None:
            return _SPINNER[self._turn], "dim"
        if self._now.status.is_microphone_open:
            return "●", "accent"
        return "◌", _WORD_ROLES[self._word] if self._word in (State.MUTED, State.RECONNECTING, State.OFFLINE) else "dim"


def _hint(key: str, verb: str | None, verb_cells: int) -> tuple[Run, ...]:
    if verb is None:
        return ((" " * (2 + len(key) + 1 + verb_cells) if verb_cells else "", "plain"),)
    return (("  ", "plain"), (key, "strong"), (f" {verb:<{verb_cells}}", "dim"))
