"""The transcript as a front end has heard of it."""

from __future__ import annotations

from app.conversation.effects import EntryChanged, EntryRemoved
from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry


class Mirror(OrderedEntries[Entry]):
    """Entries in order, from the changes that were told. For one thread."""

    def apply(self, event: EntryChanged | EntryRemoved) -> None:
        """Take in one change."""
        match event:
            case EntryRemoved(item_id):
                self.remove(item_id)
            case EntryChanged(entry, index):
                if entry.item_id not in self:
                    self.insert(index, entry)
                    return
                self.replace(entry)
                if self.index(entry.item_id) != index:
                    self.move(entry.item_id, index)
