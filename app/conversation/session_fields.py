"""Where each setting stands in the session on the wire, what a service says of it, and which one an error names.

A *unit* is what can be asked for or left out by itself. It has the name of its setting, but for three that the
conversation needs and nobody sets (`type` and both formats), and for two settings that are one with another: the mode
is told by the kind of turn detection, and the ratio is a part of truncation. Paths: protocol reference, section 4.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.conversation.session import Detection, Mode, SessionSettings, SettingValue
from app.protocol.convert import Json, JsonObject, to_json
from app.protocol.items import ErrorDetail
from app.protocol.ranges import EXACT
from app.protocol.session import LOGPROBS, Session

_TURN: Final = "audio.input.turn_detection"
_WRITING: Final = "audio.input.transcription"

PATHS: Final[Mapping[str, str]] = {
    "type": "type",
    "input_format": "audio.input.format",
    "output_format": "audio.output.format",
    "mode": _TURN,
    "detection": f"{_TURN}.type",
    "transcription_model": f"{_WRITING}.model",
    "output": "output_modalities",
    "noise_reduction": "audio.input.noise_reduction.type",
    "prompt_id": "prompt.id",
    "truncation": "truncation",
    "instructions": "instructions",
    "voice": "audio.output.voice",
    "speed": "audio.output.speed",
    "max_output_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "tracing": "tracing",
    "logprobs": "include",
    "threshold": f"{_TURN}.threshold",
    "prefix_padding_ms": f"{_TURN}.prefix_padding_ms",
    "silence_ms": f"{_TURN}.silence_duration_ms",
    "idle_timeout_ms": f"{_TURN}.idle_timeout_ms",
    "eagerness": f"{_TURN}.eagerness",
    "create_response": f"{_TURN}.create_response",
    "interrupt_response": f"{_TURN}.interrupt_response",
    "language": f"{_WRITING}.language",
    "transcription_prompt": f"{_WRITING}.prompt",
    "transcription_keywords": f"{_WRITING}.keywords",
    "transcription_delay": f"{_WRITING}.delay",
    "noise_reduction_strength": "audio.input.noise_reduction.strength",
    "retention_ratio": "truncation.retention_ratio",
    "retention_tokens": "truncation.token_limits.post_instructions",
    "prompt_version": "prompt.version",
    "prompt_variables": "prompt.variables",
}
"""Setting or unit -> path in the GA session. In the order in which units are tried: what others are parts of first."""

CARRIERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("threshold", "prefix_padding_ms", "silence_ms", "idle_timeout_ms", "eagerness", "create_response",
         "interrupt_response"), "detection"),
    **dict.fromkeys(("language", "transcription_prompt", "transcription_keywords", "transcription_delay"),
                    "transcription_model"),
    "noise_reduction_strength": "noise_reduction",
    "retention_tokens": "truncation",
    "prompt_version": "prompt_id",
    "prompt_variables": "prompt_id",
}  # fmt: skip
"""Unit -> the one without which its object cannot be."""

NEEDED: Final = frozenset({"type", "input_format", "output_format", "mode", "detection", "transcription_model"})
"""What a conversation needs of any service, whatever that does by itself."""

_FORMATS: Final = frozenset({"type", "input_format", "output_format"})
_BY_SILENCE: Final = frozenset({"threshold", "prefix_padding_ms", "silence_ms", "idle_timeout_ms"})

_QUIET: Final[Mapping[str, SettingValue]] = {
    **dict.fromkeys(
        ("idle_timeout_ms", "language", "transcription_prompt", "transcription_keywords", "transcription_delay",
         "noise_reduction_strength", "max_output_tokens", "retention_tokens", "reasoning_effort", "tracing",
         "prompt_id", "prompt_version", "prompt_variables")),
    "truncation": "auto",
    "logprobs": False,
}  # fmt: skip
"""Values that are not asked for unless the service was told another one: they are every service's own, and not every
service knows the field."""

_SAME_UNIT: Final = {"retention_ratio": "truncation"}


def unit_of(name: str, settings: SessionSettings) -> str:
    """The unit that tells a setting."""
    if name == "mode":
        return "mode" if settings.mode is Mode.PUSH_TO_TALK else "detection"
    return _SAME_UNIT.get(name, name)


def applies(name: str, settings: SessionSettings) -> bool:
    """Whether the setting or unit decides anything, as the others stand."""
    is_hands_free = settings.mode is Mode.HANDS_FREE
    if name == "detection" or CARRIERS.get(name) == "detection":
        by_silence = settings.detection is Detection.SERVER_VAD
        if name in _BY_SILENCE:
            return is_hands_free and by_silence
        return is_hands_free and not (name == "eagerness" and by_silence)
    if name in ("retention_ratio", "retention_tokens"):
        return settings.truncation == "retention_ratio"
    carrier = CARRIERS.get(name)
    return carrier is None or getattr(settings, carrier) is not None


def units(settings: SessionSettings, told: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
    """What there is to tell a service, in the order of `PATHS`. `told`: what it was told and took before."""
    found: dict[str, SettingValue] = {}
    for name in PATHS:
        if name in _SAME_UNIT or (name == "mode" and settings.mode is Mode.HANDS_FREE) or not applies(name, settings):
            continue
        value = unit_value(name, settings)
        if name not in _QUIET or value != _QUIET[name] or told.get(name, value) != value:
            found[name] = value
    return found


def unit_value(unit: str, settings: SessionSettings) -> SettingValue:
    """What would be told of it."""
    if unit in _FORMATS:
        return "fixed"
    if unit == "truncation" and settings.truncation == "retention_ratio":
        return f"retention_ratio {settings.retention_ratio}"
    value: SettingValue = getattr(settings, unit)
    return value


def told_by(unit: str) -> tuple[str, ...]:
    """The settings that the unit tells."""
    match unit:
        case "type" | "input_format" | "output_format":
            return ()
        case "detection":
            return ("detection", "mode")
        case "truncation":
            return ("truncation", "retention_ratio")
        case _:
            return (unit,)


def parts_of(unit: str) -> frozenset[str]:
    """The units that say nothing any more when this one is another, or is left out."""
    turn = frozenset({"mode", "detection"})
    carrier = "detection" if unit == "mode" else unit
    parts = frozenset(part for part, of in CARRIERS.items() if of == carrier)
    return parts | (turn - {unit}) if unit in turn else parts


# ---------------------------------------------------------------- what a service says


def reported(session: Session) -> dict[str, SettingValue]:
    """The settings of which a session says something. A part of an object that is there is None where it is missing."""
    data = to_json(session)
    found: dict[str, SettingValue] = {}
    for name, path in PATHS.items():
        if name not in _FORMATS and (value := _read(name, _at(data, path), data)) is not UNSET:
            found[name] = value
    return found


def as_found(settings: SessionSettings, found: Mapping[str, SettingValue]) -> SessionSettings:
    """The settings, with what decides about turns as the service says that it is, where they can have that value."""
    changes: dict[str, SettingValue] = {}
    for name in ("threshold", "prefix_padding_ms", "silence_ms", "create_response", "interrupt_response"):
        value, own = found.get(name), getattr(settings, name)
        if isinstance(value, int | float) and isinstance(value, bool) == isinstance(own, bool):
            changes[name] = type(own)(value)
    if found.get("detection") in set(Detection):
        changes["detection"] = Detection(str(found["detection"]))
    if found.get("mode") in set(Mode):
        changes["mode"] = Mode(str(found["mode"]))
    if "transcription_model" in found:
        changes["transcription_model"] = found["transcription_model"]
    return replace(settings, **changes)


def agrees(name: str, wanted: SettingValue, found: SettingValue) -> bool:
    """Whether the service's value is the one that was wanted: numbers up to rounding, names up to their version."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted == found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return math.isclose(wanted, found, rel_tol=1e-4, abs_tol=1e-4)
    if isinstance(wanted, str) and isinstance(found, str):
        if name == "transcription_model" and re.fullmatch(re.escape(wanted) + r"-\d{4}-\d{2}-\d{2}", found):
            return True
        return " ".join(wanted.split()).casefold() == " ".join(found.split()).casefold()
    return (wanted or None) == (found or None) if isinstance(wanted, str) else wanted == found


