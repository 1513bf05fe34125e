"""The engines at work: each in one thread of its own, so that recognising, answering and speaking overlap."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import GeneratorType
from typing import Final, Generic, TypeVar

from app.server.engines.interfaces import (
    EngineUnavailableError,
    Prompt,
    Recogniser,
    Responder,
    ServiceEngine,
    Synthesiser,
)

_log = logging.getLogger(__name__)


_MAX_FRAGMENTS_AHEAD: Final = 64
"""A responder that is quicker than the rest of the service waits."""

E = TypeVar("E", bound=ServiceEngine)
T = TypeVar("T")


class EngineThread(Generic[E]):
    """One engine in its own thread. It loads in the background, from `start` on or when it is first needed; what is
    asked before it is loaded waits its turn.
    """

    def __init__(self, kind: str, engine: E) -> None:
        """`kind` is the engine's part in the service, for the user: "recogniser"."""
        self.kind: Final = kind
        self.engine: Final = engine
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"realtime-{kind}")
        self._loaded: Future[None] | None = None

    def start(self) -> Future[None]:
        """Begin to load; returns at once."""
        self._loaded = self._pool.submit(self._load)
        return self._loaded

    def _load(self) -> None:
        try:
            self.engine.load()
        except EngineUnavailableError:
            raise
        except Exception as error:
            _log.debug("the %s %s could not be loaded", self.kind, self.engine.name, exc_info=error)
            raise EngineUnavailableError(
                f"The {self.kind} {self.engine.name} could not be started: {error}. Choose another one, "
                "or reinstall the extra that it belongs to."
            ) from error

    async def ready(self) -> None:
        """Loaded and warm. Raises EngineUnavailableError."""
        loaded = self._loaded or self.start()
        # Shielded: a caller who gives up must not take the loading with him.
        await asyncio.shield(asyncio.wrap_future(loaded))

    async def run(self, work: Callable[[E], T]) -> T:
        """The result of `work` in the engine's thread. Raises EngineUnavailableError, and what `work` raises."""
        await self.ready()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, self.engine)

    def close(self) -> None:
        """What waits is dropped, what runs comes to its end, the thread is joined. Blocks."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Engines:
    """The three engines of the service, each in its thread, shared by all sessions. Nothing is loaded yet."""

    def __init__(self, recogniser: Recogniser, responder: Responder, synthesiser: Synthesiser) -> None:
        self.recogniser: Final = EngineThread("recogniser", recogniser)
        self.responder: Final = EngineThread("responder", responder)
        self.synthesiser: Final = EngineThread("synthesiser", synthesiser)

    def start(self, *, sound: bool = True) -> None:
        """Load all, at the same time, in the background; without `sound` only the responder."""
        for thread in (self.recogniser, self.responder, self.synthesiser) if sound else (self.responder,):
            thread.start()

    async def close(self) -> None:
        """Join all threads."""
        for thread in (self.recogniser, self.responder, self.synthesiser):
            await asyncio.to_thread(thread.close)


async def fragments(thread: EngineThread[Responder], prompt: Prompt) -> AsyncGenerator[str, None]:
    """The responder's answer as it comes. Closing this iterator closes the responder's: at once where that can be
    closed from another thread, else (a generator cannot) at its next fragment.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[str | None] = asyncio.Queue()
    given_up = threading.Event()
    room = threading.Semaphore(_MAX_FRAGMENTS_AHEAD)
    opened: list[Iterator[str]] = []

    def work(responder: Responder) -> None:
        answer = responder.respond(prompt)
        opened.append(answer)
        try:
            if given_up.is_set():
                return
            for fragment in answer:
                room.acquire()
                if given_up.is_set():
                    return
                loop.call_soon_threadsafe(arrived.put_nowait, fragment)
        finally:
            _close(answer)

    working = asyncio.ensure_future(thread.run(work))
    working.add_done_callback(lambda _: arrived.put_nowait(None))  # after all fragments: the loop keeps their order
    try:
        while (part := await arrived.get()) is not None:
            yield part
            room.release()
        await working
    finally:
        given_up.set()
        room.release()
        working.cancel()
        for answer in opened:
            if not isinstance(answer, GeneratorType):
                _close(answer)


def _close(answer: Iterator[str]) -> None:
    close = getattr(answer, "close", None)  # a plain iterator has none and holds nothing open
    if close is not None:
        close()
