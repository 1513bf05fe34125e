"""Turns as they may leave or enter: text that no terminal obeys, and numbers with which a time line can be made."""

from __future__ import annotations

from typing import Final

from msgspec.structs import astuple, replace

from app.conversation.transcript import Entry, Latency
from app.conversation.usage import Spending
from app.protocol.ranges import EXACT, MOST_MS
from app.protocol.text import one_line, sanitise_text

_ID_CHARS: Final = 10_000
"""Real ids have about thirty."""


def sanitised(entry: Entry) -> Entry:
    """The entry with every string sanitised, and every number moved to the nearest that makes sense."""
    latency = entry.latency
    return replace(
        entry,
        item_id=sanitised_id(entry.item_id),
        text=sanitise_text(entry.text),
        note=one_line(entry.note),
        doubtful=tuple((start, end) for start, end in entry.doubtful if 0 <= start < end <= len(entry.text)),
        started_ms=_bounded(entry.started_ms),
        ended_ms=_bounded_or_none(entry.ended_ms),
        received_ms=_bounded(entry.received_ms),
        heard_ms=_bounded_or_none(entry.heard_ms),
        latency=latency and Latency(*map(_bounded_or_none, astuple(latency))),
        spending=entry.spending if entry.spending and is_plausible_spending(entry.spending) else None,
    )


def sanitised_id(item_id: str) -> str:
    """The id of an item as it stands in entries."""
    return one_line(item_id, _ID_CHARS)


def is_plausible(entry: Entry) -> bool:
    """Whether each number of the entry is one that a conversation can have."""
    latency = entry.latency or Latency()
    numbers = (
        entry.started_ms,
        entry.ended_ms,
        entry.received_ms,
        entry.heard_ms,
        *astuple(latency),
    )
    is_in_time = all(number is None or 0 <= number <= MOST_MS for number in numbers)
    return is_in_time and (entry.spending is None or is_plausible_spending(entry.spending))


def is_plausible_spending(spending: Spending) -> bool:
    """The same of what was used."""
    counts = astuple(spending.tokens)
    amounts = (spending.transcribed_s, spending.cost_usd or 0.0)
    return all(0 <= count <= EXACT for count in counts) and all(0 <= amount <= EXACT for amount in amounts)


def _bounded(ms: int) -> int:
    return min(max(ms, 0), MOST_MS)


def _bounded_or_none(ms: int | None) -> int | None:
    return None if ms is None else _bounded(ms)
