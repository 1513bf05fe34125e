"""Ports without a device: something is done once per block of sound, at the speed of time, on a thread of its own."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import Final

BLOCK_MS: Final = 20
"""How often files and silent devices move on."""


class Paced(ABC):
    """Calls `_step` every 20 ms; a late call is made up for, so that over time the pace is exact.

    A pause of more than a second (the machine slept) is not made up for.
    """

    def __init__(self, thread_name: str) -> None:
        """Time stands still until `resume`."""
        self._thread_name = thread_name
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _step(self) -> bool:
        """Move on by one block. False when there is nothing more to do; then the thread ends by itself."""

    def resume(self) -> None:
        """Begin, or go on where it stopped; the first step is one block from now."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name=self._thread_name, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Time stands still; the thread is joined. Safe to call twice, before it began, and from `_step` itself."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def close(self) -> None:
        """Stop. Safe to call twice."""
        self.pause()

    def _run(self, stop: threading.Event) -> None:
        due = time.monotonic()
        while True:
            due += BLOCK_MS / 1000
            behind = time.monotonic() - due
            if behind > 1.0:
                due += behind
            if stop.wait(max(0.0, due - time.monotonic())) or not self._step():
                return
