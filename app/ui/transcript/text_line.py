"""The lines to write in below the transcript. Each is open, and has the keyboard, from the key on that opens it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Label

_REMEMBERED: Final = 100


def as_one_line(text: str) -> str:
    """A text of several lines, in one."""
    return re.sub(r"[\r\n\t\v\f]+ *", " ", text.rstrip("\r\n"))


class Recall:
    """What was written before, newest last, and which of it is looked at."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._at = 0
        self._draft = ""

    def add(self, text: str) -> None:
        """It was written; the next look begins at it."""
        if self._texts[-1:] != [text]:
            self._texts = [*self._texts, text][-_REMEMBERED:]
        self._at, self._draft = len(self._texts), ""

    def step(self, by: int, written: str) -> str | None:
        """An older (-1) or newer (1) text; what is being written stands after the newest. None: there is no such."""
        to = self._at + by
        if not 0 <= to <= len(self._texts):
            return None
        if self._at == len(self._texts):
            self._draft = written
        self._at = to
        return self._draft if to == len(self._texts) else self._texts[to]


class LineInput(Input):
    """An input in which Ctrl+C copies what is selected, and otherwise means what it means everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,super+c", "copy_or_quit", show=False),
        Binding("up", "recall(-1)", "what was written before", show=False),
        Binding("down", "recall(1)", "what was written after it", show=False),
    ]

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False)
        self.cursor_blink = False  # else the program wakes twice a second for it
        self.recall = Recall()

    async def action_copy_or_quit(self) -> None:
        """Copy, or quit."""
        if self.selected_text:
            self.action_copy()
        else:
            await self.run_action("app.copy_or_quit")

    def action_recall(self, by: int) -> None:
        """Write what was written before, or after that."""
        text = self.recall.step(by, self.value)
        if text is not None:
            self.value = text
            self.cursor_position = len(text)

    async def action_submit(self) -> None:
        """Hand it over."""
        if isinstance(self.parent, TextLine):
            self.parent.submit()

    def write(self, text: str) -> None:
        """At the cursor, in place of what is selected."""
        self.replace(text, *self.selection)


class TextLine(Horizontal):
    """A prompt and an input; hidden until `open`. What is written is kept until it was handed over or `clear`."""

    def __init__(
        self,
        prompt: str,
        placeholder: str,
        submitted: Callable[[str], None],
        *,
        id: str,  # noqa: A002  (Textual's name)
        hands_over: bool,
    ) -> None:
        """`submitted` is called with what was written in the moment of the Enter key: a message would come after what
        the next key does. `hands_over`: Enter takes the text out of the line, unless `keeps` is set."""
        super().__init__(id=id)
        self._prompt = Label(prompt, markup=False)
        self._input = LineInput(placeholder)
        self._submitted = submitted
        self._hands_over = hands_over
        self._before: Widget | None = None
        self.keeps = False
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

    def open(self, text: str = "") -> None:
        """Show it, and write in it, from this very moment on; `text` is written already."""
        if not self.display:
            self._before = self.screen.focused
        self.display = True
        self.screen.set_focus(self._input)
        if text:
            self._input.write(text)

    def close(self) -> Widget | None:
        """Hide it; what had the keyboard before it was opened, if that is still there."""
        self.display = False
        self._input.clear()
        before, self._before = self._before, None
        return before if before is not None and before.is_attached and before.focusable else None

    def submit(self) -> None:
        """As Enter does."""
        text = self.text.strip()
        if text and self._hands_over and not self.keeps:
            self._input.recall.add(text)
            self._input.clear()
        self._submitted(text)
