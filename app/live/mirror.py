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
                self.put(index, entry)
