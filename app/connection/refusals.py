"""Reading the evidence: an HTTP status, an error event, a close or an exception becomes a ServiceFailure.

OpenAI lets everyone in and then sends an error event and a close; Azure refuses by HTTP status; a proxy in front can
do either. So every kind of evidence is read for every service (protocol reference, section 1.5).
"""

from __future__ import annotations

import errno
import html
import os
import re
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from websockets.exceptions import (
    ConnectionClosed,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)

from app.connection.failures import FailureKind, ServiceFailure, failure, meaning, meaning_of_error, meaning_of_words
from app.connection.proxies import Proxy, ProxySettingError
from app.connection.retry_after import wait_told_by
from app.connection.services import Service
from app.protocol.convert import from_json
from app.protocol.errors import error_object
from app.protocol.items import ErrorDetail
from app.protocol.jsontext import read_json
from app.protocol.text import one_line

OPENING_ERRORS: Final = (OSError, WebSocketException, ImportError, ProxySettingError, ValueError)
"""What opening a connection can raise (TimeoutError is an OSError; ImportError: a SOCKS proxy without its library;
ValueError: a host that no name can be made of)."""

NO_STATUS: Final = 1005
ABNORMAL: Final = 1006

_CLOSE_CODES: Final[Mapping[int, FailureKind]] = {
    1000: FailureKind.LOST,
    1001: FailureKind.LOST,
    1002: FailureKind.PROTOCOL,
    1003: FailureKind.PROTOCOL,
    NO_STATUS: FailureKind.LOST,
    ABNORMAL: FailureKind.LOST,
    1007: FailureKind.PROTOCOL,
    1008: FailureKind.REFUSED,
    1009: FailureKind.PROTOCOL,
    1010: FailureKind.PROTOCOL,
    1011: FailureKind.LOST,
    1012: FailureKind.OVERLOADED,
    1013: FailureKind.OVERLOADED,
    1014: FailureKind.OVERLOADED,
    1015: FailureKind.TLS,
    3000: FailureKind.KEY_REFUSED,
    3003: FailureKind.PERMISSION,
    3008: FailureKind.TIMEOUT,
    4004: FailureKind.MODEL_UNKNOWN,
    # Many servers put the HTTP status behind a 4.
    4401: FailureKind.KEY_REFUSED,
    4402: FailureKind.QUOTA,
    4403: FailureKind.PERMISSION,
    4404: FailureKind.MODEL_UNKNOWN,
    4408: FailureKind.TIMEOUT,
    4429: FailureKind.RATE_LIMITED,
    4500: FailureKind.OVERLOADED,
    4502: FailureKind.OVERLOADED,
    4503: FailureKind.OVERLOADED,
    4504: FailureKind.OVERLOADED,
}
_PRIVATE_CODES: Final = range(3000, 5000)
_BROKEN_LINE: Final = (NO_STATUS, ABNORMAL, 1011)

_IDLE: Final = re.compile(r"(?i)\bidle\b|\binactiv|\btime(?:d |-)?out\b")
"""Closes of those who were silent for too long: the next connection is as good as this one was."""

_HUNG_UP: Final = "the connection was closed without an answer"
_PROXY_LOGIN: Final = "Put your user name and password at the proxy into {variable}: http://user:password@host:port."
_BETA_REMEDY: Final = "Use the GA dialect: this service no longer speaks the beta one."


def from_error(error: ErrorDetail, service: Service, signal: str = "", words: str = "") -> ServiceFailure:
    """The failure that an error event means when it ends the connection, or comes before there is a session."""
    kind = meaning_of_error(error) or FailureKind.REFUSED
    remedy = _BETA_REMEDY if error.code == "beta_api_shape_disabled" else None
    words = words or error.message or error.code or error.type or ""
    return failure(kind, service, words=words, signal=signal, remedy=remedy)


def from_close(code: int, reason: str, last: ErrorDetail | None, service: Service, *, opened: bool) -> ServiceFailure:
    """The failure that a close means which we did not ask for.

    `last` is the error event just before it, which knows more than the code: 1013 is both overload and an empty
    account, 1001 both a restart and the end of the hour. `opened` tells whether there was a session.
    """
    signal = f"close code {code}"
    if last is not None and meaning_of_error(last) is not None:
        return from_error(last, service, signal)
    told = _told_by_reason(reason)
    words = (last.message if last is not None else None) or told.message or ""
    if meaning_of_error(told) is not None:
        return from_error(told, service, signal, words)
    return _from_code(code, words, service, opened)