def _at(data: Json, path: str) -> Json | UnsetType:
    """What stands at a path; None where the object around it is null, UNSET where that is not mentioned."""
    steps = path.split(".")
    for at, step in enumerate(steps):
        if data is None:
            return None
        if not isinstance(data, dict):
            return UNSET
        if step not in data:
            # Of an object that is there, a part that is missing is not set; but not of the session and its sound.
            return None if (at and steps[0] != "audio") or at > 2 else UNSET
        data = data[step]
    return data


def _read(name: str, value: Json | UnsetType, data: JsonObject) -> SettingValue | UnsetType:
    if isinstance(value, UnsetType):
        return UNSET
    match name:
        case "mode":
            return _read_mode(value)
        case "voice":
            return _text(value.get("id") if isinstance(value, dict) else value)
        case "output":
            return ("audio" if "audio" in value else "text") if isinstance(value, list) and value else UNSET
        case "logprobs":
            return LOGPROBS in value if isinstance(value, list) else False
        case "max_output_tokens":
            return number if isinstance(number := _number(value), int) else None
        case "truncation":
            return _text(value.get("type") if isinstance(value, dict) else value)
        case "tracing":
            return (_text(value.get("workflow_name")) or "on") if isinstance(value, dict) else _text(value)
        case "language":
            several = _at(data, f"{_WRITING}.languages")
            return ", ".join(map(str, several)) if isinstance(several, list) and several else _text(value)
        case "transcription_keywords":
            return ", ".join(map(str, value)) if isinstance(value, list) and value else None
        case "prompt_variables":
            return _json_text(value)
        case "threshold" | "silence_ms" | "prefix_padding_ms" | "speed" | "create_response" | "interrupt_response":
            return UNSET if (number := _number(value)) is None else number  # none of these can be nothing
        case "detection" | "eagerness":
            return _text(value) or UNSET
        case "transcription_model" | "noise_reduction" | "prompt_id":  # missing in an object that is there: unknown
            around = _at(data, PATHS[name].rpartition(".")[0])
            return _text(value) or (UNSET if around is not None else None)
        case _:
            return _text(value) if (number := _number(value)) is None else number


