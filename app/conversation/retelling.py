"""What another session is told of a conversation: its text, as far as there is room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from app.conversation.effects import Effects
from app.conversation.transcript import Entry, Party
from app.conversation.transcript_builder import TranscriptBuilder
from app.protocol.client_events import ItemCreate
from app.protocol.items import Item, assistant_text, system_text, user_text

RETOLD_TOKENS: Final = 8_000
"""So much of the conversation is told to another session: a quarter of what the smallest models can hold."""
_BYTES_PER_TOKEN: Final = 4
_TOKENS_PER_ITEM: Final = 4


class Retold(Struct, frozen=True):
    """What another session is told."""

    entries: tuple[Entry, ...]
    left_out: int
    """Turns that were too long ago."""


def retold(entries: Iterable[Entry], tokens: int = RETOLD_TOKENS) -> Retold:
    """The newest turns that have words and fit, in their order; the last one whatever its length."""
    told: list[Entry] = []
    turns = [entry for entry in entries if entry.is_turn and entry.is_final and entry.heard_text.strip()]
    for entry in reversed(turns):
        tokens -= _TOKENS_PER_ITEM + -(-len(entry.heard_text.encode()) // _BYTES_PER_TOKEN)
        if told and tokens < 0:
            break
        told.append(entry)
    return Retold(tuple(reversed(told)), len(turns) - len(told))


def left_out_note(left_out: int) -> str:
    """What the service is told of the turns that it is not told."""
    turns = "turn" if left_out == 1 else "turns"
    return f"This conversation began earlier. Its first {left_out:,} {turns} are left out here."


def retell(entries: Iterable[Entry], effects: Effects, builder: TranscriptBuilder) -> None:
    """Tell the service in text what was said and heard before; none of it is a new entry."""
    told = retold(entries)
    if told.left_out:
        _tell(system_text(effects.new_item_id(), left_out_note(told.left_out)), effects, builder)
    for entry in told.entries:
        make = user_text if entry.speaker is Party.USER else assistant_text
        _tell(make(effects.new_item_id(), entry.heard_text.strip()), effects, builder)


def _tell(item: Item, effects: Effects, builder: TranscriptBuilder) -> None:
    builder.ignore(item.id or "")
    effects.send(ItemCreate(item=item))
