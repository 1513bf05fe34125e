"""Against a real HTTP server on the loopback interface."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.server.engines.chat import ChatResponder
from app.server.engines.interfaces import Message, Prompt, ResponderError

PATIENCE_SECONDS = 20
HELLO = Prompt("Be brief.", (Message("user", "Hello?"),))


@dataclass
class Script:
    """What the server answers, and what it has seen."""

    status: int = 200
    body: bytes = b""
    holds_after_body: bool = False
    requests: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


def event(text: str | None, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


@contextmanager
def server(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.requests.append((self.path, dict(self.headers), body))
            self.send_response(script.status)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._send_body()
            except (BrokenPipeError, ConnectionResetError):  # the client may close before all of it is sent
                script.gone.set()
                self.close_connection = True

        def _send_body(self) -> None:
            for at in range(0, len(script.body), 7):  # chunks that respect neither lines nor characters
                self._chunk(script.body[at : at + 7])
            if script.holds_after_body:
                self.connection.settimeout(PATIENCE_SECONDS)
                if self.connection.recv(1) == b"":
                    script.gone.set()
                self.close_connection = True
                return
            self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            listening.shutdown()
            thread.join()


def test_the_answer_comes_in_fragments_and_the_request_is_as_the_api_wants_it():
    stream = b": keep-alive\n\nevent: x\n" + event("") + event("Hel") + event("lo, wörld") + event(None, "stop")
    script = Script(body=stream + b"data: [DONE]\n\n")
    with server(script) as base:
        messages = (Message("user", "Hi."), Message("assistant", "Yes?"), Message("user", "Say hello."))
        answer = ChatResponder(f"{base}/v1#tiny", key="secret").respond(Prompt("Be brief.", messages))
        assert list(answer) == ["Hel", "lo, wörld"]
    ((path, headers, body),) = script.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert body == {
        "model": "tiny",
        "stream": True,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi."},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": "Say hello."},
        ],
    }


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/api/v3/", "/api/v3/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1?version=2", "/v1/chat/completions?version=2"),
    ],
)
def test_the_address_may_be_given_in_several_ways(address, path):
    script = Script(body=event("Yes.", "stop"))
    with server(script) as base:
        assert list(ChatResponder(base + address).respond(HELLO)) == ["Yes."]
    assert script.requests[0][0] == path
    assert "Authorization" not in script.requests[0][1]
    assert "model" not in script.requests[0][2]


def test_a_user_who_has_said_nothing_is_greeted():
    script = Script(body=event("Welcome.", "stop"))
    with server(script) as base:
        assert list(ChatResponder(base).respond(Prompt("", ()))) == ["Welcome."]
    assert script.requests[0][2]["messages"] == [{"role": "user", "content": "Hello."}]


def test_a_number_that_nothing_holds_costs_no_answer():
    counted = event("Hello.", "stop").replace(b'{"', b'{"usage":{"total_tokens":1' + b"0" * 5_000 + b'},"', 1)
    assert counted.count(b"total_tokens") == 1
    with server(Script(body=counted)) as base:
        assert list(ChatResponder(base).respond(HELLO)) == ["Hello."]


def test_control_characters_of_the_model_are_left_out():
    with server(Script(body=event("a\x1b]0;title\x07b", "stop"))) as base:
        assert list(ChatResponder(base).respond(HELLO)) == ["a]0;titleb"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b'{"error": {"message": "bad key"}}', ["refuses the key", "bad key"]),
        (404, b'{"error": "model not found"}', ["no model tiny", "model not found", "ollama pull tiny"]),
        (429, b"slow down", ["enough requests", "slow down"]),
        (500, b"", ["could not answer", "500"]),
        (302, b"", ["could not answer", "302"]),
        (200, b"<html>hello</html>", ["no stream"]),
        (200, event("Half of"), ["broke off"]),
        (200, b"data: what?\n\n", ["no chat stream", "what?"]),
        (200, b"data: [1]\n\n", ["no chat stream"]),
        (200, b'data: {"choices": [7]}\n\n', ["no chat stream"]),
        (200, b'data: {"choices": ' + b"[" * 5_000 + b"]" * 5_000 + b"}\n\n", ["no chat stream"]),
        (500, b"[" * 5_000, ["could not answer"]),
        (200, b'data: {"error": {"message": "out of memory"}}\n\n', ["could not answer", "out of memory"]),
    ],
)
def test_what_goes_wrong_is_said_in_words(status, body, words):
    with server(Script(status=status, body=body)) as base:
        with pytest.raises(ResponderError) as caught:
            list(ChatResponder(base, "tiny", key="secret-key").respond(HELLO))
        said = str(caught.value)
        assert all(word in said for word in words), said
        assert base in said
        assert "secret-key" not in said
        assert "\n" not in said


def test_a_server_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(ResponderError, match="refused"):
        list(ChatResponder(f"http://127.0.0.1:{port}").respond(HELLO))


def test_a_server_that_hangs_up_without_a_word():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ResponderError, match="was lost"):
            list(ChatResponder(f"http://127.0.0.1:{listening.getsockname()[1]}").respond(HELLO))
        thread.join()


def test_closing_ends_the_connection_between_two_fragments():
    script = Script(body=event("One. ") + event("Two. "), holds_after_body=True)
    with server(script) as base:
        answer = ChatResponder(base).respond(HELLO)
        assert next(answer) == "One. "
        answer.close()
        assert list(answer) == []
        assert script.gone.wait(PATIENCE_SECONDS)
        answer.close()


def test_closing_from_another_thread_wakes_one_that_waits_for_the_next_fragment():
    script = Script(body=event("One. "), holds_after_body=True)
    with server(script) as base, ThreadPoolExecutor(1) as pool:
        answer = ChatResponder(base).respond(HELLO)
        assert next(answer) == "One. "
        waiting = pool.submit(list, answer)
        answer.close()
        assert waiting.result(PATIENCE_SECONDS) == []
        assert script.gone.wait(PATIENCE_SECONDS)


def test_closed_before_it_began_it_asks_nothing():
    script = Script()
    with server(script) as base:
        answer = ChatResponder(base).respond(HELLO)
        answer.close()
        assert list(answer) == []
    assert script.requests == []


@pytest.mark.parametrize("url", ["", "localhost:11434", "ftp://host/v1", "http://", "https:///v1"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="address"):
        ChatResponder(url)


def test_the_name_shows_no_secret_of_the_address():
    responder = ChatResponder("https://user:password@models.example/v1?key=abc#big")
    assert responder.name == "big at https://models.example:443"