def _read_mode(value: Json) -> SettingValue | UnsetType:
    match value:
        case None | {"type": None | "none"}:
            return Mode.PUSH_TO_TALK
        case {"type": str()}:
            return Mode.HANDS_FREE
        case dict() if value:
            return Mode.HANDS_FREE
        case _:
            return UNSET


def _number(value: Json) -> int | float | bool | None:
    """Numbers come raw here, past the ranges of the vocabulary: one that arithmetic cannot hold says nothing."""
    return value if isinstance(value, int | float) and abs(value) <= EXACT else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _json_text(value: Json) -> str | None:
    import json

    return json.dumps(value, sort_keys=True) if isinstance(value, dict) and value else None


# ---------------------------------------------------------------- which one an error names

_QUOTED: Final = re.compile(r"['\"`]?\b(session(?:\.[A-Za-z_]\w*(?:\[\d+\])?)+)['\"`]?")
_QUOTED_NAME: Final = re.compile(r"['\"`]([A-Za-z_][\w.]*(?:\[\d+\])?)['\"`]")
_FLAT: Final = {
    "modalities": "output_modalities",
    "max_response_output_tokens": "max_output_tokens",
    "input_audio_format": "audio.input.format",
    "output_audio_format": "audio.output.format",
    "input_audio_transcription": _WRITING,
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "turn_detection": _TURN,
    "voice": "audio.output.voice",
    "speed": "audio.output.speed",
}
"""The beta dialect's names, which services also use when they refuse what was said in GA's."""
_WHOLE_PATHS: Final = frozenset(PATHS.values()) - {"type"}
"""What a message may quote without `session.` before it; a mere `audio` or `type` may be a value."""
_VOICE_CODE: Final = "cannot_update_voice"


def named_units(error: ErrorDetail, among: Iterable[str]) -> frozenset[str]:
    """Which of these units an error is about, by its `param`, or by what its message quotes; none where it does not
    say. A path between two units means those below it, one beyond a unit means that unit.
    """
    sent = frozenset(among)
    if error.code == _VOICE_CODE:
        return sent & {"voice"}
    words = error.message or ""
    names = [name for name in _QUOTED_NAME.findall(words) if name in _FLAT or name in _WHOLE_PATHS]
    said = [error.param or "", *_QUOTED.findall(words), *names]
    for place in said:
        if found := _units_at(place, sent):
            return found
    return frozenset()


def _units_at(place: str, sent: frozenset[str]) -> frozenset[str]:
    path = re.sub(r"\[[^\]]*\]", "", place).strip(". ").removeprefix("event.").removeprefix("session.")
    if not path or path == "session":
        return frozenset()
    head, _, rest = path.partition(".")
    path = f"{_FLAT[head]}.{rest}".rstrip(".") if head in _FLAT else path
    path = PATHS["language"] if path == f"{_WRITING}.languages" else path
    paths = {unit: PATHS[unit] for unit in sent}
    if "truncation" in paths and path == PATHS["truncation"]:
        return sent & {"truncation", "retention_tokens"}
    if exact := frozenset(unit for unit, at in paths.items() if at == path and unit != "mode"):
        return exact
    if below := frozenset(unit for unit, at in paths.items() if f"{at}.".startswith(f"{path}.")):
        return below
    parents = [unit for unit, at in paths.items() if path.startswith(f"{at}.")]
    return frozenset(parents)
