"""Services to talk with: where each one is, how to greet it, which dialect it speaks, what it can do. Pure.

A constructor takes settings as a user typed them and gives a `Service`, or raises ServiceSettingError. Nothing is
contacted here. What is known of each service stands in `families`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from app.connection.families import (
    AZURE,
    AZURE_PREVIEW,
    BEARER,
    COMPATIBLE,
    EMBEDDED,
    EMBEDDED_MODEL,
    FAMILIES,
    OF_AZURE,
    OF_BETA,
    OF_OPENAI,
    OPENAI,
    VOICE_LIVE,
    Family,
    Variables,
    family_at,
    is_own_host,
)
from app.connection.families import DEFAULT_MODEL as DEFAULT_MODEL
from app.connection.inputs import ServiceSettingError as ServiceSettingError
from app.connection.inputs import (
    check_headers,
    check_plain,
    check_user,
    is_loopback,
    place_of,
    query_value,
    query_with,
    quoted_path,
    read_address,
    read_key,
)
from app.connection.model_names import end_of, read_model
from app.connection.routes import deployment_in
from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities
from app.protocol.codec import Dialect
from app.protocol.text import one_line
from app.redaction import Redaction, secret_in_header, secrets_in_address


class Extras(Struct, frozen=True, kw_only=True):
    """What few users set: other ways to be let in, and headers."""

    token: str = ""
    """An Entra ID token; at Azure it counts before the key, as in the official package."""
    sign_in_scopes: tuple[str, ...] = ()
    """Scopes for which a token can be had from the machine's own sign-in, the preferred first; empty: there is none."""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent besides; one of the same name as ours counts instead of it. Secret."""
    account: tuple[tuple[str, str], ...] = ()
    """OpenAI's headers for organisation, project and safety identifier, for the services that know them."""
    allow_plain: str = ""
    """Hosts, commas between, to which a key may travel unencrypted."""


NO_EXTRAS: Final = Extras()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, ready to be connected to. Its repr and its label show no key and no query of the URL.

    `model` is the deployment's name on Azure and empty where the service chooses. `transcription_model` is what to
    ask for as the writer of the user's words; None means: ask for none. `dialect` None: it is found out. `hint` is a
    sentence for the user about a setting that does not do what it seems to.
    """

    family: Family = field(repr=False)
    variables: Variables = field(repr=False)
    """The settings that a remedy should name."""
    label: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    sign_in_scopes: tuple[str, ...] = ()
    """Not empty: a token for one of these is to be had before each connection, see `signed_in`."""
    other_secrets: tuple[str, ...] = field(repr=False, default=())
    """What it knows beside how it is greeted, and may repeat."""
    dialect: Dialect | None = Dialect.GA
    model: str = ""
    transcription_model: str | None = None
    capabilities: SessionCapabilities = field(repr=False, default=ALL_OF_GA)
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
    def is_encrypted(self) -> bool:
        """Whether it is reached over TLS."""
        return urlsplit(self.url).scheme == "wss"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in the headers and the URL: what no log and no message may show."""
        greeting = [secret_in_header(name, value) for name, value in self.headers]
        found = (*greeting, *secrets_in_address(self.url), *self.other_secrets)
        return tuple(dict.fromkeys(secret for secret in found if secret))

    @property
    def redaction(self) -> Redaction:
        """Takes these secrets out of texts. Takes a moment to make."""
        return Redaction(self.secrets)

    def signed_in(self, token: str) -> Service:
        """The same service with this token of Entra ID to be shown."""
        return replace(self, headers=(BEARER.holding(token), *self.headers))


