"""A program in a real terminal: tmux, on a server of its own. Keys go in, text and colours come out."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

# The program is a child of a shell, as with a user: what it leaves behind can be looked at when it has ended.
_SHELL = 'printf "before\\n"; "$@"; printf "\\nexit status %s\\n" $?; stty -a; exec cat'
_OCTAL = re.compile(rb"\\([0-7]{3})")
_EXIT = re.compile(r"^exit status (\d+)$", re.MULTILINE)


def why_not() -> str | None:
    """Why there can be no such terminal here; None: there can."""
    return None if shutil.which("tmux") else "tmux is not installed (Debian: tmux)"


class Terminal:
    """The program runs when this is made. A context manager that ends both."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str],
        cwd: Path,
        term: str = "tmux-256color",
    ) -> None:
        """`env` is the whole environment but for TERM; all colours, unless it says otherwise in COLORTERM."""
        self._folder = Path(tempfile.mkdtemp(prefix="terminal-"))  # short: a socket's name is limited to 100 characters
        others = ("TMUX", "TMUX_PANE", "COLUMNS", "LINES")  # of the terminal in which the tests run
        environ = {name: value for name, value in env.items() if name not in others}
        self._environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "COLORTERM": "truecolor", **environ}
        before = ("start-server", ";", "set", "-g", "default-terminal", term, ";")
        size = ("-x", str(columns), "-y", str(rows))
        run = shlex.join(["sh", "-c", _SHELL, "sh", *command])
        start = ("new-session", "-d", *size, "-c", str(cwd), run, ";")
        # Before there is a session, tmux 3.3a ends on `window-size manual`.
        after = (
            "set",
            "-s",
            "set-clipboard",
            "on",
            ";",
            "set",
            "-g",
            "status",
            "off",
            ";",
            "set",
            "-g",
            "window-size",
            "manual",
            ";",
            "resize-window",
            *size,
        )
        self._tmux("-f", "/dev/null", *before, *start, *after)
        self._changed = threading.Condition()
        self._changes = 0
        self._output = bytearray()
        self._is_over = False
        # A client in control mode is told of all that is painted: something to wait for.
        self._client = subprocess.Popen(
            self._command("-C", "attach"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environ
        )
        self._watcher = threading.Thread(target=self._watch, name="terminal")
        self._watcher.start()

    # ---------------------------------------------------------------- what goes in

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: Space, Enter, F1, C-q, PageUp, ]."""
        # A semicolon at the end would part tmux's commands.
        self._tmux("send-keys", *("\\;" if key == ";" else key for key in keys))

    def hold(self, key: str, first_repeat_s: float, repeat_s: float, repeats: int) -> None:
        """A key that is held down and repeats itself."""
        assert self._client.stdin
        for number in range(repeats + 1):
            self._client.stdin.write(f"send-keys {key}\n".encode())
            self._client.stdin.flush()
            time.sleep(repeat_s if number else first_repeat_s)

    def write(self, text: str) -> None:
        """Characters as they are."""
        self._tmux("send-keys", "-l", "--", text)

    def resize(self, columns: int, rows: int) -> None:
        """Another size of the window."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def hang_up(self) -> None:
        """Close the window, as with the mouse."""
        self._tmux("kill-server")

    # ---------------------------------------------------------------- what comes out

    def text(self) -> str:
        """What is on the screen, row by row."""
        return self._tmux("capture-pane", "-p")

    def history(self) -> str:
        """The same with what has left the screen at its top."""
        return self._tmux("capture-pane", "-p", "-S", "-")

    def styled(self) -> str:
        """The same with colours, in full width. What a sequence sets holds beyond the end of its row."""
        return self._tmux("capture-pane", "-p", "-e", "-N")

    def painted(self) -> bytes:
        """All that was written to the terminal so far, byte by byte, but for the very first moments."""
        with self._changed:
            return bytes(self._output)

    def copied(self) -> str:
        """What the program has copied last, by OSC 52; empty when nothing."""
        return self._tmux("show-buffer", check=False)

    def flag(self, name: str) -> str:
        """What tmux knows: `alternate_on`, `cursor_flag`, `mouse_any_flag`, `pane_title` ..."""
        return self._tmux("display-message", "-p", f"#{{{name}}}").rstrip("\n")

    def wait_until(self, test: Callable[[str], object], what: str, timeout_s: float = 20) -> str:
        """The screen as soon as it passes the test. Raises AssertionError with the screen as it is instead."""
        end = time.monotonic() + timeout_s
        while True:
            with self._changed:
                seen = self._changes
            text = self.text()
            if test(text):
                return text
            with self._changed:
                left = end - time.monotonic()
                if not self._changed.wait_for(partial(self._is_news, seen), left) or self._is_over:
                    raise AssertionError(f"{what} did not come; the screen:\n{text}")

    def wait_for(self, pattern: str, timeout_s: float = 20) -> str:
        """The screen as soon as text on it matches."""
        return self.wait_until(re.compile(pattern, re.MULTILINE).search, repr(pattern), timeout_s)

    def wait_without(self, pattern: str, timeout_s: float = 20) -> str:
        """The screen as soon as no text on it matches."""
        wanted = re.compile(pattern, re.MULTILINE)
        return self.wait_until(lambda text: not wanted.search(text), f"the end of {pattern!r}", timeout_s)

    def exit_status(self, timeout_s: float = 20) -> int:
        """Wait for the program to end by itself."""
        found = _EXIT.search(self.wait_for(_EXIT.pattern, timeout_s))
        assert found
        return int(found[1])

    # ---------------------------------------------------------------- the end

    def close(self) -> None:
        """End the terminal and what runs in it."""
        self._tmux("kill-server", check=False)
        self._watcher.join()
        self._client.communicate()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---------------------------------------------------------------- within

    def _command(self, *words: str) -> list[str]:
        return ["tmux", "-u", "-S", str(self._folder / "tmux"), *words]

    def _tmux(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            self._command(*words), env=self._environ, capture_output=True, encoding="utf-8", timeout=20, check=False
        )
        assert done.returncode == 0 or not check, f"tmux {words[0]}: {done.stderr}"
        return done.stdout

    def _is_news(self, seen: int) -> bool:
        return self._changes > seen or self._is_over

    def _watch(self) -> None:
        assert self._client.stdout
        for line in self._client.stdout:
            with self._changed:
                if line.startswith(b"%output "):
                    data = line.rstrip(b"\n").split(b" ", 2)[2]
                    self._output += _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), data)
                self._changes += 1
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
