"""A turn as one line."""

from __future__ import annotations

from app.conversation.transcript import Entry, Speaker


def line_of(entry: Entry) -> str:
    """A turn as one line, without its end."""
    words = " ".join(entry.heard_text.split())
    if entry.is_interrupted:
        unheard = " ".join(entry.unheard_text.split())
        after = f"interrupted after {(entry.heard_ms or 0) / 1000:.1f} s"
        words = f"{words} [{after}; not heard: {unheard}]" if unheard else f"{words} [{after}]"
    elif not entry.is_final and entry.text:
        words = f"{words} [partial]"
    if entry.note:
        words = f"{words} [{' '.join(entry.note.split())}]"
    return f"{entry.speaker}: {words.strip()}"


def is_complete(entry: Entry) -> bool:
    """Whether the line of it will stay as it is."""
    if not entry.is_final:
        return False
    return entry.speaker is Speaker.USER or not entry.is_spoken or entry.ended_ms is not None
