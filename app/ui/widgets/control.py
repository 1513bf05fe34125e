"""What all controls of the settings panel have in common: one row, a value, and a message when the user changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from textual import events
from textual.message import Message

from app.ui.widgets.line import StyledLine

Value: TypeAlias = bool | int | float | str | None
"""What a setting can be."""


class Control(StyledLine, can_focus=True):
    """A value in one row. `show` sets it silently, the user's hands post `Changed`."""

    @dataclass
    class Changed(Message):
        """The user has chosen another value."""

        value: Value

    def __init__(self, value: Value, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._value = value

    @property
    def value(self) -> Value:
        """What is shown."""
        return self._value

    def show(self, value: Value) -> None:
        """Show a value that was set elsewhere; nothing is posted."""
        self._value = value
        self.draw()

    def choose(self, value: Value) -> None:
        """The user wants this value."""
        if value == self._value:
            return
        self.show(value)
        self.post_message(self.Changed(value))

    def draw(self) -> None:
        """Paint the value at the present width."""
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        """Paint at the new width."""
        self.draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Paint with the signs of what can be done, or without them."""
        super().watch_has_focus(has_focus)
        self.draw()
