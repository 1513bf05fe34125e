"""One row of the screen, painted from runs of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.dom import DOMNode
from textual.strip import Strip
from textual.widget import Widget

from app.ui.widgets.painting import PaintedRow, Surface

Role: TypeAlias = Literal[
    "plain",
    "dim",
    "strong",
    "accent",
    "good",
    "warning",
    "error",
    "level",
    "voice",
    "speech",
    "output",
    "peak",
    "track",
]
"""What a run means; app.tcss gives each but `plain` its look (`.line--ROLE`)."""

Run: TypeAlias = tuple[str, Role]


LOOKS: Final = {
    "line--dim",
    "line--strong",
    "line--accent",
    "line--good",
    "line--warning",
    "line--error",
    "line--level",
    "line--voice",
    "line--speech",
    "line--output",
    "line--peak",
    "line--track",
}
"""Component classes of a widget that knows the looks of the lines in it, or of itself where it is one.

They are not every line's own: the stylesheet works component styles out again for every widget and every change of
focus, and with a hundred lines of a dozen styles each one step in the settings panel took 95 ms of processor time.
"""


class StyledLine(PaintedRow):
    """A row of runs, with the looks of the nearest widget around it that has `LOOKS` (without one, with none).

    Painting the same runs again costs nothing; painting others never moves anything else.
    """

    _runs: tuple[Run, ...] = ()

    def paint(self, runs: Iterable[Run]) -> None:
        """Show these runs. Their text must be free of control characters."""
        new = tuple(run for run in runs if run[0])
        if new != self._runs:
            self._runs = new
            self.repaint()

    @property
    def text(self) -> str:
        """The row in characters."""
        return "".join(text for text, _ in self._runs)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The row as painted."""
        return self._runs

    def row(self, surface: Surface) -> Strip:
        """The runs."""
        return painted(self, self._runs, surface)


def painted(widget: Widget, runs: Iterable[Run], surface: Surface) -> Strip:
    """The runs as a row of a widget, with the looks that hold there, on the widget's own ground."""
    segments = []
    for text, role in runs:
        if role not in surface.looks:
            surface.looks[role] = _look(widget, role, surface.style)
        segments.append(Segment(text, surface.looks[role]))
    return Strip(segments).adjust_cell_length(widget.size.width, surface.style)


def _look(widget: Widget, role: Role, own: Style) -> Style:
    looks = next((node for node in widget.ancestors_with_self if _knows_looks(node)), None)
    if role == "plain" or not isinstance(looks, Widget):
        return own
    style = looks.get_component_rich_style(f"line--{role}")
    return style + Style(bgcolor=own.bgcolor) if style.bgcolor == looks.rich_style.bgcolor else style


def _knows_looks(node: DOMNode) -> bool:
    return isinstance(node, Widget) and node.COMPONENT_CLASSES >= LOOKS
