"""The service's WebSocket: who may come in, and a session for each who does."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import ssl
import time
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from app.protocol.text import one_line
from app.server.engine_threads import Engines
from app.server.quota import Quota
from app.server.realtime_session import DEFAULT_SESSION_LIMIT_S, RealtimeSession
from app.server.session_connection import SessionConnection

_HOST_HEADER: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s@]+)(?::\d{1,5})?")


class TokenError(ValueError):
    """A token that cannot be used; `str` is the sentence for the user."""


def token_for(host: str, given: str | None) -> tuple[str | None, bool]:
    """The token that clients must show, and whether it was made here because others can reach this address.

    Raises TokenError for a token that guards nothing or that no client could send.
    """
    if given is not None:
        if not given.strip():
            raise TokenError(
                "The token is empty, so everybody could come in: give one in REALTIME_SERVE_TOKEN, or none at all."
            )
        if not (given.isascii() and given.isprintable()) or " " in given:
            raise TokenError("The token holds a space or a sign that no header can carry: use letters and digits.")
        return given, False
    if is_this_machine(host):
        return None, False
    return secrets.token_urlsafe(24), True


def is_this_machine(host: str) -> bool:
    """Whether only this machine can reach what listens there. What is not known for sure counts as open to others."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def is_addressed(header: str, host: str) -> bool:
    """Whether a `Host` header names this machine, or what was listened on by name, with or without a port.

    A web page can make its own name mean this machine, and then counts as the same origin as the service; its name in
    this header gives it away (DNS rebinding).
    """
    found = _HOST_HEADER.fullmatch(header.strip())
    if found is None:
        return False
    name = found["name"].rstrip(".").lower()
    return is_this_machine(name) or name.strip("[]") == host.strip("[]").rstrip(".").lower()


PATH: Final = "/v1/realtime"
DEFAULT_MODEL: Final = "embedded"
"""The model that a client may ask for where it means the service's own mind, whatever that is; also where it asks for
none. The session names that mind.
"""

MAX_CLIENTS: Final = 16
"""Each may hold as much as `app.server.limits` allows; more than a few are a mistake, or no friends."""
_FULL: Final = f"{MAX_CLIENTS} clients are connected, and no more can be. End one, then try again."

_MAX_FRAME_BYTES: Final = 21 * 1024 * 1024
"""15 MiB of sound in base64 are 20 MiB, and something stands around it."""

_MAX_FRAMES_WAITING: Final = 2
"""So many frames are taken in before the session has dealt with them: each may be the largest."""


class WebSocketListener:
    """Listens on one address until it is closed."""

    def __init__(
        self,
        engines: Engines,
        token: str | None = None,
        *,
        model: str = DEFAULT_MODEL,
        session_limit_s: int = DEFAULT_SESSION_LIMIT_S,
        quota: Quota | None = None,
        speculates: bool = False,
    ) -> None:
        """With a `token`, a client must name it as `Authorization: Bearer` or `api-key`. `model` is what
        answers, for the user to read. A session ends after
        `session_limit_s`; all of them together have the `quota`. With `speculates` the responder is also asked while a
        turn may still go on, which must cost nothing. The caller starts and closes the engines.
        """
        self._model = model
        self._session_limit_s = session_limit_s
        self._quota = quota or Quota()
        self._speculates = speculates
        self._engines = engines
        self._token = token or None
        self._server: Server | None = None
        self._host = ""
        self._clients = 0

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Begin to listen, behind `tls` where that is given; the port, which the system chooses for 0.

        Raises OSError, and ValueError where other machines could come in without a token.
        """
        if self._token is None and not is_this_machine(host):
            raise ValueError(f"The service does not listen on {host or 'every address'} without a token.")
        self._host = host
        self._server = await serve(
            self._handle,
            host,
            port,
            ssl=tls,
            process_request=self._admit,
            # A web page can open a socket to this machine; every browser names the page's origin, nobody else does.
            origins=[None],
            compression=None,
            max_size=_MAX_FRAME_BYTES,
            max_queue=_MAX_FRAMES_WAITING,
            ping_interval=20,
            ping_timeout=40,
            close_timeout=2,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        """Every client is told 1001 and its work ends."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        if request.path.partition("?")[0].rstrip("/") != PATH:
            return _refusal(socket, HTTPStatus.NOT_FOUND, "not_found", f"Not here: the service is at {PATH}.")
        hosts = request.headers.get_all("Host")
        if is_this_machine(self._host) and not (len(hosts) == 1 and is_addressed(hosts[0], self._host)):
            message = "Refused: the Host header names another machine. Connect to localhost or 127.0.0.1."
            return _refusal(socket, HTTPStatus.FORBIDDEN, "invalid_host", message)
        if self._token is not None and not self._is_named(request):
            message = "Access denied: the token is missing or wrong. Send it as 'Authorization: Bearer TOKEN'."
            return _refusal(socket, HTTPStatus.UNAUTHORIZED, "invalid_api_key", message)
        if self._clients >= MAX_CLIENTS:
            return _refusal(socket, HTTPStatus.SERVICE_UNAVAILABLE, "too_many_clients", _FULL)
        return None

    def _is_named(self, request: Request) -> bool:
        wanted = (self._token or "").encode()
        bearer = [
            value.partition(" ")[2].strip()
            for value in request.headers.get_all("Authorization")
            if value.lower().startswith("bearer ")
        ]
        named = [*bearer, *request.headers.get_all("api-key")]
        return any(hmac.compare_digest(one.encode(errors="surrogateescape"), wanted) for one in named)

    async def _handle(self, socket: ServerConnection) -> None:
        if self._clients >= MAX_CLIENTS:  # several may have been let in at the same time
            await socket.close(CloseCode.TRY_AGAIN_LATER, _FULL)
            return
        self._clients += 1
        try:
            await self._serve(socket)
        finally:
            self._clients -= 1

    async def _serve(self, socket: ServerConnection) -> None:
        query = parse_qs(socket.request.path.partition("?")[2]) if socket.request else {}
        model = one_line(query.get("model", [DEFAULT_MODEL])[0], 100)
        if model == DEFAULT_MODEL:
            model = self._model
        now = asyncio.get_running_loop().time()
        session = RealtimeSession(
            model,
            int(time.time()) + self._session_limit_s,
            now,
            new_id,
            limit_s=self._session_limit_s,
            quota=self._quota,
            speculates=self._speculates,
        )
        await SessionConnection(socket, session, self._engines).run()


def new_id(word: str) -> str:
    """An id that nobody can guess and nobody else has, such as `item_4f0c...`; at most 30 characters."""
    return f"{word}_{secrets.token_hex(12)}"


def _refusal(socket: ServerConnection, status: HTTPStatus, code: str, message: str) -> Response:
    error = {"error": {"type": "invalid_request_error", "code": code, "message": message}}
    response = socket.respond(status, json.dumps(error))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    return response
