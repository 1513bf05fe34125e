"""What the screen hears of the running conversation: one message for each kind of LiveEvent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from textual.message import Message

from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, StatusChanged
from app.conversation.status import Status
from app.conversation.transcript import Entry
from app.live.events import Ended, ExampleOffered, LiveEvent, SoundChecked
from app.live.sound_check import CheckStep


class LiveMessage(Message, bubble=False):
    """Any of them. Posted to the program, which can be done from any thread; it passes them on to its main screen."""


@dataclass
class EntryTold(LiveMessage, bubble=False):
    """An entry is new, has changed or has moved; it stands at `index` now."""

    entry: Entry
    index: int

    def can_replace(self, message: Message) -> bool:
        """Only the newest state of an entry counts."""
        return isinstance(message, EntryTold) and message.entry.item_id == self.entry.item_id


@dataclass
class EntryGone(LiveMessage, bubble=False):
    """An entry was removed."""

    item_id: str


@dataclass
class StatusTold(LiveMessage, bubble=False):
    """Something of the status is different."""

    status: Status

    def can_replace(self, message: Message) -> bool:
        """Only the newest status counts."""
        return isinstance(message, StatusTold)


@dataclass
class Noticed(LiveMessage, bubble=False):
    """One or two sentences for the user."""

    notice: Notice


@dataclass
class UserInterrupted(LiveMessage, bubble=False):
    """The assistant was just silenced by the user."""


@dataclass
class ExampleTold(LiveMessage, bubble=False):
    """The example's next question, or None when there is none."""

    text: str | None


@dataclass
class CheckTold(LiveMessage, bubble=False):
    """The sound check has come to this step."""

    step: CheckStep


@dataclass
class DevicesFound(LiveMessage, bubble=False):
    """The names of the microphones and speakers of this system."""

    microphones: tuple[str, ...]
    speakers: tuple[str, ...]


@dataclass
class ConversationEnded(LiveMessage, bubble=False):
    """The conversation is over."""

    ended: Ended


def message_of(event: LiveEvent) -> Message:
    """The message that carries an event to the screen."""
    match event:
        case EntryChanged(entry, index):
            return EntryTold(entry, index)
        case EntryRemoved(item_id):
            return EntryGone(item_id)
        case StatusChanged(status):
            return StatusTold(status)
        case Notice():
            return Noticed(event)
        case Interrupted():
            return UserInterrupted()
        case ExampleOffered(text):
            return ExampleTold(text)
        case SoundChecked(step):
            return CheckTold(step)
        case Ended():
            return ConversationEnded(event)
        case _:
            assert_never(event)
