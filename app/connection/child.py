"""The embedded service's process, started before anything heavy is imported: it takes a second until it listens.

Needs the standard library alone. What follows once it runs is `app.connection.embedded`'s.

What it must know goes to its standard input, as one line of JSON: everybody on the machine can read the arguments of a
process, and what stands in an environment is inherited further and ends up in reports of crashes. Of our environment
it is given what a program needs to run, and nothing else: it has no use for anybody's keys.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import app
from app import ending
from app.private_files import open_private_log
from app.redaction import secrets_in_address

_NAMES: Final = frozenset(
    {
        # where programs, the user's files and temporary files are, and who the user is
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "PREFIX"),
        # the language of messages, and the hour: the responder tells it
        *("LANG", "LANGUAGE", "TZ", "TZDIR"),
        # Python as we run it ourselves
        *("PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPLATLIBDIR", "VIRTUAL_ENV", "CONDA_PREFIX"),
        # native libraries: where they are, how many threads they take, which device
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "GLIBC_TUNABLES"),
        *("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "CUDA_PATH"),
        # whom to trust, for a responder behind TLS (it uses no proxy)
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE"),
        # without these nothing starts on Windows
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME", "HOMEDRIVE"),
        *("HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "NUMBER_OF_PROCESSORS"),
        *("PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER"),
        "ANDROID_ROOT",
        "ANDROID_DATA",
    }
)
_FAMILIES: Final = ("LC_", "OMP_", "MALLOC_")


def serve_command() -> tuple[str, ...]:
    """This very program as a service, also when the current folder holds an `app` of its own (-P keeps it out)."""
    return (sys.executable, "-P", "-m", "app", "serve", "--port", "0", "--embedded")


@dataclass(frozen=True, slots=True)
class Child:
    """A started process, of which nobody knows yet whether it will listen.

    It ends by itself when its standard input closes, so it does not outlive this process, however that ends.
    """

    process: subprocess.Popen[bytes]
    token: str = field(repr=False)
    """What it wants to be shown by who connects."""
    log_path: Path
    log_before_bytes: int
    """The size of the log before its first word."""
    secrets: tuple[str, ...] = field(repr=False, default=())
    """The token, and what else of what it was told no message may show."""

    def kill(self) -> None:
        """End it at once and reap it. May be called again, and after it has ended."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None  # spawned with a pipe
        self.process.stdin.close()


def spawn(log_path: Path, options: Mapping[str, object] | None = None, command: Sequence[str] | None = None) -> Child:
    """Start it; `options` and a new token are the first line of its standard input, as JSON. What it writes
    to stderr is appended to `log_path` (mode 0600).

    Raises OSError.
    """
    token = secrets.token_urlsafe(32)
    told = {**(options or {}), "token": token}
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    with open(_log(log_path), "ab") as log:
        before_bytes = log.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            serve_command() if command is None else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment_of_child(os.environ),
            start_new_session=True,  # Ctrl+C is for the program, which then stops the child in order
            creationflags=flags,
        )
    assert process.stdin is not None  # as asked for above
    try:
        with contextlib.suppress(BrokenPipeError):  # it has ended already: whoever waits for its first line says so
            os.write(process.stdin.fileno(), json.dumps(told).encode("ascii") + b"\n")
    except OSError:  # told nothing, it would wait for ever
        process.kill()
        with process:  # closes its pipes, and waits
            raise
    ending.when_forced(process.kill)  # nothing is done to a process that has been reaped
    return Child(process, token, log_path, before_bytes, (token, *_secrets_of(told)))


def environment_of_child(environ: Mapping[str, str]) -> dict[str, str]:
    """What of our environment the service needs to run: no setting, no key, no proxy with a password."""
    kept = {
        name: value
        for name, value in environ.items()
        if name.upper() in _NAMES or name.upper().startswith(_FAMILIES)  # Windows knows no case here
    }
    kept["PYTHONUTF8"] = "1"
    root = Path(app.__file__).resolve().parent.parent
    if root.name not in ("site-packages", "dist-packages"):  # run from a checkout that is not installed
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), environ.get("PYTHONPATH"))))
    return kept


def _secrets_of(told: Mapping[str, object]) -> tuple[str, ...]:
    key, address = told.get("responder_key"), told.get("responder")
    found = (key,) if isinstance(key, str) and key else ()
    return (*found, *(secrets_in_address(address) if isinstance(address, str) else ()))


def _log(path: Path) -> int:
    try:
        return open_private_log(path)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
