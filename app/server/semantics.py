"""How long a pause must be to end a turn.

`server_vad` says it in milliseconds. `semantic_vad` is here what can be had without a model of turns: a window by
eagerness, shortened where the words so far end like a whole sentence and lengthened where they end like half a one.
The words are the recogniser's guess for the pause; while there is none the plain window holds.
"""

from __future__ import annotations

from typing import Final

from app.protocol.session import SemanticVad, ServerVad
from app.server.settings import given

EAGERNESS_MS: Final = {"high": 300.0, "medium": 600.0, "auto": 600.0, "low": 1200.0}

WHOLE: Final = 0.6
HALF: Final = 2.5

_WORDS_THAT_GO_ON: Final = (
    "a an the and or but so because if when while that which who whose with without of to from in on at for by as than "
    "about into my your his her its our their this these those is are was were am be um uh er hmm like i we they"
)
_GOES_ON: Final = frozenset(_WORDS_THAT_GO_ON.split())
"""Words that seldom end a sentence. The recogniser sets a full stop after them all the same."""


def silence_window_ms(detection: ServerVad | SemanticVad, words: str | None) -> float:
    """The pause that ends the turn, given what was said so far (None: not known)."""
    if isinstance(detection, ServerVad):
        return float(given(detection.silence_duration_ms))
    window = EAGERNESS_MS[given(detection.eagerness)]
    return window * _factor(words or "")


def _factor(words: str) -> float:
    if not words:
        return 1.0
    last = words.split()[-1].lower()
    if last.endswith((",", "-", "…", "...")) or last.rstrip(".?!") in _GOES_ON:
        return HALF
    return WHOLE if last.endswith((".", "?", "!")) else 1.0