def _told_by_reason(reason: str) -> ErrorDetail:
    """OpenAI's reasons are <type>.<code>; others put a whole error object there, or words."""
    if reason.startswith("{") and isinstance(found := error_object(reason, {}), dict):
        told: ErrorDetail = from_json(ErrorDetail, found)
        return told
    kind_word, _, code_word = reason.partition(".")
    return ErrorDetail(type=kind_word, code=code_word or reason, message=reason)


def _from_code(code: int, words: str, service: Service, opened: bool) -> ServiceFailure:
    signal = f"close code {code}"
    kind = _CLOSE_CODES.get(code, FailureKind.REFUSED if code in _PRIVATE_CODES else FailureKind.LOST)
    if code == 1008 and not opened:  # so speaches and its like refuse a key
        kind = FailureKind.KEY_REFUSED
    if opened and kind is FailureKind.REFUSED and _IDLE.search(words):
        kind = FailureKind.LOST
    happened = remedy = None
    match kind:
        case FailureKind.PROTOCOL:
            happened, remedy = f"The connection to {service.label} broke a rule of WebSocket", "Connect again."
        case FailureKind.LOST if not opened:
            happened = f"{service.label} closed the connection before the session began"
        case FailureKind.LOST if code not in _BROKEN_LINE:
            happened, remedy = f"{service.label} ended the connection", "Connect again to go on."
    fatal = False if kind is FailureKind.PROTOCOL else None  # the next connection may do better
    return failure(kind, service, words=words, signal=signal, happened=happened, remedy=remedy, fatal=fatal)


def from_closed(
    closed: ConnectionClosed, last: ErrorDetail | None, service: Service, *, opened: bool
) -> ServiceFailure:
    """The same, from the exception of the library: whose close counts is the one that was first."""
    first = closed.sent if closed.rcvd is None or closed.rcvd_then_sent is False else closed.rcvd
    if first is not None:
        return from_close(first.code, first.reason, last, service, opened=opened)
    cause = closed.__cause__
    words = (cause.strerror or "") if isinstance(cause, OSError) else ""
    return from_close(ABNORMAL, words, last, service, opened=opened)


def from_status(status: int, body: bytes, service: Service, headers: Mapping[str, str] | None = None) -> ServiceFailure:
    """The failure that an HTTP answer in place of the upgrade means."""
    failed = _from_status(status, body, service)
    failed.retry_after_s = wait_told_by(headers or {}) if failed.retry_after_s is None else failed.retry_after_s
    return failed


def _from_status(status: int, body: bytes, service: Service) -> ServiceFailure:
    said, codes = _read_body(body)
    signal = f"HTTP {status}"
    words = said or _phrase(status)
    if status == 400 and not service.is_encrypted and _PLAIN_TO_TLS.search(said):
        return failure(FailureKind.TLS, service, words=words, signal=signal, remedy=_other_scheme(service))
    if (kind := _meaning_of_body(status, said, codes)) is not None:
        return failure(kind, service, words=words, signal=signal)
    address = service.variables.address
    match status:
        case 401 if "api-version" in words.lower():  # Azure, of a route that takes none, or not that one
            remedy = f"Leave the api-version out of {address}."
            return failure(FailureKind.REFUSED, service, words=words, signal=signal, remedy=remedy)
        case 401:
            return failure(FailureKind.KEY_REFUSED, service, words=words, signal=signal)
        case 402:
            return failure(FailureKind.QUOTA, service, words=words, signal=signal)
        case 403:
            return failure(FailureKind.PERMISSION, service, words=words, signal=signal)
        case 404 if service.family.not_found is FailureKind.MODEL_UNKNOWN:
            return failure(FailureKind.MODEL_UNKNOWN, service, words=words, signal=signal)
        case 404:
            happened = f"There is no realtime endpoint at {service.address}"
            return failure(FailureKind.REFUSED, service, words=words, signal=signal, happened=happened)
        case 407:
            happened, remedy = f"A proxy before {service.label} asks for a user name and password", _PROXY_LOGIN
            return failure(
                FailureKind.UNREACHABLE,
                service,
                words=words,
                signal=signal,
                happened=happened,
                remedy=remedy.format(variable="HTTPS_PROXY"),
                fatal=True,
            )
        case 408:
            return failure(FailureKind.TIMEOUT, service, words=words, signal=signal)
        case 429:
            return failure(FailureKind.RATE_LIMITED, service, words=words, signal=signal)
        case _ if status >= 500:
            return failure(FailureKind.OVERLOADED, service, words=words, signal=signal)
        case _ if 300 <= status < 400:
            happened = f"{service.label} sends us to another address, where the key must not follow"
            remedy = f"Set {address} to the final address."
            return failure(FailureKind.REFUSED, service, signal=signal, happened=happened, remedy=remedy)
        case _ if status < 300 or status == 426:
            return failure(FailureKind.PROTOCOL, service, words=words, signal=signal)
        case _:
            return failure(FailureKind.REFUSED, service, words=words, signal=signal)


