"""The transcript with what stands around it: the first steps, the line below, and the lines to write in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from app.conversation.transcript import Entry
from app.live.events import SayingAgain
from app.ui.transcript.layout import Clock
from app.ui.transcript.log import TranscriptLog
from app.ui.transcript.text_line import LineInput, TextLine, as_one_line
from app.ui.transcript.turn_log import TurnLog
from app.ui.wording import FirstSteps, KeyOf, saying_line, search_line, waiting_line

_FLASH_S: Final = 2.0


class TranscriptPane(Vertical):
    """Owns the scrolling, the search and the text line."""

    log_view = query_one(TurnLog)
    say = query_one("#say", TextLine)
    search = query_one("#search", TextLine)

    @dataclass
    class Changed(Message):
        """Other keys work now: a line was opened or closed, a search begun or ended."""

    def __init__(self, clock: Clock, key_of: KeyOf, typed: Callable[[str], None]) -> None:
        """`typed` is called with what the user wrote to the assistant, in the moment of the Enter key."""
        super().__init__()
        self._typed = typed
        self._clock, self._key_of = clock, key_of
        self._waiting: int | None = None
        """Rows below the view; None while the end is followed."""
        self._found: tuple[int, int] | None = None
        """Number and count while something is looked for."""
        self._saying: SayingAgain | None = None
        """Which turn is being said again."""
        self._flashed = ""
        self._flashing: Timer | None = None
        self._steps: FirstSteps | None = None
        self._first_steps = Static(markup=False, id="first-steps")
        self._below = Static(markup=False, id="below")

    def compose(self) -> ComposeResult:
        """From the top: the first steps or the entries, the line below, the lines to write in."""
        yield self._first_steps
        yield TurnLog(self._clock, self.open_say)
        yield self._below
        yield TextLine("/", "find in the transcript", self._keep_search, id="search", hands_over=False)
        placeholder = "write to the assistant, Enter sends, Esc closes"
        yield TextLine("›", placeholder, self._send, id="say", hands_over=True)

    def on_mount(self) -> None:
        """An empty transcript shows the first steps."""
        self._show_emptiness()

    # ---------------------------------------------------------------- keys

    async def take_key(self, event: events.Key) -> bool:
        """What the key does in the transcript and its lines, done before the next key is looked at; else False.

        Textual hands a key to what has the focus, which looks at it later: of a burst, `i` and a text, all would be
        handed to the transcript before the line to write in is open, and what follows Enter be part of what it sends.
        """
        focused = self.screen.focused
        if isinstance(focused, LineInput) and event.is_printable and event.character:
            focused.write(event.character)
            return True
        active = self.screen.active_bindings.get(event.key)
        if active is None or not (focused in (None, self.log_view) or isinstance(focused, LineInput)):
            return False
        return await self.app.run_action(active.binding.action, active.node)

    def take_paste(self, text: str) -> bool:
        """Text for the line that is open; where no other place has the keyboard, for the assistant. Else False."""
        focused = self.screen.focused
        if isinstance(focused, LineInput):
            focused.write(as_one_line(text))
        elif focused in (None, self.log_view):
            self.open_say(as_one_line(text))
        else:
            return False
        return True

    # ---------------------------------------------------------------- entries

    def put(self, entry: Entry, index: int) -> None:
        """An entry is new, has changed or has moved."""
        self.log_view.put(entry, index)
        self._show_emptiness()

    def take_out(self, item_id: str) -> None:
        """An entry is gone."""
        self.log_view.take_out(item_id)
        self._show_emptiness()

    def show_first_steps(self, steps: FirstSteps) -> None:
        """What an empty transcript says."""
        if steps == self._steps:
            return
        self._steps = steps
        width = max((cell_len(key) for key, _ in steps.rows), default=0)
        rows = [
            Content.assemble(Content.styled(key.rjust(width), "bold $text-accent"), "  ", meaning)
            for key, meaning in steps.rows
        ]
        self._first_steps.update(Content("\n").join([Content.styled(steps.sentence, "bold"), Content(""), *rows]))

    # ---------------------------------------------------------------- what can be done

    @property
    def is_searching(self) -> bool:
        """Something is looked for, and the steps to the next place work."""
        return self._found is not None

    def open_say(self, text: str = "") -> None:
        """Write to the assistant; `text` is written already."""
        self.say.open(text)
        self.post_message(self.Changed())

    def open_search(self) -> None:
        """Look for words."""
        self.search.open()
        self.post_message(self.Changed())

    @property
    def has_something_open(self) -> bool:
        """A line is open, or something is looked for."""
        return self.search.is_open or self.is_searching or self.say.is_open

    def close_something(self) -> bool:
        """Close a line or end the search; False when there was nothing to close."""
        if not self.has_something_open:
            return False
        before = self._end_search() if self.search.is_open or self.is_searching else self.say.close()
        self.screen.set_focus(before or self.log_view)
        self.post_message(self.Changed())
        return True

    # ---------------------------------------------------------------- messages of the parts

    def _send(self, text: str) -> None:
        if not text:
            self.close_something()
            return
        self.log_view.leave_turn()
        self.log_view.follow()
        self._typed(text)

    @on(Input.Changed, "#search Input")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        if self.search.is_open and event.value == self.search.text:
            self._look_for(event.value)

    def _look_for(self, text: str) -> None:
        found = self.log_view.search(text)
        self._found = found if text else None

    def _keep_search(self, text: str) -> None:
        self._look_for(text)
        if self._found is None or not self._found[1]:
            self._end_search()
        else:
            self.search.display = False
            self._show_below()
        self.focus_log()

    @on(TranscriptLog.Searched)
    def _found_some(self, event: TranscriptLog.Searched) -> None:
        event.stop()
        self._found = (event.number, event.count) if self.search.text else None
        self._show_below()
        self.post_message(self.Changed())

    @on(TurnLog.Taken)
    def _taken(self, event: TurnLog.Taken) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(TranscriptLog.Moved)
    def _moved(self, event: TranscriptLog.Moved) -> None:
        event.stop()
        self._waiting = None if event.is_following else event.waiting
        self._show_below()

    # ---------------------------------------------------------------- within

    def _end_search(self) -> Widget | None:
        before = self.search.close()
        self.log_view.search("")
        self._found = None
        self._show_below()
        return before

    def focus_log(self) -> None:
        """Give the keyboard to the transcript, now: a widget's own `focus` comes after the next key."""
        self.screen.set_focus(self.log_view)
        self.post_message(self.Changed())

    def _show_emptiness(self) -> None:
        is_empty = self.log_view.is_empty
        self._first_steps.display = is_empty
        self.log_view.display = not is_empty
        if not is_empty and not self.screen.focused:
            self.screen.set_focus(self.log_view)

    @property
    def is_saying_again(self) -> bool:
        """A turn is being said again."""
        return self._saying is not None

    def show_saying(self, saying: SayingAgain) -> None:
        """Say which turn is being said again, or, with an empty item, no more."""
        self._saying = saying if saying.item_id else None
        self._show_below()
        self.post_message(self.Changed())

    def flash(self, text: str) -> None:
        """Show a few words below the transcript for a moment."""
        if self._flashing is not None:
            self._flashing.stop()
        self._flashed = text
        self._flashing = self.set_timer(_FLASH_S, self._end_flash)
        self._show_below()

    def _end_flash(self) -> None:
        self._flashed, self._flashing = "", None
        self._show_below()

    def _show_below(self) -> None:
        if self._flashed:
            text = self._flashed
        elif self._saying is not None:
            text = saying_line(self._saying, self.log_view.entry(self._saying.item_id), self._clock, self._key_of)
        elif self._found is not None:
            text = search_line(self.search.text, *self._found, self._key_of, is_typing=self.search.is_open)
        elif self._waiting is not None:
            text = waiting_line(self._waiting, self._key_of)
        else:
            text = ""
        self._below.update(text, layout=False)
        self._below.set_class(bool(text), "-says")
