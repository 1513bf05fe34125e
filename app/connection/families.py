"""The services, one row each: all that is known of one before it is asked (protocol reference, sections 1, 4 and 9).

Nothing else in the program asks which service it talks with: it reads what it needs of the row. `evidence` says what
a row rests on: few of these services can be tried without an account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from app.connection.failure_kind import FailureKind
from app.connection.routes import azure_path, openai_path, server_path
from app.protocol.capabilities import ALL_OF_GA, REASONING_EFFORTS, SessionCapabilities
from app.protocol.codec import Dialect

DEFAULT_MODEL: Final = "gpt-realtime-2.1-mini"
"""OpenAI's model where none is named: it has no end date yet, and the newest full model (gpt-realtime-2.1) has the
same context and voices at about three times the price of speech. Who tries the program should get the small bill."""

DEFAULT_TRANSCRIPTION_MODEL: Final = "gpt-transcribe"
"""OpenAI's second model, for the user's words; whisper-1 and the gpt-4o ones end on 2027-02-26."""

OPENAI_BASE_URL: Final = "https://api.openai.com/v1"
LEGACY_API_VERSION: Final = "2025-04-01-preview"
EMBEDDED_MODEL: Final = "embedded"


class Variables(Struct, frozen=True):
    """The names of the settings that lead to a service, for messages."""

    address: str
    key: str
    model: str


OF_AZURE: Final = Variables("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_DEPLOYMENT")
OF_OPENAI: Final = Variables("OPENAI_BASE_URL", "OPENAI_API_KEY", "REALTIME_MODEL")
OF_ANY: Final = Variables("REALTIME_SERVICE", "REALTIME_API_KEY", "REALTIME_MODEL")
OF_EMBEDDED: Final = Variables("REALTIME_SERVE_ADDRESS", "REALTIME_SERVE_TOKEN", "REALTIME_MODEL")


class KeyHeader(Struct, frozen=True):
    """How a key is shown: the header's name, and the word before the key."""

    name: str = "Authorization"
    scheme: str = "Bearer"

    def holding(self, key: str) -> tuple[str, str]:
        """The header with the key in it."""
        return self.name, f"{self.scheme} {key}".lstrip()


BEARER: Final = KeyHeader()
API_KEY: Final = KeyHeader("api-key", "")


class Family(Struct, frozen=True, kw_only=True):
    """What is known of a service, or of a kind of server."""

    name: str
    """What `--service` may say, and what is said in messages to its makers."""
    label: str = ""
    """In words; empty: the address says it best."""
    variables: Variables = OF_ANY
    hosts: str = ""
    """A pattern of host and path by which a pasted address is known to be one of it."""
    address: str = ""
    """Where it is where no address is given."""
    path: Callable[[str, str], str] = server_path
    """From the host and the path that were given to the one that is dialled."""
    query: tuple[tuple[str, str], ...] = ()
    """Parameters of the route; one of the same name in the address counts instead."""
    keeps_query: bool = True
    """Whether what else the address asks for is sent. A pasted one may ask for another route's."""
    model_parameter: str = "model"
    default_model: str = ""
    models: tuple[str, ...] = ()
    """Those to choose from, the cheapest first; others may be named."""
    needs_model: bool = False
    model_example: str = "a model's name"
    key: KeyHeader = BEARER
    key_source: str = "the server"
    needs_key: bool = False
    signs_in: bool = False
    """Whether a token of Entra ID takes the place of a key."""
    takes_account: bool = False
    """Whether it knows OpenAI's headers for organisation, project and safety."""
    dialect: Dialect | None = None
    """None: found out from what it says first."""
    capabilities: SessionCapabilities = ALL_OF_GA
    transcription_model: str | None = DEFAULT_TRANSCRIPTION_MODEL
    """What is asked for as the writer of the user's words where the user names nothing; None: nothing."""
    transcribes_by_deployment: bool = False
    """Whether that is the name of a deployment, which no two resources share."""
    remedies: Mapping[FailureKind, str] = {}
    """Where the usual ones are not good enough; {address}, {key} and {model} are the names of the settings."""
    only_remedy: str = ""
    not_found: FailureKind = FailureKind.REFUSED
    """What HTTP 404 means."""
    hint: str = ""
    """What a user should know who has chosen it."""
    evidence: str = ""


_ONLY_IN_GA: Final = frozenset(
    {
        "reasoning",
        "truncation",
        "parallel_tool_calls",
        "prompt",
        "include",
        "audio.input.turn_detection.idle_timeout_ms",
        "audio.output.voice.id",
    }
)
OF_BETA: Final = SessionCapabilities(
    lacks=_ONLY_IN_GA,
    reasoning_efforts=(),
    voices=("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"),
)
"""A flat session."""
OF_EMBEDDED_SERVICE: Final = SessionCapabilities(
    lacks=frozenset(
        {
            "truncation",
            "tracing",
            "prompt",
            "include",
            "reasoning",
            "audio.input.noise_reduction",
            "audio.output.voice",
            "audio.input.transcription.prompt",
            "audio.input.transcription.keywords",
            "audio.input.transcription.delay",
            "audio.output.voice.id",
        }
    ),
    reasoning_efforts=(),
    is_free=True,
)
"""It takes some of these, and does nothing with them."""
OF_UNKNOWN: Final = SessionCapabilities(is_told_least=True)
"""Of a compatible server: what it has is found out by asking."""

