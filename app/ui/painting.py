"""Rows of the screen that are painted past Textual's cache of styles, and lines of styled text as such rows.

That cache works out ground, opacity and borders from a widget and all around it each time the widget is painted, and
Textual paints everything that lies between two changes along with them: 80 us a widget on Textual 8.2.8, 10 times a
second, for rows that have neither borders nor padding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, Self, TypeAlias, get_args

from rich.segment import Segment
from rich.style import Style
from textual.dom import DOMNode
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Surface:
    """What is the same for all rows of a widget, until Textual tells it to refresh or that its styles are others."""

    def __init__(self, widget: Widget) -> None:
        self.style: Style = widget.rich_style
        """Text without a look of its own, and the blanks beside it."""
        self.blank = Style(bgcolor=self.style.bgcolor)
        """Where nothing is."""
        self.looks: dict[str, Style] = {}
        """Styles that the widget has looked up, by its own names."""
        self._background = widget.background_colors[1]
        self._filters = tuple(widget.get_line_filters())
        styles = widget.styles
        is_edged = bool(styles.gutter) or any(edge for edge, _ in styles.outline)
        is_veiled = bool(styles.tint.a) or styles.has_rule("hatch") or not widget.opacity == styles.text_opacity == 1.0
        self.is_plain = not is_edged and not is_veiled
        """Rows are painted as they are. Where not, Textual's way has to be taken."""

    def finished(self, strip: Strip) -> Strip:
        """A row as the terminal is to have it: without colours where none are wanted, for instance."""
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, self._background)
        return strip


class PaintedRow(Widget):
    """One row. What it shows changes with `repaint`, and then nothing of its looks is worked out again."""

    _surface: Surface | None = None
    _strip: Strip | None = None

    def row(self, surface: Surface) -> Strip:
        """The row, as wide as the widget."""
        raise NotImplementedError

    def repaint(self) -> None:
        """The row is another; its looks are the same."""
        self._strip = None
        super().refresh()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual's way to say that anything may be different."""
        self._surface = self._strip = None
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def notify_style_update(self) -> None:
        """Textual tells that styles are others, by a theme for instance."""
        self._surface = self._strip = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual paints."""
        surface, width = self._looked_up(), self.size.width
        if not surface.is_plain:
            return super().render_lines(crop)
        if self._strip is None or self._strip.cell_length != width:
            self._strip = surface.finished(self.row(surface))
        strips = [self._strip]
        if crop.bottom > 1:
            strips += [surface.finished(Strip.blank(width, surface.style))] * (crop.bottom - 1)
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y :]]

    def render_line(self, y: int) -> Strip:
        """The row; lines below it are blank. Textual's way, for where there is a border."""
        surface = self._looked_up()
        return self.row(surface) if y == 0 else Strip.blank(self.size.width, surface.style)

    def _looked_up(self) -> Surface:
        if self._surface is None:
            self._surface = Surface(self)
        return self._surface


Role: TypeAlias = Literal[
    "plain", "dim", "strong", "accent", "good", "warning", "error",
    "level", "voice", "speech", "output", "peak", "track",
]  # fmt: skip
"""What a run means; app.tcss gives each but `plain` its look (`.line--ROLE`)."""

Run: TypeAlias = tuple[str, Role]

LOOKS: Final = {f"line--{role}" for role in get_args(Role) if role != "plain"}
"""Component classes of a widget that knows the looks of the lines in it, or of itself where it is one.

They are not every line's own: the stylesheet works component styles out again for every widget and every change of
focus, and with a hundred lines of a dozen styles each one step in the settings panel took 95 ms of processor time.
"""


class StyledLine(PaintedRow):
    """A row of runs, with the looks of the nearest widget around it that has `LOOKS` (without one, with none).

    Painting the same runs again costs nothing; painting others never moves anything else. What paints itself at its
    present width does so in `draw`.
    """

    runs: tuple[Run, ...] = ()
    """The row as painted."""

    def paint(self, runs: Iterable[Run]) -> None:
        """Show these runs. Their text must be free of control characters."""
        new = tuple(run for run in runs if run[0])
        if new != self.runs:
            self.runs = new
            self.repaint()

    def draw(self) -> None:
        """Called when the width is another: paint anew, where the runs depend on it."""

    def on_resize(self) -> None:
        """Textual tells of another size."""
        self.draw()

    @property
    def text(self) -> str:
        """The row in characters."""
        return "".join(text for text, _ in self.runs)

    def row(self, surface: Surface) -> Strip:
        """The runs."""
        return painted(self, self.runs, surface)


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
