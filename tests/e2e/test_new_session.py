"""A new session in the middle of a conversation, with the real embedded service."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.audio.files import silent_speaker
from app.conversation.session import SessionChange
from app.conversation.transcript import Entry
from app.launch.compose import PortAudioSystem, session_settings
from app.live.conversation import LiveConversation
from app.live.dialling import EmbeddedDialler
from app.live.events import LiveEvent
from app.settings import Settings

pytestmark = pytest.mark.timeout(90)


def test_the_name_told_in_the_first_session_is_known_in_the_second(tmp_path: Path):
    told: queue.SimpleQueue[LiveEvent] = queue.SimpleQueue()
    dialler = EmbeddedDialler({}, None, tmp_path / "service.log")
    settings = session_settings(Settings(greeting=False, output="text"), dialler)
    live = LiveConversation(
        dialler=dialler,
        settings=settings,
        microphone=None,
        speaker=silent_speaker(),
        listener=told.put,
        system=PortAudioSystem(),
        greets=False,
    )
    workers = [threading.Thread(target=work) for work in (live.run_line, live.run_sound)]
    for worker in workers:
        worker.start()

    def until(test: Callable[[], bool]) -> None:
        while not test():
            told.get(timeout=30)

    def turns() -> list[Entry]:
        return [entry for entry in live.entries if entry.is_turn]

    try:
        live.say("My name is Ada.")
        until(lambda: len(turns()) == 2 and turns()[1].is_final)
        live.renew(SessionChange(voice="cedar"))
        live.say("What is my name?")
        until(lambda: len(turns()) == 4 and turns()[3].is_final)
    finally:
        live.close()
        for worker in workers:
            worker.join()
    assert [entry.speaker for entry in turns()] == ["you", "assistant"] * 2
    assert "Ada" in turns()[3].text
    (line,) = (entry.text for entry in live.entries if not entry.is_turn)
    assert line.startswith("A new session has begun.")
    assert live.status.settings.voice == "cedar"