_AZURE_HOSTS: Final = (
    r"[^/]+\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)(/.*)?|[^/]+\.openai\.azure-api\.net(/.*)?"
)

AZURE: Final = Family(
    name="azure",
    label="Azure OpenAI",
    variables=OF_AZURE,
    hosts=_AZURE_HOSTS,
    path=azure_path("/openai/v1/realtime"),
    keeps_query=False,
    needs_model=True,
    model_example="the deployment's name",
    key=API_KEY,
    key_source="the resource's page 'Keys and Endpoint'",
    needs_key=True,
    signs_in=True,
    dialect=Dialect.GA,
    capabilities=SessionCapabilities(reasoning_efforts=tuple(each for each in REASONING_EFFORTS if each != "xhigh")),
    transcription_model=None,
    transcribes_by_deployment=True,
    remedies={
        FailureKind.KEY_REFUSED: "Check {key}: it must be a key of the resource in {address}.",
        FailureKind.MODEL_UNKNOWN: ("Set {model} to a deployment of a realtime model in the resource of {address}."),
        FailureKind.QUOTA: "Raise the quota of {model} in the Azure portal.",
        FailureKind.PERMISSION: (
            "Use the resource's own key in {key}, or give your identity the role 'Cognitive Services OpenAI User'."
        ),
        FailureKind.RATE_LIMITED: "Wait a minute, or raise the quota of {model} in the Azure portal.",
    },
    not_found=FailureKind.MODEL_UNKNOWN,
    evidence="Read: Microsoft's how-to and reference for the GA route, the official package's types. Not tried.",
)

AZURE_PREVIEW: Final = Family(
    name="azure-preview",
    label="Azure OpenAI",
    variables=OF_AZURE,
    path=azure_path("/openai/realtime"),
    query=(("api-version", LEGACY_API_VERSION),),
    keeps_query=False,
    model_parameter="deployment",
    needs_model=True,
    model_example=AZURE.model_example,
    key=API_KEY,
    key_source=AZURE.key_source,
    needs_key=True,
    signs_in=True,
    dialect=Dialect.BETA,
    capabilities=OF_BETA,
    transcription_model=None,
    transcribes_by_deployment=True,
    remedies=AZURE.remedies,
    not_found=FailureKind.MODEL_UNKNOWN,
    hint="Azure's preview route is used; it was to end on 30 April 2026, and current models refuse it.",
    evidence="Read: Microsoft's migration guide. Not tried.",
)

OPENAI: Final = Family(
    name="openai",
    label="OpenAI",
    variables=OF_OPENAI,
    hosts=r"([a-z]+\.)?api\.openai\.com(/.*)?",
    address=OPENAI_BASE_URL,
    path=openai_path,
    default_model=DEFAULT_MODEL,
    models=(DEFAULT_MODEL, "gpt-realtime-2.1", "gpt-realtime-2", "gpt-realtime-1.5"),
    needs_model=True,
    model_example=f"a model's name, such as {DEFAULT_MODEL}",
    key_source="platform.openai.com/api-keys",
    needs_key=True,
    takes_account=True,
    dialect=Dialect.GA,
    remedies={
        FailureKind.UNREACHABLE: "Check the network, and {address} where it is set.",
        FailureKind.QUOTA: ("Add credit at platform.openai.com/settings/organization/billing, or use another {key}."),
    },
    evidence="Read: OpenAI's reference and guides, the official package, published captures. Not tried.",
)

COMPATIBLE: Final = Family(
    name="compatible",
    capabilities=OF_UNKNOWN,
    evidence="Tried with the embedded service and scripted ones.",
)

VOICE_LIVE: Final = Family(
    name="voice-live",
    label="Azure Voice Live",
    hosts=r"[^/]+\.(services\.ai|cognitiveservices)\.azure\.(com|us|cn)/voice-live(/.*)?",
    path=lambda _host, _path: "/voice-live/realtime",
    query=(("api-version", "2026-07-15"),),
    key=API_KEY,
    key_source=AZURE.key_source,
    needs_key=True,
    signs_in=True,
    needs_model=True,
    dialect=Dialect.BETA,
    capabilities=SessionCapabilities(
        lacks=_ONLY_IN_GA | {"audio.input.noise_reduction", "tracing"},
        reasoning_efforts=(),
        is_told_least=True,
        voices=OF_BETA.voices,
    ),
    transcription_model="azure-speech",
    not_found=FailureKind.MODEL_UNKNOWN,
    evidence="Read: azure-ai-voicelive 1.3.1. Not tried.",
)

