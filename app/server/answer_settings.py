"""How one response is to be: the session's settings with the overrides of a `response.create` laid over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.protocol.convert import Json, JsonObject, from_json, to_json
from app.protocol.items import ResponseOptions
from app.protocol.session import AudioFormat, AudioOutput, Session, SessionAudio
from app.server.formats import FORMATS, WireFormat
from app.server.refusals import RefusedError, invalid_value, not_supported, too_long
from app.server.settings import (
    check_max_output_tokens,
    check_modalities,
    check_output,
    check_tools,
    check_voice_kept,
    given,
)
from app.server.validation import check_values

MAX_METADATA: Final = (16, 64, 512)
"""Pairs, characters of a key, characters of a value (protocol reference, section 6)."""


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Effective settings of one response."""

    aloud: bool
    """Spoken (["audio"]), or written (["text"])."""
    instructions: str
    output: AudioOutput
    max_output_tokens: int | None
    metadata: Json
    in_conversation: bool
    """Written into the default conversation, or out of band (`conversation: "none"`)."""

    @property
    def form(self) -> WireFormat:
        """How the sound is written on the wire."""
        form = given(self.output.format)
        return FORMATS[form.type]

    @property
    def speed(self) -> float:
        """Times the normal rate of speaking."""
        return given(self.output.speed)

    def audio_json(self) -> JsonObject:
        """The `audio` of the response object: format and voice."""
        output = to_json(self.output)
        output.pop("speed", None)
        return {"output": output}


def answer_settings(session: Session, options: ResponseOptions, *, spoken: bool) -> AnswerSettings:
    """Raises RefusedError. `spoken`: the assistant has been heard, so voice and format are fixed."""
    check_modalities("response.output_modalities", options.output_modalities)
    check_max_output_tokens("response.max_output_tokens", options.max_output_tokens)
    check_tools("response", options.tools, options.tool_choice)
    if options.conversation is not UNSET and options.conversation not in ("auto", "none"):
        raise not_supported("response.conversation", options.conversation, ("auto", "none"))
    output = given(given(session.audio).output)
    if options.audio is not UNSET:
        changed = _output(options.audio, output)
        if spoken:
            check_voice_kept(output, changed)
        output = changed
    tokens = given(session.max_output_tokens) if options.max_output_tokens is UNSET else options.max_output_tokens
    modalities = given(session.output_modalities) if options.output_modalities is UNSET else options.output_modalities
    return AnswerSettings(
        aloud=modalities == ("audio",),
        instructions=given(session.instructions) if options.instructions is UNSET else options.instructions,
        output=output,
        max_output_tokens=tokens if isinstance(tokens, int) else None,
        metadata=_metadata(options.metadata),
        in_conversation=options.conversation != "none",
    )


def _output(audio: Json, current: AudioOutput) -> AudioOutput:
    if not isinstance(audio, dict):
        raise RefusedError("invalid_type", "Invalid type for 'response.audio'.", "response.audio")
    parsed = from_json(SessionAudio, audio)
    check_values(parsed, "response.audio")
    if parsed.input is not UNSET:
        raise RefusedError("unknown_parameter", "Unknown parameter: 'response.audio.input'.", "response.audio.input")
    change = parsed.output
    if change is UNSET:
        return current
    if change.speed is not UNSET:
        path = "response.audio.output.speed"
        raise RefusedError("unknown_parameter", f"Unknown parameter: '{path}'.", path)
    check_output("response.audio.output", change)
    form: AudioFormat | UnsetType = current.format
    if change.format is not UNSET:
        form = AudioFormat(type=change.format.type, rate=24_000 if change.format.type == "audio/pcm" else UNSET)
    return replace(current, format=form, voice=current.voice if change.voice is UNSET else change.voice)


def _metadata(metadata: Json | UnsetType) -> Json:
    if metadata is UNSET or metadata is None:
        return None
    pairs, key_characters, value_characters = MAX_METADATA
    if not isinstance(metadata, dict):
        raise RefusedError("invalid_type", "Invalid type for 'response.metadata'.", "response.metadata")
    if len(metadata) > pairs:
        raise invalid_value("response.metadata", f"Invalid 'response.metadata': more than {pairs} pairs.")
    for key, value in metadata.items():
        if len(key) > key_characters:
            raise too_long("response.metadata", key_characters, len(key))
        if not isinstance(value, str):
            raise RefusedError(
                "invalid_type", "Invalid type for 'response.metadata': values are strings.", "response.metadata"
            )
        if len(value) > value_characters:
            raise too_long("response.metadata", value_characters, len(value))
    return metadata
