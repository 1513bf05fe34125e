"""The notices so far, with those whose toast is gone: to be scrolled, read again and copied."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from app.ui.notices import NoticeLog, NoticeShown


class NoticesScreen(ModalScreen[None]):
    """The newest is the last, and in view; what comes while it is open is added."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,E,q,enter", "dismiss", "close", show=False),
        Binding("c,C", "copy", "copy", show=False),
        Binding("tab", "events", "events", show=False, priority=True),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
    ]
    AUTO_FOCUS = ""

    dialog = query_one(".dialog", VerticalScroll)

    def __init__(self, log: NoticeLog) -> None:
        super().__init__()
        self._log = log

    def compose(self) -> ComposeResult:
        """A row for each notice."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Notices"
            dialog.border_subtitle = "c copies   Tab events   Esc closes"
            if not self._log.notices:
                yield Static("There was none yet.", classes="notices--none", markup=False)
            for notice in self._log.notices:
                yield _row(notice)

    def on_mount(self) -> None:
        """Begin at the newest."""
        self._log.watcher = lambda notice: self.call_later(self._add, notice)
        self.call_after_refresh(self.action_last)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._log.watcher = None

    async def _add(self, notice: NoticeShown) -> None:
        """One more; it comes into view, unless the user has scrolled away from the end."""
        is_at_end = self.dialog.is_vertical_scroll_end
        await self.dialog.query(".notices--none").remove()
        await self.dialog.mount(_row(notice))
        if is_at_end:
            self.call_after_refresh(self.action_last)

    async def action_events(self) -> None:
        """The other list."""
        self.dismiss()
        await self.run_action("app.events")

    def action_copy(self) -> None:
        """Copy what is selected, or else all of them."""
        text = self.get_selected_text() or self._log.text
        if text:
            self.app.copy_to_clipboard(text)

    def action_scroll(self, rows: int) -> None:
        """A row up or down."""
        self.dialog.scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """A page up or down."""
        self.dialog.scroll_relative(y=pages * max(1, self.dialog.size.height - 1), animate=False)

    def action_first(self) -> None:
        """To the oldest."""
        self.dialog.scroll_home(animate=False)

    def action_last(self) -> None:
        """To the newest."""
        self.dialog.scroll_end(animate=False)


def _row(notice: NoticeShown) -> Horizontal:
    head = Label(notice.head, classes=f"notices--head -{notice.severity}", markup=False)
    return Horizontal(head, Static(notice.text, classes="notices--text", markup=False), classes="notices--row")
