"""A part of the settings panel under a heading that opens and closes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from app.settings import Section
from app.ui.widgets.line import StyledLine
from app.ui.widgets.setting_row import SettingRow


class SectionHeading(StyledLine, can_focus=True):
    """`▾ Turn taking`: Enter or a click opens or closes, right opens, left closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask('toggle')", "open or close", show=False),
        Binding("right", "ask('open')", "open", show=False),
        Binding("left", "ask('close')", "close", show=False),
    ]

    class Asked(Message):
        """The section is to be open, or closed."""

        def __init__(self, is_open: bool) -> None:
            super().__init__()
            self.is_open = is_open

    def __init__(self, title: str, is_open: bool) -> None:
        super().__init__(classes="settings-stop")
        self._heading = title
        self._is_open = is_open

    def show(self, is_open: bool) -> None:
        """Show the section as open or closed."""
        self._is_open = is_open
        self._draw()

    def action_ask(self, what: str) -> None:
        """Ask for it to be open or closed."""
        self.post_message(self.Asked(not self._is_open if what == "toggle" else what == "open"))

    def on_click(self) -> None:
        """Open or close."""
        self.action_ask("toggle")

    def on_mount(self) -> None:
        """The heading is there from the beginning."""
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The sign is bright where the user is."""
        super().watch_has_focus(has_focus)
        self._draw()

    def _draw(self) -> None:
        sign = "▾ " if self._is_open else "▸ "
        self.paint([(sign, "accent" if self.has_focus else "dim"), (self._heading, "strong")])


class SettingsSection(Vertical):
    """The rows of one section, made when it is first opened."""

    def __init__(
        self, section: Section, make_rows: Callable[[Section], Sequence[SettingRow]], *, is_open: bool
    ) -> None:
        super().__init__()
        self._section = section
        self._make_rows = make_rows
        self._is_open = is_open
        self._heading = SectionHeading(section.value, is_open)
        self._rows: Sequence[SettingRow] | None = None
        self.set_class(is_open, "-open")

    def compose(self) -> ComposeResult:
        """The heading, and the rows of a section that is open."""
        yield self._heading
        if self._is_open:
            self._rows = self._make_rows(self._section)
            yield from self._rows

    def on_section_heading_asked(self, message: SectionHeading.Asked) -> None:
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
