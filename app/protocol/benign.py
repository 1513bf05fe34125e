"""Errors that refuse nothing of ours: we were a moment late or early, or the session ends (protocol reference, section
1.5)."""

from __future__ import annotations

import re
from typing import Final

from app.protocol.items import ErrorDetail

BUSY: Final = "conversation_already_has_active_response"
"""An answer was asked for during another."""

_CODES: Final = frozenset(
    {
        BUSY,
        "response_cancel_not_active",
        "input_audio_buffer_commit_empty",
        "item_create_duplicate_item_id",
        "item_truncate_invalid_item_id",
        "unsupported_content_type",  # of a truncation, before the first sound of its item
    }
)
_SESSION_ENDS: Final = re.compile(r"\bmaximum duration\b", re.IGNORECASE)
_TRUNCATION: Final = re.compile(r"already shorter than|can be truncated", re.IGNORECASE)


def is_benign(error: ErrorDetail) -> bool:
    """Whether the error loses nothing, and is not for the user's eyes.

    A cancel without an answer running, an answer asked for during another, an empty commit, an item created twice,
    and a truncation past what there is.
    """
    return error.code in _CODES or _TRUNCATION.search(error.message or "") is not None


def is_farewell(error: ErrorDetail) -> bool:
    """Whether the service says that the session has reached its limit. The end of the line, which follows, tells it."""
    return error.code == "session_expired" or _SESSION_ENDS.search(error.message or "") is not None
