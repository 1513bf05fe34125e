"""What of the transcript's words is found or selected. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from textual.selection import Selection

from app.ui.transcript.layout import INDENT, Block, Clock, plain
from app.ui.transcript.rows import TranscriptRows


class Match(NamedTuple):
    """The characters `start` to `end` (not included) of an entry's words."""

    item_id: str
    start: int
    end: int


class TranscriptSearch:
    """Where the words looked for stand, and at which of these places one is. Upper and lower case are the same.

    Methods that need the order of the entries take all blocks; they look at them only after something has changed.
    """

    def __init__(self) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._matches: dict[str, tuple[Match, ...]] = {}
        self._places: list[Match] | None = []
        """All places in their order; None: to be put in order again."""
        self._number = 0
        """The place where one is, counted from 1; 0: none."""
        self.here: Match | None = None

    @property
    def is_active(self) -> bool:
        """Something is looked for."""
        return self._pattern is not None

    def begin(self, text: str, blocks: Iterable[Block]) -> None:
        """Look for these words; for none, stop looking."""
        self._pattern = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self._matches, self._places, self.here = {}, None, None
        for block in blocks if text else ():
            self.look_at(block)

    def look_at(self, block: Block) -> None:
        """An entry is new, has changed or has moved."""
        if self._pattern is None:
            return
        item_id = block.entry.item_id
        found = tuple(Match(item_id, *m.span()) for m in self._pattern.finditer(block.words))
        before = self._matches.pop(item_id, ())
        if found:
            self._matches[item_id] = found
        if found or before:
            self._places = None

    def forget(self, item_id: str) -> None:
        """An entry is gone."""
        if self._matches.pop(item_id, ()):
            self._places = None

    def of(self, item_id: str) -> tuple[Match, ...]:
        """The places in one entry."""
        return self._matches.get(item_id, ())

    def standing(self, blocks: Iterable[Block]) -> tuple[int, int]:
        """At which of how many places one is, counted from 1; (0, 0): there is none."""
        places = self._ordered(blocks)
        return self._number, len(places)

    def step(self, blocks: Iterable[Block], step: int) -> Match | None:
        """Go to the next place (1) or the one before (-1), round and round; the last one first."""
        places = self._ordered(blocks)
        if not places:
            self._number, self.here = 0, None
            return None
        self._number = (self._number - 1 + step) % len(places) + 1 if self._number else len(places)
        self.here = places[self._number - 1]
        return self.here

    def _ordered(self, blocks: Iterable[Block]) -> list[Match]:
        if self._places is None:
            self._places = [match for block in blocks for match in self.of(block.entry.item_id)]
            self._number = self._places.index(self.here) + 1 if self.here in self._places else 0
        return self._places


def selected_text(rows: TranscriptRows, selection: Selection, clock: Clock) -> str:
    """Without the indent, and with rows that were only wrapped in one line again.

    Offsets of the selection are rows from the top and characters in the row.
    """
    first = max(0, selection.start.y) if selection.start else 0
    last = min(selection.end.y, rows.height - 1) if selection.end else rows.height - 1
    text = ""
    for row in range(first, last + 1):
        place = rows.locate(row)
        if place is None:
            break
        block, number = rows.block(place[0]), place[1]
        start, end = selection.get_span(row) or (0, 0)
        line = plain(block.row(number, clock))
        text += line[max(start, INDENT if number else 1) : None if end == -1 else end].rstrip()
        if row < last:
            text += block.joint(number)
    return text