XAI: Final = Family(
    name="xai",
    label="xAI",
    hosts=r"([a-z0-9-]+\.)?api\.x\.ai(/.*)?",
    address="wss://api.x.ai/v1/realtime",
    default_model="grok-voice-latest",
    key_source="console.x.ai",
    needs_key=True,
    dialect=Dialect.GA,
    capabilities=SessionCapabilities(
        lacks=frozenset(
            {"reasoning", "truncation", "tracing", "prompt", "include", "parallel_tool_calls",
             "audio.input.noise_reduction", "audio.input.turn_detection.idle_timeout_ms"}
        ),
        reasoning_efforts=(),
        is_told_least=True,
        always_told=frozenset({"audio.input.turn_detection.create_response"}),
        has_truncate=False,
        voices=("Ara", "Rex", "Sal", "Eve", "Leo"),
    ),
    transcription_model=None,
    evidence="Read: xAI's guide, and what LiteLLM and pipecat do for it. Not tried.",
)  # fmt: skip

LITELLM: Final = Family(
    name="litellm",
    label="LiteLLM",
    address="ws://localhost:4000/v1/realtime",
    dialect=Dialect.GA,
    capabilities=OF_UNKNOWN,
    needs_model=True,
    model_example="a model_name of its configuration",
    evidence="Read: LiteLLM's documents.",
)

LOCALAI: Final = Family(
    name="localai",
    label="LocalAI",
    address="ws://localhost:8080/v1/realtime",
    dialect=Dialect.GA,
    capabilities=OF_UNKNOWN,
    needs_model=True,
    model_example="the name of a pipeline",
    transcription_model=None,
    evidence="Read: LocalAI's documents: its pipeline names what transcribes. Not tried.",
)

SPEACHES: Final = Family(
    name="speaches",
    label="speaches",
    address="ws://localhost:8000/v1/realtime",
    dialect=Dialect.BETA,
    capabilities=SessionCapabilities(
        lacks=OF_BETA.lacks | {"audio.input.noise_reduction", "tracing", "audio.output.speed"},
        reasoning_efforts=(),
        is_told_least=True,
        voices=OF_BETA.voices,
    ),
    needs_model=True,
    transcription_model="whisper-1",
    evidence="Read: speaches' documents. Not tried.",
)

SPEECH_TO_SPEECH: Final = Family(
    name="speech-to-speech",
    label="speech-to-speech",
    address="ws://localhost:8765/v1/realtime",
    dialect=Dialect.GA,
    capabilities=SessionCapabilities(
        lacks=frozenset({"reasoning", "truncation", "tracing", "prompt", "include", "parallel_tool_calls"}),
        reasoning_efforts=(),
        is_told_least=True,
    ),
    transcription_model=None,
    evidence="Read: the README of huggingface/speech-to-speech: it needs hands-free. Not tried.",
)

INWORLD: Final = Family(
    name="inworld",
    label="Inworld",
    hosts=r"api\.inworld\.ai(/.*)?",
    path=lambda _host, path: path if path.strip("/") else "/api/v1/realtime/session",
    query=(("protocol", "realtime"),),
    key=KeyHeader(scheme="Basic"),
    key_source="Inworld's portal",
    capabilities=OF_UNKNOWN,
    transcription_model=None,
    evidence="Read: Inworld's documents. Not tried.",
)

EMBEDDED: Final = Family(
    name="local",
    label="embedded service",
    variables=OF_EMBEDDED,
    default_model=EMBEDDED_MODEL,
    dialect=Dialect.GA,
    transcription_model=EMBEDDED_MODEL,
    capabilities=OF_EMBEDDED_SERVICE,
    only_remedy="Start the program again.",
    evidence="Tried: every test of a conversation.",
)

FAMILIES: Final[Mapping[str, Family]] = {
    family.name: family
    for family in (
        AZURE, AZURE_PREVIEW, OPENAI, VOICE_LIVE, XAI, LITELLM, LOCALAI, SPEACHES, SPEECH_TO_SPEECH, INWORLD,
        EMBEDDED, COMPATIBLE,
    )
}  # fmt: skip
"""By name. Voice Live's hosts are Azure's too, with another path: it is looked for first."""


def family_at(host: str, path: str) -> Family:
    """The family that an address is known to belong to; COMPATIBLE where it could be anybody's."""
    place = f"{host.lower()}{path}"
    for family in (VOICE_LIVE, *FAMILIES.values()):
        if family.hosts and re.fullmatch(family.hosts, place):
            return family
    return COMPATIBLE


def is_own_host(family: Family, host: str) -> bool:
    """Whether the host is the service itself, and not what stands in its place."""
    return not family.hosts or re.fullmatch(family.hosts, f"{host.lower()}/") is not None
