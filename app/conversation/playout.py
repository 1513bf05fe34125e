"""Which of the assistant's items sound, how much of each was received and heard, and which are dead.

An item is dead once it was silenced: what still arrives for it must never sound (protocol reference, section 5.4).
"""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_MS = 48
"""PCM16, mono, 24 kHz."""


@dataclass(slots=True)
class _Item:
    response_id: str = ""
    received_bytes: int = 0
    is_complete: bool = False
    has_sounded: bool = False
    is_played: bool = False
    is_settled: bool = False
    """Silenced, and it is known how much of it was heard."""


class Playout:
    """The account of the assistant's speech. Items are kept for the session: ids are never reused."""

    def __init__(self) -> None:
        self._items: dict[str, _Item] = {}
        self._sounding: dict[str, None] = {}  # ordered: received and neither played to the end nor dead
        self._open: dict[str, dict[str, None]] = {}  # by response: its items with speech, until it is done
        self._dead_items: set[str] = set()
        self._dead_responses: set[str] = set()

    @property
    def is_sounding(self) -> bool:
        """Whether anything was received that has not been heard to its end."""
        return bool(self._sounding)

    def received_ms(self, item_id: str) -> int:
        """Speech received for an item so far."""
        item = self._items.get(item_id)
        return item.received_bytes // BYTES_PER_MS if item else 0

    def is_dead(self, response_id: str, item_id: str) -> bool:
        """Whether what arrives for this item of this response comes too late to be heard."""
        return item_id in self._dead_items or response_id in self._dead_responses

    def receive(self, response_id: str, item_id: str, size_bytes: int) -> bool:
        """Count speech that came in; whether it may sound."""
        item = self._items.setdefault(item_id, _Item(response_id))
        item.received_bytes += size_bytes
        self._open.setdefault(item.response_id, {})[item_id] = None
        if self.is_dead(response_id, item_id):
            self._dead_items.add(item_id)
            return False
        if size_bytes:
            item.is_played = False
            self._sounding[item_id] = None
        return bool(size_bytes)

    def complete(self, item_id: str) -> bool:
        """No more speech comes for the item; whether that is news."""
        item = self._items.get(item_id)
        if item is None or item.is_complete:
            return False
        item.is_complete = True
        if item.is_played:
            self._sounding.pop(item_id, None)
        return True

    def is_over(self, item_id: str) -> bool:
        """Whether all of the item's speech was received and heard."""
        item = self._items.get(item_id)
        return item is not None and item.is_complete and item.is_played

    def kill_response(self, response_id: str) -> None:
        """Whatever else arrives for this response must not sound."""
        if response_id:
            self._dead_responses.add(response_id)

    def started(self, item_id: str) -> bool:
        """The item's first sound left the speaker; whether that is news."""
        item = self._items.get(item_id)
        if item is None or item.has_sounded or item_id in self._dead_items:
            return False
        item.has_sounded = True
        return True

    def played_out(self, item_id: str) -> bool:
        """All that was received was heard; whether the item is over with that."""
        item = self._items.get(item_id)
        if item is None or item.is_played or item_id in self._dead_items:
            return False
        item.is_played = True
        if item.is_complete:
            self._sounding.pop(item_id, None)
        return item.is_complete

    def silence(self) -> tuple[str, ...]:
        """Everything that sounds or waits is dead from now on; the ids, oldest first."""
        ids = tuple(self._sounding)
        for item_id in ids:
            self.kill_item(item_id)
        return ids

    def kill_item(self, item_id: str) -> None:
        """Whatever else arrives for this item must not sound."""
        self._dead_items.add(item_id)
        self._sounding.pop(item_id, None)

    def take_items(self, response_id: str | None) -> list[str]:
        """The items with speech of a response that is done now; None: of all that have begun."""
        if response_id is not None:
            return list(self._open.pop(response_id, {}))
        opened, self._open = self._open, {}
        return [item_id for items in opened.values() for item_id in items]

    def is_unsettled(self, item_id: str) -> bool:
        """Whether the item is dead and nobody has said yet how much of it was heard."""
        item = self._items.get(item_id)
        return item is not None and item_id in self._dead_items and not item.is_settled

    def is_complete(self, item_id: str) -> bool:
        """Whether no more speech comes for the item."""
        item = self._items.get(item_id)
        return item is not None and item.is_complete

    def cut(self, item_id: str, heard_ms: int) -> int | None:
        """Where to truncate a silenced item; None where nothing was missed or nothing was received.

        Never claims more than was received: services refuse that.
        """
        item = self._items.get(item_id)
        received_ms = self.received_ms(item_id)
        if item is None or received_ms == 0:
            return None
        item.is_settled = True
        return None if item.is_complete and heard_ms >= received_ms else max(0, min(heard_ms, received_ms))
