"""A session that nears its limit is followed by another one, before the service ends it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection

from app.audio.open import NONE, open_speaker
from app.connection.services import compatible
from app.conversation.effects import StatusChanged
from app.conversation.session import SessionSettings
from app.conversation.status import State
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.events import LiveEvent
from tests.connection.loopback import playing, run
from tests.live.test_devices import HandSystem

PATIENCE_S = 10


@dataclass
class Limited:
    """Its first session ends soon; how each session was greeted, and whether the first still stood then."""

    items: list[list[str]] = field(default_factory=list)
    has_ended: bool = False
    was_up: list[bool] = field(default_factory=list)
    followed: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, socket: ServerConnection) -> None:
        self.was_up.append(not self.has_ended)
        number, texts = len(self.items), []
        self.items.append(texts)
        ends_s = round(time.time() + (1.6 if number == 0 else 3600))
        session = {"type": "realtime", "model": "m", "expires_at": ends_s}
        await socket.send(json.dumps({"type": "session.created", "session": session}))
        try:
            async for frame in socket:
                event = json.loads(frame)
                if event["type"] == "session.update":
                    await socket.send(json.dumps({"type": "session.updated", "session": session}))
                elif event["type"] == "conversation.item.create":
                    texts.append(event["item"]["content"][0]["text"])
                    if number:
                        self.followed.set()
                elif event["type"] == "response.create" and not number:
                    answer = {"id": "r", "status": "completed", "output": []}
                    await socket.send(json.dumps({"type": "response.created", "response": answer}))
                    delta = {"response_id": "r", "item_id": "a", "output_index": 0, "content_index": 0, "delta": "Hi."}
                    await socket.send(json.dumps({"type": "response.output_text.delta", **delta}))
                    await socket.send(json.dumps({"type": "response.done", "response": answer}))
        finally:
            self.has_ended = True


def test_another_session_takes_over_while_the_first_still_stands():
    service, told = Limited(), list[LiveEvent]()

    async def talk() -> None:
        async with playing(service) as server:
            live = LiveConversation(
                dialler=ServiceDialler(compatible(server.url), None),
                settings=SessionSettings(output="text"),
                microphone=None,
                speaker=open_speaker(NONE),
                listener=told.append,
                system=HandSystem(),
                greets=False,
                reconnect_s=60,
            )
            line = threading.Thread(target=live.run_line)
            live.say("Hello.")
            line.start()
            assert await asyncio.to_thread(service.followed.wait, PATIENCE_S)
            live.close()
            await asyncio.to_thread(line.join, PATIENCE_S)
            entries = live.entries
            assert [entry.text for entry in entries if entry.is_turn] == ["Hello.", "Hi."]
            (remark,) = [entry.text for entry in entries if not entry.is_turn]
            assert "goes on in a new one" in remark

    run(talk())
    assert service.was_up == [True, True]
    assert service.items[1][0] == "Hello."
    states = [event.status.state for event in told if isinstance(event, StatusChanged)]
    assert State.RECONNECTING not in states
    assert State.CONNECTING not in states[states.index(State.THINKING) :]


@dataclass
class EndingInAnAnswer(Limited):
    """Its first session ends in the middle of an answer, once another connection stands."""

    first: ServerConnection | None = None

    async def __call__(self, socket: ServerConnection) -> None:
        if self.first is None:
            self.first = socket
            session = {"type": "realtime", "model": "m", "expires_at": round(time.time() + 1.6)}
            await socket.send(json.dumps({"type": "session.created", "session": session}))
            self.was_up.append(True)
            self.items.append([])
            async for frame in socket:
                kind = json.loads(frame)["type"]
                if kind == "session.update":
                    await socket.send(json.dumps({"type": "session.updated", "session": session}))
                elif kind == "response.create":
                    answer = {"id": "r", "status": "in_progress", "output": []}
                    await socket.send(json.dumps({"type": "response.created", "response": answer}))
            return
        if len(self.items) == 1:
            over = {"type": "invalid_request_error", "code": "session_expired", "message": "Your session is over."}
            await self.first.send(json.dumps({"type": "error", "error": over}))
            await self.first.close(1001)
        await super().__call__(socket)


def test_the_connection_that_waits_serves_when_the_first_session_is_ended():
    service = EndingInAnAnswer()

    async def talk() -> None:
        async with playing(service) as server:
            live = LiveConversation(
                dialler=ServiceDialler(compatible(server.url), None),
                settings=SessionSettings(output="text"),
                microphone=None,
                speaker=open_speaker(NONE),
                listener=lambda _: None,
                system=HandSystem(),
                greets=False,
                reconnect_s=60,
            )
            line = threading.Thread(target=live.run_line)
            live.say("Hello.")
            line.start()
            assert await asyncio.to_thread(service.followed.wait, PATIENCE_S)
            live.close()
            await asyncio.to_thread(line.join, PATIENCE_S)
            assert not [entry for entry in live.entries if "is over" in entry.text]

    run(talk())
    assert service.items[1:] == [["Hello."]]
