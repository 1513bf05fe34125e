"""Running the embedded service: engines, socket, and the reasons to stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app import ending
from app.console import say, tell
from app.exit_status import USAGE
from app.server.engine_threads import Engines
from app.server.engines.choose import open_recogniser, open_responder, open_synthesiser
from app.server.quota import Quota
from app.server.realtime_session import DEFAULT_SESSION_LIMIT_S
from app.server.websocket_listener import DEFAULT_MODEL, PATH, WebSocketListener

_ENGINES_PATIENCE_S: Final = 0.3
"""So long the engines may take to end."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the service runs."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: the system chooses a free one."""
    token: str | None = field(repr=False, default=None)
    """Where it is set, clients must name it."""
    recogniser: str = "auto"
    responder: str = field(repr=False, default="builtin")
    responder_model: str | None = None
    responder_key: str | None = field(repr=False, default=None)
    synthesiser: str = "hibari"
    session_limit_s: int = DEFAULT_SESSION_LIMIT_S
    """So long a session lasts at most."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """What all clients together may ask for; None: whatever they like."""
    tls: ssl.SSLContext | None = field(repr=False, default=None)
    """Where it is set, clients come by `wss`."""
    parent_watch: bool = False
    """End when standard input ends: a child of the program must never outlive it, however it dies."""
    loads_sound: bool = True
    """Load recogniser and synthesiser at once; else when they are first needed, as in a conversation in writing."""


def told_by_parent(line: bytes) -> Options:
    """What the program tells its child in the first line of standard input: fields of `Options` as JSON.

    Not in the arguments, which everybody on the machine can read. Raises ValueError for anything else.
    """
    try:
        return Options(parent_watch=True, **json.loads(line))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("`--embedded` is for the program itself; `realtime serve` runs the service alone.") from error


async def serve(options: Options, on_listening: Callable[[str], None]) -> None:
    """Serve until cancelled; every thread and connection has ended then.

    `on_listening` is called with the address (`ws://HOST:PORT/v1/realtime`, or `wss`) as soon as clients may come; the
    engines load meanwhile. Raises ValueError for an engine that is not known, and OSError where the address cannot be
    had.
    """
    engines = Engines(
        open_recogniser(options.recogniser),
        open_responder(options.responder, model=options.responder_model, key=options.responder_key),
        open_synthesiser(options.synthesiser),
    )
    # A language model is not asked on a guess: that may cost money, and always keeps it from the real question.
    listener = WebSocketListener(
        engines,
        options.token,
        model=DEFAULT_MODEL if options.responder == "builtin" else engines.responder.engine.name,
        session_limit_s=options.session_limit_s,
        quota=Quota(options.requests_per_minute, options.tokens_per_minute),
        speculates=options.responder == "builtin",
    )
    try:
        port = await listener.open(options.host, options.port, options.tls)
        engines.start(sound=options.loads_sound)
        host = f"[{options.host}]" if ":" in options.host else options.host
        scheme = "ws" if options.tls is None else "wss"
        on_listening(f"{scheme}://{host}:{port}{PATH}")
        await asyncio.get_running_loop().create_future()
    finally:
        await listener.close()
        await engines.close()


def run(options: Options) -> int:
    """Serve until a signal or the end of the parent; the exit status.

    The first line on standard output is `listening on ws://HOST:PORT/v1/realtime`; errors go to standard error.
    """
    try:
        asyncio.run(_until_stopped(options))
    except ValueError as error:
        say(f"realtime: {error}")
        return USAGE
    except OSError as error:
        where = f"{options.host}:{options.port}"
        say(
            f"realtime: The service cannot listen on {where}: {error.strerror or error}. "
            "Choose another --port or --host."
        )
        return USAGE
    return 0


async def _until_stopped(options: Options) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def stop_soon() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over: so is the service
            loop.call_soon_threadsafe(stop.set)

    ending.when_marked(stop_soon)
    if options.parent_watch:
        _watch_stdin(stop_soon)
    serving = asyncio.ensure_future(serve(options, _announce))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        serving.cancel()
        await asyncio.wait({serving}, timeout=_ENGINES_PATIENCE_S)
    if not serving.done():
        os._exit(0)  # a model that is loading or at work cannot be interrupted, and has nothing to save
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _announce(address: str) -> None:
    tell(f"listening on {address}")


def _watch_stdin(stop_soon: Callable[[], None]) -> None:
    def watch() -> None:
        with contextlib.suppress(OSError):  # a closed standard input has ended too
            while os.read(0, 4096):
                pass
        stop_soon()

    # The one thread that nobody joins: a read of standard input cannot be ended from outside on every platform.
    threading.Thread(target=watch, name="realtime-parent-watch", daemon=True).start()
