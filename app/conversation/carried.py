"""What a session hands on to the one that follows it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from app.conversation.effects import Effects
from app.conversation.transcript import Entry, Party
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.usage import Spending
from app.protocol.client_events import ItemCreate
from app.protocol.items import assistant_text, user_text


class Carried(Struct, frozen=True):
    """What a session hands on to the one that follows it."""

    entries: tuple[Entry, ...] = ()
    unsent_texts: tuple[str, ...] = ()
    is_muted: bool = False
    has_asked: bool = False
    spending: Spending = Spending()
    answers_ms: tuple[int, ...] = ()


def retell(entries: Iterable[Entry], effects: Effects, builder: TranscriptBuilder) -> None:
    """Tell the service in text what was said and heard before; none of it is a new entry."""
    for entry in entries:
        if entry.is_turn and entry.is_final and (text := entry.heard_text.strip()):
            item_id = effects.new_item_id()
            builder.ignore(item_id)
            make = user_text if entry.speaker is Party.USER else assistant_text
            effects.send(ItemCreate(item=make(item_id, text)))
