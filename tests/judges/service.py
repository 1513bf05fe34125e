"""The embedded service for a judge: `realtime serve` as a user starts it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

TOKEN = "judge-token"
"""What clients must show: whether their key arrives is judged as well."""

_START_S = 60


def clean(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without settings and keys of the user's, and with an empty home."""
    ours = ("AZURE_", "OPENAI_", "REALTIME_", "LITELLM_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "HOME": str(folder), "REALTIME_HOME": str(folder / "realtime"), **(more or {})}


def tail(log: Path) -> str:
    """The end of what a program complained of."""
    return log.read_text(errors="replace").strip()[-1500:]


@contextlib.asynccontextmanager
async def process(
    *command: object, env: Mapping[str, str], cwd: Path, log: Path, typed: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program with its standard output to read, its errors in `log` and `typed` for its standard input. It and all
    that it started have ended when the block is left.
    """
    with log.open("ab") as errors, tempfile.TemporaryFile() as keyboard:
        keyboard.write(typed.encode())
        keyboard.seek(0)
        running = await asyncio.create_subprocess_exec(
            *(str(word) for word in command),
            stdin=keyboard, stdout=subprocess.PIPE, stderr=errors, env=env, cwd=cwd, start_new_session=True,
            limit=1 << 24,
        )  # fmt: skip
        try:
            yield running
        finally:
            for blow in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.pid, blow)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(running.communicate(), 5)
                    if blow is signal.SIGTERM and not _is_anybody_left(running.pid):
                        break


def _is_anybody_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


@contextlib.asynccontextmanager
async def serving(folder: Path, *options: object) -> AsyncIterator[str]:
    """The address of a service that knows `TOKEN`. Raises RuntimeError where it does not start."""
    env = clean(folder, {"REALTIME_SERVE_TOKEN": TOKEN})
    log = folder / "service.log"
    async with process(sys.executable, "-P", "-m", "app", "serve", *options, env=env, cwd=folder, log=log) as running:
        assert running.stdout is not None  # a pipe, as asked for
        first = (await asyncio.wait_for(running.stdout.readline(), _START_S)).decode().strip()
        if not first.startswith("listening on "):
            raise RuntimeError(f"the service did not start: {first or tail(log)}")
        yield first.removeprefix("listening on ")
