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
_E = Section.EXPERT


_SERVICE: Final = (
    r"^(auto|azure|openai|local|xai|litellm|localai|speaches|speech-to-speech|(wss?|https?)://.+"
    r"|(localhost|\[[0-9A-Fa-f:.]+\]|[^\s/:@?#]+\.[^\s/:@?#]+)(:[0-9]+)?(/.*)?|[^\s/:@?#]+:[0-9]+(/.*)?)$"
)
"""A name, or an address; without a scheme it must have a dot or a port, or be this machine."""


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
        About(
            _V,
            "voice",
            "The assistant's voice: a name, or the id of a voice of your own (voice_...). It can change until the "
            "assistant has first spoken.",
        ),
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
        Meta(pattern="^([a-z]{2,3}( *, *[a-z]{2,3})*)?$"),
        About(
            _S,
            "language",
            "The language you speak, as two letters (en, de, ja); several with commas, for models that take them. "
            "Empty: found out by itself.",
        ),
    ] = ""
    # ---------------------------------------------------------------- service
    service: Annotated[
        str,
        Meta(pattern=_SERVICE),
        About(
            _C,
            "service",
            "auto, azure, openai, local (the embedded one), the address of a compatible server, or the name of one "
            "that is known: xai, litellm, localai, speaches, speech-to-speech.",
            applies=Applies.SESSION,
        ),
    ] = "auto"
    model: Annotated[
        str, About(_C, "model", "At OpenAI or a compatible server. Empty: a good usual one.", applies=Applies.SESSION)
    ] = ""
    dialect: Annotated[
        Literal["auto", "ga", "beta"],
        About(
            _C,
            "dialect",
            "How a compatible server speaks. auto: as it begins itself.",
            applies=Applies.START,
        ),
    ] = "auto"
    azure_endpoint: Annotated[
        str,
        About(
            _C,
            "Azure endpoint",
            "Such as https://NAME.openai.azure.com, or the resource's name alone. A target URL as the portal shows it "
            "works too.",
            env="AZURE_OPENAI_ENDPOINT",
            applies=Applies.START,
        ),
    ] = ""
    azure_deployment: Annotated[
        str,
        About(
            _C,
            "Azure deployment",
            "The name of your deployment of a realtime model. Not needed where the endpoint is a target URL with it.",
            env="AZURE_OPENAI_DEPLOYMENT",
            applies=Applies.SESSION,
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
    openai_organization: Annotated[
        str,
        About(_C, "organisation", "Which of yours pays.", env="OPENAI_ORG_ID", applies=Applies.START),
    ] = ""
    openai_project: Annotated[
        str,
        About(_C, "project", "Which of yours pays.", env="OPENAI_PROJECT_ID", applies=Applies.START),
    ] = ""
    safety_identifier: Annotated[
        str,
        About(
            _C,
            "safety identifier",
            "Tells OpenAI which of your users talks, by a name that means nothing to others, such as a hash.",
            applies=Applies.START,
        ),
    ] = ""
    allow_plain: Annotated[
        str,
        About(
            _C,
            "unencrypted to",
            "Hosts, with commas between, to which a key may travel unencrypted (ws:// or http://). To this machine it "
            "always may.",
            applies=Applies.START,
        ),
    ] = ""
    azure_scope: Annotated[
        str,
        About(
            _C,
            "Entra ID scope",
            "What the token is for that the sign-in gives. Empty: https://ai.azure.com/.default, and where that is "
            "refused https://cognitiveservices.azure.com/.default.",
            env="AZURE_OPENAI_SCOPE",
            applies=Applies.START,
        ),
    ] = ""
    azure_ad_token: Annotated[
        str,
        About(
            _C,
            "Entra ID token",
            "At Azure in place of a key, and before it. Without either the machine's sign-in is used, such as that of "
            "`az login` (needs the extra `azure`).",
            env="AZURE_OPENAI_AD_TOKEN",
            is_secret=True,
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
    headers: Annotated[
        str,
        About(
            _C,
            "headers",
            "Sent to the service besides: lines of `Name: value` in quotes, or one JSON object. They are treated as "
            "secrets.",
            is_secret=True,
            is_multiline=True,
            applies=Applies.START,
        ),
    ] = ""
    recogniser: Annotated[
        Literal["auto", "moonshine", "whisper"],
        About(_C, "recogniser", "The embedded service's ears.", applies=Applies.START),
    ] = "auto"
    responder: Annotated[
        str,
        About(
            _C,
            "responder",
            "The embedded service's mind: `builtin`; a GGUF file, or `llm` for a small installed model that often errs "
            "(extra llm); or the address of a chat endpoint such as http://127.0.0.1:11434/v1 (Ollama).",
            applies=Applies.START,
        ),
    ] = "builtin"
    responder_model: Annotated[
        str, About(_C, "responder's model", "The chat endpoint's model.", applies=Applies.START)
    ] = ""
    responder_key: Annotated[str, About(_C, "responder's key", "", is_secret=True, applies=Applies.START)] = ""
    session_limit_s: Annotated[
        int,
        Meta(ge=1, le=86_400),
        About(
            _C,
            "session limit",
            "The embedded service ends a session after this time, as other services do.",
            "s",
            step=60,
            applies=Applies.START,
        ),
    ] = 3_600
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
    ping_interval_s: Annotated[
        Annotated[int, Meta(ge=1, le=300)] | None,
        About(
            _C,
            "ping every",
            "How often the service is asked for a sign of life, which also measures how long the line takes. Empty: "
            "never.",
            "s",
            step=5,
            applies=Applies.START,
        ),
    ] = 20
    ping_timeout_s: Annotated[
        Annotated[int, Meta(ge=1, le=300)] | None,
        About(
            _C,
            "line timeout",
            "When the service neither answers a ping nor takes what is sent for so long, the line counts as lost. "
            "Longer for slow networks. Empty: never.",
            "s",
            step=5,
            applies=Applies.START,
        ),
    ] = 30
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
    # ---------------------------------------------------------------- cost
    budget: Annotated[
        Annotated[float, Meta(ge=0.05, le=100)] | None,
        About(
            Section.COST,
            "budget",
            "What a conversation may cost; you are told when four fifths are spent, and when all is. Empty: no limit.",
            "$",
            step=0.05,
        ),
    ] = None
    budget_stops: Annotated[
        bool,
        About(
            Section.COST,
            "budget stops",
            "Whether nothing more is sent once the budget is spent: the microphone closes, and what you type is held "
            "back until you raise it.",
        ),
    ] = False
    prices: Annotated[
        str,
        About(
            Section.COST,
            "price file",
            "A TOML file with prices of your own, which count before those that come with the program. Empty: none.",
            applies=Applies.START,
        ),
    ] = ""
    deployment_models: Annotated[
        str,
        Meta(pattern=r"^(\s*[^=,\s]+\s*=\s*[^=,\s]+\s*(,(?!\s*$)|$))*$"),
        About(
            Section.COST,
            "deployments' models",
            "Which model stands behind a deployment whose name does not say it, so that its cost is known: NAME=MODEL, "
            "more after commas.",
            applies=Applies.START,
        ),
    ] = ""
    # ---------------------------------------------------------------- expert
    max_output_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=4096)] | None,
        About(
            _E,
            "longest answer",
            "So many tokens an answer has at most; a spoken second has about 20. Empty: as many as the model gives.",
            "tokens",
            step=64,
        ),
    ] = None
    reasoning_effort: Annotated[
        Literal["auto", "minimal", "low", "medium", "high", "xhigh"],
        About(
            _E,
            "reasoning",
            "How long the model thinks before it speaks; gpt-realtime-2 and later. auto: the service's own choice.",
        ),
    ] = "auto"
    truncation: Annotated[
        Literal["auto", "disabled", "retention_ratio"],
        About(
            _E,
            "truncation",
            "What happens when the conversation is too long for the model. auto: the oldest is forgotten. "
            "disabled: the answer fails. retention_ratio: more is forgotten at once; later answers are cheaper.",
        ),
    ] = "auto"
    retention_ratio: Annotated[
        float,
        Meta(ge=0.0, le=1.0),
        About(_E, "retention", "With retention_ratio: the part of the conversation that stays.", step=0.05),
    ] = 0.8
    retention_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        About(
            _E,
            "retention limit",
            "With retention_ratio: the conversation is too long from so many tokens on. Empty: the model's own limit.",
            "tokens",
            step=1_000,
        ),
    ] = None
    transcription_prompt: Annotated[
        str,
        About(
            _E,
            "writing hint",
            "What the writer of your words should know, such as what you talk about. Not with gpt-realtime-whisper.",
            is_multiline=True,
        ),
    ] = ""
    transcription_keywords: Annotated[
        str,
        About(
            _E,
            "keywords",
            "Names and words that you use, with commas between; gpt-transcribe and gpt-live-transcribe.",
        ),
    ] = ""
    transcription_delay: Annotated[
        Literal["auto", "minimal", "low", "medium", "high", "xhigh"],
        About(
            _E,
            "writing delay",
            "How long the writer of your words waits to be surer of them; gpt-realtime-whisper. "
            "auto: the service's own choice.",
        ),
    ] = "auto"
    logprobs: Annotated[
        bool,
        About(_E, "show doubt", "Whether words of yours of which the service is not sure are underlined."),
    ] = False
    noise_reduction_strength: Annotated[
        Annotated[float, Meta(ge=0.0, le=1.0)] | None,
        About(_E, "noise strength", "How much noise reduction takes away. Empty: the service's own.", step=0.05),
    ] = None
    prompt_id: Annotated[
        str, About(_E, "prompt", "The id of a prompt that is kept at the service (pmpt_...). Empty: none.")
    ] = ""
    prompt_version: Annotated[
        str, About(_E, "prompt version", "Which version of that prompt. Empty: the current one.")
    ] = ""
    prompt_variables: Annotated[
        str,
        About(
            _E,
            "prompt variables",
            "What is put into that prompt, as a JSON object.",
            is_multiline=True,
            is_json_object=True,
        ),
    ] = ""
    tracing: Annotated[
        str,
        Meta(min_length=1, max_length=200),
        About(
            _E,
            "tracing",
            "Whether the service keeps a trace of the session for its dashboard: off, auto, or the name of a workflow. "
            "Once on, it cannot change in this session.",
        ),
    ] = "off"
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
