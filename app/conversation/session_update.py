"""The settings of a session on the wire: the update that carries some of them to the service (section 4.3)."""

from __future__ import annotations

import json

from msgspec import UNSET, UnsetType

from app.conversation.session import Detection, Mode, SessionSettings
from app.protocol.convert import Json, JsonObject
from app.protocol.session import (
    LOGPROBS,
    PCM24,
    AudioInput,
    AudioOutput,
    NoiseReduction,
    Reasoning,
    SemanticVad,
    ServerVad,
    Session,
    SessionAudio,
    Transcription,
    VoiceId,
)

CUSTOM_VOICE = "voice_"
"""So begin the ids of voices that somebody made; they travel as an object."""


def session_with(settings: SessionSettings, names: frozenset[str]) -> Session:
    """An update with these units (`session_fields`) alone, each as it is in the settings; None clears what was set."""
    heard = AudioInput(
        format=PCM24 if "input_format" in names else UNSET,
        turn_detection=_turn_detection(settings, names),
        transcription=_transcription(settings, names),
        noise_reduction=_noise_reduction(settings, names),
    )
    spoken = AudioOutput(
        format=PCM24 if "output_format" in names else UNSET,
        voice=_voice(settings.voice) if "voice" in names else UNSET,
        speed=settings.speed if "speed" in names else UNSET,
    )
    audio = SessionAudio(
        input=heard if heard != AudioInput() else UNSET,
        output=spoken if spoken != AudioOutput() else UNSET,
    )
    return Session(
        type="realtime" if "type" in names else UNSET,
        output_modalities=(settings.output,) if "output" in names else UNSET,
        instructions=settings.instructions if "instructions" in names else UNSET,
        audio=audio if audio != SessionAudio() else UNSET,
        max_output_tokens=(settings.max_output_tokens or "inf") if "max_output_tokens" in names else UNSET,
        truncation=_truncation(settings, names),
        reasoning=_reasoning(settings.reasoning_effort) if "reasoning_effort" in names else UNSET,
        tracing=_tracing(settings.tracing) if "tracing" in names else UNSET,
        include=((LOGPROBS,) if settings.logprobs else ()) if "logprobs" in names else UNSET,
        prompt=_prompt(settings, names),
    )


def _turn_detection(settings: SessionSettings, names: frozenset[str]) -> ServerVad | SemanticVad | None | UnsetType:
    """The turn_detection object; None is push-to-talk."""
    if settings.mode is Mode.PUSH_TO_TALK:
        return None if "mode" in names else UNSET
    if "detection" not in names:
        return UNSET
    create = settings.create_response if "create_response" in names else UNSET
    interrupt = settings.interrupt_response if "interrupt_response" in names else UNSET
    if settings.detection is Detection.SEMANTIC_VAD:
        eagerness = settings.eagerness if "eagerness" in names else UNSET
        return SemanticVad(eagerness=eagerness, create_response=create, interrupt_response=interrupt)
    return ServerVad(
        threshold=settings.threshold if "threshold" in names else UNSET,
        prefix_padding_ms=settings.prefix_padding_ms if "prefix_padding_ms" in names else UNSET,
        silence_duration_ms=settings.silence_ms if "silence_ms" in names else UNSET,
        idle_timeout_ms=settings.idle_timeout_ms if "idle_timeout_ms" in names else UNSET,
        create_response=create,
        interrupt_response=interrupt,
    )


def _transcription(settings: SessionSettings, names: frozenset[str]) -> Transcription | None | UnsetType:
    if "transcription_model" not in names:
        return UNSET
    if settings.transcription_model is None:
        return None
    languages = words_of(settings.language or "")
    has_language = "language" in names
    keywords = words_of(settings.transcription_keywords or "") or None
    return Transcription(
        model=settings.transcription_model,
        language=(settings.language if len(languages) == 1 else UNSET if languages else None)
        if has_language
        else UNSET,
        languages=languages if has_language and len(languages) > 1 else UNSET,
        prompt=settings.transcription_prompt if "transcription_prompt" in names else UNSET,
        keywords=keywords if "transcription_keywords" in names else UNSET,
        delay=settings.transcription_delay if "transcription_delay" in names else UNSET,
    )


def _noise_reduction(settings: SessionSettings, names: frozenset[str]) -> NoiseReduction | None | UnsetType:
    if "noise_reduction" not in names:
        return UNSET
    if settings.noise_reduction is None:
        return None
    strength = settings.noise_reduction_strength if "noise_reduction_strength" in names else UNSET
    return NoiseReduction(type=settings.noise_reduction, strength=strength)


def _truncation(settings: SessionSettings, names: frozenset[str]) -> Json | UnsetType:
    if "truncation" not in names:
        return UNSET
    if settings.truncation != "retention_ratio":
        return settings.truncation
    whole: JsonObject = {"type": "retention_ratio", "retention_ratio": settings.retention_ratio}
    if "retention_tokens" in names and settings.retention_tokens is not None:
        whole["token_limits"] = {"post_instructions": settings.retention_tokens}
    return whole


def _reasoning(effort: str | None) -> Reasoning | None:
    return Reasoning(effort=effort) if effort else None


def _tracing(tracing: str | None) -> Json:
    return tracing if tracing in (None, "auto") else {"workflow_name": tracing}


def _prompt(settings: SessionSettings, names: frozenset[str]) -> Json | UnsetType:
    if "prompt_id" not in names:
        return UNSET
    if settings.prompt_id is None:
        return None
    prompt: JsonObject = {"id": settings.prompt_id}
    if "prompt_version" in names:
        prompt["version"] = settings.prompt_version
    if "prompt_variables" in names:
        prompt["variables"] = json.loads(settings.prompt_variables) if settings.prompt_variables else None
    return prompt


def _voice(name: str) -> str | VoiceId:
    return VoiceId(id=name) if name.startswith(CUSTOM_VOICE) else name


def words_of(listed: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(word for each in listed.split(",") if (word := each.strip()))
