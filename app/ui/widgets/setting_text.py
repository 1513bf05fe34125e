"""What the settings panel says about a setting. Pure."""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from app.conversation.session import SessionSettings
from app.conversation.status import State, Status
from app.settings import Applies, Loaded, Setting, Settings, Source
from app.ui.widgets.control import Value
from app.ui.widgets.line import Run

_SESSION: Final = frozenset(SessionSettings.__struct_fields__)
_BY_SILENCE: Final = frozenset({"threshold", "silence_ms", "prefix_padding_ms", "idle_timeout_ms"})
_BY_MEANING: Final = frozenset({"eagerness"})
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
            return value or "empty"


def is_in_effect(name: str, settings: Settings) -> bool:
    """Whether the setting decides anything, as the others stand."""
    is_hands_free = settings.mode == "hands-free"
    if name in _BY_SILENCE:
        return is_hands_free and settings.detection == "server_vad"
    if name in _BY_MEANING:
        return is_hands_free and settings.detection == "semantic_vad"
    return is_hands_free or name not in _BY_THE_SERVICE


def waits_for_session(setting: Setting, settings: Settings, status: Status) -> bool:
    """The assistant has spoken, so the service keeps its voice for this session; the next one takes the new voice."""
    return setting.name == "voice" and status.is_voice_fixed and status.settings.voice != settings.voice


def mark(setting: Setting, settings: Settings, status: Status, unsaved: Set[str]) -> Run:
    """What has become of it: `…` told to the service, `✓` confirmed by it, `↻` waits for a new session or start."""
    if waits_for_session(setting, settings, status):
        return "↻", "warning"
    if setting.name in _SESSION and is_in_effect(setting.name, settings):
        if setting.name in status.unacknowledged:
            return "…", "warning"
        if status.state not in (State.CONNECTING, State.OFFLINE):
            return "✓", "good"
    if setting.about.applies is not Applies.LIVE and setting.name in unsaved:
        return "↻", "warning"
    return " ", "dim"


def facts(setting: Setting, loaded: Loaded, unsaved: Set[str], status: Status) -> str:
    """Range, default, origin, and when a change counts, in one sentence."""
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
    if waits_for_session(setting, loaded.settings, status):
        parts.append("takes effect with a new session: ctrl+n begins one, and what was said is carried over")
    elif setting.about.applies is not Applies.LIVE:
        parts.append(f"takes effect {setting.about.applies.value}")
    return ", ".join(parts)
