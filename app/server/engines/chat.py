"""The responder for a language model behind any OpenAI-compatible chat endpoint: Ollama, llama.cpp's server, OpenAI.

Plain `http.client`: one POST and lines of text need no further dependency, and the socket stays within reach, so that
a cancel can end a read that waits. Proxies are not used and redirects not followed, since the key would go with them.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from app.protocol.jsontext import read_json
from app.protocol.text import one_line, sanitise_text
from app.redaction import Redaction, secrets_in_address, shown
from app.server.engines.interfaces import Prompt, ResponderError

_CONNECT_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 120.0
"""A local server may load the model first, which takes a while."""

_LONGEST_LINE_BYTES: Final = 1 << 20
_OPENING: Final = "Hello."
"""Said for a user who has said nothing yet: most models answer nothing without a user's turn."""

_OTHERWISE: Final = "or choose the responder builtin."


class ChatResponder:
    """A model at a server, asked anew with the whole conversation each time. Implements `Responder`."""

    def __init__(self, url: str, model: str | None = None, key: str | None = None) -> None:
        """`url` is the API's base, like `http://127.0.0.1:11434/v1`; without a path, `/v1` is taken. `model` may also
        stand behind its `#`. Raises ValueError for what is no http(s) address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{shown(url)} is no http:// or https:// address of a chat server.")
        path = parts.path.rstrip("/") or "/v1"
        self._path = path if path.endswith("/chat/completions") else f"{path}/chat/completions"
        self._query = f"?{parts.query}" if parts.query else ""
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._model = model or parts.fragment or None
        self._key = key
        self._redaction = Redaction((*([key] if key else ()), *secrets_in_address(url)))
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._place = f"{parts.scheme}://{host}:{self._port}"  # without what may be secret: user, password, query
        self.name = f"{self._model or 'the model'} at {self._place}"

    def load(self) -> None:
        """Nothing to prepare: the server may be started later, so it is first met with the first question."""

    def respond(self, prompt: Prompt) -> ChatAnswer:
        """The answer in fragments as the model writes them; nothing is sent before the first is asked for.

        Its `close` may be called by any thread, also while another waits for a fragment. Iterating raises
        ResponderError.
        """
        messages = [{"role": message.role, "content": message.text} for message in prompt.messages if message.text]
        if not any(message["role"] == "user" for message in messages):
            messages.append({"role": "user", "content": _OPENING})
        if prompt.instructions:
            messages.insert(0, {"role": "system", "content": prompt.instructions})
        body: dict[str, object] = {"messages": messages, "stream": True}
        if self._model:
            body["model"] = self._model
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        connect = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = connect(self._host, self._port, timeout=_CONNECT_SECONDS)
        request = (self._path + self._query, json.dumps(body).encode(), headers)
        return ChatAnswer(connection, request, self._place, self._model, self._redaction)


class ChatAnswer(Iterator[str]):
    """One answer on its way. Owns its connection, which ends with the answer, an error, or `close`."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        request: tuple[str, bytes, dict[str, str]],
        place: str,
        model: str | None,
        redaction: Redaction,
    ) -> None:
        self._redaction = redaction
        self._connection = connection
        self._request = request
        self._place = place
        self._model = model
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._closed = threading.Event()
        self._fragments = self._read()

    def __next__(self) -> str:
        """The next fragment. Raises StopIteration at the end and after `close`, else ResponderError."""
        return next(self._fragments)

    def close(self) -> None:
        """End the answer and its connection now; the server notices and stops. May be called twice."""
        with self._lock:
            self._closed.set()
            line = self._socket
        if line is not None:
            try:
                line.shutdown(socket.SHUT_RDWR)  # wakes a read that waits in another thread, as close() would not
            except OSError:
                return  # it has ended by itself

    def _read(self) -> Iterator[str]:
        try:
            response = self._ask()
            if response is not None:
                yield from self._fragments_of(response)
        except (OSError, http.client.HTTPException) as error:
            if not self._closed.is_set():
                raise ResponderError(self._lost(error)) from error
        finally:
            with self._lock:
                self._socket = None
            self._connection.close()

    def _ask(self) -> http.client.HTTPResponse | None:
        if self._closed.is_set():
            return None
        self._connection.connect()
        with self._lock:
            self._socket = self._connection.sock
        if self._closed.is_set():
            return None
        self._connection.sock.settimeout(_SILENCE_SECONDS)
        path, body, headers = self._request
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        if response.status != http.client.OK:
            with response:
                said = response.read(_LONGEST_LINE_BYTES)
            raise ResponderError(self._refused(response.status, self._error_message(said)))
        return response

    def _fragments_of(self, response: http.client.HTTPResponse) -> Iterator[str]:
        ended = False
        with response:
            while line := response.readline(_LONGEST_LINE_BYTES):
                if self._closed.is_set():
                    return
                field, _, data = line.partition(b":")
                if field != b"data":  # empty lines, comments that keep the line alive, other fields
                    continue
                if data.strip() == b"[DONE]":
                    return
                text, last = self._delta(data)
                ended = ended or last
                if text:
                    yield text
        if not ended and not self._closed.is_set():
            raise ResponderError(
                f"The answer of the chat server at {self._place} broke off or was no stream. "
                f"Check that the address is that of an OpenAI-compatible API, {_OTHERWISE}"
            )

    def _delta(self, data: bytes) -> tuple[str, bool]:
        """The text of one event, and whether it is the last one."""
        try:
            event: Any = read_json(data.decode())
            if event.get("error"):
                raise ResponderError(self._refused(None, self._error_message(data)))
            choices = event.get("choices") or ()
            text = "".join((choice.get("delta") or {}).get("content") or "" for choice in choices[:1])
            return sanitise_text(text), any(choice.get("finish_reason") for choice in choices)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ResponderError(
                f"The chat server at {self._place} sent something that is no chat stream: "
                f"{self._told(data.decode('utf-8', 'replace'), 80)}. Check the address, {_OTHERWISE}"
            ) from error

    def _lost(self, error: Exception) -> str:
        match error:
            case ConnectionRefusedError():
                return (
                    f"No chat server answers at {self._place}: the connection was refused. "
                    f"Start it (Ollama: ollama serve), correct the address, {_OTHERWISE}"
                )
            case TimeoutError():
                return f"The chat server at {self._place} did not answer in time. Try again, {_OTHERWISE}"
            case socket.gaierror():
                return f"The chat server's name in {self._place} is not known. Correct the address, {_OTHERWISE}"
            case ssl.SSLError():
                return f"No secure connection to {self._place} ({one_line(str(error), 120)}). Check https or http."
            case _:
                why = one_line(str(error), 120) or type(error).__name__
                return f"The connection to the chat server at {self._place} was lost ({why}). Try again, {_OTHERWISE}"

    def _refused(self, status: int | None, said: str) -> str:
        answer = f"{status}: {said}" if status and said else said or str(status)
        match status:
            case 401 | 403:
                return f"The chat server at {self._place} refuses the key ({answer}). Check the responder's key."
            case 404:
                model = self._model or "(none was named)"
                return (
                    f"The chat server at {self._place} has no model {model}, or no such path ({answer}). Get the model "
                    f"(Ollama: ollama pull {self._model or 'NAME'}) or name another one behind the # of the address."
                )
            case 429:
                return f"The chat server at {self._place} has had enough requests ({answer}). Wait, {_OTHERWISE}"
            case _:
                return f"The chat server at {self._place} could not answer ({answer}). Try again, {_OTHERWISE}"

    def _error_message(self, body: bytes) -> str:
        """The server's own words in its error: `{"error": {"message": ...}}`, `{"error": ...}` or the text itself."""
        try:
            said: Any = read_json(body.decode())
            said = said.get("error", said) if isinstance(said, dict) else said
            said = said.get("message", said) if isinstance(said, dict) else said
        except (ValueError, RecursionError):
            said = body.decode("utf-8", "replace")
        return self._told(str(said), 200)

    def _told(self, text: str, longest: int) -> str:
        """The server's words on one line; some servers repeat the key."""
        return one_line(self._redaction.message(sanitise_text(text)), longest)
