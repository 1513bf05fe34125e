"""Standard streams that are closed, full or broken: each command does what it can, and nothing is called a fault."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.conversation.transcript import Entry, Party
from app.history.saved import Saved
from app.history.writer import ConversationWriter
from tests.e2e.program import command, home, turns
from tests.rig.service import ScriptedService

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="closing descriptors and /dev/full need Linux"),
]

CLOSED = ["".join(which) for count in (1, 2, 3) for which in itertools.combinations(("<&-", " >&-", " 2>&-"), count)]


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def _unbuffered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python has between its streams and the descriptors: containers often say that there is nothing."""
    monkeypatch.setenv("PYTHONUNBUFFERED", request.param)


def shell(folder: Path, redirection: str, *arguments: str, typed: str = "", **env: str) -> subprocess.CompletedProcess:
    """A command with its streams as a shell makes them."""
    line = f'exec "$@" {redirection}'
    return subprocess.run(
        ["sh", "-c", line, "sh", *command(*arguments)],
        input=typed,
        env=home(folder, env),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_orderly(done: subprocess.CompletedProcess) -> bool:
    """No fault, whatever else."""
    assert "Traceback" not in done.stderr, done.stderr
    assert "should not have" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return True


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A home with a conversation in it, which it gives the folder of."""
    folder = tmp_path / "realtime/conversations/2026-01-02_03-04-05_abcd"
    entry = Entry("i1", Party.USER, "Ünï 漢 kept.", True, started_ms=0, ended_ms=900)
    ConversationWriter(folder, pytest.fail).end(Saved(1.7e9, "a service", "a model", (entry,)))
    return folder


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    with ScriptedService() as scripted:
        yield scripted


@pytest.mark.matrix(2)
@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["history", "list"], 0),
        (["devices"], {0, 4}),
        (["--nonsense"], 2),
        (["serve", "--recogniser", "nonsense"], 2),
    ],
)
def test_closed_streams_end_no_command(tmp_path: Path, arguments: list[str], status: int | set[int], closed: str):
    done = shell(tmp_path, closed, *arguments)
    assert is_orderly(done)
    assert done.returncode in ({status} if isinstance(status, int) else status), done.stderr
    if "2>" in closed:
        assert done.stderr == ""
    if " >&-" in closed:
        assert done.stdout == ""


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_streams_end_no_talk_and_cost_no_file(tmp_path: Path, closed: str, service: ScriptedService):
    """The question is lost with standard input; what there is to say is exported all the same."""
    arguments = ("--plain", "--text-only", "--no-greeting", "--service", service.url)
    done = shell(tmp_path, closed, *arguments, "--export", "talk.json", "--events", "events.jsonl")
    assert is_orderly(done)
    assert done.returncode == 0, done.stderr
    assert turns(tmp_path / "talk.json") == []
    events = (tmp_path / "events.jsonl").read_text()
    assert "session.update" in events
    assert all(json.loads(line) for line in events.splitlines()), "nobody else wrote into it"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-"])
def test_a_typed_turn_is_answered_without_output(tmp_path: Path, closed: str):
    arguments = ("--plain", "--text-only", "--no-greeting", "--service", "local", "--export", "talk.json")
    done = shell(tmp_path, closed, *arguments, typed="What is 2 plus 2?\n")
    assert done.returncode == 0, done.stderr
    assert [turn["text"] for turn in turns(tmp_path / "talk.json")] == ["What is 2 plus 2?", "2 plus 2 is 4."]
    assert done.stdout == ("" if ">&-" in closed.split() else "you: What is 2 plus 2?\nassistant: 2 plus 2 is 4.\n")


@pytest.mark.usefixtures("_unbuffered")
def test_a_talk_with_a_full_output_goes_on_and_is_no_success(tmp_path: Path):
    arguments = ("--plain", "--text-only", "--no-greeting", "--service", "local", "--export", "talk.json")
    done = shell(tmp_path, ">/dev/full", *arguments, typed="What is 2 plus 2?\n")
    assert is_orderly(done)
    assert done.returncode == 2
    assert done.stderr.count("Standard output does not take what is written (No space left on device)") == 1
    assert [turn["text"] for turn in turns(tmp_path / "talk.json")] == ["What is 2 plus 2?", "2 plus 2 is 4."]


@pytest.mark.usefixtures("_unbuffered")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["history", "--help"],
        ["history", "list"],
        ["history", "show", "last"],
        ["history", "delete", "last", "--yes"],
        ["doctor", "--service", "azure"],
        ["doctor", "--service", "azure", "--json"],
        ["serve"],
    ],
)
def test_a_full_output_is_one_sentence_and_no_success(tmp_path: Path, kept: Path, arguments: list[str]):
    done = shell(tmp_path, ">/dev/full", *arguments)
    assert is_orderly(done)
    assert (done.returncode, done.stderr.count("Standard output does not take what is written")) == (2, 1), done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["history", "list"], ["history", "show", "last"], ["--nonsense"]])
def test_a_full_stderr_costs_nothing(tmp_path: Path, kept: Path, arguments: list[str]):
    full, free = (shell(tmp_path, redirection, *arguments) for redirection in ("2>/dev/full", ""))
    assert (full.returncode, full.stdout) == (free.returncode, free.stdout)


@pytest.mark.usefixtures("_unbuffered")
@pytest.mark.parametrize("arguments", [["--help"], ["history", "list"], ["history", "show", "last"], ["--version"]])
def test_a_reader_who_has_enough_is_no_error(tmp_path: Path, kept: Path, arguments: list[str]):
    process = subprocess.Popen(
        command(*arguments), env=home(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    with process.stderr:
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() in ("", f"kept in {kept}\n")


def test_a_talk_whose_reader_has_enough_ends_and_is_exported(tmp_path: Path):
    arguments = ("--plain", "--text-only", "--no-greeting", "--service", "local", "--export", "talk.json")
    process = subprocess.Popen(
        command(*arguments), env=home(tmp_path), cwd=tmp_path, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    with process.stdin, process.stderr:
        process.stdin.write("What is 2 plus 2?\n")
        process.stdin.flush()  # and it stays open: only the reader goes
        assert process.stdout.readline() == "you: What is 2 plus 2?\n"
        process.stdout.close()
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
    assert turns(tmp_path / "talk.json")[0]["text"] == "What is 2 plus 2?"


@pytest.mark.usefixtures("_unbuffered")
def test_letters_that_a_stream_has_no_code_for_are_replaced(tmp_path: Path, kept: Path):
    done = shell(tmp_path, "", "history", "show", "last", PYTHONIOENCODING="ascii")
    assert is_orderly(done)
    assert done.returncode == 0, done.stderr
    assert "?n? ? kept." in done.stdout
