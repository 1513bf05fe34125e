"""A turn as one line."""

from __future__ import annotations

from collections.abc import Sequence

from app.conversation.transcript import Entry, Party


def line_of(entry: Entry, *, late: bool = False) -> str:
    """A turn as one line, without its end. `late`: its words came when it had been printed without them."""
    words = " ".join(entry.heard_text.split())
    if entry.is_interrupted:
        unheard = " ".join(entry.unheard_text.split())
        after = f"interrupted after {(entry.heard_ms or 0) / 1000:.1f} s"
        words = f"{words} [{after}; not heard: {unheard}]" if unheard else f"{words} [{after}]"
    elif not entry.is_final and entry.text:
        words = f"{words} [partial]"
    if entry.note:
        words = f"{words} [{' '.join(entry.note.split())}]"
    if late:
        words = f"{words} [late]"
    return f"{entry.speaker}: {words.strip()}"


def is_complete(entry: Entry) -> bool:
    """Whether the line of it will stay as it is."""
    if not entry.is_final:
        return False
    return entry.speaker is Party.USER or not entry.is_spoken or entry.ended_ms is not None


def is_unanswered(entries: Sequence[Entry], *, has_asked: bool, answers_speech: bool) -> bool:
    """Whether the user asked something, and nothing of an answer was written or heard after it.

    `has_asked`: something was asked, whether or not it is among the entries. `answers_speech`: spoken turns are to be
    answered too, as typed ones always are.
    """
    has_asked = has_asked and not any(entry.speaker is Party.USER for entry in entries)
    for entry in entries:
        if entry.speaker is Party.USER:
            has_asked |= answers_speech or not entry.is_spoken
        elif has_asked and entry.is_turn and _was_heard(entry):
            return False
    return has_asked


def _was_heard(entry: Entry) -> bool:
    if entry.is_interrupted and entry.is_spoken:
        return bool(entry.heard_ms)
    return bool(entry.text.strip() or entry.received_ms)
