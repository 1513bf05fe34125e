"""In a real terminal: whatever ends the program, its threads end and the terminal is as it was."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")

PROGRAM = """
import sys, tempfile
from pathlib import Path
from app import ending
from app.settings import Folders, Loaded, Settings, Source
from app.ui.app import RealtimeApp
from tests.ui.fakes import FakeLive, session_of, user

ending.begin()  # as the program's entry does
root = Path(tempfile.mkdtemp())
lives = []

def make(listener):
    lives.append(FakeLive(listener))
    lives[0].put(user("The screen is there."))
    return lives[0]

loaded = Loaded(Settings(), {"mic": Source.DEFAULT})
app = RealtimeApp(make, loaded, Folders(root / "s.toml", root, root), session_of=session_of)
app.run()
Path(sys.argv[1]).write_text(f"{lives[0].line_ended.is_set()} {lives[0].sound_ended.is_set()}")
sys.exit(app.return_code)
"""


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self.master, self.output = process, master, b""

    def read_until(self, text: bytes, seconds: float = 60) -> None:
        """Wait for some output."""
        end = time.monotonic() + seconds
        while text not in self.output:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"{text!r} never came"
            self.output += os.read(self.master, 65536)

    def drain(self) -> None:
        """Read whatever comes until the program is over."""
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            self.output += data


@contextmanager
def program(report: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, report],
        stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        terminal.read_until(b"The screen is there.")
        yield terminal
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_in_good_order(tmp_path, number: signal.Signals) -> None:
    report = tmp_path / "report"
    with program(str(report)) as terminal:
        terminal.process.send_signal(number)
        terminal.drain()
        assert terminal.process.wait(30) == 0
        assert report.read_text() == "True True"
        assert b"\x1b[?1049l" in terminal.output
        assert b"Traceback" not in terminal.output


def test_ctrl_q_ends_it_and_the_title_is_given_back(tmp_path) -> None:
    report = tmp_path / "report"
    with program(str(report)) as terminal:
        terminal.read_until(b"\x1b]2;\xe2\x97\x8f listening")
        os.write(terminal.master, b"\x11")
        terminal.drain()
        assert terminal.process.wait(30) == 0
        assert report.read_text() == "True True"
        assert b"\x1b[23;2t" in terminal.output


def test_a_terminal_that_is_closed_leaves_nothing_running(tmp_path) -> None:
    report = tmp_path / "report"
    with program(str(report)) as terminal:
        os.close(terminal.master)
        terminal.master = os.open(os.devnull, os.O_RDONLY)
        terminal.process.send_signal(signal.SIGHUP)
        terminal.process.wait(30)
        assert report.read_text() == "True True"
