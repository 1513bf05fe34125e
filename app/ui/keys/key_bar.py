"""The row of keys: what can be pressed now, with the keys as they are bound."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct
from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from app.ui.painting import PaintedRow, Surface

_GAP = 2


class KeyHint(Struct, frozen=True):
    """One key: how it is shown, what it means now (empty: shares the word of the next), what a click presses."""

    shown: str
    word: str
    key: str
    tooltip: str = ""
    is_pinned: bool = False
    """Stands at the right end, and stays longest."""

    @property
    def cells(self) -> int:
        """Its width, the gap after it included."""
        return cell_len(self.shown) + 1 + (cell_len(self.word) + _GAP if self.word else 0)


class KeyBar(PaintedRow):
    """One row, painted; what there is no room for falls off from the right, but for what is pinned there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--word"}

    _hints: tuple[KeyHint, ...] = ()

    def show(self, hints: tuple[KeyHint, ...]) -> None:
        """These keys work now."""
        if hints != self._hints:
            self._hints = hints
            self.repaint()

    @property
    def text(self) -> str:
        """The row in characters."""
        return "".join(segment.text for segment in self.render_line(0)).rstrip()

    def row(self, surface: Surface) -> Strip:
        """The hints in their places."""
        key = self.get_component_rich_style("key-bar--key")
        word = self.get_component_rich_style("key-bar--word")
        segments, at = [], 0
        for start, hint in self._places():
            segments.append(Segment(" " * (start - at), surface.style))
            segments.append(Segment(f"{hint.shown} ", key))
            segments.append(Segment(hint.word, word))
            at = start + cell_len(hint.shown) + 1 + cell_len(hint.word)
        return Strip(segments).adjust_cell_length(self.size.width, surface.style)

    def on_click(self, event: events.Click) -> None:
        """Press the key."""
        if hint := self._at(event.x):
            # Not by way of the screen: on its way up, Textual stops a key at the node that sent it.
            self.app.simulate_key(hint.key)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell about the key under the mouse."""
        hint = self._at(event.x)
        self.tooltip = hint.tooltip if hint else None

    def _at(self, x: int) -> KeyHint | None:
        return next((hint for start, hint in self._places() if start <= x < start + hint.cells - bool(hint.word)), None)

    def _places(self) -> list[tuple[int, KeyHint]]:
        """Which hints there is room for, and where each begins."""
        room = self.size.width - 1
        pinned = [hint for hint in self._hints if hint.is_pinned]
        room_left = room - sum(hint.cells for hint in pinned)
        at = 1
        places: list[tuple[int, KeyHint]] = []
        for hint in self._hints:
            if hint.is_pinned:
                continue
            if at + hint.cells - _GAP > room_left and places:  # the first one stays, whatever it costs
                break
            places.append((at, hint))
            at += hint.cells
        if places and not places[-1][1].word:  # the first of a pair, whose word found no room
            at = places.pop()[0]
        for hint in reversed(pinned):
            room -= hint.cells - _GAP
            if room < at:
                break
            places.append((room, hint))
            room -= _GAP
        return sorted(places, key=lambda place: place[0])
