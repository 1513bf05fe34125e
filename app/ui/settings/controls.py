"""What changes a setting, in one row: a choice, a text field, a slider."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from app.ui.meters.scale import clamped, fraction_at, track
from app.ui.painting import Role, StyledLine
from app.ui.transcript.wrapping import cut_to

Value: TypeAlias = bool | int | float | str | None
"""What a setting can be."""


class Control(StyledLine, can_focus=True):
    """A value in one row. `show` sets it silently, the user's hands post `Changed`."""

    @dataclass
    class Changed(Message):
        """The user has chosen another value."""

        value: Value

    def __init__(self, value: Value) -> None:
        super().__init__()
        self._value = value

    @property
    def value(self) -> Value:
        """What is shown."""
        return self._value

    def show(self, value: Value) -> None:
        """Show a value that was set elsewhere; nothing is posted."""
        self._value = value
        self.draw()

    def choose(self, value: Value) -> None:
        """The user wants this value."""
        if value == self._value:
            return
        self.show(value)
        self.post_message(self.Changed(value))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Paint with the signs of what can be done, or without them."""
        super().watch_has_focus(has_focus)
        self.draw()


class Choice(Control):
    """A value out of a list, gone through by keys and mouse; the last is followed by the first.

    A value that is not in the list can be shown; the next one is then the first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "previous", show=False),
        Binding("right,enter", "step(1)", "next", show=False),
    ]

    def __init__(self, value: Value, options: Sequence[tuple[str, Value]]) -> None:
        """`options` are the words shown and the values meant, at least one."""
        super().__init__(value)
        self._options = tuple(options)

    @property
    def value_text(self) -> str:
        """The value in words."""
        return next((text for text, value in self._options if value == self.value), str(self.value))

    def action_step(self, steps: int) -> None:
        """So many values on."""
        values = [value for _, value in self._options]
        at = values.index(self.value) + steps if self.value in values else 0
        self.choose(values[at % len(values)])

    def on_click(self, event: events.Click) -> None:
        """On the left sign the previous, else the next."""
        self.action_step(-1 if event.x < 2 else 1)

    def draw(self) -> None:
        """The value between two signs that say there are others."""
        sign: Role = "accent" if self.has_focus else "track"
        room = max(1, self.size.width - 4)
        self.paint([("‹ ", sign), (cut_to(self.value_text, room), "plain"), (" ›", sign)])


class Field(Control):
    """A text in one row. Enter or a click asks for an editor; left and right go through suggestions, if any.

    The editor is the row's matter, not the field's: it may be larger than this one row.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "edit", show=False),
        Binding("left", "step(-1)", "previous", show=False),
        Binding("right", "step(1)", "next", show=False),
    ]

    class EditRequested(Message):
        """The user wants to type."""

    def __init__(self, value: str, *, empty_text: str = "", suggestions: Sequence[str] = ()) -> None:
        """`empty_text` is shown where there is no text."""
        super().__init__(value)
        self._empty_text = empty_text
        self._suggestions = tuple(suggestions)

    def suggest(self, suggestions: Sequence[str]) -> None:
        """Other suggestions."""
        self._suggestions = tuple(suggestions)
        self.draw()

    def action_edit(self) -> None:
        """Ask for an editor."""
        self.post_message(self.EditRequested())

    def action_step(self, steps: int) -> None:
        """So many suggestions on; a text that is none of them is followed by the first."""
        if self._suggestions:
            known = self._suggestions
            at = known.index(str(self.value)) + steps if self.value in known else 0
            self.choose(known[at % len(known)])

    def on_click(self) -> None:
        """Ask for an editor."""
        self.action_edit()

    def draw(self) -> None:
        """The text's first line, as much of it as fits."""
        sign: Role = "accent" if self.has_focus else "track"
        left, right = ("‹ ", " ›") if self._suggestions else ("  ", " ⏎" if self.has_focus else "")
        text = " ".join(str(self.value).split()) or self._empty_text
        room = max(1, self.size.width - len(left) - len(right))
        self.paint([(left, sign), (cut_to(text, room), "plain" if self.value else "dim"), (right, sign)])


