"""All settings as rows in sections, with what is worth knowing about the one in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from app.conversation.standing import Standing
from app.conversation.status import Status
from app.settings import SETTINGS, Loaded, Section, SettingError, checked
from app.ui.messages import (
    SessionRenewalRequested,
    SettingChanged,
    SettingsClosed,
    SettingsSaveRequested,
)
from app.ui.meters.status_line import Piece, laid_out
from app.ui.painting import LOOKS, Run, StyledLine, Surface, painted
from app.ui.settings.controls import Field, Slider, Value
from app.ui.settings.marks import facts, is_in_effect, mark, standing_of, value_of
from app.ui.settings.setting_row import SettingRow
from app.ui.transcript.wrapping import wrap


class SettingHelp(Widget):
    """Paragraphs, wrapped; what has no room is cut off at the end.

    Painted rather than laid out: a new text under a panel of a hundred rows must not lay out the screen again.
    """

    _paragraphs: tuple[Run, ...] = ()

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


class SectionHeading(StyledLine, can_focus=True):
    """`▾ Turn taking`: Enter or a click opens or closes, right opens, left closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask('toggle')", "open or close", show=False),
        Binding("right", "ask('open')", "open", show=False),
        Binding("left", "ask('close')", "close", show=False),
    ]

    @dataclass
    class OpenRequested(Message):
        """The section is to be open, or closed."""

        is_open: bool

    def __init__(self, title: str, is_open: bool) -> None:
        super().__init__(classes="settings-stop")
        self._heading, self._is_open = title, is_open

    def show(self, is_open: bool) -> None:
        """Show the section as open or closed."""
        self._is_open = is_open
        self.draw()

    def action_ask(self, what: str) -> None:
        """Ask for it to be open or closed."""
        self.post_message(self.OpenRequested(not self._is_open if what == "toggle" else what == "open"))

    def on_click(self) -> None:
        """Open or close."""
        self.action_ask("toggle")

    def watch_has_focus(self, has_focus: bool) -> None:
        """The sign is bright where the user is."""
        super().watch_has_focus(has_focus)
        self.draw()

    def draw(self) -> None:
        """The sign, bright where the user is, and the title."""
        sign = "▾ " if self._is_open else "▸ "
        self.paint([(sign, "accent" if self.has_focus else "dim"), (self._heading, "strong")])


class SettingsSection(Vertical):
    """The rows of one section, made when it is first opened."""

    def __init__(
        self, section: Section, make_rows: Callable[[Section], Sequence[SettingRow]], *, is_open: bool
    ) -> None:
        super().__init__()
        self._section, self._make_rows, self._is_open = section, make_rows, is_open
        self._heading = SectionHeading(section.value, is_open)
        self._rows: Sequence[SettingRow] | None = None
        self.set_class(is_open, "-open")

    def compose(self) -> ComposeResult:
        """The heading, and the rows of a section that is open."""
        yield self._heading
        if self._is_open:
            self._rows = self._make_rows(self._section)
            yield from self._rows

    def on_section_heading_open_requested(self, message: SectionHeading.OpenRequested) -> None:
        """Open or close."""
        message.stop()
        self._is_open = message.is_open
        self._heading.show(self._is_open)
        self.set_class(self._is_open, "-open")
        if self._rows is None and self._is_open:
            self._rows = self._make_rows(self._section)
            self.mount(*self._rows)
        for row in self._rows or ():
            row.display = self._is_open
        if self._is_open:
            self.call_after_refresh(self._bring_into_view)

    def _bring_into_view(self) -> None:
        """All of it, or as much as there is room for from its heading on."""
        rows = self.parent
        if isinstance(rows, SettingRows):
            rows.scroll_to_region(self.virtual_region, top=self.size.height > rows.size.height, animate=False)


_OPEN_AT_FIRST: Final = frozenset({Section.TURNS, Section.VOICE})
_WIDE_CELLS: Final = 66
"""The columns that app.tcss gives a wide panel, and the scrollbar."""
_SLIM_CELLS: Final = 44
"""Fewer columns have no room for the longest title beside a control."""
_SHORT_ROWS: Final = 16
_PAGE_ROWS: Final = 10


