"""A line that is not made again by itself, until the user asks for it."""

from __future__ import annotations

import asyncio
import queue
import threading

from app.audio.open import NONE, open_speaker
from app.connection.services import compatible
from app.conversation.effects import StatusChanged
from app.conversation.session import SessionSettings
from app.conversation.status import State
from app.live.backoff import Backoff
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.events import LiveEvent
from tests.connection.loopback import playing, run
from tests.live.test_devices import HandSystem
from tests.live.test_reconnect import Answering, cutting

PATIENCE_S = 10


def test_given_up_it_stays_offline_and_comes_back_when_it_is_wanted():
    service, told = Answering(cutting("1 response.create")), queue.SimpleQueue[LiveEvent]()

    def until(state: State) -> None:
        while True:
            event = told.get(timeout=PATIENCE_S)
            if isinstance(event, StatusChanged) and event.status.state is state:
                return

    async def talk() -> None:
        async with playing(service) as server:
            live = LiveConversation(
                dialler=ServiceDialler(compatible(server.url), None),
                settings=SessionSettings(output="text"),
                microphone=None,
                speaker=open_speaker(NONE),
                listener=told.put,
                system=HandSystem(),
                greets=False,
                backoff=Backoff(1, first_ms=600_000, longest_ms=600_000),
                reconnect_s=3600,
                stays_offline=True,
            )
            line = threading.Thread(target=live.run_line)
            live.say("one")
            line.start()
            await asyncio.to_thread(until, State.RECONNECTING)
            live.stay_offline()
            await asyncio.to_thread(until, State.OFFLINE)
            assert len(service.sessions) == 1
            live.reconnect()
            await asyncio.to_thread(until, State.READY)
            live.close()
            await asyncio.to_thread(line.join, PATIENCE_S)
            assert not line.is_alive()
            assert [entry.text for entry in live.entries if entry.is_turn] == ["one", "You said one"]

    run(talk())
    assert len(service.sessions) == 2
