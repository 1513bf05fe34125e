"""Which words of a transcription the service was not sure of. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from app.conversation.transcript import is_unspaced

DOUBTFUL: Final = 0.5
"""A word that holds a piece less probable than this is doubtful."""

Span = tuple[int, int]
"""Characters from, to (not included)."""


def doubtful_spans(text: str, tokens: Iterable[tuple[str, float]]) -> tuple[Span, ...]:
    """The words of `text` that hold a doubtful token, in order. `tokens` are its pieces with natural log probabilities.

    Nothing where the pieces are not the text: some services tell them of other words, or cut through characters.
    """
    pieces = list(tokens)
    joined = "".join(token for token, _ in pieces)
    at = -(len(joined) - len(joined.lstrip()))
    if joined.strip() != text:
        return ()
    spans: list[Span] = []
    for token, logprob in pieces:
        start, end = max(at, 0), min(at + len(token), len(text))
        at += len(token)
        if logprob >= math.log(DOUBTFUL) or not text[start:end].strip():
            continue
        start, end = _whole_words(text, start, end)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _whole_words(text: str, start: int, end: int) -> Span:
    """Up to the blanks around it; in scripts without blanks it stays as it is."""
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    while start > 0 and _joins(text[start - 1]) and _joins(text[start]):
        start -= 1
    while end < len(text) and _joins(text[end]) and _joins(text[end - 1]):
        end += 1
    return start, end


def _joins(letter: str) -> bool:
    return not letter.isspace() and not is_unspaced(letter)
