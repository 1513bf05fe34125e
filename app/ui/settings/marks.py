"""How a setting of the panel stands, as a mark beside it and as a sentence below."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

from msgspec import UnsetType

from app.conversation.settings_wording import in_words
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State, Status
from app.settings import Applies, Loaded, Setting, Settings, Source
from app.ui.painting import Run
from app.ui.settings.controls import Value
from app.ui.wording import standing_mark

_BY_SILENCE: Final = frozenset({"threshold", "silence_ms", "prefix_padding_ms", "idle_timeout_ms"})
_BY_MEANING: Final = frozenset({"eagerness"})
_OF_OTHERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    **dict.fromkeys(("retention_ratio", "retention_tokens"), ("truncation", ("auto", "disabled"))),
    **dict.fromkeys(
        ("language", "transcription_prompt", "transcription_keywords", "transcription_delay", "logprobs"),
        ("transcription_model", ("off",)),
    ),
    "noise_reduction_strength": ("noise_reduction", ("off",)),
    **dict.fromkeys(("prompt_version", "prompt_variables"), ("prompt_id", ("",))),
}
"""Setting -> the one that it is a part of, and the values of that which leave it nothing to decide."""
_BY_THE_SERVICE: Final = frozenset({"detection", "create_response", "interrupt_response"})


def value_of(setting: Setting, settings: Settings) -> Value:
    """The setting's value."""
    value: Value = getattr(settings, setting.name)
    return value


def value_text(setting: Setting, value: Value) -> str:
    """A value as a user would say it, with its unit."""
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case int() | float():
            return f"{value:g} {setting.about.unit}".rstrip()
        case _:
            return value or setting.about.empty


def is_in_effect(name: str, settings: Settings) -> bool:
    """Whether the setting decides anything, as the others stand."""
    is_hands_free = settings.mode == "hands-free"
    if name in _BY_SILENCE:
        return is_hands_free and settings.detection == "server_vad"
    if name in _BY_MEANING:
        return is_hands_free and settings.detection == "semantic_vad"
    if name in _OF_OTHERS:
        other, idle = _OF_OTHERS[name]
        return getattr(settings, other) not in idle
    return is_hands_free or name not in _BY_THE_SERVICE


def waits_for_session(setting: Setting, settings: Settings, status: Status) -> bool:
    """This session keeps what it has, as the voice once the assistant has spoken; the next one takes the new value."""
    name = setting.name
    if name == "voice":
        return status.is_voice_fixed and status.settings.voice != settings.voice
    return name in status.fixed and (getattr(status.settings, name) or "off") != getattr(settings, name)


def standing_of(name: str, status: Status) -> SettingStanding | None:
    """How it stands with the service; None where there is none, or it has nothing to do with it."""
    return None if status.state in (State.CONNECTING, State.RECONNECTING, State.OFFLINE) else status.standings.get(name)


def mark(setting: Setting, settings: Settings, status: Status, unsaved: Set[str]) -> Sequence[Run]:
    """How it stands with the service, with its value where that is another; `↻` waits for a new session or start."""
    if waits_for_session(setting, settings, status):
        return [("↻", "warning")]
    standing = standing_of(setting.name, status) if is_in_effect(setting.name, settings) else None
    if standing is not None:
        sign = standing_mark(standing.standing)
        if standing.standing not in (Standing.DIFFERENT, Standing.REFUSED) or isinstance(standing.value, UnsetType):
            return [sign]
        return [sign, (f" {in_words(standing.value)}", "warning")]
    if setting.about.applies is not Applies.LIVE and setting.name in unsaved:
        return [("↻", "warning")]
    return []


def _standing_text(standing: SettingStanding) -> str:
    has = "" if isinstance(standing.value, UnsetType) else in_words(standing.value)
    match standing.standing:
        case Standing.WAITING:
            return "… told to the service, not answered yet"
        case Standing.AGREED if standing.why:
            return f"✓ the service has it so; it refused {_refused(standing)}: {standing.why.rstrip('.')}"
        case Standing.AGREED:
            return "✓ the service has it so"
        case Standing.DIFFERENT:
            return f"≠ the service has {has}"
        case Standing.UNKNOWN:
            return "? the service does not say"
        case Standing.LEFT:
            return "· left to the service, which does not say"
        case Standing.REFUSED:
            return f"✗ the service refused it{f' and has {has}' if has else ''}: {standing.why.rstrip('.')}"
        case Standing.LACKING:
            return "– this service, or its model, has no such setting, so it is not asked for"


def _refused(standing: SettingStanding) -> str:
    return "another value" if isinstance(standing.refused, UnsetType) else in_words(standing.refused)


def facts(setting: Setting, loaded: Loaded, unsaved: Set[str], status: Status) -> str:
    """How it stands; range, default, origin, and when a change counts."""
    parts = []
    if setting.low is not None and setting.high is not None:
        parts.append(f"{setting.low:g} to {value_text(setting, setting.high)}")
    source = loaded.source(setting.name)
    if setting.name not in unsaved and source is Source.DEFAULT:
        parts.append("at its default")
    else:
        if not setting.about.is_multiline:
            parts.append(f"default {value_text(setting, setting.default)}")
        parts.append("changed, not saved" if setting.name in unsaved else f"from: {source.value}")
    standing = standing_of(setting.name, status)
    if waits_for_session(setting, loaded.settings, status):
        parts.append("takes effect with a new session: ctrl+n begins one, and what was said is carried over")
    elif setting.about.applies is not Applies.LIVE:
        parts.append(f"takes effect {setting.about.applies.value}")
    elif standing is not None and is_in_effect(setting.name, loaded.settings):
        return f"{_standing_text(standing)}. {', '.join(parts)}"
    return ", ".join(parts)
