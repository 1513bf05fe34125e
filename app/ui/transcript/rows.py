"""All entries of the transcript as rows of the present width. Pure.

A change costs what changed: blocks that did not change are not wrapped again, and the tops are counted anew from the
changed block on. After a change of width only what is looked at is wrapped at once; the rest keeps its old height
until `settle` comes round to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

from app.conversation.transcript import Entry
from app.ui.transcript.layout import Block, lay_out
from app.ui.transcript.times import Usual


class Change(Struct, frozen=True):
    """From the row `top` on, `old_height` rows became `new_height` rows; above and below them nothing changed."""

    top: int
    old_height: int
    new_height: int


class TranscriptRows:
    """The blocks in their order, and where each begins."""

    def __init__(self, width: int = 80) -> None:
        self._width = width
        self._blocks: list[Block] = []
        self._ids: set[str] = set()
        self._tops: list[int] = [0]
        self._stale = 0
        """So many blocks may still be wrapped to another width."""

    def __len__(self) -> int:
        return len(self._blocks)

    @property
    def width(self) -> int:
        """Cells of a row."""
        return self._width

    @property
    def height(self) -> int:
        """All rows."""
        return self._tops[-1]

    @property
    def is_settled(self) -> bool:
        """Every block is wrapped to the present width."""
        return not self._stale

    def block(self, index: int) -> Block:
        """A block by its place. Raises IndexError."""
        return self._blocks[index]

    def blocks(self) -> Iterator[Block]:
        """All blocks in order."""
        return iter(self._blocks)

    def top(self, index: int) -> int:
        """The first row of a block."""
        return self._tops[index]

    def locate(self, row: int) -> tuple[int, int] | None:
        """Which block a row belongs to, and its number within; None beyond the end."""
        if not 0 <= row < self.height:
            return None
        index = bisect_right(self._tops, row) - 1
        return index, row - self._tops[index]

    def index_of(self, item_id: str) -> int | None:
        """Where an entry stands; looked for from the end, since what changes is nearly always young."""
        if item_id not in self._ids:
            return None
        for index in range(len(self._blocks) - 1, -1, -1):
            if self._blocks[index].entry.item_id == item_id:
                return index
        return None

    def put(self, entry: Entry, index: int) -> Change:
        """An entry is new, has changed or has moved; it stands at `index` now (at most at the end)."""
        index = max(0, index)
        if index < len(self._blocks) and self._blocks[index].entry.item_id == entry.item_id:
            before = self._blocks[index]
            return self._put_block(index, self._laid_out(entry, before))
        was = self.index_of(entry.item_id)
        moved = self._blocks.pop(was) if was is not None else None
        self._ids.add(entry.item_id)
        index = min(index, len(self._blocks))
        self._blocks.insert(index, self._laid_out(entry, moved))
        self._stale += index < self._stale  # those that wait for `settle_some` moved down by one
        first = index if was is None else min(index, was)
        top, below = self._tops[first], self.height
        self._count(first)
        if was is None:
            return Change(top, 0, self._blocks[index].height)
        return Change(top, below - top, self.height - top)

    def remove(self, item_id: str) -> Change | None:
        """An entry is gone; None when there was none."""
        index = self.index_of(item_id)
        if index is None:
            return None
        change = Change(self._tops[index], self._blocks[index].height, 0)
        del self._blocks[index]
        self._ids.discard(item_id)
        self._count(index)
        return change

    def open(self, index: int, *, is_open: bool) -> Change:
        """Show all of what was not heard of an entry, or only its beginning."""
        before = self._blocks[index]
        block = lay_out(before.entry, self._width, is_open=is_open, usual=before.usual, before=before)
        return self._put_block(index, block)

    def unfold(self, index: int, usual: Usual | None) -> Change:
        """Show the times of an entry beside what is usual, or (None) not."""
        before = self._blocks[index]
        block = lay_out(before.entry, self._width, is_open=before.is_open, usual=usual, before=before)
        return self._put_block(index, block)

    def hear(self, item_id: str, heard_ms: int) -> bool:
        """So much of an entry has sounded; whether another of its words did. No row moves."""
        index = self.index_of(item_id)
        if index is None:
            return False
        before = self._blocks[index]
        block = self._blocks[index] = before.heard_for(heard_ms)
        return block is not before

    def set_width(self, width: int) -> None:
        """Another width: every block is to be wrapped anew, see `settle`."""
        if width != self._width:
            self._width = width
            self._stale = len(self._blocks)

    def settle_view(self, top: int, height: int) -> None:
        """Wrap the blocks in these rows to the present width. Their heights may change, and all tops below."""
        if not self._stale or not self._blocks:
            return
        index = max(0, min(bisect_right(self._tops, top) - 1, len(self._blocks) - 1))
        first, rows = index, self._tops[index] - top
        while index < len(self._blocks) and rows < height:
            self._rewrap(index)
            rows += self._blocks[index].height
            index += 1
        self._count(first)

    def settle_end(self, height: int) -> None:
        """The same for the last rows."""
        if not self._stale:
            return
        index, rows = len(self._blocks), 0
        while index > 0 and rows < height:
            index -= 1
            self._rewrap(index)
            rows += self._blocks[index].height
        self._count(index)

    def settle_some(self, limit: int) -> None:
        """Wrap at most so many more blocks, those nearest to the end first."""
        first = None
        self._stale = min(self._stale, len(self._blocks))
        while limit > 0 and self._stale:
            self._stale -= 1
            if self._rewrap(self._stale):
                first, limit = self._stale, limit - 1
        if first is not None:
            self._count(first)

    def _rewrap(self, index: int) -> bool:
        before = self._blocks[index]
        if before.width == self._width:
            return False
        self._blocks[index] = self._laid_out(before.entry, before)
        return True

    def _laid_out(self, entry: Entry, before: Block | None) -> Block:
        """Opened and unfolded as it was."""
        is_open, usual = (before.is_open, before.usual) if before else (False, None)
        return lay_out(entry, self._width, is_open=is_open, usual=usual, before=before)

    def _put_block(self, index: int, block: Block) -> Change:
        before = self._blocks[index]
        self._blocks[index] = block
        if before.height != block.height:
            self._count(index)
        return Change(self._tops[index], before.height, block.height)

    def _count(self, first: int) -> None:
        """Count the tops anew from a block on."""
        del self._tops[first + 1 :]
        row = self._tops[first]
        for block in self._blocks[first:]:
            row += block.height
            self._tops.append(row)