_SHORTEST_TRACK = 5
_TYPED: Final = {**{digit: digit for digit in "0123456789."}, ",": "."}
_MOST_TYPED = 8
_LEAP_STEPS = 10
_FINE_STEPS = 2


class Slider(Control):
    """A number between `low` and `high`, moved by keys and mouse through the multiples of a step, and both ends.

    With `none_text` there is one more place left of `low`: no number at all, shown by that text.

    A digit, or Enter, begins to type a number: Enter keeps it, and so does leaving; Esc puts the old one back. It is
    typed here and not in a line of its own, which would come up later than the digits of somebody quick.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "less", show=False),
        Binding("right", "step(1)", "more", show=False),
        Binding("shift+right", f"step({_LEAP_STEPS})", "much more", show=False),
        Binding("shift+left", f"step(-{_LEAP_STEPS})", "much less", show=False),
        Binding("enter", "type_number", "type a number", show=False),
        Binding("escape", "stop_typing", "put the number back", show=False),
        Binding("backspace", "rub_out", "rub out", show=False),
    ]

    class Typing(Message):
        """Typing a number has begun or ended."""

    def __init__(
        self,
        value: float | None,
        *,
        low: float = 0.0,
        high: float = 1.0,
        step: float = 0.01,
        unit: str = "",
        none_text: str = "",
        text_cells: int = 0,
        is_finer_when_small: bool = False,
    ) -> None:
        """`step` above 0; with whole `low` and `step` the values are whole numbers of type int.

        `text_cells` is the least room for the number, for sliders that stand below one another. With
        `is_finer_when_small` most of the track is for the numbers near `low`.
        """
        super().__init__(value)
        self.low, self.high, self.step = low, high, step
        self._unit = unit
        self._none_text = none_text
        self._least_cells = text_cells
        self._is_whole = float(low).is_integer() and float(step).is_integer()
        self._is_dragged = False
        self._is_finer_when_small = is_finer_when_small
        self._typed: str | None = None

    @property
    def number(self) -> float | None:
        """The value; None where there is no number."""
        return self.value if isinstance(self.value, int | float) else None

    @property
    def value_text(self) -> str:
        """The number as it stands beside the track, with its unit."""
        return self._text(self.number)

    # ---------------------------------------------------------------- typing

    @property
    def is_typing(self) -> bool:
        """A number is being typed, and is not kept yet."""
        return self._typed is not None

    def take_typed(self) -> str | None:
        """End typing, and give what was typed; None where nothing was."""
        typed, self._typed = self._typed, None
        if typed is not None:
            self.draw()
            self.post_message(self.Typing())
        return typed

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """What a number is made of is typed, whatever else it means."""
        return character in _TYPED

    def on_key(self, event: events.Key) -> None:
        """A part of a number."""
        if event.character in _TYPED:
            event.stop()
            event.prevent_default()
            self._type((self._typed or "") + _TYPED[event.character])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While nothing is typed, these keys are for others."""
        return action not in ("stop_typing", "rub_out") or self.is_typing

    def action_type_number(self) -> None:
        """Begin with the number that there is, or keep what was typed."""
        if self.is_typing:
            self._keep_typed()
        else:
            number = self.number
            self._type("" if number is None else f"{number:.0f}" if self._is_whole else f"{number:.2f}")

    def action_stop_typing(self) -> None:
        """The number stays what it was."""
        self.take_typed()

    def action_rub_out(self) -> None:
        """Without the last character."""
        self._type((self._typed or "")[:-1])

    def on_blur(self) -> None:
        """What was typed is kept. Another window in front is no leaving."""
        if self.app.app_focus:
            self._keep_typed()

    def _type(self, text: str) -> None:
        has_begun = self._typed is None
        self._typed = text[:_MOST_TYPED]
        self.draw()
        if has_begun:
            self.post_message(self.Typing())

    def _keep_typed(self) -> None:
        typed = self.take_typed()
        if typed is not None and typed != self.value_text:
            self.post_message(self.Changed(typed))

    # ---------------------------------------------------------------- moving

    def action_step(self, steps: int) -> None:
        """So many steps up, or down where negative."""
        self.take_typed()
        if self.number is None:
            self.choose(self._limited(self.low + (steps - 1) * self.step) if steps > 0 else None)
        elif self._none_text and steps < 0 and self.number <= self.low:
            self.choose(None)
        else:
            self.choose(self._number(self._steps(self.number, steps)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Move the knob here, and follow the mouse."""
        if event.button == 1 and event.x < self._track_cells:
            self._is_dragged = True
            self.capture_mouse()
            self._move_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse while it is held."""
        if self._is_dragged:
            event.stop()
            self._move_to(event.x)

    def on_mouse_up(self) -> None:
        """The knob stays where it is."""
        if self._is_dragged:
            self._is_dragged = False
            self.release_mouse()

    def on_mouse_release(self) -> None:
        """The mouse was taken away."""
        self._is_dragged = False

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """One step up; only where the focus is, so that scrolling past changes nothing."""
        if self.has_focus:
            event.stop()
            self.action_step(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """One step down; only where the focus is."""
        if self.has_focus:
            event.stop()
            self.action_step(-1)

    def draw(self) -> None:
        """The track where there is room for one, and the number."""
        before, knob, after = track(self._fraction, self._track_cells)
        typed = None if self._typed is None else f"{self._typed}▏"
        self.paint(
            [
                (before, "track"),
                (knob, "accent" if self.has_focus else "plain"),
                (after, "track"),
                (" " if self._track_cells else "", "plain"),
                (f"{typed or self.value_text:>{self._text_cells}}", "accent" if typed else "plain"),
            ]
        )

    @property
    def _fraction(self) -> float:
        if self.number is None:
            return 0.0
        above, all_above = self.number - self.low, (self.high - self.low) or 1.0
        if self._is_finer_when_small:
            return math.log1p(above / self._fine) / math.log1p(all_above / self._fine)
        return above / all_above

    def _at(self, fraction: float) -> float:
        """The number whose knob stands at a fraction of the track."""
        if self._is_finer_when_small:
            return self.low + self._fine * math.expm1(fraction * math.log1p((self.high - self.low) / self._fine))
        return self.low + fraction * (self.high - self.low)

    @property
    def _fine(self) -> float:
        """Below so much above `low` the scale is nearly even."""
        return _FINE_STEPS * self.step

    @property
    def _text_cells(self) -> int:
        texts = self._text(self.low), self._text(self.high), self._none_text
        return max(self._least_cells, *map(len, texts))

    @property
    def _track_cells(self) -> int:
        cells = self.size.width - self._text_cells - 1
        return cells if cells >= _SHORTEST_TRACK else 0

    def _text(self, value: float | None) -> str:
        if value is None:
            return self._none_text
        number = f"{value:.0f}" if self._is_whole else f"{value:.2f}"
        return f"{number} {self._unit}".rstrip()

    def _move_to(self, x: int) -> None:
        fraction = clamped(fraction_at(x, self._track_cells))
        at_start = fraction == 0.0 and self._none_text
        self.choose(None if at_start else self._on_grid(self._at(fraction)))

    def _on_grid(self, value: float) -> float:
        return self._number(round(value / self.step))

    def _steps(self, value: float, steps: int) -> int:
        """The grid's place so many steps on; a value between two places goes to the next one first."""
        exact = round(value / self.step, 6)
        return int(exact // 1) + steps if steps > 0 or exact == exact // 1 else int(exact // 1) + 1 + steps

    def _number(self, place: int) -> float:
        return self._limited(place * self.step)

    def _limited(self, value: float) -> float:
        number = min(self.high, max(self.low, value))
        return int(number) if self._is_whole else round(number, 6)
