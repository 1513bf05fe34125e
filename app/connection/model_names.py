"""Names of models that cannot hold a conversation, and of those whose end is known (protocol reference, section 7)."""

from __future__ import annotations

import re
from typing import Final

from app.connection.inputs import ServiceSettingError
from app.protocol.text import one_line

_OTHERS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), why)
    for pattern, why in (
        (r"gpt-live-transcribe.*|gpt-realtime-whisper.*|gpt(-4o)?(-mini)?-transcribe.*|whisper(-1)?",
         "which only writes down what is said"),
        (r"gpt-live.*", "which speaks the Live protocol and not the Realtime one"),
        (r"gpt-realtime-translate.*", "which only translates"),
        (r"(gpt-)?(4o-)?(mini-)?tts(-.*)?|gpt-4o-mini-tts.*", "which only speaks a text"),
    )
)  # fmt: skip

_ENDED: Final = re.compile(r"gpt-4o(-mini)?-realtime-preview.*", re.IGNORECASE)
_ENDING: Final = {"gpt-realtime": "2027-01-20", "gpt-realtime-mini": "2027-01-20"}
"""At OpenAI; Azure ends its versions of them on days of its own."""


def read_model(variable: str, model: str, wanted: str, instead: str) -> str:
    """The model's name; refused when empty and for the families that do something else. `instead`: a good one."""
    name = model.strip()
    if not name:
        raise ServiceSettingError(variable, f"{variable} is not set: give {wanted}.")
    for pattern, why in _OTHERS:
        if pattern.fullmatch(name):
            raise ServiceSettingError(
                variable,
                f"{variable} names {one_line(name, 40)}, {why}: give a realtime model, such as {instead}.",
            )
    return name


def end_of(model: str, instead: str) -> str:
    """A sentence where OpenAI has ended the model or has announced its end; else empty."""
    if _ENDED.fullmatch(model):
        return f"OpenAI has ended {one_line(model, 40)}; use a current model, such as {instead}."
    if (day := _ENDING.get(model.lower())) is not None:
        return f"OpenAI ends {model} on {day}; a current model is {instead}."
    return ""