_PLAIN_TO_TLS: Final = re.compile(r"(?i)\bhttp request\b.*\bhttps\b")  # as nginx, Caddy, Go and Apache say it


def _other_scheme(service: Service) -> str:
    """What to do where the two sides may not agree on whether the line is encrypted."""
    address = service.variables.address
    if service.is_encrypted:
        return f"Check the network and {address}: if its port is not encrypted, it must begin with ws:// or http://."
    return f"Check the network and {address}: if its port is encrypted, it must begin with wss:// or https://."


def _certificates() -> str | None:
    """What to do about a certificate that is not trusted, where the usual remedy would mislead."""
    file = os.environ.get("SSL_CERT_FILE", "")
    if not file or os.path.isfile(file):
        return None
    return f"SSL_CERT_FILE names {one_line(file, 80)}, where there is no file, so nothing is trusted: correct it."


def _meaning_of_body(status: int, said: str, codes: tuple[str | None, ...]) -> FailureKind | None:
    """A known code; then known words, where the status is one that gateways give to whatever failed behind them."""
    if (kind := meaning(*codes)) is not None:
        return kind
    return None if status in _TELLING else meaning_of_words(said)


_TELLING: Final = (401, 402, 407, 408)
"""Statuses that mean one thing."""


def from_exception(error: Exception, service: Service, proxy: Proxy | None = None) -> ServiceFailure:
    """The failure that an exception while opening means; `error` is one of OPENING_ERRORS, `proxy` was in between."""
    if isinstance(error, ProxySettingError):
        return _from_proxy_setting(error, service)
    if isinstance(error, (ProxyError, InvalidProxy, ImportError)):
        return _from_proxy(error, service, proxy)
    # What the proxy passes on unread is the service's own, and so are errors about its certificate.
    is_passed_on = isinstance(error, ssl.SSLError) and proxy is not None and proxy.scheme != "https"
    if proxy is not None and isinstance(error, OSError) and not is_passed_on:
        return _from_proxy(error, service, proxy)
    match error:
        case InvalidStatus():
            answer = error.response
            headers = {name.lower(): value for name, value in answer.headers.raw_items()}  # each may be there twice
            return from_status(answer.status_code, bytes(answer.body or b""), service, headers)
        case ConnectionClosed():
            return from_closed(error, None, service, opened=False)
        case InvalidURI():
            return failure(FailureKind.REFUSED, service, words=error.msg)
        case InvalidMessage() if isinstance(error.__cause__, EOFError):
            return failure(FailureKind.UNREACHABLE, service, words=_HUNG_UP, remedy=_other_scheme(service))
        case WebSocketException():
            return failure(FailureKind.PROTOCOL, service, words=str(error))
        case ssl.SSLCertVerificationError():
            return failure(FailureKind.TLS, service, words=error.verify_message, remedy=_certificates())
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return failure(FailureKind.UNREACHABLE, service, words=_HUNG_UP, remedy=_other_scheme(service))
        case ssl.SSLError():
            words = (error.reason or str(error)).replace("_", " ").lower()
            return failure(FailureKind.TLS, service, words=words, remedy=_other_scheme(service))
        case ConnectionError() if error.errno is None and not str(error):  # asyncio's, during the TLS handshake
            return failure(FailureKind.UNREACHABLE, service, words=_HUNG_UP, remedy=_other_scheme(service))
        case TimeoutError():
            return failure(FailureKind.TIMEOUT, service)
        case ValueError():
            return failure(FailureKind.UNREACHABLE, service, words="its host cannot be looked up", fatal=True)
        case _:
            return failure(FailureKind.UNREACHABLE, service, words=_words_of_os_error(error))


