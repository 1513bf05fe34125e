"""A line that is lost for good: nothing is heard any more, and what was said stays."""

from __future__ import annotations

import asyncio
import queue
import threading
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection

from app.audio.capture import Levels
from app.connection.services import compatible
from app.conversation.effects import Notice, StatusChanged
from app.conversation.session import SessionSettings
from app.conversation.status import State
from app.live.conversation import LiveConversation
from app.live.dialling import EmbeddedDialler, ServiceDialler
from app.live.events import Ended, LiveEvent
from tests.connection.loopback import CREATED, playing, run
from tests.live.fakes import HandMicrophone, HandSpeaker
from tests.live.test_devices import HandSystem

PATIENCE_S = 10


async def goes_away(socket: ServerConnection) -> None:
    await socket.send(CREATED)
    await socket.recv()


def live_of(dialler: Any, microphone: HandMicrophone, speaker: HandSpeaker, listener: Any) -> LiveConversation:
    return LiveConversation(
        dialler=dialler,
        settings=SessionSettings(),
        microphone=microphone,
        speaker=speaker,
        listener=listener,
        system=HandSystem(),
        greets=False,
    )


def test_after_the_line_is_lost_no_device_is_open():
    told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()
    microphone, speaker = HandMicrophone(), HandSpeaker()

    async def talk() -> None:
        async with playing(goes_away) as service:
            live = live_of(ServiceDialler(compatible(service.url), None), microphone, speaker, told.put)
            sound = threading.Thread(target=live.run_sound)
            sound.start()
            await asyncio.to_thread(microphone.opened.wait, PATIENCE_S)
            await asyncio.to_thread(live.run_line)
            sound.join(PATIENCE_S)
            assert not sound.is_alive()
            assert live.levels == Levels()
            live.check_speaker()
            live.use_microphone("another")
            assert [entry.is_turn for entry in live.entries] == [False]
            assert "ended the connection" in live.entries[0].text

    run(talk())
    assert not microphone.is_open
    assert not speaker.is_open
    events = [told.get() for _ in range(told.qsize())]
    (status,) = [e.status for e in events if isinstance(e, StatusChanged) and e.status.state is State.OFFLINE]
    assert not status.is_microphone_open
    assert [e.exit_status for e in events if isinstance(e, Ended)] == [5]
    notices = [e.text for e in events if isinstance(e, Notice)]
    assert notices == ["The conversation is over: microphone and speaker are closed."] * 2


def test_an_embedded_service_that_nobody_waits_for_any_more_is_not_waited_for(tmp_path: Path):
    """It would listen after a second or so; the end does not take that long, and leaves no thread."""
    from app.connection.child import spawn

    before = threading.active_count()
    child = spawn(tmp_path / "log", command=("sleep", "60"))
    dialler = EmbeddedDialler((), None, tmp_path / "log", child)
    live = live_of(dialler, HandMicrophone(), HandSpeaker(), lambda _: None)
    live.close()
    live.run_line()
    assert child.process.returncode is not None
    child.kill()
    assert threading.active_count() == before
