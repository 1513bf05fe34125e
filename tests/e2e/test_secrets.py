"""The planted-secret run: a secret in every setting that can hold one, services that repeat all they are told, and no
trace of it on any output, in any file, or in the list of processes. `.ci/secrets` runs all of it.
"""

from __future__ import annotations

import base64
import http
import itertools
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.e2e.program import command, home

pytestmark = pytest.mark.timeout(120)

KEY = "planted+key/0123456789abcdef="
PASSWORD = "planted-pa55/word"
PROXY = "planted-proxy-0123"
RESPONDER = "planted-responder-0123456"
OTHER = "planted-other-0123456789"
TOKEN = "planted-entra-0123456789"
HEADER = "planted-header-0123456789"
PLANTED = {
    "OPENAI_API_KEY": KEY,
    "AZURE_OPENAI_API_KEY": KEY,
    "REALTIME_API_KEY": KEY,
    "REALTIME_RESPONDER_KEY": RESPONDER,
    "REALTIME_HEADERS": json.dumps({"X-Gateway-Key": HEADER, "X-Authorization": f"Gateway {HEADER}"}),
    "AWS_SECRET_ACCESS_KEY": OTHER,
    "HTTP_PROXY": f"http://me:{PROXY}@127.0.0.1:9",
    "HTTPS_PROXY": f"http://me:{PROXY}@127.0.0.1:9",
    "NO_PROXY": "",
}


def traces(secret: str) -> list[str]:
    """The forms in which it would be found again."""
    data = [base64.b64encode(b"x" * at + secret.encode()).decode()[4 if at else 0 : -4] for at in range(3)]
    return [secret, quote(secret), quote(secret, safe=""), secret[:14], *(each for each in data if len(each) > 10)]


TRACES = tuple({form for secret in (KEY, PASSWORD, PROXY, RESPONDER, OTHER, TOKEN, HEADER) for form in traces(secret)})


def found_in(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text]


