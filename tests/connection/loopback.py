"""A service on the loopback interface that plays a script, and remembers how it was greeted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
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


def event(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def answered(*words: str, response_id: str = "r1", item_id: str = "a1") -> tuple[str, ...]:
    """A written answer in pieces, as a GA service tells it, without what a client need not wait for."""
    place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
    return (
        event("response.created", response={"id": response_id, "status": "in_progress", "output": []}),
        *(event("response.output_text.delta", **place, delta=word) for word in words),
        event("response.output_text.done", **place, text="".join(words)),
        event("response.done", response={"id": response_id, "status": "completed", "output": []}),
    )


def converses(
    *answer: str | bytes,
    greeting: Sequence[str | bytes] = (CREATED,),
    settings: Sequence[str | bytes] | None = None,
    code: int | None = None,
    reason: str = "",
) -> Script:
    """Greet; confirm settings (or say `settings` in answer to them); and say `answer` when first asked for one.

    Then close with the code, or go on listening. `{event_id}` in a frame becomes the id of the event it answers.
    """

    async def script(socket: ServerConnection) -> None:
        async def say(frames: Sequence[str | bytes], event_id: str = "") -> None:
            for frame in frames:
                await socket.send(frame.replace("{event_id}", event_id) if isinstance(frame, str) else frame)

        has_answered = False
        await say(greeting)
        async for frame in socket:
            said = json.loads(frame)
            if said["type"] == "session.update":
                confirmed = (event("session.updated", session={"type": "realtime", "model": "m", **said["session"]}),)
                await say(confirmed if settings is None else settings, said.get("event_id", ""))
            elif said["type"] == "response.create" and not has_answered:
                has_answered = True
                await say(answer, said.get("event_id", ""))
                if code is not None:
                    await socket.close(code, reason)

    return script


def drops(*frames: str | bytes) -> Script:
    """Say these frames; then the line breaks without a goodbye."""

    async def script(socket: ServerConnection) -> None:
        for frame in frames:
            await socket.send(frame)
        await socket.ping()  # what was said has left
        socket.transport.close()
        await socket.wait_closed()

    return script


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """To its end, or fail after a time that only a hang can reach."""
    asyncio.run(asyncio.wait_for(coroutine, 30))
