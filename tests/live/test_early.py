"""The line is dialled before there is a conversation, and its loop is taken over."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.server import ServerConnection

from app.connection.client import Connection
from app.connection.services import compatible
from app.conversation.effects import StatusChanged
from app.conversation.status import State
from app.live.dialling import ServiceDialler
from app.live.early import EarlyDialler
from app.live.events import Ended, LiveEvent
from tests.connection.loopback import CREATED, Loopback, http, playing, run
from tests.live.fakes import HandMicrophone, HandSpeaker
from tests.live.test_lost import live_of

PATIENCE_S = 10


class Service:
    """Greets when it may, and remembers what it is told and how connections end."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.may_greet = asyncio.Event()
        self.types: list[str] = []
        self.ended = threading.Semaphore(0)

    async def __call__(self, socket: ServerConnection) -> None:
        self.came.set()
        greeting = asyncio.create_task(self._greet(socket))
        try:
            async for frame in socket:
                event = json.loads(frame)
                self.types.append(event["type"])
                if event["type"] == "session.update":
                    await socket.send(json.dumps({"type": "session.updated", "session": event["session"]}))
        finally:
            greeting.cancel()
            self.ended.release()

    async def _greet(self, socket: ServerConnection) -> None:
        await self.may_greet.wait()
        await socket.send(CREATED)


def talk_with(service: Service, talk: Callable[[Loopback], Awaitable[None]], **answer: int) -> None:
    """Run the service and the talk; no thread of the dialling is left."""

    async def both() -> None:
        async with playing(service, http(answer["status"]) if answer else None) as loopback:
            await talk(loopback)

    run(both())
    assert not [thread for thread in threading.enumerate() if thread.name == "dialling"]


def dialler_to(loopback: Loopback) -> EarlyDialler:
    return EarlyDialler(ServiceDialler(compatible(loopback.url), None))


@pytest.mark.parametrize("is_greeted_early", [True, False], ids=["connected when it is taken", "still waiting"])
def test_a_conversation_runs_over_the_line_that_was_dialled_before(is_greeted_early: bool):
    service = Service()
    told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()

    async def talk(loopback: Loopback) -> None:
        with dialler_to(loopback) as dialler:
            await asyncio.to_thread(service.came.wait, PATIENCE_S)
            if is_greeted_early:
                service.may_greet.set()
            live = live_of(dialler, HandMicrophone(), HandSpeaker(), told.put)
            line = threading.Thread(target=live.run_line)
            line.start()
            service.may_greet.set()
            while live.status.state is State.CONNECTING or live.status.waiting:
                await asyncio.to_thread(told.get, timeout=PATIENCE_S)
            live.close()
            await asyncio.to_thread(line.join, PATIENCE_S)
            assert not line.is_alive()
        assert await asyncio.to_thread(service.ended.acquire, timeout=PATIENCE_S)
        assert len(loopback.requests) == 1

    talk_with(service, talk)
    assert service.types[0] == "session.update"
    events = [told.get() for _ in range(told.qsize())]
    assert [event.exit_status for event in events if isinstance(event, Ended)] == [0]


@pytest.mark.parametrize("is_greeted", [True, False], ids=["connected", "still waiting"])
def test_left_before_anybody_took_the_line_it_hangs_up(is_greeted: bool):
    service = Service()

    async def talk(loopback: Loopback) -> None:
        if is_greeted:
            service.may_greet.set()

        def begin_and_fail() -> None:
            with dialler_to(loopback):
                service.came.wait(PATIENCE_S)
                raise RuntimeError("no such device")

        with pytest.raises(RuntimeError, match="no such device"):
            await asyncio.to_thread(begin_and_fail)
        assert await asyncio.to_thread(service.ended.acquire, timeout=PATIENCE_S)

    talk_with(service, talk)
    assert service.types == []


def test_a_conversation_that_ends_before_it_runs_hangs_up():
    service = Service()

    async def talk(loopback: Loopback) -> None:
        service.may_greet.set()
        with dialler_to(loopback) as dialler:
            await asyncio.to_thread(service.came.wait, PATIENCE_S)
            live = live_of(dialler, HandMicrophone(), HandSpeaker(), lambda _: None)
            live.close()
            await asyncio.to_thread(live.run_line)
        assert await asyncio.to_thread(service.ended.acquire, timeout=PATIENCE_S)

    talk_with(service, talk)
    assert service.types == []


def test_a_refusal_is_told_by_the_conversation():
    told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()

    async def talk(loopback: Loopback) -> None:
        with dialler_to(loopback) as dialler:
            live = live_of(dialler, HandMicrophone(), HandSpeaker(), told.put)
            await asyncio.to_thread(live.run_line)

    talk_with(Service(), talk, status=401)
    events = [told.get() for _ in range(told.qsize())]
    assert [event.exit_status for event in events if isinstance(event, Ended)] == [3]
    assert State.OFFLINE in [event.status.state for event in events if isinstance(event, StatusChanged)]


def test_a_refusal_that_nobody_asks_for_costs_nothing(recwarn: pytest.WarningsRecorder):
    async def talk(loopback: Loopback) -> None:
        def begin() -> None:
            with dialler_to(loopback):
                pass

        await asyncio.to_thread(begin)

    talk_with(Service(), talk, status=401)
    assert not recwarn.list


def test_the_second_dialling_is_a_new_one():
    service = Service()

    async def talk(loopback: Loopback) -> None:
        service.may_greet.set()

        def dial_twice() -> None:
            with dialler_to(loopback) as dialler, dialler.take_loop() as runner:
                lines: list[Connection] = [runner.run(dialler.dial()) for _ in range(2)]
                for line in lines:
                    runner.run(line.close())
                runner.run(dialler.hang_up())

        await asyncio.to_thread(dial_twice)
        assert len(loopback.requests) == 2

    talk_with(service, talk)
