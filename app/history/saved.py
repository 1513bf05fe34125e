"""A conversation as it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from app.conversation.transcript import Entry


@dataclass(frozen=True, slots=True)
class Saved:
    """A conversation as it is kept."""

    started_at: float
    """The zero of the entries' times, in epoch seconds."""
    service: str = ""
    model: str = ""
    entries: tuple[Entry, ...] = ()
    skipped_lines: int = 0
    """Lines that could not be understood, such as one that a crash cut."""
