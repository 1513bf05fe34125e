"""One of a few values: `‹ hands-free ›`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from app.ui.widgets.control import Control, Value
from app.ui.widgets.line import Role


class Choice(Control):
    """A value out of a list, gone through by keys and mouse; the last is followed by the first.

    A value that is not in the list can be shown; the next one is then the first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "previous", show=False),
        Binding("right,enter", "step(1)", "next", show=False),
        Binding("home", "end(False)", "first", show=False),
        Binding("end", "end(True)", "last", show=False),
    ]

    def __init__(self, value: Value, options: Sequence[tuple[str, Value]], *, id: str | None = None) -> None:  # noqa: A002
        """`options` are the words shown and the values meant, at least one."""
        super().__init__(value, id=id)
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

    def action_end(self, is_last: bool) -> None:
        """To one end of the list."""
        self.choose(self._options[-1 if is_last else 0][1])

    def on_click(self, event: events.Click) -> None:
        """On the left sign the previous, else the next."""
        self.action_step(-1 if event.x < 2 else 1)

    def draw(self) -> None:
        """The value between two signs that say there are others."""
        sign: Role = "accent" if self.has_focus else "track"
        room = max(1, self.size.width - 4)
        text = self.value_text if len(self.value_text) <= room else self.value_text[: room - 1] + "…"
        self.paint([("‹ ", sign), (text, "plain"), (" ›", sign)])
