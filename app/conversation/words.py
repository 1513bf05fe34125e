"""The words of one part of an item: each once, though services tell them in pieces, as a whole, late and again."""

from __future__ import annotations


class PartWords:
    """What came in pieces and what was said to be the whole, as one text. No word is lost, none is there twice.

    A whole never takes words away: a truncated part comes back shorter, or empty. What comes in pieces after the
    whole is a repetition where the whole has it already, and new where it has not.
    """

    def __init__(self) -> None:
        self._pieces = ""
        self._whole: str | None = None

    @property
    def text(self) -> str:
        """All of it, so far."""
        return self._pieces if self._whole is None else self._whole

    def piece(self, delta: str) -> None:
        """More of it."""
        if self._whole is None:
            self._pieces += delta
            return
        behind = self._pieces
        self._pieces += delta
        is_behind = len(behind) < len(self._whole) and self._whole.startswith(behind)
        if is_behind and self._pieces.startswith(self._whole):
            self._whole = self._pieces  # the pieces had not come as far as the whole, and now go beyond it
        elif delta.startswith(self._whole):
            self._whole = delta  # all of it again, and more
        elif delta not in self._whole:
            self._whole += delta

    def whole(self, text: str) -> None:
        """All of it, as the service says."""
        known = self.text
        if not known or len(text) >= len(known) or _has_all_words(known, text):
            self._whole = text if text or self._whole is None else self._whole
        else:
            self._whole = known


def _has_all_words(known: str, text: str) -> bool:
    """Whether a shorter whole says the same: it is neither empty nor broken off, and lacks no word."""
    return bool(text.strip()) and not known.startswith(text) and set(known.split()) <= set(text.split())
