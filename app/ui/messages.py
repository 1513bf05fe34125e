"""What reaches the screen from other threads."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from app.conversation.effects import EntryChanged, StatusChanged
from app.live.events import LiveEvent


@dataclass
class LiveUpdate(Message, bubble=False):
    """The running conversation tells this."""

    event: LiveEvent

    def can_replace(self, message: Message) -> bool:
        """Only the newest state of an entry counts, and only the newest status."""
        match self.event, message.event if isinstance(message, LiveUpdate) else None:
            case EntryChanged(one), EntryChanged(other):
                return one.item_id == other.item_id
            case StatusChanged(), StatusChanged():
                return True
        return False


@dataclass
class DevicesFound(Message, bubble=False):
    """The names of the microphones and speakers of this system."""

    microphones: tuple[str, ...]
    speakers: tuple[str, ...]
