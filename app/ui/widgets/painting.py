"""Rows that a widget paints itself, past Textual's cache of styles.

That cache works out ground, opacity and borders from a widget and all around it each time the widget is painted, and
Textual paints everything that lies between two changes along with them: 80 us a widget on Textual 8.2.8, 10 times a
second, for rows that have neither borders nor padding.
"""

from __future__ import annotations

from typing import Self

from rich.style import Style
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
