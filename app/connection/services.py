"""Services to talk with: where each one is, how to greet it, which dialect it speaks, what it can do. Pure.

A constructor takes settings as a user typed them and gives a `Service`, or raises ServiceSettingError. Nothing is
contacted here. Facts about hosts, routes and models: protocol reference, sections 1, 7 and 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from app.connection.inputs import (
    DEFAULT_MODEL,
    is_loopback,
    place_of,
    query_with_model,
    quoted,
    quoted_path,
    read_address,
    read_key,
    read_model,
    secret_origin,
)
from app.connection.inputs import ServiceSettingError as ServiceSettingError
from app.protocol.capabilities import ALL_OF_GA, REASONING_EFFORTS, SessionCapabilities
from app.protocol.codec import Dialect
from app.redaction import Redaction, secrets_in_address

DEFAULT_TRANSCRIPTION_MODEL: Final = "gpt-transcribe"
"""OpenAI's second model, for the user's words; whisper-1 and the gpt-4o ones end on 2027-02-26."""

OPENAI_BASE_URL: Final = "https://api.openai.com/v1"
LEGACY_API_VERSION: Final = "2025-04-01-preview"
EMBEDDED_MODEL: Final = "embedded"


class ServiceKind(StrEnum):
    """Whose service it is; decides which settings a remedy names."""

    AZURE = "azure"
    OPENAI = "openai"
    COMPATIBLE = "compatible"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Variables:
    """The names of the settings of a kind of service, for messages."""

    address: str
    key: str
    model: str


VARIABLES: Final[Mapping[ServiceKind, Variables]] = {
    ServiceKind.AZURE: Variables("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_DEPLOYMENT"),
    ServiceKind.OPENAI: Variables("OPENAI_BASE_URL", "OPENAI_API_KEY", "REALTIME_MODEL"),
    ServiceKind.COMPATIBLE: Variables("REALTIME_SERVICE", "REALTIME_API_KEY", "REALTIME_MODEL"),
    ServiceKind.EMBEDDED: Variables("REALTIME_SERVE_ADDRESS", "REALTIME_SERVE_TOKEN", "REALTIME_MODEL"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, ready to be connected to. Its repr and its label show no key and no query of the URL.

    `model` is the deployment's name on Azure and empty where the service chooses. `transcription_model` is what to
    ask for as the writer of the user's words; None means: ask for none. `hint` is a sentence for the user about a
    setting that does not do what it seems to.
    """

    kind: ServiceKind
    label: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    other_secrets: tuple[str, ...] = field(repr=False, default=())
    """What it knows beside how it is greeted, and may repeat."""
    dialect: Dialect = Dialect.GA
    model: str = ""
    transcription_model: str | None = None
    capabilities: SessionCapabilities = ALL_OF_GA
    hint: str | None = None

    @property
    def address(self) -> str:
        """The URL without user, password and query: fit for messages."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{place_of(parts)}{parts.path}"

    @property
    def host(self) -> str:
        """The host's name alone."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the service is on this machine, where no proxy stands between."""
        return is_loopback(self.host)

    @property
    def variables(self) -> Variables:
        """The settings that a remedy should name."""
        return VARIABLES[self.kind]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in the headers and the URL: what no log and no message may show."""
        greeting = [value.removeprefix("Bearer ") for _, value in self.headers]
        found = (*greeting, *secrets_in_address(self.url), *self.other_secrets)
        return tuple(dict.fromkeys(secret for secret in found if secret))

    @property
    def redaction(self) -> Redaction:
        """Takes these secrets out of texts. Takes a moment to make."""
        return Redaction(self.secrets)


_ONLY_IN_GA: Final = frozenset({"reasoning", "truncation", "parallel_tool_calls", "prompt", "include", "tracing"})
AZURE: Final = SessionCapabilities(reasoning_efforts=tuple(each for each in REASONING_EFFORTS if each != "xhigh"))
BETA: Final = SessionCapabilities(
    lacks=_ONLY_IN_GA | {"audio.input.turn_detection.idle_timeout_ms", "audio.output.voice.id"},
    reasoning_efforts=(),
    voices=("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"),
)
UNKNOWN: Final = SessionCapabilities(is_told_least=True)
"""Of a compatible server: what it has is found out by asking."""

_PREFIX_OF_OPENAI_ROUTES: Final = re.compile(r"^(.*?)/openai(/.*)?$")
_AZURE_HOST: Final = re.compile(r"(?i).*\.azure\.(com|us|cn)")


def azure(
    endpoint: str,
    key: str,
    deployment: str,
    api_version: str | None = None,
    legacy_preview: bool = False,
    transcription_model: str | None = None,
) -> Service:
    """Azure OpenAI: a host in any form that people paste, and a deployment's name.

    `transcription_model` must be the name of a transcription deployment of the same resource; there is no name that
    every resource has, so without it the user's words are not written down, and the hint says so. `api_version` counts
    only together with `legacy_preview`, the beta route that Azure announced to end on 2026-04-30.
    """
    names = VARIABLES[ServiceKind.AZURE]
    parts = read_address(names.address, endpoint, "the resource's endpoint, such as https://NAME.openai.azure.com")
    origin = secret_origin(names.address, parts)
    gateway = _PREFIX_OF_OPENAI_ROUTES.match(parts.path)
    if gateway and not _AZURE_HOST.fullmatch(parts.hostname or ""):
        origin += quoted_path(gateway[1])
    model = read_model(names.model, deployment, "the deployment's name")
    version = (api_version or "").strip()
    transcriber = (transcription_model or "").strip() or None
    if legacy_preview:
        route = f"/openai/realtime?api-version={quoted(version or LEGACY_API_VERSION)}&deployment={quoted(model)}"
    else:
        route = f"/openai/v1/realtime?model={quoted(model)}"
    return Service(
        kind=ServiceKind.AZURE,
        label="Azure OpenAI",
        url=origin + route,
        headers=(("api-key", read_key(names.key, key, "the resource's page 'Keys and Endpoint'")),),
        dialect=Dialect.BETA if legacy_preview else Dialect.GA,
        model=model,
        transcription_model=transcriber,
        capabilities=BETA if legacy_preview else AZURE,
        hint=_azure_hint(bool(version), legacy_preview, transcriber is not None),
    )


def _azure_hint(version: bool, legacy_preview: bool, transcribed: bool) -> str | None:
    hints = []
    if legacy_preview:
        hints.append("Azure's preview route is used; it was to end on 30 April 2026, and current models refuse it.")
    elif version:
        hints.append("AZURE_OPENAI_API_VERSION is ignored, since Azure's current route has no version; remove it.")
    if not transcribed:
        hints.append(
            "Your own words will not be written down until AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT names a transcription "
            "deployment of the same resource."
        )
    return " ".join(hints) or None


def openai(
    key: str,
    base_url: str | None = None,
    model: str = DEFAULT_MODEL,
    transcription_model: str | None = DEFAULT_TRANSCRIPTION_MODEL,
) -> Service:
    """OpenAI, or what stands in its place under OPENAI_BASE_URL: http becomes ws, and /realtime is appended."""
    names = VARIABLES[ServiceKind.OPENAI]
    parts = read_address(
        names.address, (base_url or "").strip() or OPENAI_BASE_URL, f"an address such as {OPENAI_BASE_URL}"
    )
    origin = secret_origin(names.address, parts)
    path = parts.path.rstrip("/")
    path = path if path.endswith("/realtime") else path + "/realtime"
    named = read_model(names.model, model, f"a model's name, such as {DEFAULT_MODEL}")
    query, named = query_with_model(names.model, parts.query, named)
    own = parts.hostname == urlsplit(OPENAI_BASE_URL).hostname
    return Service(
        kind=ServiceKind.OPENAI,
        label="OpenAI" if own else f"OpenAI at {place_of(parts)}",
        url=f"{origin}{quoted_path(path)}?{query}",
        headers=(("Authorization", f"Bearer {read_key(names.key, key, 'platform.openai.com/api-keys')}"),),
        model=named,
        transcription_model=(transcription_model or "").strip() or None,
    )


def compatible(
    url: str,
    key: str | None = None,
    model: str | None = None,
    dialect: Dialect = Dialect.GA,
    transcription_model: str | None = None,
) -> Service:
    """Any server that speaks the protocol, under its ws:// or wss:// URL as given.

    `model` is appended as a parameter where the URL has none. The key goes into `Authorization: Bearer`; a user name
    and password in the URL take that header instead. Such servers differ in what they transcribe with, so None.
    """
    names = VARIABLES[ServiceKind.COMPATIBLE]
    example = "a URL such as ws://localhost:8080/v1/realtime"
    parts = read_address(names.address, url, example)
    if not url.strip().lower().startswith(("ws://", "wss://")):
        raise ServiceSettingError(names.address, f"{names.address} must be {example}.")
    if parts.username is not None and parts.password is None:
        raise ServiceSettingError(names.address, f"{names.address} has a user name but no password: give both or none.")
    query, named = query_with_model(names.model, parts.query, (model or "").strip())
    user = f"{parts.netloc.rpartition('@')[0]}@" if parts.username is not None else ""
    headers: tuple[tuple[str, str], ...] = ()
    if key and key.strip() and not user:
        headers = (("Authorization", f"Bearer {read_key(names.key, key, 'the server')}"),)
    in_clear = (headers or user) and parts.scheme == "ws" and not is_loopback(parts.hostname or "")
    return Service(
        kind=ServiceKind.COMPATIBLE,
        label=place_of(parts),
        url=f"{parts.scheme}://{user}{place_of(parts)}{quoted_path(parts.path)}" + (f"?{query}" if query else ""),
        headers=headers,
        dialect=dialect,
        model=named,
        transcription_model=(transcription_model or "").strip() or None,
        capabilities=UNKNOWN,
        hint=f"The key travels unencrypted to {place_of(parts)}; use wss:// outside a network you trust."
        if in_clear
        else None,
    )


def embedded(url: str, token: str, other_secrets: tuple[str, ...] = ()) -> Service:
    """The service that this program runs itself; `url` is the one it said it listens on. `other_secrets`: what else it
    was told that no message may show.
    """
    return Service(
        kind=ServiceKind.EMBEDDED,
        label="embedded service",
        url=url,
        headers=(("Authorization", f"Bearer {token}"),),
        model=EMBEDDED_MODEL,
        transcription_model=EMBEDDED_MODEL,
        other_secrets=other_secrets,
    )
