"""Which proxy stands between this machine and a service, as the environment says it. Pure but for `proxy_in_use`.

The names are those of curl and urllib: lower case before upper case, and an empty one in lower case switches the other
off. Their order is that of `websockets` and RFC 6455, section 4.1 (SOCKS, then the one for HTTPS), with ALL_PROXY,
which both leave out, as the last.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from app.connection.inputs import is_loopback

_PORTS: Final = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
"""The schemes of proxies, and where each is when no port is given."""

_NAMES: Final = {
    "wss": ("wss_proxy", "socks_proxy", "https_proxy", "all_proxy"),
    "ws": ("ws_proxy", "socks_proxy", "https_proxy", "http_proxy", "all_proxy"),
}
_SERVICE_PORTS: Final = {"wss": 443, "ws": 80}
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

SYSTEM: Final = "the system's settings"


class ProxySettingError(Exception):
    """What stands in `variable` is no address of a proxy; `str` says why, in some words without the value."""

    def __init__(self, variable: str, why: str) -> None:
        super().__init__(why)
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and which variable names it. Its repr and its `place` show no user and no password."""

    url: str = field(repr=False)
    variable: str

    @property
    def place(self) -> str:
        """Scheme, host and port: fit for messages."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def scheme(self) -> str:
        """http, https, socks4, socks4a, socks5 or socks5h (which leaves the looking up of the name to the proxy)."""
        return urlsplit(self.url).scheme

    @property
    def password(self) -> str:
        """What no message may show; empty where there is none."""
        return unquote(urlsplit(self.url).password or "")


def proxy_in_use(url: str) -> Proxy | None:
    """The proxy of this process for the service at `url`. Raises ProxySettingError."""
    return proxy_for(url, os.environ, _of_the_system(url))


def proxy_for(url: str, environ: Mapping[str, str], system: Mapping[str, str] = _NOTHING) -> Proxy | None:
    """The proxy for the service at `url`, ws:// or wss://. None: it is reached directly, as this machine always is.

    `system` are the proxies of macOS or Windows by scheme, which count where the environment names none for this
    address. Raises ProxySettingError.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or _SERVICE_PORTS[parts.scheme]
    _, excluded = _read(environ, "no_proxy")
    if is_loopback(host) or any(_is_excluded(each, host, port) for each in excluded.replace(",", " ").split()):
        return None
    for name in _NAMES[parts.scheme]:
        variable, text = _read(environ, name)
        if text:
            return Proxy(_address(variable, text, is_socks=name == "socks_proxy"), variable)
    for name in _NAMES[parts.scheme]:
        kind = name.removesuffix("_proxy")
        if text := system.get(kind, "").strip():
            return Proxy(_address(SYSTEM, text, is_socks=kind == "socks"), SYSTEM)
    return None


def _of_the_system(url: str) -> Mapping[str, str]:
    """The proxies of macOS and Windows by scheme, unless their own exceptions hold for this address."""
    if sys.platform == "darwin" or sys.platform == "win32":
        from urllib.request import getproxies, proxy_bypass

        return _NOTHING if proxy_bypass(urlsplit(url).netloc.rpartition("@")[2]) else getproxies()
    return _NOTHING


def _read(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Which spelling of the variable counts, and what stands in it."""
    variable = name if name in environ else name.upper()
    return variable, environ.get(variable, "").strip()


def _address(variable: str, text: str, *, is_socks: bool) -> str:
    """The proxy's address in full: scheme, host and port. A bare host and port means HTTP, as curl takes it."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", parts.port
        unquote(parts.netloc.rpartition("@")[0], errors="strict")
        place = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii") if host else ""
    except ValueError:  # UnicodeError is one
        raise ProxySettingError(variable, "its host or port cannot be one") from None
    scheme = parts.scheme
    if scheme == "socks" or (is_socks and scheme == "http"):  # GNOME's spelling, and macOS's
        scheme = "socks5h"
    if scheme not in _PORTS:
        raise ProxySettingError(variable, "it must begin with http, https, socks4, socks4a, socks5 or socks5h")
    if not place or port == 0 or any(mark.isspace() or not mark.isprintable() for mark in text):
        raise ProxySettingError(variable, "its host or port cannot be one")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ProxySettingError(variable, "something follows its host and port")
    return f"{scheme}://{_user(parts)}{place}:{port or _PORTS[scheme]}"


def _user(parts: SplitResult) -> str:
    """User and password with the @, as given; `websockets` wants both or none."""
    user, at, _ = parts.netloc.rpartition("@")
    return f"{user}{'' if ':' in user else ':'}{at}" if user else ""


def _is_excluded(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY means this address: *, a domain, an address, a network, each perhaps with a port."""
    entry = entry.lower().rstrip(".")
    if entry == "*":
        return True
    try:
        network = ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _, digits = entry.rpartition(":")
        if name and digits.isdecimal():
            return digits.lstrip("0") == str(port) and _is_excluded(name, host, port)
        name = entry.removeprefix("*").removeprefix(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return ip_address(host) in network
    except ValueError:
        return False
