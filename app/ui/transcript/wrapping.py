"""Text broken into rows by the cells it takes in a terminal. Pure.

Rows are pairs of offsets into the text, so that a growing text is wrapped on from its last row, and searches and
selections find their place again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from rich.cells import cell_len, split_graphemes

Span: TypeAlias = tuple[int, int]
"""Where a row begins and ends in the text; the blanks at which it was broken are in no row."""

_NEVER_FIRST: Final = frozenset("、。，．・：；！？）］｝」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ")
"""Must not begin a row in Chinese and Japanese typesetting (the common part of JIS X 4051)."""


_DISPUTED: Final = re.compile(
    "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\u115f\u1160\u3164\uffa0\ufdd0-\ufdef\ufffe\uffff]|(?<![\u0900-\u0dff])\u200d"
)
_LINE_ENDS: Final = re.compile("[\u2028\u2029]")


def shown(text: str) -> str:
    """The text with nothing in it that takes an unknown number of cells.

    Tabs become blanks. Variation selectors, skin tones, joiners (but those of Indian scripts, where they shape what is
    read), the fillers of Hangul and what is no character are left out: terminals do not agree on their cells (tmux 3.3
    draws a heart with selector in one, a thumb with skin tone in four), and one disagreement shifts everything to the
    right of it. Copies and exports keep them.
    """
    if text.isascii():
        return text.replace("\t", "    ")
    return _DISPUTED.sub("", _LINE_ENDS.sub("\n", text.replace("\t", "    ")))


def wrap(text: str, width: int, known: Sequence[Span] = ()) -> list[Span]:
    """The rows of a text, none wider than `width` cells (a character that is wider by itself stands alone).

    Broken at blanks, between wide characters, and, where a word is longer than a row, within it. Blanks at the
    beginning of a line are kept. `known` are the rows of an earlier, shorter state of the same text in the same
    width: only its last row is looked at again.
    """
    rows = list(known[:-1])
    at = known[-1][0] if known else 0
    while at < len(text):
        newline = text.find("\n", at)
        line_end = len(text) if newline < 0 else newline
        at = _wrap_line(text, at, line_end, width, rows)
    if text.endswith("\n"):
        rows.append((len(text), len(text)))
    return rows


def _wrap_line(text: str, at: int, line_end: int, width: int, rows: list[Span]) -> int:
    """Append the rows of one line; where the next line begins."""
    while True:
        end = _row_end(text, at, line_end, max(1, width))
        row = text[at:end]
        rows.append((at, at + len(row.rstrip(" ")) if end < line_end and row.strip(" ") else end))
        at = end
        while at < line_end and text[at] == " ":
            at += 1
        if at >= line_end:
            return line_end + 1


def _row_end(text: str, start: int, line_end: int, width: int) -> int:
    # No more than this is looked at, so that a word of 100,000 characters costs no more than its rows.
    window_end = min(line_end, start + 4 * width + 8)
    window = text[start:window_end]
    if window.isascii():
        if line_end - start <= width:
            return line_end
        cut = start + width
        if text[cut] == " ":
            return cut
        blank = text.rfind(" ", start, cut)
        return blank if blank >= 0 and text[start:blank].strip(" ") else cut
    return _row_end_by_cells(window, width, is_all=window_end == line_end) + start


def _row_end_by_cells(window: str, width: int, *, is_all: bool) -> int:
    cells = 0
    good = 0
    """The last place to break at."""
    has_words = False
    was_wide = False
    spans, _ = split_graphemes(window)
    for start, end, size in spans:
        is_blank = window[start] == " "
        is_wide = size > 1
        if has_words and (is_blank or ((is_wide or was_wide) and window[start] not in _NEVER_FIRST)):
            good = start
        if cells + size > width:
            return good or start or end
        cells += size
        has_words = has_words or not is_blank
        was_wide = is_wide
    return len(window) if is_all else (good or len(window))


def cut_to(text: str, width: int) -> str:
    """As much of the beginning as fits; an ellipsis tells that there is more."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    cells = 0
    for start, _, size in split_graphemes(text)[0]:
        if cells + size > width - 1:
            return text[:start] + "…"
        cells += size
    return text
