"""Entries in an order that changes: found, added, moved and removed at a cost that hardly grows with their number.

Ids stand in blocks of bounded length, and each id knows its block: what is done to one entry costs a look at one
block and at the lengths of the others. So a talk of ten thousand turns goes on as quickly as it began, whether its
words come at the end, in the middle, or in any other order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Generic, Protocol, TypeVar


class Keyed(Protocol):
    """What has an id of its own, the same for as long as it stands."""

    @property
    def item_id(self) -> str:
        """The id."""


E = TypeVar("E", bound=Keyed)

BLOCK: Final = 256
"""A block that grows beyond twice this is parted."""


class _Block:
    """A run of ids, and how many of them are marked."""

    __slots__ = ("ids", "marked")

    def __init__(self, ids: list[str], marked: int = 0) -> None:
        self.ids, self.marked = ids, marked


class OrderedEntries(Generic[E]):
    """Entries by id and by place. Entries may be marked; the first that is not is found as quickly as any other."""

    def __init__(self, entries: Iterable[E] = ()) -> None:
        """`entries`: what stands there at first, each id once."""
        self._entries: dict[str, E] = {}
        self._blocks: list[_Block] = []
        self._block_of: dict[str, _Block] = {}
        self._marked: set[str] = set()
        for entry in entries:
            self.insert(len(self), entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._entries

    def __iter__(self) -> Iterator[E]:
        return (self._entries[item_id] for block in self._blocks for item_id in block.ids)

    def __getitem__(self, item_id: str) -> E:
        """The entry of an item. Raises KeyError when there is none."""
        return self._entries[item_id]

    def get(self, item_id: str) -> E | None:
        """The entry of an item, if there is one."""
        return self._entries.get(item_id)

    def index(self, item_id: str) -> int:
        """Where the entry stands now. Raises KeyError when there is none."""
        mine, at = self._block_of[item_id], len(self)
        for block in reversed(self._blocks):  # from the end: what changes is nearly always young
            at -= len(block.ids)
            if block is mine:
                break
        return at + mine.ids.index(item_id)

    def before(self, item_id: str) -> Iterator[str]:
        """The ids before this one, the nearest first. Raises KeyError when there is none of this id."""
        return self._from(item_id, -1)

    def after(self, item_id: str) -> Iterator[str]:
        """The ids after this one, the nearest first. Raises KeyError when there is none of this id."""
        return self._from(item_id, 1)

    def insert(self, index: int, entry: E) -> None:
        """Put a new entry at this place (the end, where that is beyond it)."""
        item_id = entry.item_id
        assert item_id not in self._entries
        self._entries[item_id] = entry
        self._put(index, item_id)

    def put(self, index: int, entry: E) -> None:
        """Let the entry stand at this place of what is left without it, whether or not it was there before."""
        if entry.item_id not in self._entries:
            self.insert(index, entry)
            return
        self.replace(entry)
        if self.index(entry.item_id) != index:
            self.move(entry.item_id, index)

    def replace(self, entry: E) -> None:
        """Put an entry in the place of the one with its id, which is there."""
        assert entry.item_id in self._entries
        self._entries[entry.item_id] = entry

    def move(self, item_id: str, index: int) -> None:
        """Take an entry out and put it in again, at this place of what is left."""
        self._take(item_id)
        self._put(index, item_id)

    def remove(self, item_id: str) -> bool:
        """Take an entry out; whether it was there."""
        if item_id not in self._entries:
            return False
        self._take(item_id)
        del self._entries[item_id]
        self._marked.discard(item_id)
        return True

    def mark(self, item_id: str) -> None:
        """Mark an entry that is there."""
        if item_id not in self._marked:
            self._block_of[item_id].marked += 1
            self._marked.add(item_id)

    def is_marked(self, item_id: str) -> bool:
        """Whether the entry is there, and is marked."""
        return item_id in self._marked

    @property
    def first_unmarked(self) -> E | None:
        """The first entry that is not marked."""
        for block in self._blocks:
            if block.marked < len(block.ids):
                return self._entries[next(item_id for item_id in block.ids if item_id not in self._marked)]
        return None

    # ---------------------------------------------------------------- within

    def _from(self, item_id: str, step: int) -> Iterator[str]:
        block = self._block_of[item_id]
        at, number = block.ids.index(item_id) + step, self._blocks.index(block)
        while True:
            while 0 <= at < len(block.ids):
                yield block.ids[at]
                at += step
            number += step
            if not 0 <= number < len(self._blocks):
                return
            block = self._blocks[number]
            at = 0 if step > 0 else len(block.ids) - 1

    def _put(self, index: int, item_id: str) -> None:
        if not self._blocks:
            self._blocks.append(_Block([]))
        number, at = len(self._blocks) - 1, sum(len(block.ids) for block in self._blocks[:-1])
        while number and index < at:
            number -= 1
            at -= len(self._blocks[number].ids)
        block = self._blocks[number]
        block.ids.insert(max(0, index - at), item_id)
        self._block_of[item_id] = block
        block.marked += item_id in self._marked
        if len(block.ids) > 2 * BLOCK:
            self._part(number)

    def _part(self, number: int) -> None:
        block = self._blocks[number]
        later = _Block(block.ids[BLOCK:])
        del block.ids[BLOCK:]
        later.marked = sum(item_id in self._marked for item_id in later.ids)
        block.marked -= later.marked
        for item_id in later.ids:
            self._block_of[item_id] = later
        self._blocks.insert(number + 1, later)

    def _take(self, item_id: str) -> None:
        block = self._block_of.pop(item_id)
        block.ids.remove(item_id)
        block.marked -= item_id in self._marked
        if not block.ids:
            self._blocks.remove(block)
