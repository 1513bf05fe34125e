"""The two bodies of work of a conversation as Textual thread workers, and their certain end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from textual.dom import DOMNode
from textual.worker import WorkerError

from app.live.events import Live

GROUP: Final = "live"

_LONGEST_END_S: Final = 1.5
"""What the two may take to end. Afterwards the program ends without them; what was said is kept by then."""
_LONGEST_RELEASE_S: Final = 1.0
"""What a device may take to be closed."""


class LiveWorkers:
    """Owns the threads of one conversation.

    Textual cancels thread workers when a program ends but does not wait for their threads; `join` does.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._node: DOMNode | None = None
        self._finished: list[threading.Event] = []
        self._end_s: float | None = None

    def start(self, node: DOMNode) -> None:
        """Run both bodies as workers of this node. What goes wrong in one arrives as `Worker.StateChanged`."""
        self._node = node
        self._run(node, self._live.run_line, "line", "The line to the service and the rules of the conversation")
        self._run(node, self._live.run_sound, "sound", "Microphone, levels and playback")

    async def close(self) -> None:
        """End the conversation, and wait for both while the screen lives on. What went wrong was said already."""
        await self._wait_beside(self.join)

    def join(self) -> None:
        """End the conversation, and block until both threads are done, or have taken too long. May be called again."""
        self._live.close()
        if self._end_s is None:
            self._end_s = time.monotonic() + _LONGEST_END_S
        for finished in self._finished:
            finished.wait(max(0.0, self._end_s - time.monotonic()))

    async def suspend(self) -> None:
        """Have microphone and speaker closed."""
        closed = self._live.suspend()
        await self._wait_beside(lambda: closed.wait(_LONGEST_RELEASE_S))

    def resume(self) -> None:
        """Have them opened again."""
        self._live.resume()

    async def _wait_beside(self, wait: Callable[[], object]) -> None:
        if self._node is not None:
            waiting = self._node.run_worker(wait, thread=True, exit_on_error=False, group="waiting")
            with suppress(WorkerError):
                await waiting.wait()

    def _run(self, node: DOMNode, body: Callable[[], None], name: str, description: str) -> None:
        finished = threading.Event()

        def work() -> None:
            try:
                body()
            finally:
                finished.set()

        self._finished.append(finished)
        node.run_worker(
            work, name=name, group=GROUP, description=description, thread=True, exit_on_error=False, exclusive=False
        )
