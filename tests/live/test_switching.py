"""Going on with another service in the middle of a talk."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from dataclasses import replace
from typing import Any

from msgspec import UNSET
from websockets.asyncio.server import ServerConnection

from app.connection.services import compatible
from app.conversation.effects import Notice, StatusChanged
from app.conversation.session import SessionChange, SessionSettings
from app.conversation.status import State
from app.live.conversation import LiveConversation
from app.live.dialling import Dialler, ServiceDialler
from app.live.events import Ended, LiveEvent
from app.live.service_choice import ServiceChoice
from app.live.switching import SwitchError
from app.protocol.capabilities import SessionCapabilities
from app.protocol.session import VOICES
from tests.connection.loopback import http, playing, run
from tests.live.fakes import HandMicrophone, HandSpeaker
from tests.live.test_devices import HandSystem

CHOICE = ServiceChoice("there", "there")


class Server:
    """Takes settings and hears what is told, until it is left."""

    def __init__(self, name: str) -> None:
        self.name, self.updates, self.left = name, list[dict[str, Any]](), asyncio.Event()
        self.texts: asyncio.Queue[str] = asyncio.Queue()

    async def script(self, socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "session.created", "session": {"type": "realtime", "model": self.name}}))
        async for frame in socket:
            event = json.loads(frame)
            if event["type"] == "conversation.item.create":
                self.texts.put_nowait(event["item"]["content"][0]["text"])
            if event["type"] == "session.update":
                self.updates.append(event["session"])
                await socket.send(json.dumps({"type": "session.updated", "session": event["session"]}))
        self.left.set()

    async def heard(self) -> str:
        """The next text that it is told."""
        return await asyncio.wait_for(self.texts.get(), 10)


class Board:
    """One way to go on."""

    def __init__(self, dialler: Dialler | None) -> None:
        self._dialler = dialler

    def choices(self) -> tuple[ServiceChoice, ...]:
        return (CHOICE,)

    def dialler(self, choice: ServiceChoice) -> tuple[Dialler, SessionChange]:
        if self._dialler is None:
            raise SwitchError("OPENAI_API_KEY is not set: copy the key.")
        return self._dialler, SessionChange(transcription_model="scribe")


class Talk:
    """A conversation on threads of its own, and what it tells."""

    def __init__(self, url: str, board: Board) -> None:
        self.told: queue.Queue[LiveEvent] = queue.Queue()
        self.live = LiveConversation(
            dialler=ServiceDialler(compatible(url, model="first"), None),
            settings=SessionSettings(),
            microphone=HandMicrophone(),
            speaker=HandSpeaker(),
            listener=self.told.put,
            system=HandSystem(),
            greets=False,
            switchboard=board,
        )
        self.line = threading.Thread(target=self.live.run_line, daemon=True)

    async def __aenter__(self) -> Talk:
        self.line.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.live.close()
        await asyncio.to_thread(self.line.join, 10)
        assert not self.line.is_alive()

    async def until(self, what: Any) -> LiveEvent:
        while not what(event := await asyncio.to_thread(self.told.get, timeout=10)):
            pass
        return event

    async def ready(self, model: str) -> None:
        await self.until(
            lambda event: (
                isinstance(event, StatusChanged)
                and event.status.model == model
                and event.status.state not in (State.CONNECTING, State.OFFLINE)
            )
        )


def going_on(event: LiveEvent) -> bool:
    return isinstance(event, Notice) and event.text.startswith("The talk goes on with")


def test_the_talk_goes_on_there_with_its_text_and_the_first_service_is_left():
    async def talk() -> None:
        here, there = Server("here"), Server("there")
        async with playing(here.script) as first, playing(there.script) as second:
            capabilities = SessionCapabilities(voices=("Ara", "Rex"))
            board = Board(ServiceDialler(replace(compatible(second.url), capabilities=capabilities), None))
            async with Talk(first.url, board) as talk:
                await talk.ready("here")
                assert talk.live.voices == VOICES
                talk.live.say("my name is Ada")
                assert await here.heard() == "my name is Ada"
                talk.live.switch(CHOICE, SessionChange())
                await talk.until(going_on)
                await asyncio.wait_for(here.left.wait(), 10)
                assert await there.heard() == "my name is Ada"
                assert there.updates[0]["audio"]["input"]["transcription"] == {"model": "scribe"}
                assert talk.live.service_label in second.url
                assert talk.live.voices == ("Ara", "Rex")
                assert [entry.text for entry in talk.live.entries if entry.is_turn] == ["my name is Ada"]
                assert "The talk goes on with" in talk.live.entries[-1].text

    run(talk())


def test_where_the_other_one_refuses_the_talk_goes_on_as_it_was():
    async def talk() -> None:
        here = Server("here")
        async with playing(here.script) as first, playing(here.script, http(401)) as second:
            board = Board(ServiceDialler(compatible(second.url), None))
            async with Talk(first.url, board) as talk:
                await talk.ready("here")
                talk.live.switch(CHOICE, SessionChange())
                told = await talk.until(going_on)
                assert "refused the key (HTTP 401)" in told.text
                assert talk.live.service_label in first.url
                assert not here.left.is_set()
                talk.live.say("still there?")
                assert await here.heard() == "still there?"

    run(talk())


def test_the_last_word_counts_and_an_end_while_dialling_leaves_nothing():
    async def talk() -> None:
        here, dialled = Server("here"), asyncio.Event()

        async def says_nothing(socket: ServerConnection) -> None:
            dialled.set()
            await socket.wait_closed()

        async with playing(here.script) as first, playing(says_nothing) as second:
            board = Board(ServiceDialler(compatible(second.url), None))
            async with Talk(first.url, board) as talk:
                await talk.ready("here")
                talk.live.switch(CHOICE, SessionChange())
                talk.live.switch(CHOICE, SessionChange())
                await asyncio.wait_for(dialled.wait(), 10)
            assert await talk.until(lambda event: isinstance(event, Ended)) == Ended()

    run(talk())


def test_a_service_that_cannot_be_dialled_is_one_sentence():
    async def talk() -> None:
        here = Server("here")
        async with playing(here.script) as first, Talk(first.url, Board(None)) as talk:
            await talk.ready("here")
            assert talk.live.services() == (CHOICE,)
            talk.live.switch(CHOICE, SessionChange())
            told = await talk.until(lambda event: isinstance(event, Notice))
            assert told.text == "OPENAI_API_KEY is not set: copy the key."

    run(talk())


def test_two_changes_as_one():
    both = SessionChange(voice="ash", speed=1.1).with_all_of(SessionChange(speed=1.2, transcription_model=None))
    assert both == SessionChange(voice="ash", speed=1.2, transcription_model=None)
    assert both.language is UNSET
