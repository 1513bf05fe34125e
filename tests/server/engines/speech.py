"""Speech for the tests of the engines, and how to tell whether an engine is installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from app.server.engines.interfaces import EngineUnavailableError

DATA = Path(__file__).parents[2] / "data"

CLIPS = {
    "question_joe": "what is 17 times 23",
    "question_heart": "what time is it now",
    "story_joe": "please tell me a story",
    "stop_joe": "stop what is 7 plus 5",
    "name_joe": "my name is peter",
}
"""What each clip in `tests/data` says, as `plain_words` gives it."""

_DIGITS = {"seven plus": "7 plus", "plus five": "plus 5", "seventeen": "17", "twenty three": "23"}


class Loadable(Protocol):
    def load(self) -> None: ...


AnyEngine = TypeVar("AnyEngine", bound=Loadable)


def loaded(engine: AnyEngine) -> AnyEngine:
    """The engine, ready; skips the test where it is not installed."""
    try:
        engine.load()
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    return engine


def plain_words(text: str) -> str:
    """Lower case words without signs, numbers in digits: what is left to compare of two transcripts."""
    text = re.sub(r"[^\w']+", " ", text.lower().replace("to-day", "today")).strip()
    for words, digits in _DIGITS.items():
        text = re.sub(rf"\b{words}\b", digits, text)
    return text


def word_errors(reference: str, heard: str) -> int:
    """Words wrong, missing or invented: the edit distance of the two, in words."""
    expected, got = plain_words(reference).split(), plain_words(heard).split()
    row = list(range(len(got) + 1))
    for number, word in enumerate(expected, start=1):
        diagonal, row[0] = row[0], number
        for at, other in enumerate(got, start=1):
            diagonal, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, diagonal + (word != other))
    return row[-1]
