"""The session object at its start and after each `session.update`, and the settings of one response.

Accepted and given back, without effect here: the voice (the embedded synthesiser has one, whatever the name says),
the transcription model, noise reduction, tools (the built-in responder calls none), truncation, tracing, prompt,
include.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.protocol.convert import Json, JsonObject, WireObject, from_json, to_json
from app.protocol.items import ResponseOptions
from app.protocol.session import (
    PCM24,
    PCM_RATE_HZ,
    VOICES,
    AudioFormat,
    AudioInput,
    AudioOutput,
    NoiseReduction,
    SemanticVad,
    ServerVad,
    Session,
    SessionAudio,
    Transcription,
    VoiceId,
)
from app.protocol.text import one_line
from app.server.request_errors import (
    RefusedError,
    invalid_value,
    missing,
    not_supported,
    out_of_range,
    too_long,
    unknown_parameter,
    wrong_type,
)
from app.server.validation import check_values
from app.server.wire_audio import FORMATS, WireFormat

T = TypeVar("T")

INSTRUCTIONS: Final = "You are a helpful voice assistant. Answer briefly and kindly."
"""In force until the client says otherwise, and visible in `session.created`, as the real service's are."""

DEFAULT_SERVER_VAD: Final = ServerVad(
    threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500, idle_timeout_ms=None,
    create_response=True, interrupt_response=True,
)  # fmt: skip
DEFAULT_SEMANTIC_VAD: Final = SemanticVad(eagerness="auto", create_response=True, interrupt_response=True)

EAGERNESS: Final = ("low", "medium", "high", "auto")
MAX_OUTPUT_TOKENS: Final = 4096
_VAD_RANGES: Final[dict[str, tuple[float, float]]] = {
    "threshold": (0.0, 1.0),
    "prefix_padding_ms": (0, 60_000),
    "silence_duration_ms": (0, 60_000),
    "idle_timeout_ms": (5000, 30_000),
}
"""The real service does not publish its bounds of the padding and the silence."""


def first_session(session_id: str, model: str, expires_at: int) -> Session:
    """The session as `session.created` shows it: every setting present. `expires_at` in epoch seconds."""
    return Session(
        type="realtime",
        object="realtime.session",
        id=session_id,
        model=model,
        output_modalities=("audio",),
        instructions=INSTRUCTIONS,
        tools=(),
        tool_choice="auto",
        max_output_tokens="inf",
        truncation="auto",
        tracing=None,
        prompt=None,
        include=None,
        expires_at=expires_at,
        audio=SessionAudio(
            input=AudioInput(format=PCM24, transcription=None, noise_reduction=None, turn_detection=DEFAULT_SERVER_VAD),
            output=AudioOutput(format=PCM24, voice="alloy", speed=1.0),
        ),
    )


def updated(current: Session, change: Session, *, heard: bool, spoken: bool) -> Session:
    """The whole session after a change, or RefusedError; then nothing has changed.

    `heard`: sound of the user has come in, so its format is fixed. `spoken`: the assistant has been heard, so its
    voice and format are.
    """
    _check_session(change)
    for name in ("id", "object", "expires_at"):
        if getattr(change, name) is not UNSET:
            raise unknown_parameter(f"session.{name}")
    if change.model is not UNSET and change.model != current.model:
        raise invalid_value("session.model", "The model cannot be changed within a session: open another one.")
    after: Session = _merged(current, change)
    _check_fixed(current, after, heard=heard, spoken=spoken)
    return after


def _check_fixed(current: Session, after: Session, *, heard: bool, spoken: bool) -> None:
    old, new = given(current.audio), given(after.audio)
    if heard and given(old.input).format != given(new.input).format:
        raise invalid_value("session.audio.input.format", "The input format cannot be changed once audio has come in.")
    if spoken:
        check_voice_kept(given(old.output), given(new.output))


def check_voice_kept(old: AudioOutput, new: AudioOutput) -> None:
    """Raises RefusedError where the voice or the format of the assistant's sound would be another one."""
    if old.voice != new.voice:
        message = "Cannot update a conversation's voice if assistant audio is present."
        raise RefusedError("cannot_update_voice", message)
    if old.format != new.format:
        message = "The output format cannot be changed if assistant audio is present."
        raise invalid_value("session.audio.output.format", message)


def given(value: T | UnsetType) -> T:
    """The value of a setting that an effective session always has."""
    if isinstance(value, UnsetType):
        raise TypeError("an effective session has every setting")
    return value