class SettingRows(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The part that scrolls; up and down move the focus instead, and it follows."""


class SettingsPanel(Vertical):
    """The settings, from their declaration. It keeps none: it shows what it is given and tells what the user wants."""

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "previous row", show=False),
        Binding("down", "move(1)", "next row", show=False),
        Binding("pageup", f"move(-{_PAGE_ROWS})", "ten rows up", show=False),
        Binding("pagedown", f"move({_PAGE_ROWS})", "ten rows down", show=False),
        Binding("home", "end(0)", "first row", show=False),
        Binding("end", "end(-1)", "last row", show=False),
        Binding("backspace,d", "reset", "back to the default", show=False),
        Binding("ctrl+s", "save", "save the settings", show=False),
        Binding("ctrl+n", "renew", "begin a new session", show=False),
        Binding("escape", "close", "close the settings", show=False),
    ]

    header = query_one("#settings-header", StyledLine)
    help_area = query_one(SettingHelp)

    def __init__(
        self,
        loaded: Loaded,
        status: Status,
        *,
        suggestions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`suggestions` are values to choose from for settings that are texts: voices, devices, themes."""
        super().__init__()
        self._loaded, self._status = loaded, status
        self._unsaved: Set[str] = frozenset()
        self._suggestions = dict(suggestions or {})
        self._row: SettingRow | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        """Header, sections, help."""
        yield StyledLine(id="settings-header")
        with SettingRows():
            for section in Section:
                yield SettingsSection(section, self._make_rows, is_open=section in _OPEN_AT_FIRST)
        yield SettingHelp()

    def show_settings(self, loaded: Loaded, status: Status, unsaved: Set[str] = frozenset()) -> None:
        """Show what holds now: the values in `loaded`, what the service has confirmed, what is not in the file yet.

        Moves no focus and posts nothing.
        """
        self._loaded, self._status, self._unsaved = loaded, status, frozenset(unsaved)
        if self.is_mounted:
            self._show_rows()
            self._show_help()
            self._show_header()

    def suggest(self, name: str, values: Sequence[str]) -> None:
        """Values to choose from for a setting that is a text."""
        self._suggestions[name] = tuple(values)
        for row in self.query(SettingRow):
            if row.setting.name == name:
                row.suggest(values)

    def focus_first(self) -> None:
        """Put the focus on the first row."""
        self.query(SettingRow).first().control.focus()

    def on_mount(self) -> None:
        """Show what was given before there was a screen."""
        self._show_rows()
        self._show_help()

    def on_resize(self, event: events.Resize) -> None:
        """Wider columns where there is room, less help where there is little."""
        self.set_class(event.size.width >= _WIDE_CELLS, "-wide")
        self.set_class(event.size.width < _SLIM_CELLS, "-slim")
        self.set_class(event.size.height < _SHORT_ROWS, "-short")
        self._show_header()

    def on_setting_row_looked(self, message: SettingRow.Looked) -> None:
        """Tell about the row the user is at."""
        message.stop()
        if message.row is not self._row or message.row.editing:
            self._problem = ""
        self._row = message.row
        self._show_help()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """On a heading there is nothing to tell of a row."""
        if isinstance(event.widget, SectionHeading):
            self._row = None
            self._show_help()

    def on_setting_row_edited(self, message: SettingRow.Edited) -> None:
        """Check it, and pass it on or say what is wrong with it."""
        message.stop()
        self._take(message.row, message.value)

    def action_move(self, steps: int) -> None:
        """So many rows or headings on. One step from the last leads to the first; more stop at the end."""
        stops = self._stops()
        at = next((at for at, stop in enumerate(stops) if stop.has_focus), 0) + steps
        if stops:
            stops[at % len(stops) if abs(steps) == 1 else min(max(at, 0), len(stops) - 1)].focus()

    def action_end(self, at: int) -> None:
        """To the first row, or the last."""
        if stops := self._stops():
            stops[at].focus()

    def _stops(self) -> list[Widget]:
        """What the keyboard can be on: rows and headings that are shown."""
        return [stop for stop in self.screen.focus_chain if stop.has_class("settings-stop")]

    def action_reset(self) -> None:
        """The row in hand back to its default."""
        if self._row is not None and not self._row.editing:
            self._row.control.choose(self._row.setting.default)

    def action_renew(self) -> None:
        """Ask for a new session."""
        self.post_message(SessionRenewalRequested())

    def action_save(self) -> None:
        """Keep what is being typed, and ask for everything to be saved."""
        for row in self.query(SettingRow):
            text = row.take_editor()
            if text is not None:
                self._take(row, text)
        self.post_message(SettingsSaveRequested())

    def action_close(self) -> None:
        """Ask to be closed."""
        self.post_message(SettingsClosed())

    def _take(self, row: SettingRow, wanted: Value) -> None:
        self._row, setting = row, row.setting
        try:
            value: Value = checked(setting.name, wanted, setting.about.title)
        except SettingError as error:
            self._problem = str(error)
            self._show_row(row)
        else:
            self._problem = ""
            row.control.show(value)  # at once; what is given next decides
            if value != value_of(setting, self._loaded.settings):
                self.post_message(SettingChanged(setting.name, value))
        self._show_help()

    def _make_rows(self, section: Section) -> Sequence[SettingRow]:
        rows = [
            SettingRow(setting, value_of(setting, self._loaded.settings), self._suggestions.get(setting.name, ()))
            for setting in SETTINGS.values()
            if setting.about.section is section and not setting.about.is_secret
        ]
        for row in rows:
            self._show_row(row)
        return rows

    def _show_rows(self) -> None:
        for row in self.query(SettingRow):
            self._show_row(row)

    def _show_row(self, row: SettingRow) -> None:
        settings, setting = self._loaded.settings, row.setting
        row.show(
            value_of(setting, settings),
            mark(setting, settings, self._status, self._unsaved),
            is_in_effect=is_in_effect(setting.name, settings) and not self._is_lacking(setting.name),
        )

    def _is_lacking(self, name: str) -> bool:
        """The service is known to have no such thing."""
        standing = standing_of(name, self._status)
        return standing is not None and standing.standing is Standing.LACKING

    def _show_header(self) -> None:
        unsaved = f"{len(self._unsaved)} not saved" if self._unsaved else ""
        left = (Piece("Settings", 1, "strong"),)
        right = (Piece(unsaved, 3, "warning"), Piece("esc closes", 2, "dim"))
        self.header.paint(laid_out(left, right, self.header.size.width))

    def _show_help(self) -> None:
        row = self._row
        if row is None:
            self.help_area.show([("enter opens or closes  ctrl+s save", "dim")])
            return
        about: Run = (self._problem, "error") if self._problem else (row.setting.about.help, "plain")
        known = facts(row.setting, self._loaded, self._unsaved, self._status)
        self.help_area.show([about, (known, "dim"), (_keys(row), "dim")])


def _keys(row: SettingRow) -> str:
    match row.editing:
        case "line":
            return "enter keeps  esc puts back"
        case "text":
            return "esc ends and keeps  ctrl+z undoes"
        case _:
            what = "←→ change"
            if isinstance(row.control, Field):
                what = "enter edits"
            elif isinstance(row.control, Slider):
                what = "←→ change  digits type"
            return f"{what}  d default  ctrl+s save"
