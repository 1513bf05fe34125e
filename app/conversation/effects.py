"""What a conversation wants done. The only way it acts on the world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.conversation.status import Status
from app.conversation.transcript import Entry
from app.protocol.client_events import ClientEvent
from app.protocol.text import flat


@dataclass(frozen=True, slots=True)
class Send:
    """Say this to the service."""

    event: ClientEvent


@dataclass(frozen=True, slots=True)
class Play:
    """Let this sound, after what was given before. PCM16, mono, 24 kHz."""

    item_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class FinishPlay:
    """No more sound will come for the item."""

    item_id: str


@dataclass(frozen=True, slots=True)
class Flush:
    """Silence the speaker now, then report what was heard with `Conversation.flushed`.

    Always the last of a step's effects, so the report may be given, and its effects carried out, on the spot.
    """


@dataclass(frozen=True, slots=True)
class Duck:
    """Play quieter (negative decibels) or as it is (0)."""

    gain_db: float


@dataclass(frozen=True, slots=True)
class EntryChanged:
    """An entry is new, has changed or has moved; it stands at `index` now."""

    entry: Entry
    index: int


@dataclass(frozen=True, slots=True)
class EntryRemoved:
    """An entry turned out to hold nothing, or was deleted."""

    item_id: str


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Something of the status is different."""

    status: Status


class Severity(StrEnum):
    """How much a notice matters."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """One or two sentences for the user. Harmless whatever names are in them: cleaned as it is made."""

    text: str
    severity: Severity = Severity.INFORMATION

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", flat(self.text))


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The assistant was just silenced by the user: the moment to say `heard`."""


Effect: TypeAlias = (
    Send | Play | FinishPlay | Flush | Duck | EntryChanged | EntryRemoved | StatusChanged | Notice | Interrupted
)
"""Everything a conversation can want."""