def _from_proxy_setting(error: ProxySettingError, service: Service) -> ServiceFailure:
    return failure(
        FailureKind.UNREACHABLE,
        service,
        happened=f"{service.label} is reached through a proxy, and {error.variable} is no address of one",
        words=str(error),
        remedy=f"Set {error.variable} to an address such as http://host:8080, or name {service.host} in NO_PROXY.",
        fatal=True,
    )


def _from_proxy(error: Exception, service: Service, proxy: Proxy | None) -> ServiceFailure:
    variable = proxy.variable if proxy is not None else "HTTPS_PROXY"
    place = f"the proxy {proxy.place} that {variable} names" if proxy is not None else "the proxy"
    remedy = f"Check {variable}, or name {service.host} in NO_PROXY."
    kind, fatal = FailureKind.UNREACHABLE, False
    match error:
        case ImportError():
            words, fatal = "a SOCKS proxy is set, and the package python-socks is not installed", True
            remedy = f"Install python-socks, or set {variable} to an HTTP proxy."
        case InvalidProxyStatus():
            status = error.response.status_code
            words, fatal = f"the proxy answers HTTP {status} {_phrase(status)}", status in (401, 403, 407)
            if status == 407:
                remedy = _PROXY_LOGIN.format(variable=variable)
        case InvalidProxy():  # its own text may hold the proxy's password
            words, fatal = "the proxy's address is not understood", True
        case TimeoutError():
            kind, words = FailureKind.TIMEOUT, "nothing came in time"
        case ssl.SSLCertVerificationError():
            words, fatal = error.verify_message, True
        case OSError():
            words = _words_of_os_error(error.__cause__ if isinstance(error.__cause__, OSError) else error)
        case _:  # python-socks has words for what a SOCKS proxy refused
            words = str(error.__cause__ or "") or "the proxy's answer is not understood"
            if isinstance(error.__cause__, ValueError):
                words = "the proxy's answer is not understood"
    if proxy is not None and proxy.password:
        words = words.replace(proxy.password, "…")
    happened = f"{service.label} cannot be reached through {place}"
    return failure(kind, service, words=words, happened=happened, remedy=remedy, fatal=fatal)


def _words_of_os_error(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "the name of the host is not known"
    text = str(error)
    numbers = {int(number) for number in re.findall(r"\[Errno (\d+)\]", text)}  # asyncio joins several into one text
    if isinstance(error, ConnectionRefusedError) or numbers == {errno.ECONNREFUSED}:
        return "nothing listens there"
    if isinstance(error, ConnectionError) and not text:  # asyncio's, during the TLS handshake
        return _HUNG_UP
    return (error.strerror if isinstance(error, OSError) else None) or text


_PAGE_CHARS: Final = 20_000
"""So much of a page is looked at."""
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def _read_body(body: bytes) -> tuple[str, tuple[str | None, ...]]:
    """What an HTTP body says, and the codes in it: JSON of the common shapes, HTML's title, or plain text."""
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if body.startswith(mark)), "utf-8")
    text = body.decode(encoding, "replace").strip()
    try:
        data: Any = read_json(text)
    except (ValueError, RecursionError):
        if re.match(r"(?i)<(!doctype|html|\?xml|head|body)", text):
            title = re.search(r"(?is)<(title|message|h1)[^>]*>(.*?)</\1>", text[:_PAGE_CHARS])
            return (html.unescape(re.sub(r"<[^>]*>", " ", title[2])) if title else ""), ()
        return text, ()
    is_nested = isinstance(data, dict) and data.get("error")
    error = error_object(data["error"], data) if is_nested else error_object(data, {})
    if not isinstance(error, dict):
        return "", ()
    codes = tuple(code for key in ("code", "type") if isinstance(code := error.get(key), str))
    said = error.get("message")
    return (said if isinstance(said, str) and said else next(iter(codes), "")), codes


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
