"""The transcript as a front end has heard of it."""

from __future__ import annotations

from app.conversation.effects import EntryChanged, EntryRemoved
from app.conversation.transcript import Entry


class Mirror:
    """Entries in order, from the changes that were told. For one thread."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def find(self, item_id: str) -> int | None:
        """Where an item's entry stands; looked for from the end, where things happen."""
        for at in range(len(self.entries) - 1, -1, -1):
            if self.entries[at].item_id == item_id:
                return at
        return None

    def apply(self, event: EntryChanged | EntryRemoved) -> None:
        """Take in one change."""
        match event:
            case EntryRemoved(item_id):
                if (at := self.find(item_id)) is not None:
                    del self.entries[at]
            case EntryChanged(entry, index):
                at = self.find(entry.item_id)
                if at is not None and at == index:
                    self.entries[at] = entry
                    return
                if at is not None:
                    del self.entries[at]
                self.entries.insert(min(index, len(self.entries)), entry)
