"""A new session in the middle of a conversation, with the real embedded service."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.audio.files import silent_speaker
from app.conversation.session import SessionChange
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

    try:
        live.say("My name is Ada.")
        until(lambda: len(live.entries) == 2 and live.entries[1].is_final)
        live.renew(SessionChange(voice="cedar"))
        live.say("What is my name?")
        until(lambda: len(live.entries) == 4 and live.entries[3].is_final)
    finally:
        live.close()
        for worker in workers:
            worker.join()
    assert [entry.speaker for entry in live.entries] == ["you", "assistant"] * 2
    assert "Ada" in live.entries[3].text
    assert live.status.settings.voice == "cedar"