def azure(
    endpoint: str,
    key: str,
    deployment: str,
    api_version: str | None = None,
    legacy_preview: bool = False,
    transcription_model: str | None = None,
    extras: Extras = NO_EXTRAS,
) -> Service:
    """Azure OpenAI: a host in any form that people paste, and a deployment's name, which the address may hold too.

    `transcription_model` must be the name of a transcription deployment of the same resource; there is no name that
    every resource has, so without it the user's words are not written down, and the hint says so. `api_version` counts
    only together with `legacy_preview`, the beta route that Azure announced to end on 2026-04-30.
    """
    family, version, hints = (AZURE_PREVIEW if legacy_preview else AZURE), (api_version or "").strip(), []
    if legacy_preview and version:
        query = {**dict(family.query), "api-version": version}
    else:
        query = dict(family.query)
        if version:
            hints.append("AZURE_OPENAI_API_VERSION is ignored, since Azure's current route has no version; remove it.")
    if re.fullmatch(r"(?!localhost$)[A-Za-z0-9][A-Za-z0-9-]*", name := endpoint.strip()):
        endpoint = f"https://{name}.openai.azure.com"
    wanted = "the resource's endpoint, such as https://NAME.openai.azure.com"
    parts = read_address(OF_AZURE.address, endpoint, wanted)
    if _family_of(parts) is VOICE_LIVE:
        raise ServiceSettingError(
            OF_AZURE.address,
            f"{OF_AZURE.address} is an address of Azure Voice Live, which is another service: give it as "
            "REALTIME_SERVICE, with its key as REALTIME_API_KEY and the model as REALTIME_MODEL.",
        )
    if extras.token and key.strip():
        hints.append("AZURE_OPENAI_AD_TOKEN counts, and AZURE_OPENAI_API_KEY does not.")
    return _made(
        family, OF_AZURE, parts, key, deployment, transcription_model, extras, query=query, hints=hints
    )  # fmt: skip


def openai(
    key: str,
    base_url: str | None = None,
    model: str = "",
    transcription_model: str | None = None,
    extras: Extras = NO_EXTRAS,
) -> Service:
    """OpenAI, or what stands in its place under OPENAI_BASE_URL. A resource of Azure there is treated as one."""
    wanted = f"an address such as {OPENAI.address}"
    parts = read_address(OF_OPENAI.address, (base_url or "").strip() or OPENAI.address, wanted)
    found = _family_of(parts)
    family = found if found.signs_in else OPENAI
    return _made(family, OF_OPENAI, parts, key, model, transcription_model, extras)


def compatible(
    url: str,
    key: str | None = None,
    model: str | None = None,
    dialect: Dialect | None = None,
    transcription_model: str | None = None,
    extras: Extras = NO_EXTRAS,
) -> Service:
    """Any server that speaks the protocol, by its address or, where there is but one or a usual one, by its name.

    `model` is appended as a parameter where the URL has none. The key goes into the header that the service wants; a
    user name and password in the URL take its place. `dialect` None: what is known of the service, or found out.
    """
    variables = COMPATIBLE.variables
    wanted = "an address such as ws://localhost:8080/v1/realtime"
    named = FAMILIES.get(url.strip().lower())
    address = named.address if named else url
    parts = read_address(variables.address, address, wanted)
    family = named or _family_of(parts)
    return _made(family, variables, parts, key or "", model or "", transcription_model, extras, dialect=dialect)


def embedded(url: str, token: str, other_secrets: tuple[str, ...] = ()) -> Service:
    """The service that this program runs itself; `url` is the one it said it listens on. `other_secrets`: what else it
    was told that no message may show.
    """
    return Service(
        family=EMBEDDED,
        variables=EMBEDDED.variables,
        label=EMBEDDED.label,
        url=url,
        headers=(EMBEDDED.key.holding(token),),
        model=EMBEDDED_MODEL,
        transcription_model=EMBEDDED_MODEL,
        other_secrets=other_secrets,
    )


# ---------------------------------------------------------------- one way to make them all


def _made(
    family: Family,
    names: Variables,
    parts: SplitResult,
    key: str,
    model: str,
    transcription_model: str | None,
    extras: Extras,
    *,
    dialect: Dialect | None = None,
    query: Mapping[str, str] | None = None,
    hints: list[str] | None = None,
) -> Service:
    hints = [] if hints is None else hints
    _check_page(names.address, parts)
    check_user(names.address, parts, is_allowed=not family.needs_key)
    check_headers("REALTIME_HEADERS", extras.headers)
    greeting, scopes = _greeting(family, names, parts, key, extras)
    if greeting or scopes or "@" in parts.netloc or secrets_in_address(f"?{parts.query}"):
        check_plain(names.address, parts, allowed=extras.allow_plain)
    model = _model(family, names, parts, model, hints)
    transcriber = (transcription_model or "").strip() or family.transcription_model
    if transcriber is None and family.transcribes_by_deployment:
        hints.append(
            "Your own words will not be written down until AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT names a transcription "
            "deployment of the same resource."
        )
    asked = parts.query if family.keeps_query else ""
    for name, value in (dict(family.query) if query is None else query).items():
        asked = query_with(asked, name, value)
    asked = query_with(asked, family.model_parameter, model)
    path = quoted_path(family.path(parts.hostname or "", parts.path))
    spoken = dialect or family.dialect
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    hints += [family.hint] if family.hint else []
    return Service(
        family=family,
        variables=names,
        label=_label(family, parts),
        url=f"{parts.scheme}://{user}{place_of(parts)}{path}" + (f"?{asked}" if asked else ""),
        headers=greeting,
        sign_in_scopes=scopes,
        dialect=spoken,
        model=model,
        transcription_model=transcriber,
        capabilities=OF_BETA if spoken is Dialect.BETA and family is COMPATIBLE else family.capabilities,
        hint=" ".join(hints) or None,
    )


