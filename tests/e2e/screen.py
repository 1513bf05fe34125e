"""The real program in a real terminal, for the tests of the screen."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.program import command, home, recording
from tests.rig.terminal import Terminal, why_not

PROC = Path("/proc")

needs_terminal = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


@contextmanager
def program(
    folder: Path,
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    env: Mapping[str, str] | None = None,
    term: str = "tmux-256color",
) -> Iterator[Terminal]:
    """The program with an empty home in `folder`, and nothing of it left afterwards."""
    environ = home(folder, env)
    try:
        with Terminal(command(*arguments), columns=columns, rows=rows, env=environ, cwd=folder, term=term) as terminal:
            yield terminal
    finally:
        wait_for_the_end(folder)


def quiet_microphone(folder: Path, *first: str | float) -> Path:
    """A recording of a quiet room; where there is speech, it comes first."""
    return recording(folder / "microphone.wav", *first, 120.0)


def pids(folder: Path) -> list[int]:
    """The processes of the program whose home is in `folder`; none where the system does not tell."""
    found = []
    for entry in PROC.iterdir() if PROC.exists() else ():
        if not entry.name.isdigit():
            continue
        try:
            environ, line = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
        except OSError:  # of somebody else, or gone by now
            continue
        is_python = line.startswith(sys.executable.encode())  # its shell has the same words behind its own
        if is_python and f"HOME={folder}".encode() in environ.split(b"\0") and b"\0-m\0app\0" in line:
            found.append(int(entry.name))
    return found


def wait_for_the_end(folder: Path, timeout_s: float = 10) -> None:
    """Every process of the program ends. Raises AssertionError where one does not."""
    for pid in pids(folder):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(handle):
            ended, _, _ = select.select([handle], [], [], timeout_s)
            assert ended, f"process {pid} still runs: {(PROC / str(pid) / 'cmdline').read_bytes()!r}"


def assert_given_back(terminal: Terminal) -> None:
    """The terminal is as it was before the program."""
    terminal.wait_for("extproc$")
    text = terminal.history()
    assert "before" in text.split("\n"), text
    assert "Traceback" not in text
    flags = [terminal.flag(name) for name in ("alternate_on", "cursor_flag", "mouse_any_flag", "keypad_flag")]
    assert flags == ["0", "1", "0", "0"]
    settings = text.split("exit status", 1)[1].split()
    assert {"echo", "icanon", "isig", "icrnl", "opost"} <= set(settings)
