"""Settings of the service: where it is, who is let in, the embedded one, the line to it, and what it may cost."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from app.settings.about import About, Applies, Section
from app.settings.talk_settings import TalkSettings

_C = Section.SERVICE

_SERVICE: Final = (
    r"^(auto|azure|openai|local|xai|litellm|localai|speaches|speech-to-speech|(wss?|https?)://.+"
    r"|(localhost|\[[0-9A-Fa-f:.]+\]|[^\s/:@?#]+\.[^\s/:@?#]+)(:[0-9]+)?(/.*)?|[^\s/:@?#]+:[0-9]+(/.*)?)$"
)
"""A name, or an address; without a scheme it must have a dot or a port, or be this machine."""


class ServiceSettings(TalkSettings, frozen=True, kw_only=True):
    """With their values, after those of the talk."""

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
