"""The transcript with what stands around it: the first steps, the line below, and the lines to write in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.getters import query_one
from textual.message import Message
from textual.widgets import Input, Label, Static

from app.conversation.transcript import Entry
from app.ui.transcript.layout import Clock
from app.ui.transcript.log import TranscriptLog
from app.ui.wording import FirstSteps, KeyOf, search_line, waiting_line


class _LineInput(Input):
    """An input in which Ctrl+C copies what is selected, and otherwise means what it means everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,super+c", "copy_or_quit", show=False)]

    async def action_copy_or_quit(self) -> None:
        """Copy, or quit."""
        if self.selected_text:
            self.action_copy()
        else:
            await self.run_action("app.quit")


class TextLine(Horizontal):
    """A prompt and an input; hidden until `open`."""

    def __init__(self, prompt: str, placeholder: str, *, id: str) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._prompt = Label(prompt, markup=False)
        self._input = _LineInput(placeholder=placeholder, compact=True, select_on_focus=False)
        self.display = False

    def compose(self) -> ComposeResult:
        """Prompt and input, side by side."""
        yield self._prompt
        yield self._input

    @property
    def is_open(self) -> bool:
        """It is on the screen."""
        return self.display

    @property
    def text(self) -> str:
        """What is written in it."""
        return self._input.value

    def open(self) -> None:
        """Show it, and write in it."""
        self.display = True
        self._input.focus()

    def close(self) -> None:
        """Hide it; what was written is gone."""
        self.display = False
        self._input.clear()

    def clear(self) -> None:
        """Empty it."""
        self._input.clear()


class TranscriptPane(Vertical):
    """Owns the scrolling, the search and the text line; what was typed for the assistant is posted as `Typed`."""

    log_view = query_one(TranscriptLog)
    say = query_one("#say", TextLine)
    search = query_one("#search", TextLine)

    @dataclass
    class Typed(Message):
        """The user wrote to the assistant."""

        text: str

    @dataclass
    class Changed(Message):
        """Other keys work now: a line was opened or closed, a search begun or ended."""

    def __init__(self, clock: Clock, key_of: KeyOf) -> None:
        super().__init__()
        self._clock, self._key_of = clock, key_of
        self._waiting: int | None = None
        """Rows below the view; None while the end is followed."""
        self._found: tuple[int, int] | None = None
        """Number and count while something is looked for."""
        self._steps: FirstSteps | None = None
        self._first_steps = Static(markup=False, id="first-steps")
        self._below = Static(markup=False, id="below")

    def compose(self) -> ComposeResult:
        """From the top: the first steps or the entries, the line below, the lines to write in."""
        yield self._first_steps
        yield TranscriptLog(self._clock)
        yield self._below
        yield TextLine("/", "find in the transcript", id="search")
        yield TextLine("›", "write to the assistant, Enter sends, Esc closes", id="say")

    def on_mount(self) -> None:
        """An empty transcript shows the first steps."""
        self._show_emptiness()

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

    def open_say(self) -> None:
        """Write to the assistant."""
        self.say.open()
        self.post_message(self.Changed())

    def open_search(self) -> None:
        """Look for words."""
        self.search.open()
        self.post_message(self.Changed())

    def close_something(self) -> bool:
        """Close a line or end the search; False when there was nothing to close."""
        if self.search.is_open or self.is_searching:
            self._end_search()
        elif self.say.is_open:
            self.say.close()
        elif self.screen.selections:
            self.screen.clear_selection()
        else:
            return False
        self.focus_log()
        return True

    # ---------------------------------------------------------------- messages of the parts

    @on(Input.Submitted, "#say Input")
    def _send(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            self.close_something()
            return
        self.say.clear()
        self.log_view.follow()
        self.post_message(self.Typed(text))

    @on(Input.Changed, "#search Input")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        if self.search.is_open:
            self.log_view.search(event.value)

    @on(Input.Submitted, "#search Input")
    def _keep_search(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value or not self._found or not self._found[1]:
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

    @on(TranscriptLog.Moved)
    def _moved(self, event: TranscriptLog.Moved) -> None:
        event.stop()
        self._waiting = None if event.is_following else event.waiting
        self._show_below()

    # ---------------------------------------------------------------- within

    def _end_search(self) -> None:
        self.search.close()
        self.log_view.search("")
        self._found = None
        self._show_below()

    def focus_log(self) -> None:
        """Give the keyboard to the transcript."""
        self.log_view.focus()
        self.post_message(self.Changed())

    def _show_emptiness(self) -> None:
        is_empty = self.log_view.is_empty
        self._first_steps.display = is_empty
        self.log_view.display = not is_empty
        if not is_empty and not self.screen.focused:
            self.log_view.focus()

    def _show_below(self) -> None:
        if self._found is not None:
            text = search_line(self.search.text, *self._found, self._key_of, is_typing=self.search.is_open)
        elif self._waiting is not None:
            text = waiting_line(self._waiting, self._key_of)
        else:
            text = ""
        self._below.update(text, layout=False)
        self._below.set_class(bool(text), "-says")
