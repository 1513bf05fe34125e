"""Addresses, keys and headers as users type them, made ready or refused with a sentence. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\]")
_SOCKET_SCHEMES: Final = {"https": "wss", "wss": "wss", "http": "ws", "ws": "ws"}
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS: Final = re.compile(r"(?i)host|connection|upgrade|content-length|transfer-encoding|sec-websocket-.*")


class ServiceSettingError(Exception):
    """A setting that no service can be made of. `variable` names it; `str()` is one sentence with the remedy."""

    def __init__(self, variable: str, sentence: str) -> None:
        super().__init__(sentence)
        self.variable = variable


def read_address(variable: str, text: str, wanted: str) -> SplitResult:
    """The address in parts, scheme ws or wss. A bare one counts as encrypted, unless it can hardly be: on this
    machine, or at a private address or a name without a dot and with a port.
    """
    given = text.strip()
    wrong = ServiceSettingError(variable, f"{variable} {'is no address' if given else 'is not set'}: give {wanted}.")
    has_scheme = "://" in given
    try:
        parts = urlsplit(given if has_scheme else f"https://{given}")
        host, port = parts.hostname or "", parts.port
        host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii") if host else ""
    except ValueError:  # UnicodeError is one: a host that cannot be a host
        raise wrong from None
    scheme = _SOCKET_SCHEMES.get(parts.scheme.lower())
    if not given or scheme is None or not _HOST.fullmatch(host) or any(mark.isspace() for mark in given):
        raise wrong
    if not has_scheme and port != 443 and (is_loopback(host.strip("[]")) or (port is not None and _is_near(host))):
        scheme = "ws"
    user, at, _ = parts.netloc.rpartition("@")
    place = f"{host}:{port}" if port is not None else host
    return SplitResult(scheme, f"{user}{at}{place}", parts.path, parts.query, "")


def check_user(variable: str, parts: SplitResult, *, is_allowed: bool) -> None:
    """Refuses a user name and password where the key has its own header, and a name without a password anywhere."""
    if "@" not in parts.netloc:
        return
    if not is_allowed:
        raise ServiceSettingError(
            variable, f"{variable} holds a user name or a password: remove everything up to the @."
        )
    if parts.password is None:
        raise ServiceSettingError(variable, f"{variable} has a user name but no password: give both or none.")


def check_plain(variable: str, parts: SplitResult, *, allowed: str) -> None:
    """Refuses to send a secret unencrypted, but to this machine and to the hosts in `allowed` (commas between)."""
    host = (parts.hostname or "").lower()
    if parts.scheme != "ws" or is_loopback(host):
        return
    if host in {each.strip().strip("[]").lower() for each in allowed.split(",")}:
        return
    raise ServiceSettingError(
        variable,
        f"{variable} would send the key unencrypted: use https:// or wss:// instead, or, in a network that you trust, "
        f"set REALTIME_ALLOW_PLAIN={host}.",
    )


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


def check_headers(variable: str, headers: tuple[tuple[str, str], ...]) -> None:
    """Refuses headers that no request can carry, and those that are the connection's own. Shows no value."""
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise ServiceSettingError(variable, f"{variable} has a header without a name that a header can have.")
        if _OWN_HEADERS.fullmatch(name):
            raise ServiceSettingError(variable, f"{variable} must not set {name}: it belongs to the connection itself.")
        if not value.isascii() or not value.isprintable():
            raise ServiceSettingError(variable, f"{variable} has a value for {name} that no header can carry.")


def query_value(query: str, name: str) -> str:
    """The parameter's value as it stands in the address; empty where it has none."""
    return dict(parse_qsl(query)).get(name, "")


def query_with(query: str, name: str, value: str) -> str:
    """The query with this parameter in it; one already there stays as it is."""
    query = quote(query, safe="%/:?@!$&'()*+,;=~-._", errors="replace")
    if not value or query_value(query, name):
        return query
    return f"{query}{'&' if query else ''}{name}={quoted(value)}"


def quoted(value: str) -> str:
    """Percent-encoded as the value of one parameter."""
    return quote(value, safe="", errors="replace")  # the environment can hold bytes that are no UTF-8


def quoted_path(path: str) -> str:
    """What a URL cannot hold percent-encoded, everything else as given."""
    return quote(path, safe="%/:@!$&'()*+,;=~-._", errors="replace")


def place_of(parts: SplitResult) -> str:
    """Host and port, without user and password."""
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


def _is_near(host: str) -> bool:
    """In the same network, where hardly anything has a certificate."""
    try:
        return ip_address(host.strip("[]")).is_private
    except ValueError:
        return "." not in host or host.lower().endswith((".local", ".lan", ".internal"))