class Echo:
    """A service that repeats everything that it was told, in every way. `way` says where."""

    def __init__(self, way: str) -> None:
        self.way = way
        self._told = ""
        self._server = serve(self._talk, "127.0.0.1", 0, process_request=self._greet, close_timeout=0.5)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.place = f"127.0.0.1:{self._server.socket.getsockname()[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def _greet(self, _: ServerConnection, request: Request) -> Response | None:
        auth = request.headers.get("Authorization", "")
        self._told = f"path {request.path}; " + "; ".join(f"{name}: {value}" for name, value in request.headers.items())
        if auth.startswith("Basic "):
            self._told += f"; user {base64.b64decode(auth[6:]).decode()}"
        match self.way:
            case "status":
                body = json.dumps({"error": {"message": self._told}}).encode()
                return Response(401, "Unauthorized", Headers({"Content-Length": str(len(body))}), body)
            case "page":
                body = f"<html><title>{self._told}</title></html>".encode()
                return Response(500, "Error", Headers({"Content-Length": str(len(body))}), body)
            case "redirect":
                place = Headers({"Location": f"http://127.0.0.1:9/?{quote(self._told)}", "Content-Length": "0"})
                return Response(http.HTTPStatus.FOUND, "Found", place, b"")
        return None

    def _talk(self, socket: ServerConnection) -> None:
        def tell(kind: str, **fields: Any) -> None:
            socket.send(json.dumps({"type": kind, **fields}))

        told = self._told
        try:
            if self.way == "first":
                tell("error", error={"type": "invalid_request_error", "code": "invalid_api_key", "message": told})
                socket.close(3000, told.encode()[-120:].decode())
                return
            tell("session.created", session={"type": "realtime", "model": "m", "id": told})
            if self.way == "reason":
                socket.close(4001, next((each for each in (PASSWORD, TOKEN) if each in told), KEY))
                return
            for frame in socket:
                event = json.loads(frame)
                if event["type"] == "session.update":
                    tell("error", error={"type": "invalid_request_error", "code": "x", "message": told, "param": told})
                    tell("error", error=told, code="y")
                    tell("service.log", lines=[told, {told: told}])
                if event["type"] == "response.create":
                    self._answer(tell, told)
        except ConnectionClosed:
            return

    @staticmethod
    def _answer(tell: Any, told: str) -> None:
        place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
        item = {"id": "item_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        tell("response.created", response={"id": "resp_1", "status": "in_progress", "output": []})
        tell("response.output_item.added", response_id="resp_1", output_index=0, item=item)
        tell("response.output_text.delta", **place, delta=told)
        done = item | {"status": "incomplete", "content": [{"type": "output_text", "text": told}]}
        failed = {"type": "failed", "error": {"type": "server_error", "code": told, "message": told}}
        tell("response.done", response={"id": "resp_1", "status": "failed", "status_details": failed, "output": [done]})


WAYS = ("session", "status", "first", "reason", "redirect", "page")
KINDS = ("key", "password", "query", "openai", "azure", "entra")
IS_WHOLE = os.environ.get("REALTIME_TEST_PROFILE") == "long"
PAIRS = list(itertools.product(KINDS, WAYS)) if IS_WHOLE else [(kind, "session") for kind in KINDS[:3]] + [
    ("password", "status"), ("openai", "first"), ("azure", "reason"), ("entra", "status")
]  # fmt: skip
"""Every kind of service with every way to repeat a secret is for .ci/secrets."""


@pytest.fixture
def echo(way: str) -> Iterator[Echo]:
    service = Echo(way)
    yield service
    service.close()


def run(*arguments: str, folder: Path, typed: str = "hello\n", **env: str) -> tuple[str, list[str]]:
    """Everything that came of it but its own environment: outputs, files, and what others can see of its processes."""
    environ = home(folder, {**PLANTED, **env})
    process = subprocess.Popen(
        command(*arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environ,
        cwd=folder,
        text=True,
    )
    seen: list[str] = []
    watch = threading.Thread(target=_watch, args=(process, seen))
    watch.start()
    out, _ = process.communicate(typed, timeout=100)
    watch.join()
    return out, seen


def _watch(process: subprocess.Popen[str], seen: list[str]) -> None:
    """Look at it and its children until it ends, ten times a second."""
    while process.poll() is None:
        for pid in (process.pid, *_children(process.pid)):
            parts = ["cmdline"] if pid == process.pid else ["cmdline", "environ"]
            for part in parts:
                try:
                    text = Path(f"/proc/{pid}/{part}").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                # Between fork and exec a child is still a copy of its parent.
                if text not in seen and "--embedded" in Path(f"/proc/{pid}/cmdline").read_text() + text:
                    seen.append(text)
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def files_in(folder: Path) -> dict[Path, list[str]]:
    """The files that hold a trace."""
    found = {path: found_in(path.read_bytes().decode(errors="replace")) for path in folder.rglob("*") if path.is_file()}
    return {path: traces for path, traces in found.items() if traces}


@pytest.mark.matrix(3)
@pytest.mark.parametrize(("kind", "way"), PAIRS)
def test_a_service_that_repeats_everything(tmp_path: Path, echo: Echo, kind: str):
    user = f"me:{quote(PASSWORD, safe='')}@"
    env = {
        "key": {"REALTIME_SERVICE": f"ws://{echo.place}/v1"},
        "password": {"REALTIME_SERVICE": f"ws://{user}{echo.place}/v1"},
        "query": {"REALTIME_SERVICE": f"ws://{echo.place}/v1?api-key={quote(KEY, safe='')}"},
        "openai": {"REALTIME_SERVICE": "openai", "OPENAI_BASE_URL": f"http://{echo.place}/v1"},
        "azure": {
            "REALTIME_SERVICE": "azure",
            "AZURE_OPENAI_ENDPOINT": f"http://{echo.place}",
            "AZURE_OPENAI_DEPLOYMENT": "voice",
        },
        "entra": {
            "REALTIME_SERVICE": "azure",
            "AZURE_OPENAI_ENDPOINT": f"http://{echo.place}",
            "AZURE_OPENAI_DEPLOYMENT": "voice",
            "AZURE_OPENAI_AD_TOKEN": TOKEN,
        },
    }[kind]
    log = ["--events", "events.jsonl", "--export", "talk.md", "--export", "talk.json"]
    out, seen = run("--plain", "--text-only", *log, folder=tmp_path, **env)
    assert out
    assert found_in(out) == []
    assert found_in("".join(seen)) == []
    assert (tmp_path / "events.jsonl").read_text()
    for arguments in (["doctor"], ["doctor", "--json"], ["history", "list"], ["history", "show"]):
        quick = {"REALTIME_TRANSCRIPTION_MODEL": "off"} if "--json" in arguments else {}  # nobody writes down here
        told, _ = run(*arguments, folder=tmp_path, **env, **quick)
        assert found_in(told) == []
    assert files_in(tmp_path) == {}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to look into")
def test_the_embedded_service_and_a_responder_that_repeats_everything(tmp_path: Path):
    echo = Echo("status")
    try:
        address = f"http://me:{quote(PASSWORD, safe='')}@{echo.place}/v1"
        env = {"REALTIME_SERVICE": "local", "REALTIME_RESPONDER": address}
        out, seen = run("--plain", "--text-only", "--no-greeting", folder=tmp_path, **env)
        told, _ = run("doctor", folder=tmp_path, **env)
    finally:
        echo.close()
    assert any("--embedded" in text for text in seen)
    assert any("PATH=" in text for text in seen)
    assert found_in(out + told + "".join(seen)) == []
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REALTIME_SERVICE", f"http://me:{PASSWORD}@host/x"),
        ("REALTIME_SERVICE", f"http://host/x?api-key={KEY}"),
        ("REALTIME_SERVICE", KEY * 2),
        ("REALTIME_SERVICE", f"wss://me:{PASSWORD}@ho st/x"),
        ("REALTIME_RESPONDER", f"ftp://me:{PASSWORD}@host/x"),
        ("REALTIME_MODE", KEY * 2),
        ("REALTIME_DIALECT", f"//:{PASSWORD}@host"),
        ("OPENAI_BASE_URL", f"ftp://me:{PASSWORD}@host/x"),
        ("AZURE_OPENAI_ENDPOINT", f"https://me:{PASSWORD}@host/x"),
    ],
)
@pytest.mark.parametrize("place", ["environment", ".env"] if IS_WHOLE else ["environment"])
def test_a_wrong_setting(tmp_path: Path, name: str, value: str, place: str):
    env = {name: value} if place == "environment" else {}
    if place == ".env":
        (tmp_path / ".env").write_text(f"{name}='{value}'\n")
    if not name.startswith("REALTIME_S"):
        env["REALTIME_SERVICE"] = {"OPENAI_BASE_URL": "openai", "AZURE_OPENAI_ENDPOINT": "azure"}.get(name, "local")
    out, _ = run("--plain", "--text-only", "--no-greeting", folder=tmp_path, typed="", **env)
    told = run("doctor", folder=tmp_path, typed="", **env)[0] if IS_WHOLE else ""
    assert found_in(out + told) == []
    (tmp_path / ".env").unlink(missing_ok=True)
    assert files_in(tmp_path) == {}


