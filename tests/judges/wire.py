"""A tap on the wire: everything that a client and the service say to each other passes, and is remembered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response

_HEADERS = ("Authorization", "api-key")
_WITHOUT_A_CODE = (1005, 1006)


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way."""

    at_s: float
    """Of the monotonic clock."""
    sender: Literal["client", "service"]
    event: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.event.get("type"))


@dataclass(slots=True)
class Line:
    """One connection of a client."""

    path: str
    headers: dict[str, str]
    messages: list[Message] = field(default_factory=list)
    closed_by: str | None = None
    """Who hung up, with code and reason; None while it is open."""

    def of(self, sender: str, *kinds: str) -> list[Message]:
        """What one side said, in order."""
        return [m for m in self.messages if m.sender == sender and (not kinds or m.kind in kinds)]


class Tap:
    """Stands before the service. An asynchronous context manager."""

    def __init__(self, service: str, *, certificate: Certificate | None = None) -> None:
        """`service`: its address; with a `certificate` the tap speaks TLS with its clients."""
        self._service = service
        self._certificate = certificate
        self._server: Server | None = None
        self._upstream: dict[ServerConnection, tuple[ClientConnection, Line]] = {}
        self.lines: list[Line] = []

    async def __aenter__(self) -> Tap:
        context = self._certificate.server_context() if self._certificate else None
        self._server = await serve(
            self._handle, "127.0.0.1", 0, process_request=self._dial, ssl=context, compression=None, max_size=None
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where clients come in, path included."""
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        scheme = "wss" if self._certificate else "ws"
        return f"{scheme}://127.0.0.1:{port}{urlsplit(self._service).path}"

    async def _dial(self, socket: ServerConnection, request: Request) -> Response | None:
        line = Line(request.path, dict(request.headers.raw_items()))
        there = urlsplit(self._service)._replace(path="", query="").geturl()
        headers = [(name, value) for name in _HEADERS for value in request.headers.get_all(name)]
        try:
            upstream = await connect(
                there + request.path, additional_headers=headers, compression=None, max_size=None, proxy=None
            )
        except InvalidStatus as refusal:
            self.lines.append(line)
            line.closed_by = f"service: HTTP {refusal.response.status_code}"
            return socket.respond(refusal.response.status_code, (refusal.response.body or b"").decode())
        self._upstream[socket] = upstream, line
        return None

    async def _handle(self, socket: ServerConnection) -> None:
        upstream, line = self._upstream.pop(socket)
        self.lines.append(line)
        both = [
            asyncio.create_task(_pass_on(socket, upstream, line, "client")),
            asyncio.create_task(_pass_on(upstream, socket, line, "service")),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for socket_ in (socket, upstream):
            await socket_.close()
        await asyncio.gather(*both)


async def _pass_on(
    origin: ServerConnection | ClientConnection,
    target: ServerConnection | ClientConnection,
    line: Line,
    sender: Literal["client", "service"],
) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for frame in origin:
            line.messages.append(Message(time.monotonic(), sender, json.loads(frame)))
            await target.send(frame)
    if line.closed_by is None:
        code, reason = origin.close_code, origin.close_reason
        line.closed_by = f"{sender}: {code} {reason or ''}".strip()
        with contextlib.suppress(ConnectionClosed):
            await target.close(1000 if code is None or code in _WITHOUT_A_CODE else code, reason or "")


@dataclass(frozen=True, slots=True)
class Certificate:
    """For this machine, signed by itself."""

    certificate: Path
    key: Path

    @classmethod
    def made(cls, folder: Path) -> Certificate:
        """By OpenSSL's program, which Debian has with its certificates. Raises OSError, CalledProcessError."""
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", names, "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        return cls(certificate, key)

    def server_context(self) -> ssl.SSLContext:
        """To show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context
