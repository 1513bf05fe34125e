"""The embedded service's process, started before anything heavy is imported: it takes a second until it listens.

Needs the standard library alone. What follows once it runs is `app.connection.embedded`'s.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import app
from app.private_files import open_private_log

TOKEN_VARIABLE: Final = "REALTIME_SERVE_TOKEN"


def serve_command() -> tuple[str, ...]:
    """This very program as a service, also when the current folder holds an `app` of its own (-P keeps it out)."""
    return (sys.executable, "-P", "-m", "app", "serve", "--port", "0", "--embedded")


@dataclass(frozen=True, slots=True)
class Child:
    """A started process, of which nobody knows yet whether it will listen.

    It ends by itself when its standard input closes, so it does not outlive this process, however that ends.
    """

    process: subprocess.Popen[bytes]
    token: str
    """What it wants to be shown by who connects."""
    log_path: Path
    log_before_bytes: int
    """The size of the log before its first word."""

    def kill(self) -> None:
        """End it at once and reap it. May be called again, and after it has ended."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None  # spawned with a pipe
        self.process.stdin.close()


def spawn(log_path: Path, arguments: Sequence[str] = (), command: Sequence[str] | None = None) -> Child:
    """Start it; `arguments` go to `serve` as they are. What it writes to stderr is appended to `log_path` (mode 0600),
    or nowhere where that cannot be: nothing that is needed stands in it.

    Raises OSError.
    """
    token = secrets.token_urlsafe(32)
    environment = {**os.environ, TOKEN_VARIABLE: token, "PYTHONUTF8": "1"}
    root = Path(app.__file__).resolve().parent.parent
    if root.name not in ("site-packages", "dist-packages"):  # run from a checkout that is not installed
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    with open(_log(log_path), "ab") as log:
        before_bytes = log.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            [*(serve_command() if command is None else command), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,  # Ctrl+C is for the program, which then stops the child in order
            creationflags=flags,
        )
    return Child(process, token, log_path, before_bytes)


def _log(path: Path) -> int:
    try:
        return open_private_log(path)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
