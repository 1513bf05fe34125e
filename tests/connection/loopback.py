"""A service on the loopback interface that plays a script, and remembers how it was greeted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

Script = Callable[[ServerConnection], Awaitable[None]]

CREATED = json.dumps({"type": "session.created", "session": {"type": "realtime", "model": "m"}})


@dataclass(slots=True)
class Loopback:
    """What was asked of the service."""

    port: int
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"


@asynccontextmanager
async def playing(script: Script, answer: Response | None = None) -> AsyncIterator[Loopback]:
    """The service in play; with `answer` it refuses the upgrade with that."""
    loopback = Loopback(0)

    def greet(_: ServerConnection, request: Request) -> Response | None:
        loopback.requests.append(request)
        return answer

    async with serve(script, "127.0.0.1", 0, process_request=greet, close_timeout=0.5) as server:
        loopback.port = server.sockets[0].getsockname()[1]
        yield loopback


def http(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, "", Headers({"Content-Length": str(len(body)), "Connection": "close"} | headers), body)


def error(kind: str, code: str | None, message: str) -> str:
    return json.dumps({"type": "error", "error": {"type": kind, "code": code, "message": message}})


def says(*frames: str | bytes, code: int | None = None, reason: str = "") -> Script:
    """Say these frames; then close with the code, or wait for the client to go."""

    async def script(socket: ServerConnection) -> None:
        for frame in frames:
            await socket.send(frame)
        if code is None:
            await socket.wait_closed()
        else:
            await socket.close(code, reason)

    return script


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """To its end, or fail after a time that only a hang can reach."""
    asyncio.run(asyncio.wait_for(coroutine, 30))
