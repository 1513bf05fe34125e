"""What reaches the terminal beside the widgets' own doing: the window's title, and a filter for every row."""

from __future__ import annotations

from typing import Any, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from app.protocol.text import one_line, sanitise_text

_KEEP, _RESTORE = "\x1b[22;2t", "\x1b[23;2t"
"""xterm's stack of titles; terminals without one ignore it."""


def keep_terminal_title(app: App[Any]) -> None:
    """Have the terminal remember the title it has."""
    _write(app, _KEEP)


def set_terminal_title(app: App[Any], title: str) -> None:
    """Another title (OSC 2)."""
    _write(app, f"\x1b]2;{one_line(title)}\x1b\\")


def restore_terminal_title(app: App[Any]) -> None:
    """Give the terminal its title back, or none."""
    _write(app, f"\x1b]2;\x1b\\{_RESTORE}")


def _write(app: App[Any], sequence: str) -> None:
    # Textual 8 has no call for this; its own clipboard takes the same way. None: not running, or a test.
    if app._driver is not None and not app.is_headless:
        app._driver.write(sequence)


class HarmlessText(LineFilter):
    """Leaves out what a terminal would obey, and blanks where Textual has counted it as wide."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """A row of the screen."""
        return [
            segment if is_harmless(segment.text) else Segment(_harmless(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def is_harmless(text: str) -> bool:
    """Whether all of it may stand in a row of the screen."""
    return text.isprintable() or (sanitise_text(text) == text and "\n" not in text and "\t" not in text)


def _harmless(text: str) -> str:
    return "".join(each if is_harmless(each) else " " * cell_len(each) for each in text)


HARMLESS: Final = HarmlessText()