def test_serve_alone_warns_of_what_the_list_of_processes_shows(tmp_path: Path):
    wrong = ["serve", "--host", "nowhere.invalid", "--token", "abc", "--responder", "http://me:pw0123@127.0.0.1:9/v1"]
    out, _ = run(*wrong, folder=tmp_path)
    assert "REALTIME_SERVE_TOKEN cannot" in out
    assert "REALTIME_RESPONDER cannot" in out
    assert "pw0123" not in out
    assert found_in(out) == []


@pytest.mark.parametrize("given", [["--token", ""], ["--token", "two words"]])
def test_serve_wants_a_token_that_guards(tmp_path: Path, given: list[str]):
    out, _ = run("serve", *given, folder=tmp_path)
    assert "token" in out
    assert "listening" not in out


def test_serve_makes_a_token_where_others_can_reach_it(tmp_path: Path):
    out, _ = run("serve", "--host", "nowhere.invalid", folder=tmp_path)
    assert "This one was made for this run: " in out


def test_a_fault_of_the_program_is_reported_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The text of an exception may hold an address or a key, and reports are shown to others."""
    from app.cli import _recorded

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REALTIME_HOME", str(tmp_path / "realtime"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sentence = _recorded(ValueError(f"no way to wss://me:{quote(PASSWORD, safe='')}@host/x?api-key={KEY}, with {KEY}"))
    report = tmp_path / "realtime" / "logs" / "fault.log"
    assert "ValueError: no way to" in sentence
    assert "ValueError: no way to" in report.read_text()
    assert found_in(sentence + report.read_text()) == []
    assert report.stat().st_mode & 0o077 == 0
