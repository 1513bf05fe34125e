"""What a conversation wants done. The only way it acts on the world."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from app.conversation.status import Status
from app.conversation.transcript import Entry
from app.protocol.client_events import ClientEvent, InputAppend
from app.protocol.text import flat


class Send(Struct, frozen=True):
    """Say this to the service."""

    event: ClientEvent


class Play(Struct, frozen=True):
    """Let this sound, after what was given before. PCM16, mono, 24 kHz."""

    item_id: str
    pcm: bytes


class FinishPlay(Struct, frozen=True):
    """No more sound will come for the item."""

    item_id: str


class Duck(Struct, frozen=True):
    """Play quieter (negative decibels) or as it is (0)."""

    gain_db: float


class EntryChanged(Struct, frozen=True):
    """An entry is new, has changed or has moved; it stands at `index` now."""

    entry: Entry
    index: int


class EntryRemoved(Struct, frozen=True):
    """An entry turned out to hold nothing, or was deleted."""

    item_id: str


class StatusChanged(Struct, frozen=True):
    """Something of the status is different."""

    status: Status


class Severity(StrEnum):
    """How much a notice matters."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"


class Notice(Struct, frozen=True):
    """One or two sentences for the user. Harmless whatever names are in them: cleaned as it is made."""

    text: str
    severity: Severity = Severity.INFORMATION
    is_remarked: bool = False
    """It stands in the transcript as well, as a line of the program's."""

    def __post_init__(self) -> None:
        force_setattr(self, "text", flat(self.text))


class Interrupted(Struct, frozen=True):
    """The user took the word from the assistant."""


Effect: TypeAlias = Send | Play | FinishPlay | Duck | EntryChanged | EntryRemoved | StatusChanged | Notice | Interrupted
"""Everything a conversation can want."""


class Effects:
    """What a step wants done, in order: every part of a conversation adds to it.

    Each event for the service gets an id of its own, but for sound; a refusal names it. `seed` makes ids unique over
    sessions. Ids of items stay within the 32 characters that services take.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed[:12]
        self._count = 0
        self._effects: list[Effect] = []

    @property
    def are_sound_only(self) -> bool:
        """Nothing but the user's sound is to be sent, if that."""
        return all(isinstance(effect, Send) and isinstance(effect.event, InputAppend) for effect in self._effects)

    def add(self, effect: Effect) -> None:
        """Want this done after what was wanted before."""
        self._effects.append(effect)

    def send(self, event: ClientEvent) -> str:
        """Say this to the service, under the id that is returned."""
        if not isinstance(event, InputAppend):
            event = replace(event, event_id=self._new_id("ev"))
        self.add(Send(event))
        return event.event_id or ""

    def notify(self, text: str, severity: Severity = Severity.WARNING) -> None:
        """Tell the user."""
        self.add(Notice(text, severity))

    def remark(self, text: str, severity: Severity = Severity.WARNING) -> None:
        """Tell the user, and let it stand in the transcript: for what must still be there to read when it is over."""
        self.add(Notice(text, severity, is_remarked=True))

    def advise(self, advice: str) -> None:
        """What the last notice of the step means and what to do; a notice of its own where there is none."""
        for at in range(len(self._effects) - 1, -1, -1):
            notice = self._effects[at]
            if isinstance(notice, Notice):
                end = "" if notice.text.endswith((".", "!", "?", "…")) else "."
                self._effects[at] = replace(notice, text=f"{notice.text}{end} {advice}")
                return
        self.notify(advice)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What of what is wanted is to stand in the transcript."""
        return tuple(each.text for each in self._effects if isinstance(each, Notice) and each.is_remarked)

    def new_item_id(self) -> str:
        """An id for an item that we create."""
        return self._new_id("item")

    def new_remark_id(self) -> str:
        """An id for a line of the program's in the transcript; no service knows it."""
        return self._new_id("remark")

    def take(self) -> list[Effect]:
        """All that was wanted since this was last asked."""
        taken, self._effects = self._effects, []
        return taken

    def _new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._seed}{self._count:x}"


def earliest(*moments_ms: float | None) -> float | None:
    """The first of those deadlines that there are."""
    return min((moment for moment in moments_ms if moment is not None), default=None)
