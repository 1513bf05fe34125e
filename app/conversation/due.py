"""What a session that ended was still to say."""

from __future__ import annotations

from enum import Enum, auto


class Due(Enum):
    """What is asked for in the session that follows."""

    NOTHING = auto()
    ANSWER = auto()
    """The user waits for an answer of which nothing is here."""
    REST = auto()
    """The beginning of an answer is here; the rest of it is asked for, once."""
