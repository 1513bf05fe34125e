"""How long the line takes is known as soon as it stands; what this machine takes to reach itself is not told."""

from __future__ import annotations

import asyncio
import queue
from dataclasses import replace

import pytest
from websockets.asyncio.server import ServerConnection

from app.connection.client import Connection
from app.connection.services import compatible
from app.conversation.effects import StatusChanged
from app.live.dialling import ServiceDialler
from app.live.events import LiveEvent
from tests.connection.loopback import CREATED, playing, run
from tests.live.fakes import HandMicrophone, HandSpeaker
from tests.live.test_lost import live_of


class FarDialler(ServiceDialler):
    """Leads to a service on this machine, and says that it is elsewhere."""

    async def dial(self) -> Connection:
        line = await super().dial()
        line.service = replace(line.service, url="ws://elsewhere.test/")
        return line


async def answers_one_ping(socket: ServerConnection) -> None:
    await socket.send(CREATED)
    await socket.recv()
    await (await socket.ping())  # by now ours, which was first, is answered too


@pytest.mark.parametrize(("dialler", "is_told"), [(FarDialler, True), (ServiceDialler, False)])
def test_the_round_trip_of_the_line(dialler: type[ServiceDialler], is_told: bool):
    told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()

    async def talk() -> None:
        async with playing(answers_one_ping) as service:
            live = live_of(dialler(compatible(service.url), None), HandMicrophone(), HandSpeaker(), told.put)
            await asyncio.to_thread(live.run_line)

    run(talk())
    events = [told.get() for _ in range(told.qsize())]
    figures = [event.status.round_trip_ms for event in events if isinstance(event, StatusChanged)]
    assert any(figure is not None for figure in figures) is is_told
    assert figures[-1] is None  # the line is gone
