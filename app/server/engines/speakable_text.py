"""From an answer's text to what the synthesiser speaks: cut into sentences as it comes, and freed of unspoken signs."""

from __future__ import annotations

import re
from typing import Final

FIRST_CLAUSE_CHARACTERS: Final = 60
"""Nobody waits for a sentence as long as this to end before the first sound: its first part ends at a comma."""

LONGEST_CHARACTERS: Final = 300
"""A piece is never longer, whatever is in it: it is what must be synthesised before anything of it can be heard."""

# A piece ends only where the next word is seen to begin: "3." may go on as "3.14", "Wait..." as "Wait... what?".
_SENTENCE_END = re.compile(r"([.!?\u2026]+)[\"'\u201d\u2019)\]*_]*\s+(?=\S)")
_LINE_END = re.compile(r"\s*\n\s*(?=\S)")
_CLAUSE_END = re.compile(r"[,;:\u2014]\s+(?=\S)")

_ABBREVIATIONS: Final = frozenset(
    re.findall(
        r"\S+", "mr mrs ms dr prof st jr sr mt rev gen col capt lt sgt vs approx fig figs vol dept e.g i.e cf ca"
    )
)
_BEFORE_NUMBERS: Final = frozenset(("no", "nos", "p", "pp", "ch", "art", "sec"))
_LAST_WORD = re.compile(r"[^\s(\[\"'\u201c\u2018]*\Z")


class SentenceSplitter:
    """Takes fragments, gives pieces. The pieces joined are the fragments joined, white space included."""

    def __init__(self) -> None:
        self._rest = ""
        self._first = True

    def feed(self, fragment: str) -> list[str]:
        """The pieces that are complete with this fragment; often none.

        A piece ends with the white space behind it; each holds something else than white space.
        """
        self._rest += fragment
        found: list[str] = []
        while (end := self._end()) is not None:
            found.append(self._rest[:end])
            self._rest = self._rest[end:]
            self._first = False
        return found

    def finish(self) -> list[str]:
        """What is left, now that nothing will follow: one piece, or none."""
        rest, self._rest, self._first = self._rest, "", True
        return [rest] if rest else []

    def _end(self) -> int | None:
        """Where the first piece of what is here ends, or None while that is open."""
        start = len(self._rest) - len(self._rest.lstrip())
        matches = _SENTENCE_END.finditer(self._rest, start)
        sentence = next((match.end() for match in matches if _is_end(self._rest, match)), None)
        ends = [] if sentence is None else [sentence]
        if line := _LINE_END.search(self._rest, start + 1):
            ends.append(line.end())
        if self._first and (clause := _CLAUSE_END.search(self._rest, start + FIRST_CLAUSE_CHARACTERS)):
            ends.append(clause.end())
        end = min(ends, default=None)
        if (len(self._rest) if end is None else end) - start > LONGEST_CHARACTERS:
            return _forced_end(self._rest, start)
        return end


def _is_end(text: str, match: re.Match[str]) -> bool:
    """Whether these signs end a sentence; the next word begins at `match.end()`."""
    following = text[match.end()]
    if following.islower():  # "Well... perhaps", "approx. five", '"Really?" he said'
        return False
    if match[1] != ".":
        return True
    found = _LAST_WORD.search(text, 0, match.start())
    word = found[0] if found else ""
    if word.lower() in _ABBREVIATIONS or (word.lower() in _BEFORE_NUMBERS and following.isdigit()):
        return False
    if len(word) == 1 and word.isupper() and word != "I":  # the initials of a name
        return False
    return not (word.isdigit() and not text[: match.start()].removesuffix(word).strip())  # "1. The first of a list"


def _forced_end(text: str, start: int) -> int:
    """At the last comma, else the last space, before a piece gets too long; within a word only if there is neither."""
    reach = text[: start + LONGEST_CHARACTERS]
    for pattern in (_CLAUSE_END, re.compile(r"\s+(?=\S)")):
        ends = [match.end() for match in pattern.finditer(reach, start + 1)]
        if ends:
            return ends[-1]
    return len(reach.rstrip()) if reach.strip() else len(reach)


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
