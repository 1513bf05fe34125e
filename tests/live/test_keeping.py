"""What is kept while a conversation runs: each turn as it becomes final, and how it ended."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection

from app.audio.open import open_speaker
from app.audio.ports import NONE
from app.connection.services import compatible
from app.conversation.effects import Notice
from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry
from app.history.saved import Saved
from app.history.store import list_conversations, load
from app.launch.compose import PortAudioSystem, Sound, make_live, session_settings
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.events import LiveEvent
from app.settings import Loaded, Settings
from tests.connection.loopback import CREATED, playing, run

ANSWER = {"id": "i1", "type": "message", "role": "assistant"}
RESPONSE = {"id": "r1", "status": "completed", "output": []}
SAID = {"response_id": "r1", "item_id": "i1", "output_index": 0, "content_index": 0}


async def answers_once(socket: ServerConnection) -> None:
    """In writing, then the service goes away."""

    async def say(kind: str, **what: Any) -> None:
        await socket.send(json.dumps({"type": kind, **what}))

    await socket.send(CREATED)
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "session.update":
            await say("session.updated", session={"type": "realtime", "model": "m", **event["session"]})
        elif event["type"] == "response.create":
            await say("response.created", response={"id": "r1", "status": "in_progress", "output": []})
            await say("response.output_item.added", response_id="r1", output_index=0, item=ANSWER | {"content": []})
            await say("response.output_text.delta", **SAID, delta="Good ")
            await say("response.output_text.done", **SAID, text="Good day.")
            await say("response.done", response=RESPONSE)
            return


def converse(live_of: Any) -> None:
    async def talk() -> None:
        async with playing(answers_once) as service:
            live: LiveConversation = live_of(ServiceDialler(compatible(service.url), None))
            live.say("Hello.")
            await asyncio.to_thread(live.run_line)

    run(talk())


def made(dialler: ServiceDialler, listener: Any, settings: Settings, root: Path) -> LiveConversation:
    sound = Sound(None, open_speaker(NONE))
    return make_live(Loaded(settings), dialler, sound, listener, greets=False, conversations=root)


def test_a_talk_is_in_its_folder_when_it_is_over(tmp_path: Path):
    converse(lambda dialler: made(dialler, lambda _: None, Settings(output="text", reconnect_s=0), tmp_path))
    (kept,) = list_conversations(tmp_path)
    saved = load(kept.folder)
    *turns, why = saved.entries
    assert [(str(e.speaker), e.text, e.is_final) for e in turns] == [
        ("you", "Hello.", True),
        ("assistant", "Good day.", True),
    ]
    assert str(why.speaker) == "realtime"
    assert "ended the connection" in why.text
    assert list_conversations(tmp_path)[0].turns == 2
    assert (saved.model, saved.skipped_lines) == ("m", 0)
    assert saved.service.startswith("127.0.0.1")


def test_nothing_is_kept_where_that_is_wanted(tmp_path: Path):
    converse(
        lambda dialler: made(dialler, lambda _: None, Settings(output="text", keep=False, reconnect_s=0), tmp_path)
    )
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_a_notice_and_the_talk_goes_on(tmp_path: Path):
    (tmp_path / "file").write_text("")
    heard: list[LiveEvent] = []
    converse(lambda dialler: made(dialler, heard.append, Settings(output="text", reconnect_s=0), tmp_path / "file"))
    notices = [event.text for event in heard if isinstance(event, Notice)]
    assert [text for text in notices if "not being saved" in text] == notices[:1]


class Memory:
    """A keeper that remembers how it was called, and on which thread."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[str, ...], int]] = []

    def keep(self, about: Saved, entries: OrderedEntries[Entry], changed: Iterable[str]) -> None:
        assert all(item_id in entries for item_id in changed)
        self._remember("keep", replace(about, entries=tuple(entries)))

    def end(self, saved: Saved) -> None:
        self._remember("end", saved)

    def _remember(self, name: str, saved: Saved) -> None:
        final = tuple(entry.text for entry in saved.entries if entry.is_final)
        self.calls.append((name, final, threading.get_ident()))


def test_each_final_turn_is_kept_at_once_and_on_one_thread():
    memory = Memory()

    def live_of(dialler: ServiceDialler) -> LiveConversation:
        return LiveConversation(
            dialler=dialler,
            settings=session_settings(Settings(output="text"), dialler),
            microphone=None,
            speaker=open_speaker(NONE),
            listener=lambda _: None,
            system=PortAudioSystem(),
            greets=False,
            keeper=memory,
        )

    converse(live_of)
    steps = [(name, final) for name, final, _ in memory.calls]
    assert steps[0] == ("keep", ("Hello.",))
    assert ("keep", ("Hello.", "Good day.")) in steps
    assert steps[-1][0] == "end"
    assert steps[-1][1][:2] == ("Hello.", "Good day.")
    assert [name for name, _ in steps].count("end") == 1
    assert len({thread for *_, thread in memory.calls}) == 1
