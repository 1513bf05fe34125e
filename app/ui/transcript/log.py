"""The transcript on the screen: a window on the entries, as quick with 10,000 of them as with ten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from app.conversation.transcript import Entry
from app.ui.painting import Surface
from app.ui.transcript.layout import INDENT, WIDEST, Block, Clock, Look, Mark, plain
from app.ui.transcript.painter import Canvas, TranscriptPainter, ViewRow, changed_cells, selected_style
from app.ui.transcript.rows import Change, TranscriptRows
from app.ui.transcript.search import Match, TranscriptSearch, selected_text

_SETTLE_BLOCKS = 150
"""So many blocks are wrapped to a new width between two looks at the keyboard: about 5 ms."""


class TranscriptLog(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows the entries it is given; follows the end until the user scrolls away."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"transcript--{look.value}" for look in Look}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+up", "scroll_up", "Scroll up", show=False, id="scroll_up"),
        Binding("ctrl+down", "scroll_down", "Scroll down", show=False, id="scroll_down"),
    ]

    @dataclass
    class Moved(Message):
        """Whether the end is followed, and how many rows wait below, have changed."""

        is_following: bool
        waiting: int

    @dataclass
    class Searched(Message):
        """What is found has changed: `number` of `count` (0: none)."""

        number: int
        count: int

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._rows = TranscriptRows()
        self._search = TranscriptSearch()
        self._is_following = True
        self._is_adjusting = False
        self._seen = 0
        """Rows that the user has had before the eyes, from the top."""
        self._posted = (True, 0)
        """What the last `Moved` said."""
        self._has_changes = False
        """There are changes to be shown, and with them `_shift` rows more above the view."""
        self._shift = 0
        self._view = Size(80, 24)
        """What is to be seen of it, without the scrollbar."""
        self._surface: Surface | None = None
        self._painter = TranscriptPainter(self._rows, clock, self._marks)
        self._painted: list[ViewRow] | None = None
        """The rows in view as Textual has them; None: it is going to paint all of them anew."""
        self._parted: dict[int, Strip] = {}
        """Rows of which it is going to paint a part, by their place in the view."""

    # ---------------------------------------------------------------- entries

    def put(self, entry: Entry, index: int) -> None:
        """An entry is new, has changed or has moved; it stands at `index` now."""
        change = self._rows.put(entry, index)
        self._search_again(entry.item_id)
        self._add_change(change)

    def take_out(self, item_id: str) -> None:
        """An entry is gone."""
        self._search.forget(item_id)
        if change := self._rows.remove(item_id):
            self._add_change(change)

    def hear(self, item_id: str, heard_ms: int) -> None:
        """So much of an entry has left the speaker."""
        if self._rows.hear(item_id, heard_ms):
            self._show_soon()

    # ---------------------------------------------------------------- where one is in it

    @property
    def is_empty(self) -> bool:
        """There is no entry."""
        return not len(self._rows)

    @property
    def is_following(self) -> bool:
        """New words scroll into view by themselves."""
        return self._is_following

    @property
    def turn_in_view(self) -> Entry | None:
        """The turn that a command without a name means: the one found, else the last that is in view."""
        if self._search.here and (index := self._rows.index_of(self._search.here.item_id)) is not None:
            return self._rows.block(index).entry
        bottom = min(self.scroll_offset.y + self._view.height, self._rows.height) - 2
        place = self._rows.locate(max(0, bottom))
        return self._rows.block(place[0]).entry if place else None

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._is_following = True
        self._go_to(self._rows.height)
        self._paint_changes()
        self._post_moved()

    def show_turn(self, item_id: str) -> None:
        """Bring a turn to the top of the view."""
        if (index := self._rows.index_of(item_id)) is not None:
            self.scroll_to(y=self._rows.top(index), animate=False, immediate=True)

    def page(self, step: int) -> None:
        """A page up (-1) or down (1); one row of the old page stays in view."""
        row = self.scroll_offset.y + step * max(1, self._view.height - 1)
        # The line below takes a row of the view while it is shown: down again must end where up began.
        row = self.max_scroll_y if row >= self.max_scroll_y - 2 else row
        self.scroll_to(y=row, animate=False, immediate=True)

    def search(self, text: str) -> tuple[int, int]:
        """Mark all places with these words and go to the last one; for none, unmark. Its number, and how many there
        are."""
        self._search.begin(text, self._rows.blocks())
        self.search_step(0)
        return self._search.standing(self._rows.blocks())

    def search_step(self, step: int) -> None:
        """Go to the next place (1) or the one before (-1)."""
        here = self._search.step(self._rows.blocks(), step)
        if here:
            self._reveal(here)
        self.refresh()
        self._post_search()

    # ---------------------------------------------------------------- rows, scrolling

    def _add_change(self, change: Change) -> None:
        """Remember what is to be shown; a hundred changes before the next look are shown at once."""
        grown = change.new_height - change.old_height
        if not self._is_following and change.top + change.old_height <= self.scroll_offset.y + self._shift:
            self._shift += grown
            self._seen += grown
        self._show_soon()

    def _show_soon(self) -> None:
        if not self._has_changes:
            self._has_changes = True
            self.call_later(self._show_changes)

    def _show_changes(self) -> None:
        """Paint what changed, and keep in view what is in view."""
        if not self._has_changes:
            return
        shift, self._shift, self._has_changes = self._shift, 0, False
        if self.virtual_size.height != self._rows.height:
            self._resize()
            if self._is_following:
                self._go_to(self._rows.height)
            elif shift:
                self._go_to(self.scroll_offset.y + shift)
            self._post_moved()
        self._paint_changes()

    def _resize(self) -> None:
        size = Size(self._rows.width, self._rows.height)
        if self.show_vertical_scrollbar and size.width == self.virtual_size.width:
            is_longer = size.height >= self.virtual_size.height > self._view.height
        else:
            is_longer = False
        if is_longer:  # nothing else of the screen moves: no reason to lay it out again
            self.set_reactive(ScrollView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _go_to(self, row: int) -> None:
        self._is_adjusting = True
        try:
            self.scroll_to(y=max(0, row), animate=False, immediate=True, force=True)
        finally:
            self._is_adjusting = False

    def watch_show_vertical_scrollbar(self, is_shown: bool) -> None:
        """One that has just come was not there to follow."""
        if is_shown:
            self.vertical_scrollbar.position = self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The user scrolled, or we did."""
        # Not as a ScrollView does, which paints the whole view again, also where the same rows stand in it.
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if not self._is_adjusting:
            self._is_following = round(new_value) >= self.max_scroll_y
        self._rows.settle_view(round(new_value), self._view.height)
        if not self._is_adjusting:
            self._paint_changes()
        self._post_moved()

    def on_resize(self, event: events.Resize) -> None:
        """Textual tells of another size."""
        # From the event: where the widget stands on the screen may not be known yet.
        self._fit(Size(event.size.width - self.scrollbar_gutter.width, event.size.height))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual paints."""
        # Of a new size that comes about while it scrolls, Textual 8.2.8 does not always tell.
        if (size := self.scrollable_content_region.size) != self._view and size.width > 0:
            self.call_later(self._fit, size)
        if not self._looked_up().is_plain:
            return super().render_lines(crop)
        rows = self._in_view()
        strips = [self._parted.pop(y, rows[y].strip) for y in crop.line_range if y < len(rows)]
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def _fit(self, view: Size) -> None:
        """Another width wraps what is in view at once and the rest when there is time."""
        self._view = view.with_width(max(1, view.width))
        place = self._rows.locate(self.scroll_offset.y)
        self._rows.set_width(min(self._view.width, WIDEST))
        if self._is_following or place is None:
            self._rows.settle_end(self._view.height)
        else:
            self._rows.settle_view(self._rows.top(place[0]), self._view.height + place[1])
        self._hold(place)
        self._settle()

    def _hold(self, place: tuple[int, int] | None) -> None:
        """After heights have changed: the end, or the row that was at the top, is where it was."""
        self._resize()
        if self._is_following or place is None:
            self._go_to(self._rows.height)
        else:
            index, number = place
            self._go_to(self._rows.top(index) + min(number, self._rows.block(index).height - 1))
        self.refresh()
        self._post_moved()

    def _settle(self) -> None:
        if self._rows.is_settled:
            return
        place = self._rows.locate(self.scroll_offset.y)
        self._rows.settle_some(_SETTLE_BLOCKS)
        self._hold(place)
        self.call_later(self._settle)

    def _post_moved(self) -> None:
        bottom = min(self._rows.height, self.scroll_offset.y + self._view.height)
        self._seen = self._rows.height if self._is_following else min(max(self._seen, bottom), self._rows.height)
        moved = (self._is_following, self._rows.height - self._seen)
        if moved != self._posted:
            self._posted = moved
            self.post_message(self.Moved(*moved))

    # ---------------------------------------------------------------- search

    def _search_again(self, item_id: str) -> None:
        index = self._rows.index_of(item_id) if self._search.is_active else None
        if index is not None:
            before = self._search.of(item_id)
            self._search.look_at(self._rows.block(index))
            if self._search.of(item_id) != before:
                self._post_search()

    def _reveal(self, match: Match) -> None:
        index = self._rows.index_of(match.item_id)
        if index is None:
            return
        block = self._rows.block(index)
        if block.is_cut and block.spans[block.shown_rows - 1][1] < match.end:
            self._add_change(self._rows.open(index, is_open=True))
            self._show_changes()
        row = self._rows.top(index) + self._rows.block(index).number_of(match.start)
        top = self.scroll_offset.y
        if not top + 1 <= row < top + self._view.height - 1:
            self._is_following = False
            self._go_to(row - self._view.height // 3)
            self._is_following = self.scroll_offset.y >= self.max_scroll_y
        self._paint_changes()
        self._post_moved()

    def _post_search(self) -> None:
        self.post_message(self.Searched(*self._search.standing(self._rows.blocks())))

    # ---------------------------------------------------------------- mouse

    def on_click(self, event: events.Click) -> None:
        """On an interrupted turn: show all of what was not heard, or only its beginning."""
        offset = event.get_content_offset(self)
        place = self._rows.locate(self.scroll_offset.y + offset.y) if offset and not self.text_selection else None
        if place is None:
            return
        block = self._rows.block(place[0])
        if block.is_cut or block.is_open:
            self._add_change(self._rows.open(place[0], is_open=not block.is_open))
            self._show_changes()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Textual asks what is selected."""
        return selected_text(self._rows, selection, self._clock), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Textual tells that the selection has changed."""
        self.refresh()

    # ---------------------------------------------------------------- painting

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual's way to say, without regions, that anything may be different."""
        if not regions:
            self._forget_looks()
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self._forget_looks()

    def _forget_looks(self) -> None:
        self._surface = self._painted = None
        self._parted.clear()
        self._painter.forget()

    def _looked_up(self) -> Surface:
        if self._surface is None:
            self._surface = Surface(self)
        return self._surface

    def _in_view(self) -> list[ViewRow]:
        """The rows in view, as Textual has or gets them."""
        if self._painted is None or len(self._painted) != self.size.height:
            self._painted = self._paint()
        return self._painted

    def _paint(self) -> list[ViewRow]:
        is_selecting = self.text_selection is not None
        return self._painter.view(self.scroll_offset.y, self._canvas(), is_selecting=is_selecting)

    def _canvas(self) -> Canvas:
        return Canvas(self.size, self._view.width, self._looked_up(), self._style, self._style(Look.SELECTED))

    def _paint_changes(self) -> None:
        """Have Textual paint what looks otherwise than it did, and nothing else."""
        before = self._painted
        self._parted.clear()
        if before is None:
            return
        painted = self._painted = self._paint()
        if len(before) != len(painted):
            self.refresh()
            return
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(before, painted, strict=True)):
            if old.row != new.row:
                start, end = changed_cells(old.row, new.row)
                self._parted[y] = new.parted(start, end, self._canvas())
                regions.append(Region(start, y, end - start, 1))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One row of the window. Textual's way, for where there is a border."""
        return self._in_view()[y].strip

    def _marks(self, block: Block, number: int, row_number: int) -> list[Mark]:
        marks: list[Mark] = []
        span = block.words_span(number) or (0, 0)
        for match in self._search.of(block.entry.item_id) if number else ():
            look = Look.MATCH_HERE if match == self._search.here else Look.MATCH
            start, end = max(match.start, span[0]) - span[0], min(match.end, span[1]) - span[0]
            marks.append((start + INDENT, end + INDENT, look))
        if (selection := self.text_selection) and (selected := selection.get_span(row_number)):
            start, end = selected
            length = len(plain(block.row(number, self._clock)))
            indent = INDENT if number else 1  # as in what is copied
            marks.append((max(start, min(indent, length)), length if end == -1 else end, Look.SELECTED))
        return marks

    def _style(self, look: Look) -> Style:
        looks = self._looked_up().looks
        if look not in looks:
            name = f"transcript--{look.value}"
            looks[look] = selected_style(self) if look is Look.SELECTED else self.get_component_rich_style(name)
        return looks[look]
