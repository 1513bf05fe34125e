"""The session object of the GA dialect and its parts (protocol reference, section 4).

The same types serve an update, which carries only what changed (everything else `UNSET`), and the whole
session that the service sends back.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from app.protocol.convert import Json, WireObject
from app.protocol.ranges import DecimalSetting, EpochSeconds, Setting

PCM_RATE_HZ = 24_000
"""The only rate of audio/pcm on the wire; 16000 is refused (section 0, rule 3)."""

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
"""The voices that every GA service names (section 7)."""


class AudioFormat(WireObject, frozen=True, kw_only=True):
    """audio/pcm at 24 kHz, or audio/pcmu, audio/pcma (those without a rate)."""

    type: str = "audio/pcm"
    rate: Setting | UnsetType = UNSET


PCM24 = AudioFormat(type="audio/pcm", rate=PCM_RATE_HZ)


class Transcription(WireObject, frozen=True, kw_only=True):
    """The second model that writes down what the user said; without it there is no text of the user."""

    model: str | UnsetType = UNSET
    language: str | None | UnsetType = UNSET
    languages: tuple[str, ...] | None | UnsetType = UNSET
    prompt: str | None | UnsetType = UNSET
    keywords: tuple[str, ...] | None | UnsetType = UNSET
    delay: str | None | UnsetType = UNSET


class NoiseReduction(WireObject, frozen=True, kw_only=True):
    """near_field (headsets) or far_field (laptops, rooms). It is no echo cancelling."""

    type: str = "near_field"
    strength: DecimalSetting | None | UnsetType = UNSET


class ServerVad(WireObject, frozen=True, kw_only=True):
    """Turn detection by silence (section 4.1)."""

    TYPE: ClassVar = "server_vad"

    threshold: DecimalSetting | UnsetType = UNSET
    prefix_padding_ms: Setting | UnsetType = UNSET
    silence_duration_ms: Setting | UnsetType = UNSET
    idle_timeout_ms: Setting | None | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class SemanticVad(WireObject, frozen=True, kw_only=True):
    """Turn detection by meaning: how eager the service is to answer."""

    TYPE: ClassVar = "semantic_vad"

    eagerness: str | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


TurnDetection: TypeAlias = ServerVad | SemanticVad
"""How the service finds the end of a turn; null in its place means push-to-talk."""


class AudioInput(WireObject, frozen=True, kw_only=True):
    """What the service does with the user's sound."""

    format: AudioFormat | UnsetType = UNSET
    transcription: Transcription | None | UnsetType = UNSET
    noise_reduction: NoiseReduction | None | UnsetType = UNSET
    turn_detection: ServerVad | SemanticVad | None | UnsetType = UNSET


class VoiceId(WireObject, frozen=True, kw_only=True):
    """A custom voice: services send an object where a name is usual."""

    id: str = ""


class AudioOutput(WireObject, frozen=True, kw_only=True):
    """How the assistant sounds. The voice can change only before the first assistant audio."""

    format: AudioFormat | UnsetType = UNSET
    voice: str | VoiceId | UnsetType = UNSET
    speed: DecimalSetting | UnsetType = UNSET


class SessionAudio(WireObject, frozen=True, kw_only=True):
    """Both directions of sound."""

    input: AudioInput | UnsetType = UNSET
    output: AudioOutput | UnsetType = UNSET


class Reasoning(WireObject, frozen=True, kw_only=True):
    """How long a reasoning model thinks before it speaks (gpt-realtime-2 and later)."""

    effort: str | None | UnsetType = UNSET


LOGPROBS = "item.input_audio_transcription.logprobs"
"""The one thing that can be included."""


class Session(WireObject, frozen=True, kw_only=True):
    """A realtime session. `type` is mandatory in every update (section 0, rule 4)."""

    type: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    object: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    expires_at: EpochSeconds | None | UnsetType = UNSET
    output_modalities: tuple[str, ...] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    audio: SessionAudio | UnsetType = UNSET
    tools: tuple[Json, ...] | UnsetType = UNSET
    tool_choice: Json | UnsetType = UNSET
    max_output_tokens: Setting | str | UnsetType = UNSET
    truncation: Json | UnsetType = UNSET
    tracing: Json | UnsetType = UNSET
    include: tuple[str, ...] | None | UnsetType = UNSET
    prompt: Json | UnsetType = UNSET
    reasoning: Reasoning | None | UnsetType = UNSET

    @property
    def turn_detection(self) -> ServerVad | SemanticVad | None | UnsetType:
        """audio.input.turn_detection, or UNSET where any step of the path is missing."""
        if isinstance(self.audio, UnsetType) or isinstance(self.audio.input, UnsetType):
            return UNSET
        return self.audio.input.turn_detection

    @property
    def voice(self) -> str | UnsetType:
        """audio.output.voice by name (a custom voice by its id)."""
        if isinstance(self.audio, UnsetType) or isinstance(self.audio.output, UnsetType):
            return UNSET
        voice = self.audio.output.voice
        return voice.id if isinstance(voice, VoiceId) else voice
