"""Runs the real program on a pseudo-terminal and watches what it paints. Not on Windows, which has none here."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from app import ending

_ESCAPES = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P_^X][^\x1b]*\x1b\\|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
)

_OVERLAP_BYTES = 4096
"""What was searched in vain is looked at again so far back: what is painted may arrive in two parts."""


class PseudoTerminal:
    """The program, on a terminal of its own. A context manager that ends it."""

    def __init__(self, arguments: Sequence[str], *, columns: int = 110, rows: int = 32, module: str = "app") -> None:
        """`module` is run with `python -m`."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.started_s = time.time()
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        ending.when_forced(self._process.kill)
        os.close(slave)
        self._master = master
        self._output = bytearray()
        self._changed = threading.Condition()
        self._is_over = False
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._process.pid

    def elapsed_ms(self) -> float:
        """Since the program was started."""
        return (time.monotonic() - self._began) * 1000

    def painted(self) -> int:
        """How many bytes the program has written so far."""
        with self._changed:
            return len(self._output)

    def wait_for(self, pattern: str, timeout_s: float, *, since: int = 0) -> float | None:
        """When text that matches was first painted after byte `since`, in ms since the start; None: never."""
        wanted = re.compile(pattern.encode())
        end = time.monotonic() + timeout_s
        with self._changed:
            while True:
                if wanted.search(_ESCAPES.sub(b"", bytes(self._output[since:]))):
                    return self.elapsed_ms()
                since = max(since, len(self._output) - _OVERLAP_BYTES)
                left = end - time.monotonic()
                if left <= 0 or self._is_over:
                    return None
                self._changed.wait(left)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other end is closed: the program has ended
                data = b""
            with self._changed:
                self._output += data
                self._is_over = not data
                self._changed.notify_all()
            if not data:
                return
