"""A conversation as it is kept."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from msgspec import Struct

from app.conversation.transcript import Entry
from app.conversation.usage import Spending
from app.protocol.ranges import LAST_EPOCH_S

LAST_MOMENT_S: Final = LAST_EPOCH_S
"""Epoch seconds from 0 to here are a time at which a conversation can have begun: every system's calendar has them."""


def local_time(epoch_s: float, zone: tzinfo | None = None) -> datetime:
    """The moment by the clock of the zone (None: the system's, with the offset it had then). Never fails.

    What no calendar holds is shown as the nearest moment that it does.
    """
    moment_s = min(max(epoch_s, 0.0), LAST_MOMENT_S) if epoch_s == epoch_s else 0.0  # NaN is not equal to itself
    if zone is not None:
        return datetime.fromtimestamp(moment_s, zone)
    try:
        return datetime.fromtimestamp(moment_s).astimezone()
    except (OSError, OverflowError, ValueError):  # some systems have no local time near the zero
        return datetime.fromtimestamp(moment_s, UTC)


class Saved(Struct, frozen=True):
    """A conversation as it is kept."""

    started_at: float
    """The zero of the entries' times, in epoch seconds."""
    service: str = ""
    model: str = ""
    entries: tuple[Entry, ...] = ()
    spending: Spending = Spending()
    """Of the whole conversation: what no entry stands for is in it too."""
    skipped_lines: int = 0
    """Lines that could not be understood, such as one that a crash cut."""
