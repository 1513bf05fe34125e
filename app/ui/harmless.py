"""The one place through which every text passes on its way to the screen: nothing in it is obeyed by the terminal.

What the service says is cleaned where it comes in. Names of files and devices, settings, keys of the settings file
and what is pasted come in elsewhere, and any widget may show them; Textual passes control characters on as they are.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from app.protocol.text import sanitise_text


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
