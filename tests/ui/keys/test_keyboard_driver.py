"""Key releases on a real pseudo-terminal, as a terminal with kitty's protocol and one without would send them."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.ui.keys.keyboard_protocol import ASK, NO_MORE

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system, and Textual has another driver")

PROGRAM = """
import os, sys
from textual import events, on
from textual.app import App
from app.ui.keys.keyboard_protocol import KeyReleased, KeyRepeated, ReleasesPromised
from app.ui.keys.driver_choice import driver_class

def tell(*words):
    os.write(int(sys.argv[1]), (" ".join(map(str, words)) + "\\n").encode())

class Probe(App):
    def on_mount(self):
        tell("ready")

    def on_key(self, event):
        tell("pressed", event.key)
        match event.key:
            case "z":
                with self.suspend():
                    tell("suspended")
                tell("resumed")
            case "q":
                self.exit()

    @on(KeyRepeated)
    def repeated(self, message):
        tell("repeated", message.key)

    @on(KeyReleased)
    def released(self, message):
        tell("released", message.key)

    @on(ReleasesPromised)
    def promised(self):
        tell("promised")

app = Probe(driver_class=driver_class())
app.run()
tell("over", app.return_code)
"""


class Probe:
    """The tiny program, seen from the terminal (`painted`) and from within (`told`)."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, reports: int) -> None:
        self.process, self.master, self.reports = process, master, reports
        self.painted, self._told = b"", b""

    @property
    def told(self) -> list[str]:
        """What the program has reported."""
        return self._told.decode().splitlines()

    def type(self, *pieces: bytes) -> None:
        """Write to the program, each piece on its own."""
        for piece in pieces:
            os.write(self.master, piece)

    def read_until(self, *reports: str, seconds: float = 60) -> None:
        """Wait until the program has reported exactly this since the last time."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            for source in (self.master, self.reports):
                selector.register(source, selectors.EVENT_READ)
            while len(self.told) < len(reports) and time.monotonic() < end:
                for key, _ in selector.select(end - time.monotonic()):
                    self._read(selector, key.fd)
        assert self.told == list(reports)
        self._told = b""

    def _read(self, selector: selectors.BaseSelector, source: int) -> None:
        try:
            data = os.read(source, 65536)
        except OSError:  # the other end is closed
            data = b""
        if not data:
            selector.unregister(source)
        elif source == self.master:
            self.painted += data
        else:
            self._told += data


@contextmanager
def probe() -> Iterator[Probe]:
    """Run the program until the end of the test."""
    master, slave = pty.openpty()
    reports, told_to = os.pipe()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEXTUAL")}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(told_to)],
        stdin=slave, stdout=slave, stderr=slave, pass_fds=[told_to],
        env={**environment, "TERM": "xterm-256color"},
        cwd=Path(__file__).parents[3], start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    os.close(told_to)
    try:
        yield Probe(process, master, reports)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(reports)


def test_a_terminal_with_the_protocol_tells_presses_repeats_and_releases() -> None:
    with probe() as run:
        run.read_until("ready")
        run.type(b"\x1b[", b"?27", b"u")
        run.read_until("promised")
        run.type(b"\x1b[32;;", b"32u")
        run.read_until("pressed space")
        run.type(b"\x1b[32;1", b":2;32u\x1b", b"[32;1:3u")
        run.read_until("repeated space", "released space")
        run.type(b"\x1b", b"[20", b"~")
        run.read_until("pressed f9")
        run.type(b"\x1b[20;1:2~", b"\x1b[20;1", b":", b"3~")
        run.read_until("repeated f9", "released f9")
        run.type(b"\xff\x1b[1114112u\x1b[1;1:9Aa", "é".encode()[:1], "é".encode()[1:])
        run.read_until("pressed replacement_character", "pressed a", "pressed é")
        run.type(b"q")
        run.read_until("pressed q", "over 0")


def test_a_terminal_without_it_is_as_ever() -> None:
    with probe() as run:
        run.read_until("ready")
        run.type(b" ", b"\x1b", b"[20~", b"a\x1bOP\x1b[A", b"   ")
        run.read_until("pressed space", "pressed f9", "pressed a", "pressed f1", "pressed up", *["pressed space"] * 3)
        run.type(b"q")
        run.read_until("pressed q", "over 0")


def test_event_types_are_asked_for_only_while_the_program_has_the_terminal() -> None:
    with probe() as run:
        run.read_until("ready")
        run.type(b"z")
        run.read_until("pressed z", "suspended", "resumed")
        run.type(b"\x1b[32;1:3u")
        run.read_until("released space")
        run.type(b"q")
        run.read_until("pressed q", "over 0")
        painted = run.painted.decode()
    push, pop = "\x1b[>25u", "\x1b[<u"
    places = re.findall("|".join(map(re.escape, (push, ASK, NO_MORE, pop))), painted)
    assert places == [push, ASK, NO_MORE, pop] * 2


def test_a_terminal_that_is_gone_is_written_to_without_end_and_without_error():
    """Textual's writer would die of the first error, and the 31st write would then wait for ever."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", buffering=1, closefd=False) as file:
        from textual.drivers._writer_thread import WriterThread  # POSIX only, as the driver

        from app.ui.keys.keyboard_driver import _LastingFile

        writer = WriterThread(_LastingFile(file))
        writer.start()
        for _ in range(100):
            writer.write("x\n")
        writer.stop()
        assert not writer.is_alive()
        with contextlib.suppress(OSError):
            file.close()
    os.close(writing)
