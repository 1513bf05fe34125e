"""The settings of a session on the wire: the update that carries them to the service.

Whole at the start, then only what changed (protocol reference, section 4.3). One group is sent whole when any part
of it changes: turn_detection, since services differ in whether they merge it.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, UnsetType

from app.conversation.session import Detection, Mode, SessionSettings, differences
from app.protocol.session import (
    PCM24,
    AudioFormat,
    AudioInput,
    AudioOutput,
    NoiseReduction,
    SemanticVad,
    ServerVad,
    Session,
    SessionAudio,
    Transcription,
)

_TURN_FIELDS: Final = frozenset(
    {
        "mode",
        "detection",
        "threshold",
        "prefix_padding_ms",
        "silence_ms",
        "idle_timeout_ms",
        "eagerness",
        "create_response",
        "interrupt_response",
    }
)


def whole_session(settings: SessionSettings) -> Session:
    """The first update: everything, set by ourselves, since services' defaults differ."""
    return _session(settings, frozenset(settings.__struct_fields__), audio_format=PCM24)


def least_session(settings: SessionSettings) -> Session:
    """What every service should take: for those that refuse the whole one."""
    return Session(
        type="realtime",
        instructions=settings.instructions or UNSET,
        audio=SessionAudio(input=AudioInput(turn_detection=turn_detection(settings))),
    )


def changed_session(old: SessionSettings, new: SessionSettings) -> Session:
    """An update that carries only what differs."""
    clears_idle_timeout = old.idle_timeout_ms is not None
    return _session(new, differences(old, new), clears_idle_timeout=clears_idle_timeout)


def turn_detection(settings: SessionSettings, *, clears_idle_timeout: bool = False) -> ServerVad | SemanticVad | None:
    """The turn_detection object; None is push-to-talk.

    An idle timeout that was never set is absent rather than null: older and compatible services do not know the
    field. One that was set is cleared by null, since a service that merges the object would keep it.
    """
    if settings.mode is Mode.PUSH_TO_TALK:
        return None
    if settings.detection is Detection.SEMANTIC_VAD:
        return SemanticVad(
            eagerness=settings.eagerness,
            create_response=settings.create_response,
            interrupt_response=settings.interrupt_response,
        )
    return ServerVad(
        threshold=settings.threshold,
        prefix_padding_ms=settings.prefix_padding_ms,
        silence_duration_ms=settings.silence_ms,
        idle_timeout_ms=settings.idle_timeout_ms or (None if clears_idle_timeout else UNSET),
        create_response=settings.create_response,
        interrupt_response=settings.interrupt_response,
    )


def _session(
    settings: SessionSettings,
    names: frozenset[str],
    *,
    clears_idle_timeout: bool = False,
    audio_format: AudioFormat | UnsetType = UNSET,
) -> Session:
    detection = turn_detection(settings, clears_idle_timeout=clears_idle_timeout)
    model, noise_reduction = settings.transcription_model, settings.noise_reduction
    transcription = Transcription(model=model, language=settings.language or UNSET) if model is not None else None
    reduction = NoiseReduction(type=noise_reduction) if noise_reduction else None
    heard = AudioInput(
        format=audio_format,
        turn_detection=detection if names & _TURN_FIELDS else UNSET,
        transcription=transcription if names & {"transcription_model", "language"} else UNSET,
        noise_reduction=reduction if "noise_reduction" in names else UNSET,
    )
    spoken = AudioOutput(
        format=audio_format,
        voice=settings.voice if "voice" in names else UNSET,
        speed=settings.speed if "speed" in names else UNSET,
    )
    audio = SessionAudio(
        input=heard if heard != AudioInput() else UNSET,
        output=spoken if spoken != AudioOutput() else UNSET,
    )
    return Session(
        type="realtime",
        output_modalities=(settings.output,) if "output" in names else UNSET,
        instructions=settings.instructions if "instructions" in names else UNSET,
        audio=audio if audio != SessionAudio() else UNSET,
    )
