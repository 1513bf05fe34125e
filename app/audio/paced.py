"""A thread that does something once per block of sound, at the speed of time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

BLOCK_MS: Final = 20
"""How often files and silent devices move on."""


class Pacer:
    """Calls `step` every 20 ms; a late call is made up for, so that over time the pace is exact.

    A pause of more than a second (the machine slept) is not made up for.
    """

    def __init__(self, name: str, step: Callable[[], bool]) -> None:
        """`step` returns False when there is nothing more to do; then the thread ends by itself."""
        self._step = step
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first step is one block from now."""
        self._thread.start()

    def stop(self) -> None:
        """End and join the thread. Safe to call twice, before `start`, and from `step` itself."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            due += BLOCK_MS / 1000
            behind = time.monotonic() - due
            if behind > 1.0:
                due += behind
            if self._stop.wait(max(0.0, due - time.monotonic())) or not self._step():
                return
