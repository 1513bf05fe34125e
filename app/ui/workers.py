"""The two bodies of work of a conversation as Textual thread workers, and their certain end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from textual.dom import DOMNode
from textual.worker import Worker, WorkerError

from app.live.events import Live

GROUP: Final = "live"


class LiveWorkers:
    """Owns the threads of one conversation.

    Textual cancels thread workers when a program ends but does not wait for their threads; `join` does.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._workers: list[Worker[Any]] = []
        self._finished: list[threading.Event] = []

    def start(self, node: DOMNode) -> None:
        """Run both bodies as workers of this node. What goes wrong in one arrives as `Worker.StateChanged`."""
        self._run(node, self._live.run_line, "line", "The line to the service and the rules of the conversation")
        self._run(node, self._live.run_sound, "sound", "Microphone, levels and playback")

    async def close(self) -> None:
        """End the conversation, and wait for both while the screen lives on. What went wrong was told already."""
        self._live.close()
        for worker in self._workers:
            with suppress(WorkerError):
                await worker.wait()

    def join(self) -> None:
        """End the conversation, and block until both threads are done. Safe to call twice, and after `close`."""
        self._live.close()
        for finished in self._finished:
            finished.wait()

    def _run(self, node: DOMNode, body: Callable[[], None], name: str, description: str) -> None:
        finished = threading.Event()

        def work() -> None:
            try:
                body()
            finally:
                finished.set()

        self._finished.append(finished)
        self._workers.append(
            node.run_worker(
                work, name=name, group=GROUP, description=description, thread=True, exit_on_error=False, exclusive=False
            )
        )
