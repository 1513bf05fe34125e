"""Folders that cannot be written, files that cannot be read: each costs what needs it, in a sentence."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.private_files import open_private_log, replace_private_file
from tests.e2e.program import command, home, realtime
from tests.rig.service import ScriptedService

pytestmark = pytest.mark.timeout(120)

needs_posix = pytest.mark.skipif(os.name != "posix", reason="modes, named pipes and /dev/full are POSIX")
TALK = ("--plain", "--text-only", "--no-greeting")


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nothing"])
def test_a_log_folder_that_cannot_be_made_stops_no_talk(tmp_path: Path, place: str):
    if place.startswith("/proc") and not sys.platform.startswith("linux"):
        pytest.skip("/proc is Linux")
    (tmp_path / "file").write_text("no folder")
    env = {"REALTIME_HOME": str(tmp_path / place)}
    done = realtime(*TALK, "--service", "local", folder=tmp_path, typed="What is 2 plus 2?\n", env=env)
    assert (done.status, done.lines[-1]) == (0, "assistant: 2 plus 2 is 4."), done.err
    assert done.err.count("Nothing can be logged in") == 1
    assert done.err.count("The conversation is not being saved") == 1
    assert (tmp_path / "file").read_text() == "no folder"


def test_a_service_that_does_not_start_says_so_without_a_log_too(tmp_path: Path):
    (tmp_path / "file").write_text("")
    env = {"REALTIME_HOME": str(tmp_path / "file"), "REALTIME_RESPONDER": "nonsense"}
    done = realtime(*TALK, "--service", "local", folder=tmp_path, env=env)
    assert done.status == 5
    assert "The embedded service did not start" in done.err
    assert "Traceback" not in done.err


@needs_posix
@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda path: path.write_text("x = " + "[" * 100_000), "nested too deep"),
        (lambda path: path.write_text("threshold = " + "1" * 5_000), "too many digits"),
        (lambda path: path.write_text("threshold = 0x" + "f" * 50_000), "a number from 0 to 1"),
        (lambda path: path.write_text("[keys]\ntalk = 0x" + "f" * 50_000), None),
        (lambda path: path.write_bytes(b"\xff\xfe\x00\x01"), "not UTF-8"),
        (lambda path: path.write_text("x = y"), "line 1"),
        (lambda path: path.write_text("#" * 2_000_000), "larger than"),
        (lambda path: path.mkdir(), "it is no file"),
        (os.mkfifo, "it is no file"),
        (lambda path: path.symlink_to(os.devnull), None),
    ],
)
def test_a_settings_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, write, why: str | None):
    (tmp_path / "realtime").mkdir()
    write(tmp_path / "realtime/settings.toml")
    with ScriptedService() as service:
        done = realtime(*TALK, "--service", service.url, folder=tmp_path)
    if why is None:
        assert done.status == 0, done.err
    else:
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert "settings.toml" in done.err
        assert why in done.err


@needs_posix
def test_an_event_log_on_a_named_pipe_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    done = realtime(*TALK, "--service", "local", "--events", "pipe", folder=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert "it is a named pipe and no file" in done.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux")
def test_an_event_log_on_a_full_disk_is_told_at_once_and_is_no_success(tmp_path: Path):
    arguments = (*TALK, "--service", "local", "--events", "/dev/full")
    done = realtime(*arguments, folder=tmp_path, typed="What is 2 plus 2?\n")
    assert done.status == 2
    assert done.lines[-1] == "assistant: 2 plus 2 is 4.", "the talk goes on"
    told = [line for line in done.err.splitlines() if "No space left on device" in line]
    assert told == ["The event log /dev/full cannot be written (No space left on device): "
                    "the log ends here, the talk goes on."]  # fmt: skip


@needs_posix
def test_everything_new_is_private_under_any_umask(tmp_path: Path):
    """The home, folders in between, the logs, what is kept, exports, and the report of a fault."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\n"
        "if '--version' in sys.argv:\n"
        "    import app.cli\n"
        "    app.cli.tell = lambda text: 1 / 0\n"
    )  # fmt: skip
    env = home(tmp_path, {"REALTIME_HOME": str(tmp_path / "new/deep"), "PYTHONPATH": str(broken)})
    talk = command(*TALK, "--service", "local", "--export", "exported/talk.md", "--events", "events.jsonl")
    runs = [
        subprocess.run(arguments, umask=0, env=env, cwd=tmp_path, input=typed, capture_output=True, text=True,
                       timeout=60, check=False)
        for arguments, typed in ((talk, "Hello.\n"), (command("--version"), ""))
    ]  # fmt: skip
    assert [run.returncode for run in runs] == [0, 1], runs
    made = [
        each for top in ("new", "exported", "events.jsonl") for each in (tmp_path / top, *(tmp_path / top).rglob("*"))
    ]
    names = {each.name for each in made}
    assert {"fault.log", "native.log", "service.log", "conversation.jsonl", "talk.md", "events.jsonl"} <= names
    modes = {each: stat.S_IMODE(each.stat().st_mode) for each in made}
    assert {each: mode for each, mode in modes.items() if mode != (0o700 if each.is_dir() else 0o600)} == {}


@needs_posix
def test_a_log_that_others_could_read_is_closed_to_them(tmp_path: Path):
    path = tmp_path / "fault.log"
    path.write_text("earlier\n")
    path.chmod(0o644)
    with open(open_private_log(path), "a") as file:
        file.write("later\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "earlier\nlater\n"


@needs_posix
def test_replacing_keeps_a_link_and_leaves_nothing_behind(tmp_path: Path):
    kept = tmp_path / "dotfiles"
    kept.mkdir()
    (kept / "settings.toml").write_text("old")
    (tmp_path / "settings.toml").symlink_to(kept / "settings.toml")
    replace_private_file(tmp_path / "settings.toml", b"new")
    assert (tmp_path / "settings.toml").is_symlink()
    assert (kept / "settings.toml").read_text() == "new"
    assert [each.name for each in kept.iterdir()] == ["settings.toml"]
