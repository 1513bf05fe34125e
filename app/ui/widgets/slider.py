"""A number on a scale: `├────────●─────┤ 0.55`."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from app.ui.widgets.control import Control
from app.ui.widgets.scale import clamped, fraction_at, track

_SHORTEST_TRACK = 5
_PAGE_STEPS = 10


class Slider(Control):
    """A number between `low` and `high`, moved by keys and mouse in whole steps.

    With `none_text` there is one more place left of `low`: no number at all, shown by that text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "less", show=False),
        Binding("right", "step(1)", "more", show=False),
        Binding("pageup", f"step({_PAGE_STEPS})", "much more", show=False),
        Binding("pagedown", f"step(-{_PAGE_STEPS})", "much less", show=False),
        Binding("home", "end(False)", "least", show=False),
        Binding("end", "end(True)", "most", show=False),
    ]

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
        id: str | None = None,  # noqa: A002
    ) -> None:
        """`step` above 0; with whole `low` and `step` the values are whole numbers of type int.

        `text_cells` is the least room for the number, for sliders that stand below one another.
        """
        super().__init__(value, id=id)
        self.low, self.high, self.step = low, high, step
        self._unit = unit
        self._none_text = none_text
        self._least_cells = text_cells
        self._is_whole = float(low).is_integer() and float(step).is_integer()
        self._is_dragged = False

    @property
    def number(self) -> float | None:
        """The value; None where there is no number."""
        return self.value if isinstance(self.value, int | float) else None

    @property
    def value_text(self) -> str:
        """The number as it stands beside the track, with its unit."""
        return self._text(self.number)

    def action_step(self, steps: int) -> None:
        """So many steps up, or down where negative."""
        if self.number is None:
            self.choose(self._number(steps - 1) if steps > 0 else None)
        elif self._none_text and steps < 0 and self.number <= self.low:
            self.choose(None)
        else:
            self.choose(self._number(self._steps(self.number, steps)))

    def action_end(self, is_high: bool) -> None:
        """To one end of the scale."""
        self.choose(self._on_grid(self.high if is_high else self.low))

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
        self.paint(
            [
                (before, "track"),
                (knob, "accent" if self.has_focus else "plain"),
                (after, "track"),
                (f"{' ' if self._track_cells else ''}{self.value_text:>{self._text_cells}}", "plain"),
            ]
        )

    @property
    def _fraction(self) -> float:
        return 0.0 if self.number is None else (self.number - self.low) / ((self.high - self.low) or 1.0)

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
        self.choose(None if at_start else self._on_grid(self.low + fraction * (self.high - self.low)))

    def _on_grid(self, value: float) -> float:
        return self._number(round((value - self.low) / self.step))

    def _steps(self, value: float, steps: int) -> int:
        """The grid's place so many steps on; a value between two places goes to the next one first."""
        exact = round((value - self.low) / self.step, 6)
        return int(exact // 1) + steps if steps > 0 or exact == exact // 1 else int(exact // 1) + 1 + steps

    def _number(self, place: int) -> float:
        number = min(self.high, max(self.low, self.low + place * self.step))
        return int(number) if self._is_whole else round(number, 6)
