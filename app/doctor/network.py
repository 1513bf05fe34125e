"""The way to the service, step by step: its name, and who vouches for it. No key is shown to anybody."""

from __future__ import annotations

import ipaddress
import math
import queue
import socket
import ssl
import threading
import time
from typing import Any, Final
from urllib.parse import urlsplit

from app.connection.proxies import Proxy
from app.connection.services import Service
from app.doctor.finding import Finding, note, ok, problem
from app.protocol.text import one_line

NAME: Final = "name"
CERTIFICATE: Final = "certificate"

_WITHIN_S: Final = 10.0
_SOON_DAYS: Final = 14
_DAY_S: Final = 86_400
_HOW_TO_TRUST: Final = (
    "If a proxy or a virus scanner of your network issued it, add its authority to the system's, or name a file with "
    "that authority in SSL_CERT_FILE. If the server is yours, do the same with its certificate."
)


# ---------------------------------------------------------------- the name


def name(service: Service, proxy: Proxy | None) -> Finding | None:
    """Whether the host's name leads anywhere; of a proxy, that of the proxy, which looks up the rest. None: no name."""
    host = service.host if proxy is None else urlsplit(proxy.url).hostname or ""
    variable = service.variables.address if proxy is None else proxy.variable
    if _is_address(host):
        return None
    try:
        found = _looked_up(host)
    except TimeoutError:
        text = f"Nobody says within {_WITHIN_S:g} s where {host} is."
        return problem(NAME, text, "See whether this machine has a network, and which name server it asks.")
    except (OSError, UnicodeError):
        text = f"{host} is not known."
        return problem(NAME, text, f"See whether it is spelt so in {variable}, and whether this machine has a network.")
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return ok(NAME, f"{host} is {found[0]}{more}.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _looked_up(host: str) -> list[str]:
    """Its addresses. Raises OSError, UnicodeError; TimeoutError where the system's own limit is too long."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=look, name="name", daemon=True).start()  # it cannot be ended, and is left to itself
    try:
        answer = answers.get(timeout=_WITHIN_S)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


# ---------------------------------------------------------------- the certificate


def certificate(service: Service, proxy: Proxy | None) -> Finding | None:
    """Who vouches for the host, until when, and whether this system believes it. None where nothing is encrypted."""
    if urlsplit(service.url).scheme != "wss":
        return None
    if proxy is not None and proxy.scheme == "https":
        return note(CERTIFICATE, f"Not looked at, since it would be seen through {proxy.place} alone.")
    host = service.host
    try:
        with _connected(service, proxy) as plain, _trusting().wrap_socket(plain, server_hostname=host) as line:
            return judged(host, line.getpeercert() or {}, line.version() or "TLS", time.time())
    except ssl.SSLCertVerificationError as error:
        return _refused(service, proxy, error)
    except ssl.SSLError as error:
        why = (error.reason or "no answer").replace("_", " ").lower()
        text = f"{service.address} does not speak TLS there ({one_line(why, 60)})."
        return problem(CERTIFICATE, text, f"Check the port in {service.variables.address}, or use ws:// instead.")
    except Exception as error:  # whatever stands in between: the connection says what
        why = (isinstance(error, OSError) and error.strerror) or "no answer"
        return note(CERTIFICATE, f"Not looked at: {host} is not reached ({one_line(why, 80)}).")


def judged(host: str, found: dict[str, Any], version: str, now_epoch: float) -> Finding:
    """What a certificate that this system believes says of itself."""
    text = f"{version}; {host} is vouched for by {issuer_of(found)}"
    expires = found.get("notAfter")
    if not isinstance(expires, str):
        return ok(CERTIFICATE, f"{text}.")
    left_days = math.floor((ssl.cert_time_to_seconds(expires) - now_epoch) / _DAY_S)
    until = time.strftime("%Y-%m-%d", time.gmtime(ssl.cert_time_to_seconds(expires)))
    if left_days <= _SOON_DAYS:
        return note(CERTIFICATE, f"{text}, until {until}, which is in {left_days} days.", "Tell whoever runs it.")
    return ok(CERTIFICATE, f"{text}, until {until}.")


def issuer_of(found: dict[str, Any]) -> str:
    """The authority's name: its organisation, or what it is called where it has none."""
    names = {key: value for part in found.get("issuer", ()) for key, value in part}
    organisation, common = names.get("organizationName"), names.get("commonName")
    if organisation and common and organisation not in common:
        return one_line(f"{organisation} ({common})", 80)
    return one_line(common or organisation or "somebody without a name", 80)


def _refused(service: Service, proxy: Proxy | None, error: ssl.SSLCertVerificationError) -> Finding:
    issuer = issuer_of(_unbelieved(service, proxy))
    text = (
        f"This system does not believe the certificate of {service.host}, issued by {issuer}: {error.verify_message}."
    )
    match error.verify_code:
        case 62 | 64:  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
            remedy = f"See whether {service.variables.address} has the host's right name."
        case 9 | 10:  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
            remedy = "See whether this machine's clock is right; if it is, tell whoever runs the server."
        case _:
            remedy = _HOW_TO_TRUST
    return problem(CERTIFICATE, text, remedy)


def _unbelieved(service: Service, proxy: Proxy | None) -> dict[str, Any]:
    """What the certificate says that was not believed; nothing is sent on these connections.

    The library reads a certificate only where it believes it: so it is taken first, and then believed by itself.
    """
    try:
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        with _connected(service, proxy) as plain, blind.wrap_socket(plain, server_hostname=service.host) as line:
            raw = line.getpeercert(binary_form=True) or b""
        reading = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        reading.check_hostname = False
        reading.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        reading.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(raw))
        with _connected(service, proxy) as plain, reading.wrap_socket(plain, server_hostname=service.host) as line:
            return line.getpeercert() or {}
    except Exception:  # it is only told who issued it
        return {}


def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connected(service: Service, proxy: Proxy | None) -> socket.socket:
    port = urlsplit(service.url).port or 443
    if proxy is None:
        return socket.create_connection((service.host, port), _WITHIN_S)
    from python_socks.sync import Proxy as Tunnel

    scheme = proxy.scheme.removesuffix("h").removesuffix("a")  # whoever looks the name up, the certificate is the same
    address = proxy.url.replace(f"{proxy.scheme}://", f"{scheme}://", 1)
    tunnel = Tunnel.from_url(address, rdns=proxy.scheme in ("socks5h", "socks4a"))
    return tunnel.connect(service.host, port, timeout=_WITHIN_S)