def _greeting(
    family: Family, names: Variables, parts: SplitResult, key: str, extras: Extras
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The headers that let us in, and the scopes of a token that is still to be had."""
    own: list[tuple[str, str]] = []
    scopes: tuple[str, ...] = ()
    theirs = {name.lower() for name, _ in extras.headers}
    lets_in = theirs & {"authorization", family.key.name.lower()}
    if family.signs_in and extras.token.strip():
        own = [BEARER.holding(read_key("AZURE_OPENAI_AD_TOKEN", extras.token, "az account get-access-token"))]
    elif key.strip():
        own = [] if "@" in parts.netloc else [family.key.holding(read_key(names.key, key, family.key_source))]
    elif family.signs_in and not lets_in and extras.sign_in_scopes:
        scopes = extras.sign_in_scopes
    elif family.needs_key and not lets_in and not secrets_in_address(f"?{parts.query}" if family.keeps_query else ""):
        source = family.key_source
        if family.signs_in:
            source += ", or sign in with Entra ID (pip install 'gpt-realtime-tui[azure]', then az login)"
        read_key(names.key, "", source)
    if family.takes_account:
        own += [(name, value.strip()) for name, value in extras.account if value.strip()]
        check_headers("REALTIME_SAFETY_IDENTIFIER, OPENAI_ORG_ID or OPENAI_PROJECT_ID", tuple(own))
    return (*(each for each in own if each[0].lower() not in theirs), *extras.headers), scopes


def _model(family: Family, names: Variables, parts: SplitResult, model: str, hints: list[str]) -> str:
    """The model or deployment that counts: a route that is sent as pasted keeps the one in it."""
    there = query_value(parts.query, "model") or query_value(parts.query, "deployment")
    if family.transcribes_by_deployment:
        there = deployment_in(parts.path) or there
    given = model.strip()
    first, second = (there, given) if family.keeps_query else (given, there)
    name = first or second or family.default_model
    if there and given and there != given:
        counts, not_counted = (names.address, names.model) if family.keeps_query else (names.model, names.address)
        hints.append(
            f"{names.address} names {one_line(there, 40)} and {names.model} names {one_line(given, 40)}: "
            f"{counts} counts; take the name out of {not_counted}."
        )
    if name or family.needs_model:
        name = read_model(names.model, name, family.model_example, DEFAULT_MODEL)
    if not family.transcribes_by_deployment and (ends := end_of(name, DEFAULT_MODEL)):
        hints.append(ends)
    return name


def _label(family: Family, parts: SplitResult) -> str:
    place = place_of(parts)
    if not family.label:
        return place
    return (
        family.label
        if family.transcribes_by_deployment or is_own_host(family, parts.hostname or "")
        else (f"{family.label} at {place}")
    )


def _family_of(parts: SplitResult) -> Family:
    return family_at(parts.hostname or "", parts.path)


_PAGES: Final = {
    "ai.azure.com": "a page of Azure's portal: copy the endpoint that it shows, such as https://NAME.openai.azure.com",
    "platform.openai.com": f"a page of OpenAI's site: give {OPENAI.address}, or nothing",
    "learn.microsoft.com": "a page of documentation: copy the endpoint of your own resource",
}
_PAGES_ALIKE: Final = {
    "portal.azure.com": "ai.azure.com",
    "oai.azure.com": "ai.azure.com",
    "chatgpt.com": "platform.openai.com",
    "openai.com": "platform.openai.com",
    "developers.openai.com": "platform.openai.com",
}
_LIVE: Final = re.compile(r"/v1/live(/.*)?")


def _check_page(variable: str, parts: SplitResult) -> None:
    """Refuses what people copy out of the address bar, and the route of another protocol."""
    host = (parts.hostname or "").lower().removeprefix("www.")
    page = _PAGES.get(_PAGES_ALIKE.get(host, host))
    if page is not None:
        raise ServiceSettingError(variable, f"{variable} is the address of {page}.")
    if _LIVE.search(parts.path):
        raise ServiceSettingError(
            variable,
            f"{variable} is an address of the Live protocol, and not of the Realtime one: its path ends in /realtime.",
        )
