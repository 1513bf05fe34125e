"""Which of the assistant's items sound, how much of each was received and heard, and which are dead.

An item is dead once it was silenced: what still arrives for it must never sound (protocol reference, section 5.4).
"""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_MS = 48
"""PCM16, mono, 24 kHz."""


@dataclass(slots=True)
class _Item:
    received_bytes: int = 0
    is_complete: bool = False
    has_sounded: bool = False
    is_played: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """An item that was silenced before its end."""

    item_id: str
    heard_ms: int
    received_ms: int


class Playout:
    """The account of the assistant's speech. Items are kept for the session: ids are never reused."""

    def __init__(self) -> None:
        self._items: dict[str, _Item] = {}
        self._sounding: dict[str, None] = {}  # ordered: received and neither played to the end nor dead
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

    def receive(self, response_id: str, item_id: str, size_bytes: int) -> bool:
        """Count speech that came in; whether it may sound."""
        item = self._items.setdefault(item_id, _Item())
        item.received_bytes += size_bytes
        if item_id in self._dead_items or (response_id and response_id in self._dead_responses):
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
        if item is None or item.has_sounded:
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
        self._dead_items.update(ids)
        self._sounding.clear()
        return ids

    def cut(self, item_id: str, heard_ms: int) -> Cut | None:
        """What to truncate after a flush, or None where nothing was missed or nothing was received.

        Never claims more than was received: services refuse that.
        """
        item = self._items.get(item_id)
        received_ms = self.received_ms(item_id)
        if item is None or received_ms == 0 or (item.is_complete and heard_ms >= received_ms):
            return None
        return Cut(item_id, max(0, min(heard_ms, received_ms)), received_ms)