# ---------------------------------------------------------------- merging


def _merged(old: Any, new: Any) -> Any:
    """`new` laid over `old`: what is absent in `new` stays; a part of another kind starts from its defaults."""
    if new is UNSET:
        return old
    if isinstance(new, AudioFormat):
        return PCM24 if new.type == PCM24.type else new
    if isinstance(new, ServerVad | SemanticVad):
        fresh = DEFAULT_SERVER_VAD if isinstance(new, ServerVad) else DEFAULT_SEMANTIC_VAD
        return _laid_over(old if type(old) is type(new) else fresh, new)
    if isinstance(new, WireObject) and type(old) is type(new) and not isinstance(new, VoiceId | NoiseReduction):
        return _laid_over(old, new)
    return new


def _laid_over(old: Any, new: Any) -> Any:
    changes = {
        name: _merged(getattr(old, name), getattr(new, name)) for name in new.__struct_fields__ if name != "extra"
    }
    return replace(old, **changes, extra={**old.extra, **new.extra})


# ---------------------------------------------------------------- checks


def _check_session(change: Session) -> None:
    if change.type is UNSET:
        raise missing("session.type")
    if change.type == "transcription":
        message = "Passing a transcription session update event to a realtime session is not allowed."
        raise invalid_value("session.type", message)
    if change.type != "realtime":
        raise not_supported("session.type", change.type, ("realtime", "transcription"))
    if change.reasoning is not UNSET:
        raise unknown_parameter("session.reasoning")  # as a model that does not reason
    check_modalities("session.output_modalities", change.output_modalities)
    check_max_output_tokens("session.max_output_tokens", change.max_output_tokens)
    check_tools("session", change.tools, change.tool_choice)
    _check_tracing(change.tracing)
    if change.audio is not UNSET:
        if change.audio.input is not UNSET:
            _check_input(change.audio.input)
        if change.audio.output is not UNSET:
            check_output("session.audio.output", change.audio.output)


def _check_tracing(tracing: Json | UnsetType) -> None:
    if isinstance(tracing, str) and tracing != "auto":
        raise not_supported("session.tracing", tracing, ("auto",))
    if tracing is not None and tracing is not UNSET and not isinstance(tracing, str | dict):
        raise wrong_type("session.tracing")
    for key in tracing if isinstance(tracing, dict) else ():
        if key not in _TRACING_KEYS:
            raise unknown_parameter(f"session.tracing.{one_line(key, 80)}")


_TRACING_KEYS: Final = ("workflow_name", "group_id", "metadata")


def _check_input(audio: AudioInput) -> None:
    path = "session.audio.input"
    _check_format(f"{path}.format", audio.format)
    if isinstance(audio.noise_reduction, NoiseReduction) and audio.noise_reduction.type not in _NOISE_REDUCTIONS:
        raise not_supported(f"{path}.noise_reduction.type", audio.noise_reduction.type, _NOISE_REDUCTIONS)
    if isinstance(audio.noise_reduction, NoiseReduction) and audio.noise_reduction.strength is not UNSET:
        raise unknown_parameter(f"{path}.noise_reduction.strength")
    for name in ("languages", "keywords", "delay"):
        if isinstance(audio.transcription, Transcription) and getattr(audio.transcription, name) is not UNSET:
            raise unknown_parameter(f"{path}.transcription.{name}")
    detection = audio.turn_detection
    if isinstance(detection, ServerVad):
        for name, (least, most) in _VAD_RANGES.items():
            _check_range(f"{path}.turn_detection.{name}", getattr(detection, name), least, most)
    if isinstance(detection, SemanticVad) and detection.eagerness is not UNSET and detection.eagerness not in EAGERNESS:
        raise not_supported(f"{path}.turn_detection.eagerness", detection.eagerness, EAGERNESS)


_NOISE_REDUCTIONS: Final = ("near_field", "far_field")


def check_output(path: str, audio: AudioOutput) -> None:
    """Format, voice and speed. Raises RefusedError."""
    _check_format(f"{path}.format", audio.format)
    if isinstance(audio.voice, str) and audio.voice not in VOICES:
        raise not_supported(f"{path}.voice", audio.voice, VOICES)
    _check_range(f"{path}.speed", audio.speed, 0.25, 1.5)


def _check_format(path: str, form: AudioFormat | UnsetType) -> None:
    if form is UNSET:
        return
    if form.type not in FORMATS:
        raise not_supported(f"{path}.type", form.type, tuple(FORMATS))
    if form.rate is not UNSET and form.type != PCM24.type:
        raise unknown_parameter(f"{path}.rate")
    _check_range(f"{path}.rate", form.rate, PCM_RATE_HZ, PCM_RATE_HZ)


