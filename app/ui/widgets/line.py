"""One row of the screen, painted from runs of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

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
"""What a run means; app.tcss gives each its look (`.line--ROLE`)."""

Run: TypeAlias = tuple[str, Role]


class Line(Widget):
    """A row of runs. Painting the same runs again costs nothing; painting others never moves anything else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line--plain",
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

    _runs: tuple[Run, ...] = ()

    def paint(self, runs: Iterable[Run]) -> None:
        """Show these runs. Their text must be free of control characters, one cell a character."""
        new = tuple(run for run in runs if run[0])
        if new != self._runs:
            self._runs = new
            self.refresh()

    @property
    def text(self) -> str:
        """The row in characters."""
        return "".join(text for text, _ in self._runs)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The row as painted."""
        return self._runs

    def render_line(self, y: int) -> Strip:
        """The row; lines below it are blank."""
        style = self.rich_style
        if y:
            return Strip.blank(self.size.width, style)
        strip = Strip([Segment(text, self.get_component_rich_style(f"line--{role}")) for text, role in self._runs])
        return strip.adjust_cell_length(self.size.width, style)
