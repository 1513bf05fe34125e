"""The settings of a session, as values: all of them, and some of them changed."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace


class Mode(StrEnum):
    """Who decides that a turn is over."""

    HANDS_FREE = "hands-free"
    PUSH_TO_TALK = "push-to-talk"


class Detection(StrEnum):
    """How the service decides it, hands-free."""

    SERVER_VAD = "server_vad"
    SEMANTIC_VAD = "semantic_vad"


class SessionSettings(Struct, frozen=True):
    """What the user wants of the session. Field names are the names used in `Status`."""

    mode: Mode = Mode.HANDS_FREE
    detection: Detection = Detection.SERVER_VAD
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_ms: int = 500
    idle_timeout_ms: int | None = None
    eagerness: str = "auto"
    create_response: bool = True
    interrupt_response: bool = True
    voice: str = "marin"
    speed: float = 1.0
    instructions: str = ""
    output: Literal["audio", "text"] = "audio"
    transcription_model: str | None = "gpt-4o-mini-transcribe"
    language: str | None = None
    """One, or several with commas between."""
    transcription_prompt: str | None = None
    transcription_keywords: str | None = None
    """With commas between."""
    transcription_delay: str | None = None
    logprobs: bool = False
    """The service tells how sure it is of the user's words."""
    noise_reduction: str | None = None
    noise_reduction_strength: float | None = None
    max_output_tokens: int | None = None
    """Of one answer; None: as many as the model gives."""
    truncation: Literal["auto", "disabled", "retention_ratio"] = "auto"
    retention_ratio: float = 0.8
    retention_tokens: int | None = None
    reasoning_effort: str | None = None
    tracing: str | None = None
    """`auto`, or the name of the workflow."""
    prompt_id: str | None = None
    prompt_version: str | None = None
    prompt_variables: str | None = None
    """A JSON object."""


SettingValue: TypeAlias = str | int | float | bool | None
"""Of one field; modes and the like are strings too."""


class SessionChange(Struct, frozen=True, omit_defaults=True):
    """Some settings are to be others: those that are set here. The fields are those of SessionSettings."""

    mode: Mode | UnsetType = UNSET
    detection: Detection | UnsetType = UNSET
    threshold: float | UnsetType = UNSET
    prefix_padding_ms: int | UnsetType = UNSET
    silence_ms: int | UnsetType = UNSET
    idle_timeout_ms: int | None | UnsetType = UNSET
    eagerness: str | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    speed: float | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    output: Literal["audio", "text"] | UnsetType = UNSET
    transcription_model: str | None | UnsetType = UNSET
    language: str | None | UnsetType = UNSET
    transcription_prompt: str | None | UnsetType = UNSET
    transcription_keywords: str | None | UnsetType = UNSET
    transcription_delay: str | None | UnsetType = UNSET
    logprobs: bool | UnsetType = UNSET
    noise_reduction: str | None | UnsetType = UNSET
    noise_reduction_strength: float | None | UnsetType = UNSET
    max_output_tokens: int | None | UnsetType = UNSET
    truncation: Literal["auto", "disabled", "retention_ratio"] | UnsetType = UNSET
    retention_ratio: float | UnsetType = UNSET
    retention_tokens: int | None | UnsetType = UNSET
    reasoning_effort: str | None | UnsetType = UNSET
    tracing: str | None | UnsetType = UNSET
    prompt_id: str | None | UnsetType = UNSET
    prompt_version: str | None | UnsetType = UNSET
    prompt_variables: str | None | UnsetType = UNSET

    @property
    def names(self) -> frozenset[str]:
        """The fields that it sets."""
        return frozenset(self._values())

    def of(self, settings: SessionSettings) -> SessionSettings:
        """These settings with the change made."""
        return replace(settings, **self._values())

    def with_all_of(self, other: SessionChange) -> SessionChange:
        """Both, where they differ the other."""
        return replace(self, **other._values())

    def _values(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not UNSET}


def differences(old: SessionSettings, new: SessionSettings) -> frozenset[str]:
    """Names of the fields that differ."""
    return frozenset(name for name in new.__struct_fields__ if getattr(old, name) != getattr(new, name))


def taken_from(settings: SessionSettings, names: Iterable[str]) -> SessionChange:
    """The change that sets these fields as they are in the settings."""
    return SessionChange(**{name: getattr(settings, name) for name in names})
