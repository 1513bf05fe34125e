"""One client on the socket: frames to its session, the session's events back, its jobs to the engines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Final, assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from app.protocol.codec import encode_server_event
from app.server.engine_threads import Engines, fragments
from app.server.engines.interfaces import EngineUnavailableError, ResponderError
from app.server.limits import MAX_UNSENT_CHARACTERS
from app.server.realtime_session import RealtimeSession
from app.server.request_errors import EngineFailure
from app.server.session_outputs import (
    CancelJob,
    CloseConnection,
    EngineJob,
    Found,
    JobResult,
    Recognise,
    Respond,
    SessionOutput,
    Speak,
)

_log = logging.getLogger(__name__)

_LARGE_FRAME: Final = 256 * 1024
"""Characters. Seconds of sound in one frame are judged in a thread, so that other clients do not wait."""

_MAX_WAITING: Final = 256
"""Frames that a slow client may leave unread before its session does no more work."""


class SessionConnection:
    """Runs one session until the client leaves, the session ends, or the task is cancelled."""

    def __init__(self, socket: ServerConnection, session: RealtimeSession, engines: Engines) -> None:
        self._socket = socket
        self._session = session
        self._engines = engines
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._turn = asyncio.Lock()  # one call on the session at a time: a large frame is judged in a thread
        self._frames: deque[str | CloseConnection] = deque()
        self._unsent_characters = 0
        self._filled = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()
        self._touched = asyncio.Event()
        self._jobs: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is over; everything it started has ended then."""
        self._do(self._session.start())
        others = [asyncio.create_task(self._send()), asyncio.create_task(self._watch_time())]
        receiving = asyncio.create_task(self._receive())
        try:
            done, _ = await asyncio.wait([receiving, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                with contextlib.suppress(ConnectionClosed):
                    task.result()
        finally:
            await _ended([receiving, *others, *self._jobs.values()])

    async def _receive(self) -> None:
        async for frame in self._socket:
            async with self._turn:
                if len(frame) > _LARGE_FRAME:
                    outputs = await asyncio.to_thread(self._session.receive, frame, self._now())
                else:
                    outputs = self._session.receive(frame, self._now())
                self._do(outputs)
            await self._roomy.wait()

    async def _send(self) -> None:
        while True:
            await self._filled.wait()
            frame = self._frames.popleft()
            if not self._frames:
                self._filled.clear()
            self._unsent_characters -= len(frame) if isinstance(frame, str) else 0
            if len(self._frames) < _MAX_WAITING and self._unsent_characters < MAX_UNSENT_CHARACTERS:
                self._roomy.set()
            if isinstance(frame, CloseConnection):
                await self._socket.close(frame.code, frame.reason)
                return
            await self._socket.send(frame)
            # An answer is sent much faster than it is heard; between two pieces of it a cancel gets its chance.
            await asyncio.sleep(0)

    async def _watch_time(self) -> None:
        while True:
            self._touched.clear()
            left_s = max(0.0, self._session.next_tick_at - self._now())
            try:
                async with asyncio.timeout(left_s):  # not wait_for: in Python 3.11 it can lose a cancellation
                    await self._touched.wait()
            except TimeoutError:
                await self._call(lambda: self._session.tick(self._now()))

    # ------------------------------------------------------------ what the session asks for

    async def _call(self, step: Callable[[], list[SessionOutput]]) -> None:
        async with self._turn:
            self._do(step())

    def _do(self, outputs: list[SessionOutput]) -> None:
        for output in outputs:
            match output:
                case Recognise() | Respond() | Speak():
                    task = asyncio.create_task(self._work(output))
                    self._jobs[output.job_id] = task
                    task.add_done_callback(partial(self._forget, output.job_id))
                case CancelJob():
                    if (running := self._jobs.get(output.job_id)) is not None:
                        running.cancel()
                case CloseConnection():
                    self._put(output)
                case _:
                    self._put(encode_server_event(output))
        self._touched.set()

    def _forget(self, job_id: str, _: asyncio.Task[None]) -> None:
        self._jobs.pop(job_id, None)

    def _put(self, frame: str | CloseConnection) -> None:
        self._frames.append(frame)
        self._filled.set()
        self._unsent_characters += len(frame) if isinstance(frame, str) else 0
        if len(self._frames) >= _MAX_WAITING or self._unsent_characters >= MAX_UNSENT_CHARACTERS:
            self._roomy.clear()

    async def _work(self, job: EngineJob) -> None:
        """Do a job and give what is found to the session."""
        try:
            async with contextlib.aclosing(self._found(job)) as found:
                async for each in found:
                    await self._tell(job, each)
        except EngineUnavailableError as error:
            await self._tell(job, EngineFailure("engine_unavailable", str(error)))
        except ResponderError as error:
            await self._tell(job, EngineFailure("responder_failed", str(error)))
        except Exception as error:
            _log.error("an engine failed at %s: %r", type(job).__name__, error)
            _log.debug("in detail", exc_info=error)
            what = {Recognise: "understood", Respond: "answered", Speak: "spoken"}[type(job)]
            message = f"This could not be {what}: the engine failed. Please try again."
            await self._tell(job, EngineFailure("engine_failed", message))

    async def _found(self, job: EngineJob) -> AsyncGenerator[Found, None]:
        match job:
            case Recognise(_, samples, language):
                yield await self._engines.recogniser.run(lambda engine: engine.transcribe(samples, language=language))
            case Respond(_, prompt):
                async with contextlib.aclosing(fragments(self._engines.responder, prompt)) as answer:
                    async for fragment in answer:
                        await self._roomy.wait()
                        yield fragment
                yield None
            case Speak(_, sentence, speed):
                await self._roomy.wait()
                yield await self._engines.synthesiser.run(lambda engine: engine.speak(sentence, speed=speed))
            case _:
                assert_never(job)

    async def _tell(self, job: EngineJob, found: Found) -> None:
        await self._call(lambda: self._session.found(JobResult(job.job_id, found), self._now()))


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception) and not isinstance(result, ConnectionClosed):
            _log.error("a connection ended badly: %r", result)
            _log.debug("in detail", exc_info=result)
