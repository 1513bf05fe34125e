"""A line to write in, for the assistant or for a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label


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

    @dataclass
    class Sent(Message):
        """Enter was pressed."""

        line: TextLine
        text: str

        @property
        def control(self) -> TextLine:
            """Whose message it is."""
            return self.line

    @dataclass
    class Edited(Message):
        """The text is another."""

        line: TextLine
        text: str

        @property
        def control(self) -> TextLine:
            """Whose message it is."""
            return self.line

    def __init__(self, prompt: str, placeholder: str, *, id: str) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._prompt = Label(prompt, markup=False, classes="text-line--prompt")
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

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Sent(self, event.value))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Edited(self, event.value))
