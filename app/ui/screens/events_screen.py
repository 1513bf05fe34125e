"""The events of the wire as they come: without sound and secrets, to be filtered, looked at and copied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from app.protocol.wire_event import WireEvent

_LOOKS_HZ: Final = 4
_MOST_ROWS: Final = 2_000


def fits(event: WireEvent, words: str) -> bool:
    """All words occur in it."""
    text = f"{event.line} {event.detail}".casefold()
    return all(word in text for word in words.casefold().split())


class EventsScreen(ModalScreen[None]):
    """The newest is the last, and followed until one goes up; what the chosen one says stands below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", show=False),
        Binding("E,q", "dismiss", "close", show=False),
        Binding("slash", "filter", "filter", show=False),
        Binding("c", "copy", "copy the event", show=False),
        Binding("C", "copy_all", "copy all that are shown", show=False),
        Binding("end", "follow", "to the newest, and follow", show=False),
        Binding("tab", "notices", "notices", show=False, priority=True),
    ]
    AUTO_FOCUS = "#events"

    filter = query_one("#event-filter", Input)
    rows = query_one("#events", OptionList)
    detail = query_one("#event-detail", Static)

    def __init__(self, events_after: Callable[[int], tuple[WireEvent, ...]]) -> None:
        """`events_after` gives the newest events from a number on."""
        super().__init__()
        self._events_after = events_after
        self._events: list[WireEvent] = []
        self._shown: list[WireEvent] = []
        self._next = 0
        self._is_following = True

    def compose(self) -> ComposeResult:
        """The filter, the list, and what the chosen one says."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Events"
            dialog.border_subtitle = "/ filter  c copy  C copy all  End follows  Tab notices  Esc closes"
            yield Input(placeholder="filter: words of the type or the text", id="event-filter", compact=True)
            yield OptionList(id="events", compact=True)
            with VerticalScroll(id="event-detail-scroll"):
                yield Static(id="event-detail", markup=False)

    def on_mount(self) -> None:
        """What there is, and then what comes."""
        self._look()
        self.set_interval(1 / _LOOKS_HZ, self._look, name="events")

    def _look(self) -> None:
        """Take what is new; a run of sound that has grown takes the place of what it was."""
        found = self._events_after(self._next)
        if not found:
            return
        self._next = found[-1].number + 1
        grown = bool(self._events) and found[0].at == self._events[-1].at and found[0].kind != self._events[-1].kind
        if grown:
            self._events.pop()
            if self._shown and self._shown[-1].at == found[0].at:
                self._shown.pop()
                self.rows.remove_option_at_index(self.rows.option_count - 1)
        self._events.extend(found)
        if len(self._events) > _MOST_ROWS:
            del self._events[: len(self._events) - _MOST_ROWS]
            self._show_all()
        else:
            self._add(found)

    def _add(self, events: tuple[WireEvent, ...] | list[WireEvent]) -> None:
        fitting = [event for event in events if fits(event, self.filter.value)]
        self._shown.extend(fitting)
        self.rows.add_options([_row(event) for event in fitting])
        if self._is_following and self._shown:
            self.rows.highlighted = len(self._shown) - 1

    @on(Input.Changed, "#event-filter")
    def _show_all(self) -> None:
        self.rows.clear_options()
        self._shown.clear()
        self._is_following = True
        self._add(self._events)
        if not self._shown:
            self.detail.update("Nothing yet." if not self._events else "Nothing fits.")

    @on(OptionList.OptionHighlighted, "#events")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._shown):
            self._is_following = event.option_index == len(self._shown) - 1
            chosen = self._shown[event.option_index]
            self.detail.update(chosen.detail or chosen.kind)

    @on(Input.Submitted, "#event-filter")
    def _filtered(self) -> None:
        self.rows.focus()

    def action_filter(self) -> None:
        """Write what to filter by."""
        self.filter.focus()

    def action_follow(self) -> None:
        """To the newest, and stay there."""
        self._is_following = True
        if self._shown:
            self.rows.highlighted = len(self._shown) - 1

    def action_copy(self) -> None:
        """The chosen one, as JSON."""
        at = self.rows.highlighted
        if at is not None and at < len(self._shown):
            self._copy(self._shown[at].detail or self._shown[at].kind, "the event")

    def action_copy_all(self) -> None:
        """All that are shown, one below the other."""
        text = "\n".join(f"{_time(event)} {event.line}\n{event.detail}".rstrip() for event in self._shown)
        if text:
            self._copy(text, f"{len(self._shown):,} events")

    def _copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {what} ({len(text):,} characters).", markup=False, timeout=3)

    async def action_notices(self) -> None:
        """The other list."""
        self.dismiss()
        await self.run_action("app.notices")

    def action_leave(self) -> None:
        """From the filter to the list; from there, close."""
        if self.filter.has_focus:
            self.rows.focus()
        else:
            self.dismiss()


def _time(event: WireEvent) -> str:
    return datetime.fromtimestamp(event.at).strftime("%H:%M:%S.%f")[:-3]


def _row(event: WireEvent) -> Text:
    return Text.assemble((f"{_time(event)} ", "dim"), event.line)
