"""The session object of the GA dialect and its parts (protocol reference, section 4).

The same types serve an update, which carries only what changed (everything else `UNSET`), and the whole
session that the service sends back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from app.protocol.convert import UNSET, Json, JsonObject, Unset
from app.protocol.ranges import DecimalSetting, EpochSeconds, Setting

PCM_RATE_HZ = 24_000
"""The only rate of audio/pcm on the wire; 16000 is refused (section 0, rule 3)."""

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
"""The voices that every GA service names (section 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """audio/pcm at 24 kHz, or audio/pcmu, audio/pcma (those without a rate)."""

    type: str = "audio/pcm"
    rate: Setting | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


PCM24 = AudioFormat(type="audio/pcm", rate=PCM_RATE_HZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """The second model that writes down what the user said; without it there is no text of the user."""

    model: str | Unset = UNSET
    language: str | Unset = UNSET
    prompt: str | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReduction:
    """near_field (headsets) or far_field (laptops, rooms). It is no echo cancelling."""

    type: str = "near_field"
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """Turn detection by silence (section 4.1)."""

    TYPE: ClassVar = "server_vad"

    threshold: DecimalSetting | Unset = UNSET
    prefix_padding_ms: Setting | Unset = UNSET
    silence_duration_ms: Setting | Unset = UNSET
    idle_timeout_ms: Setting | None | Unset = UNSET
    create_response: bool | Unset = UNSET
    interrupt_response: bool | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVad:
    """Turn detection by meaning: how eager the service is to answer."""

    TYPE: ClassVar = "semantic_vad"

    eagerness: str | Unset = UNSET
    create_response: bool | Unset = UNSET
    interrupt_response: bool | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


TurnDetection: TypeAlias = ServerVad | SemanticVad
"""How the service finds the end of a turn; null in its place means push-to-talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioInput:
    """What the service does with the user's sound."""

    format: AudioFormat | Unset = UNSET
    transcription: Transcription | None | Unset = UNSET
    noise_reduction: NoiseReduction | None | Unset = UNSET
    turn_detection: ServerVad | SemanticVad | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceId:
    """A custom voice: services send an object where a name is usual."""

    id: str = ""
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOutput:
    """How the assistant sounds. The voice can change only before the first assistant audio."""

    format: AudioFormat | Unset = UNSET
    voice: str | VoiceId | Unset = UNSET
    speed: DecimalSetting | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAudio:
    """Both directions of sound."""

    input: AudioInput | Unset = UNSET
    output: AudioOutput | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A realtime session. `type` is mandatory in every update (section 0, rule 4)."""

    type: str | Unset = UNSET
    id: str | Unset = UNSET
    object: str | Unset = UNSET
    model: str | Unset = UNSET
    expires_at: EpochSeconds | None | Unset = UNSET
    output_modalities: tuple[str, ...] | Unset = UNSET
    instructions: str | Unset = UNSET
    audio: SessionAudio | Unset = UNSET
    tools: tuple[Json, ...] | Unset = UNSET
    tool_choice: Json | Unset = UNSET
    max_output_tokens: Setting | str | Unset = UNSET
    truncation: Json | Unset = UNSET
    tracing: Json | Unset = UNSET
    include: tuple[str, ...] | None | Unset = UNSET
    prompt: Json | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)

    @property
    def turn_detection(self) -> ServerVad | SemanticVad | None | Unset:
        """audio.input.turn_detection, or UNSET where any step of the path is missing."""
        if isinstance(self.audio, Unset) or isinstance(self.audio.input, Unset):
            return UNSET
        return self.audio.input.turn_detection

    @property
    def voice(self) -> str | Unset:
        """audio.output.voice by name (a custom voice by its id)."""
        if isinstance(self.audio, Unset) or isinstance(self.audio.output, Unset):
            return UNSET
        voice = self.audio.output.voice
        return voice.id if isinstance(voice, VoiceId) else voice
