"""The child is found by its first line, holds no secret in its arguments, and is always ended and reaped."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest

from app.connection.child import environment_of_child, serve_command, spawn
from app.connection.embedded import EmbeddedService
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.families import EMBEDDED
from tests.connection.loopback import run

LISTENS = """
import json, sys
told = json.loads(sys.stdin.readline())
print("a library's greeting", flush=True)
print("listening on ws://127.0.0.1:4711/v1/realtime", flush=True)
print(told.pop("token"), told, sys.argv[1:], file=sys.stderr, flush=True)
"""
UNTIL_INPUT_CLOSES = LISTENS + "print('x' * 200_000, flush=True)\nsys.stdin.read()\nprint('bye', file=sys.stderr)\n"
DEAF_TO_INPUT = LISTENS + "import threading\nthreading.Event().wait()\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + DEAF_TO_INPUT
FAILS = "import sys\nprint('Traceback', file=sys.stderr)\nsys.exit('No recogniser: \\x1b[31minstall it.\\n')"
SILENT_END = "import sys\nsys.exit(3)"
SILENT = "import sys\nsys.stdin.read()"


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "embedded service's output"]


def test_starts_and_ends_with_its_input(tmp_path: Path):
    log = tmp_path / "serve.log"

    async def talk() -> None:
        command = python(UNTIL_INPUT_CLOSES)
        async with await EmbeddedService.start(log, {"recogniser": "none"}, command=command) as child:
            assert child._process.poll() is None
            assert child.service.family is EMBEDDED
            assert child.service.url == "ws://127.0.0.1:4711/v1/realtime"
            (token,) = child.service.secrets
        assert child._process.poll() is not None
        await child.stop()
        assert log.read_text().split("\n") == [f"{token} {{'recogniser': 'none'}} []", "bye", ""]
        assert child._process.returncode == 0

    run(talk())
    assert readers() == []
    if os.name == "posix":
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.parametrize("script", [DEAF_TO_INPUT, STUBBORN], ids=["terminated", "killed"])
def test_a_child_that_does_not_go_is_made_to(tmp_path: Path, script: str):
    async def talk() -> None:
        child = await EmbeddedService.start(tmp_path / "log", command=python(script), patience_s=0.3)
        await child.stop()
        assert child._process.poll() is not None
        if script is STUBBORN and os.name == "posix":
            assert child._process.returncode == -signal.SIGKILL

    run(talk())
    assert readers() == []


def test_a_child_that_was_started_before_is_taken_over(tmp_path: Path):
    child = spawn(tmp_path / "log", command=python(UNTIL_INPUT_CLOSES))

    async def talk() -> None:
        async with await EmbeddedService.of(child) as service:
            assert service.service.secrets == (child.token,)
        assert child.process.returncode == 0

    run(talk())
    child.kill()  # as whoever started it does at last, whatever became of it


def test_a_child_that_nobody_takes_over_is_killed(tmp_path: Path):
    child = spawn(tmp_path / "log", command=python(SILENT))
    child.kill()
    assert child.process.returncode is not None


def test_every_start_has_its_own_token(tmp_path: Path):
    async def talk() -> None:
        tokens = set()
        for _ in range(2):
            async with await EmbeddedService.start(tmp_path / "log", command=python(UNTIL_INPUT_CLOSES)) as child:
                tokens.update(child.service.secrets)
        assert len(tokens) == 2
        assert all(len(token) >= 32 for token in tokens)

    run(talk())


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        (python(FAILS), FailureKind.UNREACHABLE, "No recogniser: [31minstall it."),
        (python(SILENT_END), FailureKind.UNREACHABLE, "it ended with status 3"),
        (("/no/such/program",), FailureKind.UNREACHABLE, None),
        (python(SILENT), FailureKind.TIMEOUT, "it did not listen within 0.3 s"),
    ],
    ids=["says why", "says nothing", "no program", "never listens"],
)
def test_a_child_that_does_not_start(tmp_path: Path, command: tuple[str, ...], kind: FailureKind, words: str | None):
    log = tmp_path / "log"
    log.write_text("an older line\n")

    async def talk() -> None:
        with pytest.raises(ServiceFailure) as caught:
            await EmbeddedService.start(log, command=command, timeout_s=0.3 if kind is FailureKind.TIMEOUT else 30)
        assert caught.value.kind is kind
        assert caught.value.fatal
        assert str(log) in str(caught.value)
        if words is not None:
            assert caught.value.words == words

    run(talk())
    assert readers() == []


def test_a_log_that_cannot_be_opened_costs_nothing_and_is_not_named(tmp_path: Path):
    log = tmp_path / "missing" / "log"

    async def talk() -> None:
        async with await EmbeddedService.start(log, command=python(UNTIL_INPUT_CLOSES)) as child:
            assert child._process.poll() is None
        with pytest.raises(ServiceFailure) as caught:
            await EmbeddedService.start(log, command=python(FAILS))
        assert "it ended with status 1" in str(caught.value)
        assert "missing" not in str(caught.value)

    run(talk())


def test_giving_up_while_it_starts_leaves_no_child(tmp_path: Path):
    async def talk() -> None:
        attempt = asyncio.create_task(EmbeddedService.start(tmp_path / "log", command=python(SILENT)))
        await asyncio.sleep(0)  # the child is spawned, and being waited for
        assert len(readers()) == 1
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt

    run(talk())
    assert readers() == []


def test_in_a_thread_with_its_own_loop(tmp_path: Path):
    done: list[str] = []

    async def talk() -> None:
        async with await EmbeddedService.start(tmp_path / "log", command=python(UNTIL_INPUT_CLOSES)) as child:
            done.append(child.service.url)

    thread = threading.Thread(target=run, args=(talk(),))
    thread.start()
    thread.join(30)
    assert done == ["ws://127.0.0.1:4711/v1/realtime"]


def test_the_real_command_finds_this_program_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    decoy = tmp_path / "app"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise SystemExit('the wrong app')")
    monkeypatch.chdir(tmp_path)
    *interpreter, module, name = serve_command()[: serve_command().index("serve")]
    assert (module, name) == ("-m", "app")
    script = "import app.protocol, sys\nprint('listening on ws://127.0.0.1:1/', flush=True)\nsys.stdin.read()"

    async def talk() -> None:
        async with await EmbeddedService.start(tmp_path / "log", command=(*interpreter, "-c", script)) as child:
            assert child._process.poll() is None

    run(talk())


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to look into")
def test_neither_arguments_nor_environment_tell_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    secrets = {
        "OPENAI_API_KEY": "planted-openai-0123",
        "AZURE_OPENAI_API_KEY": "planted-azure-0123",
        "REALTIME_RESPONDER_KEY": "planted-responder-0123",
        "AWS_SECRET_ACCESS_KEY": "planted-aws-0123",
        "HTTPS_PROXY": "http://me:planted-proxy-0123@127.0.0.1:9",
        "REALTIME_RESPONDER": "http://me:planted-address-0123@127.0.0.1:9/v1",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    options = {"responder": secrets["REALTIME_RESPONDER"], "responder_key": secrets["REALTIME_RESPONDER_KEY"]}

    async def talk() -> None:
        async with await EmbeddedService.of(spawn(tmp_path / "log", options)) as child:
            folder = Path(f"/proc/{child._process.pid}")
            seen = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            assert b"planted" not in seen
            assert child.service.secrets[0].encode() not in seen
            assert b"HOME=" in seen
            assert {"planted-responder-0123", "planted-address-0123"} <= set(child.service.secrets)
        assert "planted" not in (tmp_path / "log").read_text()

    run(talk())


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("PATH", True),
        ("LC_ALL", True),
        ("TZ", True),
        ("SystemRoot", True),
        ("OMP_NUM_THREADS", True),
        ("SSL_CERT_FILE", True),
        ("OPENAI_API_KEY", False),
        ("AZURE_OPENAI_ENDPOINT", False),
        ("REALTIME_API_KEY", False),
        ("REALTIME_SERVE_TOKEN", False),
        ("AWS_ACCESS_KEY_ID", False),
        ("GITHUB_TOKEN", False),
        ("HTTPS_PROXY", False),
        ("PYTHONSTARTUP", False),
    ],
)
def test_the_child_inherits_what_it_needs(name: str, is_kept: bool):
    assert (name in environment_of_child({name: "x"})) is is_kept
