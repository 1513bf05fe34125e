"""Every setting, once: its type, default, limits, unit and meaning.

From this declaration come the options of the command line, the names in the environment and in `.env.example`, the
keys of the settings file, the checks, and the rows of the settings panel.
"""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from app.settings.about import About, Applies, Section, Setting

_T, _V, _S, _C, _L = Section.TURNS, Section.VOICE, Section.SOUND, Section.SERVICE, Section.LOOKS


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings with their values. Names that a session knows too are the same there."""

    # ---------------------------------------------------------------- turn taking
    mode: Annotated[
        Literal["hands-free", "push-to-talk"],
        About(
            _T,
            "mode",
            "hands-free: speak whenever you like. push-to-talk: only what you say while the microphone "
            "is open is heard.",
        ),
    ] = "hands-free"
    detection: Annotated[
        Literal["server_vad", "semantic_vad"],
        About(
            _T,
            "detection",
            "How the service finds the end of your turn: by silence (server_vad) or by meaning (semantic_vad).",
        ),
    ] = "server_vad"
    threshold: Annotated[
        float,
        Meta(ge=0.0, le=1.0),
        About(
            _T,
            "threshold",
            "How sure the service must be that it hears speech. Higher in a noisy room.",
            step=0.05,
            env="REALTIME_VAD_THRESHOLD",
        ),
    ] = 0.5
    silence_ms: Annotated[
        int,
        Meta(ge=100, le=10_000),
        About(
            _T,
            "silence",
            "So much silence ends your turn. Shorter answers sooner, longer lets you think.",
            "ms",
            step=50,
        ),
    ] = 500
    prefix_padding_ms: Annotated[
        int,
        Meta(ge=0, le=5_000),
        About(
            _T, "prefix", "Sound kept from before speech was noticed, so that no first syllable is lost.", "ms", step=50
        ),
    ] = 300
    idle_timeout_ms: Annotated[
        Annotated[int, Meta(ge=5_000, le=30_000)] | None,
        About(
            _T,
            "idle timeout",
            "After this much silence the assistant speaks by itself. Empty: never.",
            "ms",
            step=1_000,
        ),
    ] = None
    eagerness: Annotated[
        Literal["auto", "low", "medium", "high"],
        About(_T, "eagerness", "With semantic_vad: how soon the assistant takes its turn."),
    ] = "auto"
    create_response: Annotated[
        bool, About(_T, "answer by itself", "Whether the service answers when your turn is over.")
    ] = True
    interrupt_response: Annotated[bool, About(_T, "interruptible", "Whether speaking interrupts the assistant.")] = True
    # ---------------------------------------------------------------- voice
    voice: Annotated[
        str,
        Meta(min_length=1),
        About(_V, "voice", "The assistant's voice. It can change until the assistant has first spoken."),
    ] = "marin"
    speed: Annotated[
        float, Meta(ge=0.25, le=1.5), About(_V, "speed", "How fast the assistant speaks.", "×", step=0.05)
    ] = 1.0
    instructions: Annotated[
        str, About(_V, "instructions", "What the assistant should know and how it should behave.", is_multiline=True)
    ] = "You are a friendly voice assistant. Keep your answers short, and speak as people speak."
    output: Annotated[
        Literal["audio", "text"], About(_V, "output", "Whether the assistant answers in speech or in writing.")
    ] = "audio"
    greeting: Annotated[bool, About(_V, "greeting", "Whether the assistant speaks first.", applies=Applies.SESSION)] = (
        True
    )
    # ---------------------------------------------------------------- sound
    mic: Annotated[
        str,
        About(
            _S,
            "microphone",
            "A device's name or number, a .wav file, `example`, or `none`. Empty: the system's.",
        ),
    ] = ""
    speaker: Annotated[
        str,
        About(
            _S,
            "speaker",
            "A device's name or number, a .wav file to write, or `none`. Empty: the system's.",
        ),
    ] = ""
    echo_cancelling: Annotated[
        bool,
        About(
            _S,
            "echo cancelling",
            "Takes the assistant's own voice out of the microphone, for open speakers.",
            applies=Applies.START,
        ),
    ] = True
    noise_reduction: Annotated[
        Literal["off", "near_field", "far_field"],
        About(_S, "noise reduction", "The service's own: near_field for headsets, far_field for laptops and rooms."),
    ] = "off"
    transcription_model: Annotated[
        str,
        About(
            _S,
            "transcription",
            "The model that writes down what you say. `auto`: the service's usual one; `off`: none.",
        ),
    ] = "auto"
    language: Annotated[
        str,
        Meta(pattern="^([a-z]{2,3})?$"),
        About(_S, "language", "The language you speak, as two letters (en, de, ja). Empty: found out by itself."),
    ] = ""
    # ---------------------------------------------------------------- service
    service: Annotated[
        str,
        Meta(pattern="^(auto|azure|openai|local|wss?://.+)$"),
        About(
            _C,
            "service",
            "auto, azure, openai, local (the embedded one), or the address of a compatible server.",
            applies=Applies.START,
        ),
    ] = "auto"
    model: Annotated[
        str, About(_C, "model", "At OpenAI or a compatible server. Empty: a good usual one.", applies=Applies.START)
    ] = ""
    dialect: Annotated[
        Literal["ga", "beta"],
        About(_C, "dialect", "How a compatible server speaks; most speak ga.", applies=Applies.START),
    ] = "ga"
    azure_endpoint: Annotated[
        str,
        About(
            _C,
            "Azure endpoint",
            "Such as https://NAME.openai.azure.com.",
            env="AZURE_OPENAI_ENDPOINT",
            applies=Applies.START,
        ),
    ] = ""
    azure_deployment: Annotated[
        str,
        About(
            _C,
            "Azure deployment",
            "The name of your deployment of a realtime model.",
            env="AZURE_OPENAI_DEPLOYMENT",
            applies=Applies.START,
        ),
    ] = ""
    azure_api_version: Annotated[
        str,
        About(
            _C,
            "Azure API version",
            "Not needed; counts only together with the legacy route.",
            env="AZURE_OPENAI_API_VERSION",
            applies=Applies.START,
        ),
    ] = ""
    azure_transcription_deployment: Annotated[
        str,
        About(
            _C,
            "Azure transcription",
            "The name of a transcription deployment of the same resource; without it your words are not written down.",
            env="AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",
            applies=Applies.START,
        ),
    ] = ""
    azure_legacy_preview: Annotated[
        bool,
        About(
            _C,
            "Azure legacy route",
            "Use the preview route that Azure has announced the end of.",
            applies=Applies.START,
        ),
    ] = False
    openai_base_url: Annotated[
        str,
        About(
            _C,
            "OpenAI address",
            "Another address that speaks as OpenAI does.",
            env="OPENAI_BASE_URL",
            applies=Applies.START,
        ),
    ] = ""
    azure_api_key: Annotated[
        str, About(_C, "Azure key", "", env="AZURE_OPENAI_API_KEY", is_secret=True, applies=Applies.START)
    ] = ""
    openai_api_key: Annotated[
        str, About(_C, "OpenAI key", "", env="OPENAI_API_KEY", is_secret=True, applies=Applies.START)
    ] = ""
    api_key: Annotated[str, About(_C, "key", "For a compatible server.", is_secret=True, applies=Applies.START)] = ""
    recogniser: Annotated[
        Literal["auto", "moonshine", "whisper"],
        About(_C, "recogniser", "The embedded service's ears.", applies=Applies.START),
    ] = "auto"
    responder: Annotated[
        str,
        About(
            _C,
            "responder",
            "The embedded service's mind: `builtin`, or the address of an OpenAI-compatible chat "
            "endpoint such as http://127.0.0.1:11434/v1 (Ollama).",
            applies=Applies.START,
        ),
    ] = "builtin"
    responder_model: Annotated[
        str, About(_C, "responder's model", "The chat endpoint's model.", applies=Applies.START)
    ] = ""
    responder_key: Annotated[str, About(_C, "responder's key", "", is_secret=True, applies=Applies.START)] = ""
    answer_timeout_s: Annotated[
        Annotated[int, Meta(ge=2, le=300)] | None,
        About(
            _C,
            "answer timeout",
            "When the service gives no sign of life for so long where an answer, or the words of what you said, are "
            "due, they count as over. Empty: 20 s, and 130 s where the embedded service asks a chat endpoint of yours.",
            "s",
            step=5,
            applies=Applies.START,
        ),
    ] = None
    reconnect_s: Annotated[
        int,
        Meta(ge=0, le=3600),
        About(
            _C,
            "reconnect for",
            "How long a connection that was lost is made again by itself, and the conversation goes on in it. "
            "0: never; nor does a session then go on in another one before the service's limit.",
            "s",
            step=30,
            applies=Applies.START,
        ),
    ] = 120
    keep: Annotated[
        bool,
        About(
            _C,
            "keep conversations",
            "Whether what was said is kept on this machine; `realtime history` shows, exports and deletes it.",
            applies=Applies.START,
        ),
    ] = True
    # ---------------------------------------------------------------- looks
    theme: Annotated[str, Meta(min_length=1), About(_L, "theme", "The colours of the screen.")] = "textual-dark"
    talk_key: Annotated[
        Literal["tap", "hold"],
        About(
            _L,
            "talk key",
            "tap: Space opens and closes the microphone; where the terminal tells when a key is let go, holding it "
            "works too. hold: it is open only while Space (or F9) is held.",
        ),
    ] = "tap"
    export_format: Annotated[
        Literal[".md", ".json", ".txt", ".srt", ".vtt"],
        About(_L, "export format", "What the export dialog offers first; the last one used is remembered."),
    ] = ".md"
    export_folder: Annotated[
        str,
        About(
            _L, "export folder", "Where exports go; the last one used is remembered. Empty: the folder of the start."
        ),
    ] = ""


def _taken_apart(name: str, hint: Any, default: Any) -> Setting:
    _, *notes = typing.get_args(hint)
    about = next(note for note in notes if isinstance(note, About))
    limits = next((note for note in notes if isinstance(note, Meta)), None)
    kind = typing.get_args(hint)[0]
    is_optional = typing.get_origin(kind) in (typing.Union, types.UnionType)
    if is_optional:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is Annotated:
        limits, kind = typing.get_args(kind)[1], typing.get_args(kind)[0]
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return Setting(
        name=name,
        about=about,
        kind=str if choices else kind,
        default=default,
        choices=choices,
        low=limits.ge if limits else None,
        high=limits.le if limits else None,
        is_optional=is_optional,
    )


_HINTS: Final = typing.get_type_hints(Settings, include_extras=True)

SETTINGS: Final[dict[str, Setting]] = {
    field.name: _taken_apart(field.name, _HINTS[field.name], field.default)
    for field in msgspec.structs.fields(Settings)
}
"""Every setting by its name, in the order of the panel."""
