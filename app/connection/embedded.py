"""The embedded service as a child process: started, known by its first line, and never left behind.

A process of its own, so that speech recognition and synthesis never hold the interpreter lock of the one that plays
sound. Plain threads and pipes rather than asyncio's own child handling, which needs a particular event loop on Windows.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from app.connection.child import Child, spawn
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.services import Service, embedded
from app.protocol.text import one_line, sanitise_text
from app.redaction import Redaction

_LISTENING: Final = re.compile(r"listening on (ws://\S+)\s*")
_TAIL_BYTES: Final = 8_192
_PATIENCE_S: Final = 0.7
"""The service has nothing to save, and all of the program has 3 s to end."""


class EmbeddedService:
    """A running child and the `service` to connect to. An async context manager that stops it."""

    def __init__(self, child: Child, patience_s: float) -> None:
        self._process = child.process
        self._patience_s = patience_s
        self._url: Future[str] = Future()
        self._url.set_running_or_notify_cancel()  # the reader alone completes it, whoever stops waiting for it
        self._reader = threading.Thread(target=self._read, name="embedded service's output", daemon=True)
        self._reader.start()
        self._service: Service | None = None

    @classmethod
    async def start(
        cls,
        log_path: Path,
        options: Mapping[str, object] | None = None,
        *,
        command: Sequence[str] | None = None,
        timeout_s: float = 60.0,
        patience_s: float = _PATIENCE_S,
    ) -> Self:
        """Start the service and wait until it listens.

        `options` are what it is told, see `child.spawn`. What it writes to stderr is appended to `log_path`, mode 0600.
        `patience_s` is how long it may take to end by itself, and again after it was told to.
        Raises ServiceFailure, with the child's last line, when it ends before it listens, and when it takes longer
        than `timeout_s`; nothing is left running then.
        """
        try:
            child = spawn(log_path, options, command)
        except OSError as error:
            raise _not_started(FailureKind.UNREACHABLE, error.strerror or str(error), log_path) from error
        return await cls.of(child, timeout_s=timeout_s, patience_s=patience_s)

    @classmethod
    async def of(cls, child: Child, *, timeout_s: float = 60.0, patience_s: float = _PATIENCE_S) -> Self:
        """The same with a child that was started before; it belongs to the service from now on."""
        service = cls(child, patience_s)
        try:
            async with asyncio.timeout(timeout_s):
                url = await asyncio.wrap_future(service._url)
        except BaseException as error:
            child.kill()
            service._reader.join(patience_s)
            if not isinstance(error, TimeoutError):
                raise
            words = f"it did not listen within {timeout_s:g} s"
            raise _not_started(FailureKind.TIMEOUT, words, child.log_path) from error
        if not url:
            await service.stop()
            last = sanitise_text(_last_line(child.log_path, child.log_before_bytes))
            words = Redaction(child.secrets).message(last)
            status = f"it ended with status {child.process.returncode}"
            raise _not_started(FailureKind.UNREACHABLE, words or status, child.log_path)
        service._service = embedded(url, child.token, child.secrets)
        return service

    @property
    def service(self) -> Service:
        """Where the child listens, and the token that it wants."""
        assert self._service is not None  # start() gives no child without it
        return self._service

    @property
    def is_running(self) -> bool:
        """The child has not ended."""
        return self._process.poll() is None

    async def stop(self) -> None:
        """End the child: ask by closing its input, then terminate, then kill; reap it. May be called again."""
        await asyncio.shield(asyncio.to_thread(self._end))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _read(self) -> None:
        """Thread: find the address, then keep the pipe empty until the child is gone."""
        output = self._process.stdout
        assert output is not None
        with output:
            for raw in output:
                found = _LISTENING.fullmatch(raw.decode("utf-8", "replace"))
                if found and not self._url.done():
                    self._url.set_result(found[1])
        if not self._url.done():
            self._url.set_result("")

    def _end(self) -> None:
        self._input().close()
        for push in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(self._patience_s)
                break
            except subprocess.TimeoutExpired:
                push()
        self._process.wait()
        self._reader.join(self._patience_s)  # at its end already, unless the child left a child of its own

    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None  # spawned with a pipe
        return self._process.stdin


def _not_started(kind: FailureKind, words: str, log_path: Path) -> ServiceFailure:
    remedy = f"The whole story is in {one_line(str(log_path))}." if os.path.exists(log_path) else ""
    return ServiceFailure(kind, "The embedded service did not start", words=words, remedy=remedy, fatal=True)


def _last_line(log_path: Path, before_bytes: int) -> str:
    """The last line that is not empty, of what was written after `before_bytes`."""
    try:
        with open(log_path, "rb") as log:
            end_bytes = log.seek(0, os.SEEK_END)
            log.seek(max(before_bytes, end_bytes - _TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:  # there could be no log
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
