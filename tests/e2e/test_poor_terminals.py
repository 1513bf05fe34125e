"""Terminals that cannot show the full screen get the conversation line by line, and are told why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.console import why_no_screen
from tests.e2e.program import command, home
from tests.rig.service import ScriptedService

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")]

XTERM = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "encoding", "words"),
    [
        (XTERM, "utf-8", ""),
        (XTERM | {"LANG": ""}, "UTF8", ""),
        ({"TERM": "dumb"}, "utf-8", "TERM is dumb"),
        ({"TERM": ""}, "utf-8", "TERM is not set"),
        ({}, "utf-8", "TERM is not set"),
        ({"TERM": "unknown"}, "utf-8", "TERM is unknown"),
        ({"TERM": "xterm-of-next-year"}, "utf-8", ""),
        ({"TERM": "\x1b]0;EVIL\x07"}, "utf-8", ""),
        (XTERM, "iso8859-1", "encoding is iso8859-1"),
        (XTERM, "ascii", "encoding is ascii"),
        (XTERM, "no such thing", "encoding is no such thing"),
        (XTERM | {"LC_ALL": "de_DE.ISO-8859-15@euro"}, "utf-8", "encoding is ISO-8859-15"),
        (XTERM | {"LC_CTYPE": "ja_JP.eucJP"}, "utf-8", "encoding is eucJP"),
        (XTERM | {"LC_ALL": "C"}, "utf-8", ""),
        (XTERM | {"LC_ALL": "C.UTF-8", "LANG": "de_DE.ISO-8859-1"}, "utf-8", ""),
        (XTERM | {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "1"}, "utf-8", ""),
        (XTERM | {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONIOENCODING": "utf-8"}, "utf-8", ""),
    ],
)
def test_which_terminals_can_show_it(environ: Mapping[str, str], encoding: str, words: str):
    found = why_no_screen(environ, encoding, "linux")
    assert (words in found) if words else (found == "")
    assert found.isprintable()


def test_windows_sets_no_term():
    assert why_no_screen({}, "utf-8", "win32") == ""


def test_a_terminal_that_the_system_knows_to_have_no_cursor():
    """In an interpreter of its own: Python reads one terminal's description, once."""
    code = (
        "import curses; curses.setupterm('lpr', 1) if len(__import__('sys').argv) > 1 else None\n"
        "from app.console import why_no_screen; print(why_no_screen({'TERM': 'lpr'}, 'utf-8', 'linux'))"
    )
    run = [sys.executable, "-c", code]
    if subprocess.run([*run, "try"], capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("the system's short list of terminals has no printer (Debian: ncurses-term)")
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    assert "TERM is lpr, which cannot place a cursor" in done.stdout


def on_a_terminal(
    folder: Path, *arguments: str, until: str, then: bytes, env: Mapping[str, str], shell: str = ""
) -> tuple[int, str]:
    """The program's status and all that it wrote to a pseudo-terminal, where `then` is typed after it wrote `until`."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-c", f'exec "$@" {shell}', "sh", *command(*arguments)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=home(folder, env), cwd=folder, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen, is_typed = "", False
    try:
        while True:
            try:
                seen += os.read(ours, 4096).decode("utf-8", "replace")
            except OSError:  # the last one who had it is gone
                return process.wait(60), seen
            if until in seen and not is_typed:
                is_typed = True
                os.write(ours, then)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"TERM": "dumb"}, "TERM is dumb"),
        ({"TERM": ""}, "TERM is not set"),
        ({"TERM": "xterm", "LC_ALL": "de_DE.ISO-8859-1"}, "encoding is ISO-8859-1"),
        ({"TERM": "xterm", "PYTHONIOENCODING": "latin-1"}, "encoding is iso8859-1"),
        ({"TERM": "xterm", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "encoding is "),
    ],
)
def test_line_by_line_without_one_escape_sequence(tmp_path: Path, env: dict[str, str], why: str):
    with ScriptedService() as service:
        arguments = ("--service", service.url, "--mic", "none", "--speaker", "none", "--no-greeting")
        status, seen = on_a_terminal(tmp_path, *arguments, until="connected", then=b"\x04", env=env)
    assert status == 0, seen
    assert why in seen
    assert seen.count("line by line, as with --plain") == 1
    assert "connected" in seen
    assert "\x1b" not in seen


@pytest.mark.parametrize("shell", ["2>&-", "2>/dev/null", "2>error.txt"])
def test_the_screen_is_drawn_on_the_terminal_wherever_standard_error_leads(tmp_path: Path, shell: str):
    with ScriptedService(refuses={"message": "no"}) as service:
        arguments = ("--service", service.url, "--mic", "none", "--speaker", "none", "--no-greeting", "--no-keep")
        env = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "REALTIME_API_KEY": "x"}
        status, seen = on_a_terminal(tmp_path, *arguments, until="OFFLINE", then=b"\x11", env=env, shell=shell)
    assert status == 3
    assert "realtime" in seen
    assert "\x1b[?1049h" in seen
    assert not (tmp_path / "error.txt").exists() or "\x1b" not in (tmp_path / "error.txt").read_text()