def _check_range(path: str, value: float | None | UnsetType, least: float, most: float) -> None:
    if value is not None and value is not UNSET and not least <= value <= most:
        raise out_of_range(path, value, least, most)


def check_modalities(path: str, modalities: tuple[str, ...] | UnsetType) -> None:
    """["audio"] or ["text"], never both. Raises RefusedError."""
    if modalities is not UNSET and modalities not in (("audio",), ("text",)):
        got = one_line(str(list(modalities)), 80)
        message = f"Invalid modalities: {got}. Supported combinations are: ['text'] and ['audio']."
        raise invalid_value(path, message)


def check_max_output_tokens(path: str, tokens: int | str | UnsetType) -> None:
    """1 to 4096, or "inf". Raises RefusedError."""
    if isinstance(tokens, str) and tokens != "inf":
        raise not_supported(path, tokens, ("inf",))
    if isinstance(tokens, int):
        _check_range(path, tokens, 1, MAX_OUTPUT_TOKENS)


def check_tools(path: str, tools: tuple[Json, ...] | UnsetType, choice: Json | UnsetType) -> None:
    """Functions with a name, MCP servers with a label; a choice among auto, none, required or one tool."""
    for at, tool in enumerate(tools or ()):
        place = f"{path}.tools[{at}]"
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or kind not in ("function", "mcp"):
            raise not_supported(f"{place}.type", kind, ("function", "mcp"))
        name = "name" if kind == "function" else "server_label"
        if not isinstance(tool.get(name), str) or not tool[name]:
            raise missing(f"{place}.{name}")
    if isinstance(choice, str) and choice not in ("auto", "none", "required"):
        raise not_supported(f"{path}.tool_choice", choice, ("auto", "none", "required"))
    if choice is not UNSET and not isinstance(choice, str | dict):
        raise wrong_type(f"{path}.tool_choice")
    if isinstance(choice, dict):
        kind = choice.get("type")
        if kind not in ("function", "mcp"):
            raise not_supported(f"{path}.tool_choice.type", kind, ("function", "mcp"))
        name = "name" if kind == "function" else "server_label"
        if not isinstance(choice.get(name), str):
            raise missing(f"{path}.tool_choice.{name}")


MAX_METADATA: Final = (16, 64, 512)
"""Pairs, characters of a key, characters of a value (protocol reference, section 6)."""


@dataclass(frozen=True, slots=True)
class ResponseSettings:
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
        return FORMATS[given(self.output.format).type]

    @property
    def speed(self) -> float:
        """Times the normal rate of speaking."""
        return given(self.output.speed)

    @property
    def spoken_speed(self) -> float | None:
        """None for an answer in writing."""
        return self.speed if self.aloud else None

    def audio_json(self) -> JsonObject:
        """The `audio` of the response object: format and voice."""
        output = to_json(self.output)
        output.pop("speed", None)
        return {"output": output}


def response_settings(session: Session, options: ResponseOptions, *, spoken: bool) -> ResponseSettings:
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
    return ResponseSettings(
        aloud=modalities == ("audio",),
        instructions=given(session.instructions) if options.instructions is UNSET else options.instructions,
        output=output,
        max_output_tokens=tokens if isinstance(tokens, int) else None,
        metadata=_metadata(options.metadata),
        in_conversation=options.conversation != "none",
    )


def _output(audio: Json, current: AudioOutput) -> AudioOutput:
    if not isinstance(audio, dict):
        raise wrong_type("response.audio")
    parsed = from_json(SessionAudio, audio)
    check_values(parsed, "response.audio")
    if parsed.input is not UNSET:
        raise unknown_parameter("response.audio.input")
    change = parsed.output
    if change is UNSET:
        return current
    if change.speed is not UNSET:
        raise unknown_parameter("response.audio.output.speed")
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
        raise wrong_type("response.metadata")
    if len(metadata) > pairs:
        raise invalid_value("response.metadata", f"Invalid 'response.metadata': more than {pairs} pairs.")
    for key, value in metadata.items():
        if len(key) > key_characters:
            raise too_long("response.metadata", key_characters, len(key))
        if not isinstance(value, str):
            raise wrong_type("response.metadata", ": values are strings")
        if len(value) > value_characters:
            raise too_long("response.metadata", value_characters, len(value))
    return metadata
