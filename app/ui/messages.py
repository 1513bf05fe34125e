"""Messages to the main screen: from other threads, and from the settings panel, which is loaded only on demand."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from app.conversation.effects import EntryChanged, StatusChanged
from app.live.events import LiveEvent
from app.live.service_choice import ServiceChoice
from app.ui.settings.controls import Value


@dataclass
class LiveUpdate(Message, bubble=False):
    """Something has happened in the running conversation; the only message that carries its events to the screen."""

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
class ServicesFound(Message, bubble=False):
    """The services that one could go on with."""

    choices: tuple[ServiceChoice, ...]


@dataclass
class DevicesFound(Message, bubble=False):
    """The names of the microphones and speakers of this system."""

    microphones: tuple[str, ...]
    speakers: tuple[str, ...]


@dataclass
class SettingChanged(Message):
    """The user wants another value; it has been checked and has the setting's type."""

    name: str
    value: Value


class SettingsSaveRequested(Message):
    """The changes are to be written to the settings file."""


class SessionRenewalRequested(Message):
    """A new session is to begin, with what this one does not take any more."""


class SettingsClosed(Message):
    """The panel is to be closed."""
