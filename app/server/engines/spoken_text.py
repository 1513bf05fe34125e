"""What is read aloud of a text: no Markdown marks, no addresses letter by letter, no rows of signs."""

from __future__ import annotations

import re
from typing import Final

_RULES: Final = tuple(
    (re.compile(pattern, flags), replacement)
    for pattern, flags, replacement in (
        (r"^\s*(```|~~~).*$", re.MULTILINE, " "),  # the fences of code, not the code
        (r"!?\[([^\]]*)\]\([^)]*\)", 0, r"\1"),  # links; also the voice's own notation for raw phonemes
        (r"https?://(?:www\.)?([^\s/?#)\]>]+)[^\s)\]>]*", re.IGNORECASE, r"\1"),  # an address by its host alone
        (r"^\s*(?:#{1,6}|>+|[-*+])\s+", re.MULTILINE, ""),
        (r"^\s*(?:[-*_]\s*){3,}$", re.MULTILINE, " "),
        (r"\*\*|__|~~|`", 0, ""),
        (r"(?<![\w*])\*(?=[^\s*])([^*]*[^\s*])\*(?!\w)", 0, r"\1"),
        (r"(?<!\w)_(?=\S)([^_]*\S)_(?!\w)", 0, r"\1"),
        (r"(?<=\d)\s*\*\s*(?=\d)", 0, " times "),
        (r"(?<=\d)\s+[-\u2212]\s+(?=\d)", 0, " minus "),  # the voice would read a range, "2 to 1"
        (r"</?[a-z][^<>]*>", re.IGNORECASE, " "),
        (r"[\[\]|\\]+", 0, " "),
        (r"[?!]*\?[?!]*", 0, "?"),
        (r"!+", 0, "!"),
        (r"\.{2,}|\u2026+", 0, "\u2026"),
        (r"([,;:\u2014-])\1+", 0, r"\1"),
        (r"\s+", 0, " "),
    )
)


def spoken_text(text: str) -> str:
    """The text as it should be said, on one line; empty where nothing in it can be pronounced."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = text.strip()
    return text if any(sign.isalnum() for sign in text) else ""
