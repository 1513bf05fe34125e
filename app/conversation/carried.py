"""What a session hands on to the one that follows it."""

from __future__ import annotations

from msgspec import Struct

from app.conversation.owed import Owed
from app.conversation.responses import Responses
from app.conversation.transcript import Entry
from app.conversation.turns import Turns
from app.conversation.usage import Spending


class Carried(Struct, frozen=True):
    """What a session hands on to the one that follows it."""

    entries: tuple[Entry, ...] = ()
    turns: Turns | None = None
    responses: Responses | None = None
    spending: Spending = Spending()
    model: str = ""
    owed: Owed | None = None
    is_cut: bool = False
    """The line broke, as against a session that was ended in order."""
    is_seamless: bool = False
    """The user has nothing to wait for and is told nothing."""
