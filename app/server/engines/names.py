"""The user's name, as far as the user has told it."""

from __future__ import annotations

import re
from typing import Final

_CAPITALISED: Final = r"[^\W\d_a-z][^\W\d_]*(?:['\u2019-][^\W\d_]+)*"
_NAME: Final = rf"(?P<name>{_CAPITALISED}(?: {_CAPITALISED}){{0,2}})"
_WORD: Final = r"(?P<name>[^\W\d_]+(?:['\u2019-][^\W\d_]+)*)"

_SAYS: Final = r"(?i:my name is|my name's|(?:please |you can |you may |just )?call me|they call me)"
_TELLS: Final = (
    re.compile(rf"\b{_SAYS},? {_NAME}"),
    re.compile(rf"\b{_SAYS} {_WORD}(?=[.,!]|\s*$| and\b)"),  # typed without capitals
    re.compile(
        rf"(?:^|[.,!?]\s*|\band )(?i:i am|i'm|i\u2019m|this is) {_NAME}(?=[.,!]|\s*$| and\b| speaking\b| here\b)"
    ),
)
_NO_NAMES: Final = frozenset(
    re.findall(
        r"\w+",
        "a ai an and back bored busy but cold confused done english fine french german glad good great happy here home "
        "hungry i important it just late later maybe me my not nothing of ok okay on or please ready right sad secret "
        "so sorry sure thanks that the there thirsty tired today tomorrow unknown very well what wrong yes you your",
    )
)
"""What may stand where a name would: "I am Sorry", "my name is not important"."""

_ASKS: Final = re.compile(
    r"what(?: is|'s) my name|(?:know|remember|forget|forgotten|recall|tell me|say|guess)\b[^.!?]*\bmy name"
    r"|who am i\b|what(?: am i|'m i) called|what my name is"
)


def told_name(said: str) -> str | None:
    """The name that is told in one utterance, the last one if there are several; None where there is none."""
    found = [match for pattern in _TELLS for match in pattern.finditer(said)]
    for match in sorted(found, key=lambda match: match.start(), reverse=True):
        words = match["name"].split(" ")
        if words[0].lower() in _NO_NAMES:
            continue
        kept = [word for word in words if word.lower() not in _NO_NAMES]
        return " ".join(word[0].upper() + word[1:] for word in kept)
    return None


def name_request(text: str) -> int | None:
    """Where the user asks for his own name, in lower case text; None where he does not."""
    found = _ASKS.search(text)
    return found.start() if found else None
