"""The rows of the transcript that are in view as Textual takes them; what has not changed is not made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from app.ui.painting import Surface
from app.ui.transcript.layout import Block, Clock, Look, Mark, Row, StyledText, marked, plain
from app.ui.transcript.rows import TranscriptRows


class Canvas(Struct, frozen=True):
    """What rows are painted on."""

    size: Size
    width: int
    """Of the rows; where it is less than the size's, a scrollbar has its place beside them."""
    surface: Surface
    style_of: Callable[[Look], Style]
    selected: Style
    """Over the style of what is selected: another ground."""

    def ground(self, row: Row) -> Strip:
        """A row as it looks."""
        strip = Strip([Segment(piece.text, self._style(piece)) for piece in row])
        return self.surface.finished(strip.adjust_cell_length(self.width, self.surface.style))

    def _style(self, piece: StyledText) -> Style:
        style = self.style_of(piece.look)
        return style + self.selected if piece.is_selected else style

    def placed(self, ground: Strip, number: int | None) -> Strip:
        """The row, as wide as the view. Its cells know which row of the transcript they are, for selections."""
        strip = ground if number is None else ground.apply_offsets(0, number)
        return strip.adjust_cell_length(self.size.width, self.surface.blank)


def selected_style(widget: Widget) -> Style:
    """Over the style of what is selected. With the terminal's own colours no ground is sure to leave it legible."""
    if widget.has_pseudo_class("ansi"):
        return Style(reverse=True, dim=False)
    return Style(bgcolor=widget.screen.get_component_rich_style("screen--selection").bgcolor)


class ViewRow(Struct, frozen=True):
    """One row of the view."""

    row: Row
    ground: Strip
    strip: Strip
    number: int | None = None
    """Which row of the transcript it is; None: it is below its end."""
    block: Block | None = None

    def parted(self, start: int, end: int, canvas: Canvas) -> Strip:
        """Its strip, made so that Textual can paint the cells from start to end by themselves."""
        cuts = sorted({cut for cut in (start, end, canvas.width) if 0 < cut <= canvas.width})
        return canvas.placed(Strip.join(self.ground.divide(cuts)), self.number)


def changed_cells(old: Row, new: Row) -> tuple[int, int]:
    """From which cell to which a row has to be painted to become another.

    From the beginning of a word, never within one: what is written after a part of a character may change that part.
    """
    before, after = plain(old), plain(new)
    at = _word_start(_same(old, new))
    while at and _joins(before[at : at + 1] + after[at : at + 1]):
        at = _word_start(before[: at - 1])
    start, end = cell_len(after[:at]), max(cell_len(before), cell_len(after))
    return (start, end) if start < end else (0, max(1, end))


def _same(old: Row, new: Row) -> str:
    """What both begin with."""
    same = ""
    for before, after in zip(old, new, strict=False):
        if before != after:
            if replace(before, text=after.text) == after:
                pairs = enumerate(zip(before.text, after.text, strict=False))
                same += before.text[: next((at for at, (a, b) in pairs if a != b), len(after.text))]
            break
        same += after.text
    return same


def _word_start(text: str) -> int:
    """Where the last word begins."""
    return text.rfind(" ") + 1


def _joins(characters: str) -> bool:
    """Whether one of them becomes a part of what stands before it."""
    return any(not cell_len(character) for character in characters)


class TranscriptPainter:
    """Remembers the rows of the last view, wherever they stand in the next one."""

    def __init__(self, rows: TranscriptRows, clock: Clock, marks: Callable[[Block, int, int], Iterable[Mark]]) -> None:
        """`marks` tells what is marked in a row: its block, its number there, and its number in the transcript."""
        self._rows, self._clock, self._marks = rows, clock, marks
        self._known: dict[tuple[str, int], ViewRow] = {}

    def forget(self) -> None:
        """Looks, marks or width are others."""
        self._known = {}

    def view(self, top: int, canvas: Canvas, *, is_selecting: bool) -> list[ViewRow]:
        """The rows from `top` on. `is_selecting`: marks go by where a row stands now, so they are looked at anew."""
        known, self._known = self._known, {}
        view: list[ViewRow] = []
        for number in range(top, top + canvas.size.height):
            place = self._rows.locate(number)
            if place is None:
                blank = canvas.ground(())
                view += [ViewRow((), blank, canvas.placed(blank, None))] * (canvas.size.height - len(view))
                break
            block, at = self._rows.block(place[0]), place[1]
            key = block.entry.item_id, at
            painted = known.get(key)
            if painted is None or painted.block is not block or is_selecting:
                row = marked(block.row(at, self._clock), self._marks(block, at, number))
                if painted is not None and painted.row == row:
                    painted = replace(painted, block=block)
                else:
                    ground = canvas.ground(row)
                    painted = ViewRow(row, ground, canvas.placed(ground, number), number, block)
            if painted.number != number:
                painted = replace(painted, strip=canvas.placed(painted.ground, number), number=number)
            self._known[key] = painted
            view.append(painted)
        return view
