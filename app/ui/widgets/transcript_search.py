"""A search over the transcript's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.ui.widgets.transcript_layout import Block


@dataclass(frozen=True, slots=True)
class Match:
    """The characters `start` to `end` (not included) of an entry's words."""

    item_id: str
    start: int
    end: int


class TranscriptSearch:
    """Where the words looked for stand, and at which of these places one is. Upper and lower case are the same."""

    def __init__(self) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._matches: dict[str, tuple[Match, ...]] = {}
        self.here: Match | None = None

    @property
    def is_active(self) -> bool:
        """Something is looked for."""
        return self._pattern is not None

    @property
    def count(self) -> int:
        """All places."""
        return sum(len(matches) for matches in self._matches.values())

    def begin(self, text: str, blocks: Iterable[Block]) -> None:
        """Look for these words; for none, stop looking."""
        self._pattern = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self._matches = {}
        self.here = None
        for block in blocks:
            self.look_at(block)

    def look_at(self, block: Block) -> None:
        """An entry is new or has changed."""
        if self._pattern is None:
            return
        item_id = block.entry.item_id
        found = tuple(Match(item_id, m.start(), m.end()) for m in self._pattern.finditer(block.words))
        if found:
            self._matches[item_id] = found
        else:
            self._matches.pop(item_id, None)

    def forget(self, item_id: str) -> None:
        """An entry is gone."""
        self._matches.pop(item_id, None)

    def of(self, item_id: str) -> tuple[Match, ...]:
        """The places in one entry."""
        return self._matches.get(item_id, ())

    def in_order(self, blocks: Iterable[Block]) -> list[Match]:
        """All places from the first to the last."""
        return [match for block in blocks for match in self.of(block.entry.item_id)]

    def step(self, blocks: Iterable[Block], step: int) -> Match | None:
        """Go to the next place (1) or the one before (-1), round and round; the last one first."""
        places = self.in_order(blocks)
        if not places:
            self.here = None
        elif self.here in places:
            self.here = places[(places.index(self.here) + step) % len(places)]
        else:
            self.here = places[-1]
        return self.here

    def number_of_here(self, blocks: Iterable[Block]) -> int:
        """Which of all places one is at, from 1; 0 for none."""
        places = self.in_order(blocks)
        return places.index(self.here) + 1 if self.here in places else 0
