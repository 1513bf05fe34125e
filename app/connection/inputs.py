"""Addresses, keys and model names as users type them, made ready or refused with a sentence. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from app.protocol.text import one_line

DEFAULT_MODEL: Final = "gpt-realtime-2.1-mini"
"""OpenAI's model where none is named: it has no end date yet, and the newest full model (gpt-realtime-2.1) has the
same context and voices at about three times the price of speech. Who tries the program should get the small bill."""

_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\]")
_SOCKET_SCHEMES: Final = {"https": "wss", "wss": "wss", "http": "ws", "ws": "ws"}


class ServiceSettingError(Exception):
    """A setting that no service can be made of. `variable` names it; `str()` is one sentence with the remedy."""

    def __init__(self, variable: str, sentence: str) -> None:
        super().__init__(sentence)
        self.variable = variable


def read_address(variable: str, text: str, wanted: str) -> SplitResult:
    """The address in parts, scheme ws or wss; a bare host counts as https."""
    given = text.strip()
    wrong = ServiceSettingError(variable, f"{variable} {'is no address' if given else 'is not set'}: give {wanted}.")
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host, port = parts.hostname or "", parts.port
        host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii") if host else ""
    except ValueError:  # UnicodeError is one: a host that cannot be a host
        raise wrong from None
    scheme = _SOCKET_SCHEMES.get(parts.scheme.lower())
    if not given or scheme is None or not _HOST.fullmatch(host) or any(mark.isspace() for mark in given):
        raise wrong
    user, at, _ = parts.netloc.rpartition("@")
    place = f"{host}:{port}" if port is not None else host
    return SplitResult(scheme, f"{user}{at}{place}", parts.path, parts.query, "")


def secret_origin(variable: str, parts: SplitResult) -> str:
    """Scheme, host and port; refused where the key would travel unencrypted, and with a user name or password."""
    if "@" in parts.netloc:
        raise ServiceSettingError(
            variable, f"{variable} holds a user name or a password: remove everything up to the @."
        )
    if parts.scheme == "ws" and not is_loopback(parts.hostname or ""):
        raise ServiceSettingError(
            variable, f"{variable} would send the key unencrypted: use https:// instead of http://."
        )
    return f"{parts.scheme}://{place_of(parts)}"


def read_key(variable: str, key: str, source: str) -> str:
    """The key without the space around it; refused where no header could carry it."""
    text = key.strip()
    if not text:
        raise ServiceSettingError(variable, f"{variable} is not set: copy the key from {source}.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ServiceSettingError(
            variable,
            f"{variable} holds a space, a line break or a letter that no key has: copy it again from {source}.",
        )
    return text


def read_model(variable: str, model: str, wanted: str) -> str:
    """The model's name; refused when empty and for the family that speaks another protocol."""
    name = model.strip()
    if not name:
        raise ServiceSettingError(variable, f"{variable} is not set: give {wanted}.")
    if name.lower().startswith("gpt-live"):
        raise ServiceSettingError(
            variable,
            f"{variable} names {one_line(name, 40)}, which speaks the Live protocol and not the Realtime one: "
            f"give a realtime model, such as {DEFAULT_MODEL}.",
        )
    return name


def query_with_model(variable: str, query: str, model: str) -> tuple[str, str]:
    """The query with a model in it, and the model that then counts: one already there wins."""
    query = quote(query, safe="%/:?@!$&'()*+,;=~-._", errors="replace")
    there = dict(parse_qsl(query)).get("model", "")
    name = there or model
    if name:
        read_model(variable, name, "a model's name")
    if there or not model:
        return query, name
    return f"{query}{'&' if query else ''}model={quoted(model)}", name


def quoted(value: str) -> str:
    """Percent-encoded as the value of one parameter."""
    return quote(value, safe="", errors="replace")  # the environment can hold bytes that are no UTF-8


def quoted_path(path: str) -> str:
    """What a URL cannot hold percent-encoded, everything else as given."""
    return quote(path, safe="%/:@!$&'()*+,;=~-._", errors="replace")


def place_of(parts: SplitResult) -> str:
    """Host and port without user and password."""
    return parts.netloc.rpartition("@")[2]


def is_loopback(host: str) -> bool:
    """Whether the name or the address means this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
