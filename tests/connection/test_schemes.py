"""An encrypted port spoken to in the clear, and the other way round, name the cure."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from app.connection.client import connect
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.refusals import from_exception
from app.connection.services import compatible
from tests.connection.loopback import run

PLAIN, ENCRYPTED = compatible("ws://h.example/x"), compatible("wss://h.example/x")


@pytest.mark.parametrize(
    "words",
    [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",  # nginx
        "Client sent an HTTP request to an HTTPS server.",  # Go, Caddy
    ],
)
def test_a_web_server_that_says_so(words: str):
    answer = Response(400, "Bad Request", Headers(), words.encode())
    failed = from_exception(InvalidStatus(answer), PLAIN)
    assert failed.kind is FailureKind.TLS
    assert "must begin with wss:// or https://" in failed.remedy


def test_a_wrong_answer_to_a_tls_greeting():
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    assert "must begin with ws:// or http://" in from_exception(error, ENCRYPTED).remedy


@pytest.mark.parametrize(("scheme", "cure"), [("ws", "wss:// or https://"), ("wss", "ws:// or http://")])
def test_a_port_that_hangs_up_on_what_it_does_not_understand(scheme: str, cure: str):
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.close()

    async def talk() -> None:
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ServiceFailure, match=f"must begin with {cure}"):
                await connect(compatible(f"{scheme}://127.0.0.1:{port}/x"))

    run(talk())


def test_a_certificate_file_that_is_not_there_is_named(monkeypatch, tmp_path):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    remedy = from_exception(error, ENCRYPTED).remedy
    assert remedy.startswith(f"SSL_CERT_FILE names {tmp_path.root}")
    assert "where there is no file" in remedy
    (tmp_path / "missing.pem").write_text("")
    assert "set SSL_CERT_FILE to its certificate" in from_exception(error, ENCRYPTED).remedy
