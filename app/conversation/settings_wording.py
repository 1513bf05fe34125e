"""What the user is told of settings that a service does not take, or has otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from app.conversation.session import Mode, SessionSettings, SettingValue
from app.conversation.session_fields import unit_of
from app.protocol.text import one_line

_VALUE_CHARS: Final = 40
_MOST_NAMES: Final = 5
_NAMES: Final = {
    "type": "the kind of session",
    "input_format": "the format of your sound",
    "output_format": "the format of its sound",
    "mode": "push-to-talk",
    "detection": "turn detection",
    "transcription_model": "transcription",
    "reasoning_effort": "reasoning",
    "logprobs": "log probabilities",
    "prompt_id": "prompt",
}


class Refused(Struct, frozen=True):
    """What a service did not take."""

    why: str
    is_as_before: bool
    """It goes on with what it took before."""


def in_words(value: SettingValue) -> str:
    """A value in a sentence, on one line and cut."""
    match value:
        case None | "":
            return "none"
        case bool():
            return "on" if value else "off"
        case float() | int():
            return f"{value:g}"
        case _:
            return one_line(value, _VALUE_CHARS)


def about_refusals(refused: Mapping[str, Refused], found: Mapping[str, SettingValue]) -> Iterable[str]:
    """A sentence for each reason. `refused` is by unit; `found`: what the service has."""
    for why in dict.fromkeys(each.why for each in refused.values()):
        parts = []
        for unit in (unit for unit, of in refused.items() if of.why == why):
            if refused[unit].is_as_before:
                parts.append(f"{_name(unit)}, which is as before")
            elif unit in found:
                parts.append(f"{_name(unit)} (it has {in_words(found[unit])})")
            else:
                parts.append(_name(unit))
        yield f"The service refused {_listed(parts)}: {why}"


def about_differences(differing: Mapping[str, SettingValue], wanted: SessionSettings) -> str:
    """The service has other values than it was asked for."""
    parts = [_difference(name, value, getattr(wanted, name)) for name, value in differing.items()]
    return f"The service has settings of its own: {_listed(parts)}."


def about_lacking(names: Iterable[str], wanted: SessionSettings) -> str:
    """What the user has set, and is not asked for."""
    parts = [_name(unit_of(name, wanted)) for name in names]
    return f"This service, or its model, is known to have no {_listed(parts)}; that is left out."


def consequence(unit: str, settings: SessionSettings) -> str:
    """What it means for the conversation that the service does not do this; empty where it means little."""
    match unit:
        case "mode":
            if settings.mode is not Mode.PUSH_TO_TALK:
                return ""
            return "So the service goes on finding the end of your turn by itself, and may answer before you end it."
        case "detection" if settings.mode is Mode.HANDS_FREE:
            return "It may not find the end of your turn by itself: in push-to-talk (m) you end it."
        case "transcription_model" if settings.transcription_model is not None:
            return "Your own words may not be written down."
        case "input_format" | "output_format":
            return "If the service uses another format than 16-bit PCM at 24 kHz, it hears, or you hear, noise."
        case _:
            return ""


def _name(unit: str) -> str:
    return _NAMES.get(unit) or unit.removesuffix("_ms").replace("_", " ")


def _difference(name: str, value: SettingValue, wanted: SettingValue) -> str:
    if name in ("instructions", "transcription_prompt", "prompt_variables"):
        return _name(name)
    if name == "mode":
        return "push-to-talk" if value is Mode.PUSH_TO_TALK else "hands-free"
    return f"{_name(name)} {in_words(value)}, not {in_words(wanted)}"


def _listed(parts: list[str]) -> str:
    if len(parts) > _MOST_NAMES:
        parts = [*parts[:_MOST_NAMES], f"{len(parts) - _MOST_NAMES} more (see the settings)"]
    return "; ".join(parts) if any("," in part for part in parts) else ", ".join(parts)
