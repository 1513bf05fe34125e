"""What is worth knowing about the setting in hand, in a place of fixed height."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip
from textual.widget import Widget

from app.ui.widgets.line import Run, painted
from app.ui.widgets.painting import Surface
from app.ui.widgets.wrapping import wrap


class SettingHelp(Widget):
    """Paragraphs, wrapped; what has no room is cut off at the end.

    Painted rather than laid out: a new text under a panel of a hundred rows must not lay out the screen again.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._paragraphs: tuple[Run, ...] = ()

    @property
    def text(self) -> str:
        """The paragraphs, one a line, unwrapped."""
        return "\n".join(text for text, _ in self._paragraphs)

    def show(self, paragraphs: Sequence[Run]) -> None:
        """Show these paragraphs; empty ones are left out."""
        new = tuple(paragraph for paragraph in paragraphs if paragraph[0])
        if new != self._paragraphs:
            self._paragraphs = new
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row."""
        rows = [
            (text[start:end], role)
            for text, role in self._paragraphs
            for start, end in wrap(text, max(1, self.size.width))
        ]
        return painted(self, rows[y : y + 1], Surface(self))
