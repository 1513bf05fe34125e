"""Text from outside made harmless.

Textual and terminals pass control characters on as they are: an escape sequence in a transcript could set the
window's title or the clipboard. So every string that comes in from the wire goes through here, once.
"""

from __future__ import annotations

import re

# C0 but tab and newline, DEL and C1; the bidirectional embeddings, overrides and isolates (they reorder what stands
# around them); lone surrogates (JSON can carry them, UTF-8 cannot); Unicode's tag characters (invisible text).
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")


def sanitise_text(text: str) -> str:
    """The text with nothing in it that a terminal would obey. Newlines and tabs stay; every line end is a newline.

    Idempotent. What remains can always be encoded as UTF-8.
    """
    if text.isascii() and text.isprintable():  # nearly every delta
        return text
    return _HARMFUL.sub("", _LINE_ENDS.sub("\n", text))


def flat(text: str) -> str:
    """Sanitised text on a single line, whole. For sentences."""
    return " ".join(sanitise_text(text).split())


def one_line(text: str, limit: int = 300) -> str:
    """The same, cut with an ellipsis after `limit` characters. For messages and names from outside."""
    line = flat(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
