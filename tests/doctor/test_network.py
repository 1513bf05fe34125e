"""The way to the service: its name, and a certificate that is believed, or why not and who issued it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from app.connection.proxies import Proxy
from app.connection.services import Service, compatible
from app.doctor.finding import Level
from app.doctor.network import certificate, issuer_of, judged, name
from tests.connection.loopback_proxy import proxying

NOW = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
PROXY = Proxy("http://me:secret@proxy.invalid:8080", "HTTPS_PROXY")


@contextmanager
def listening(context: ssl.SSLContext | None, *, with_proxy: bool = False) -> Iterator[int]:
    """The port of somebody who takes every connection and says nothing, over TLS or in the clear; or that of a proxy
    which leads to it.
    """
    begun, over, port = threading.Event(), threading.Event(), 0

    async def serve() -> None:
        nonlocal port

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            if context is None:
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            async with proxying(port) as proxy:
                port = proxy.port if with_proxy else port
                begun.set()
                await asyncio.to_thread(over.wait, 60)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert begun.wait(30)
        yield port
    finally:
        over.set()
        thread.join()


AUTHORITY = trustme.CA(organization_name="Corp Inspection")


def vouched_for(*names: str, expires_at: datetime | None = None) -> ssl.SSLContext:
    """A server's context with a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names, not_after=expires_at).configure_cert(context)
    return context


@pytest.fixture
def _believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is one that this system believes."""
    file = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def at(port: int, host: str = "localhost") -> Service:
    return compatible(f"wss://{host}:{port}/v1/realtime", "k-12345678", "m")


@pytest.mark.usefixtures("_believed")
def test_a_certificate_that_is_believed_tells_its_issuer_and_its_end():
    end = datetime.now(UTC) + timedelta(days=100, hours=1)
    with listening(vouched_for("localhost", expires_at=end)) as port:
        finding = certificate(at(port), None)
    assert finding is not None
    assert finding.level is Level.OK
    assert finding.text.startswith("TLSv1.")
    assert finding.text.endswith(f"localhost is vouched for by Corp Inspection, until {end:%Y-%m-%d}.")


def test_one_that_is_not_believed_tells_who_issued_it():
    with listening(vouched_for("localhost")) as port:
        finding = certificate(at(port), None)
    assert finding is not None
    assert finding.level is Level.PROBLEM
    assert "does not believe the certificate of localhost, issued by Corp Inspection: unable to get" in finding.text
    assert "SSL_CERT_FILE" in finding.remedy


@pytest.mark.usefixtures("_believed")
@pytest.mark.parametrize(
    ("names", "expires_in", "why", "remedy"),
    [
        (("other.test",), timedelta(days=9), "issued by Corp Inspection: Hostname mismatch", "the host's right name"),
        (("localhost",), timedelta(days=-1), "certificate has expired", "clock"),
    ],
)
def test_one_that_does_not_hold_here(names, expires_in, why: str, remedy: str):
    with listening(vouched_for(*names, expires_at=datetime.now(UTC) + expires_in)) as port:
        finding = certificate(at(port), None)
    assert finding is not None
    assert finding.level is Level.PROBLEM
    assert why in finding.text
    assert remedy in finding.remedy


def test_a_port_without_tls_is_a_problem_with_the_address():
    with listening(None) as port:
        finding = certificate(at(port), None)
    assert finding is not None
    assert finding.level is Level.PROBLEM
    assert "does not speak TLS there" in finding.text
    assert "REALTIME_SERVICE" in finding.remedy


def test_where_nobody_listens_the_connection_says_it():
    with listening(None) as port:
        pass
    finding = certificate(at(port), None)
    assert finding is not None
    assert (finding.level, finding.remedy) == (Level.NOTE, "")


@pytest.mark.usefixtures("_believed")
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_through_a_proxy_it_is_the_services_own(scheme: str):
    service = compatible("wss://service.test/v1/realtime")
    with listening(vouched_for("service.test"), with_proxy=True) as port:
        finding = certificate(service, Proxy(f"{scheme}://127.0.0.1:{port}", "ALL_PROXY"))
    assert finding is not None
    if scheme == "socks5":  # looks the name up here, where nobody knows it
        assert finding.text.startswith("Not looked at: service.test is not reached")
    else:
        assert (finding.level, "service.test is vouched for by Corp Inspection" in finding.text) == (Level.OK, True)


def test_an_encrypted_proxy_is_not_looked_through():
    finding = certificate(at(443), Proxy("https://proxy.test:443", "HTTPS_PROXY"))
    assert finding is not None
    assert finding.level is Level.NOTE


def test_nothing_is_encrypted_on_a_plain_line():
    assert certificate(compatible("ws://localhost:1/", None, "m"), None) is None


@pytest.mark.parametrize(
    ("days", "level", "text"),
    [
        (15, Level.OK, "until 2026-12-12."),
        (14, Level.NOTE, "which is in 14 days."),
        (0, Level.NOTE, "which is in 0 days."),
    ],
)
def test_an_end_that_is_near_is_told(days: int, level: Level, text: str):
    ends = datetime.fromtimestamp(NOW + days * 86_400 + 60, UTC).strftime("%b %d %H:%M:%S %Y GMT")
    finding = judged("h", {"notAfter": ends, "issuer": ((("commonName", "R3"),),)}, "TLSv1.3", NOW)
    assert (finding.level, finding.text.endswith(text)) == (level, True)


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ({"organizationName": "Google Trust Services", "commonName": "WE1"}, "Google Trust Services (WE1)"),
        ({"organizationName": "DigiCert", "commonName": "DigiCert Global G2"}, "DigiCert Global G2"),
        ({"organizationName": "Corp"}, "Corp"),
        ({"commonName": "a\x1b[31m\nb"}, "a[31m b"),
        ({}, "somebody without a name"),
    ],
)
def test_an_issuers_name(issuer: dict[str, str], words: str):
    assert issuer_of({"issuer": tuple(((key, value),) for key, value in issuer.items())}) == words


@pytest.mark.parametrize(
    ("host", "proxy", "level", "text"),
    [
        ("localhost", None, Level.OK, "localhost is "),
        ("nowhere.invalid", None, Level.PROBLEM, "nowhere.invalid is not known."),
        ("localhost", PROXY, Level.PROBLEM, "proxy.invalid is not known."),
    ],
)
def test_a_name_leads_somewhere_or_not(host: str, proxy: Proxy | None, level: Level, text: str):
    finding = name(at(443, host), proxy)
    assert finding is not None
    assert finding.level is level
    assert finding.text.startswith(text)
    assert "secret" not in finding.text + finding.remedy
    assert (proxy.variable if proxy else "REALTIME_SERVICE") in (finding.remedy or "REALTIME_SERVICE")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_an_address_needs_no_looking_up(host: str):
    assert name(at(443, host), None) is None
