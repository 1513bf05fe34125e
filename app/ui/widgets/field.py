"""Text that is typed, or taken from suggestions: `  marin`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding, BindingType
from textual.message import Message

from app.ui.widgets.control import Control
from app.ui.widgets.line import Role


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

    def __init__(
        self,
        value: str,
        *,
        empty_text: str = "",
        suggestions: Sequence[str] = (),
        id: str | None = None,  # noqa: A002
    ) -> None:
        """`empty_text` is shown where there is no text."""
        super().__init__(value, id=id)
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
        if cell_len(text) > room:
            text = set_cell_size(text, room - 1) + "…"
        self.paint([(left, sign), (text, "plain" if self.value else "dim"), (right, sign)])
