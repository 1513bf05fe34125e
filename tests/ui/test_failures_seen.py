"""A service that refuses, on the screen: the reason stays, in the transcript and in the list of notices."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.http11 import Response

from app.audio.open import NONE, open_speaker
from app.launch.compose import PortAudioSystem, session_settings
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.events import Listener
from app.settings import Folders, Loaded, Settings
from app.ui.app import RealtimeApp
from app.ui.screens.main_screen import MainScreen
from app.ui.screens.notices_screen import NoticesScreen
from tests.connection.failure_rows import KEY, ROWS, Row
from tests.connection.loopback import playing, says
from tests.ui.conftest import USED

SEEN = ("a wrong key", "no credit, after the session began", "403 from a proxy", "speaches refuses a key in words")


def program(row: Row, port: int, folder: Path) -> RealtimeApp:
    def make(listener: Listener) -> LiveConversation:
        dialler = ServiceDialler(row.make(port), None)
        return LiveConversation(
            dialler=dialler,
            settings=session_settings(Settings(output="text"), dialler),
            microphone=None,
            speaker=open_speaker(NONE),
            listener=listener,
            system=PortAudioSystem(),
            greets=False,
        )

    folders = Folders(folder / "settings.toml", folder / "logs", folder / "conversations")
    return RealtimeApp(make, Loaded(Settings(), USED), folders)


def on_screen(app: RealtimeApp) -> str:
    rows = app.screen._compositor.render_strips()
    return " ".join("".join(segment.text for row in rows for segment in row).split())


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in SEEN], ids=lambda row: row.name)
async def test_the_reason_stays(row: Row, tmp_path: Path) -> None:
    script, answer = (says(), row.plays) if isinstance(row.plays, Response) else (row.plays, None)
    async with playing(script, answer) as server:
        app = program(row, server.port, tmp_path)
        async with app.run_test(size=(150, 32)) as pilot:
            main = app.screen
            assert isinstance(main, MainScreen)
            async with asyncio.timeout(20):
                while main.ended is None:
                    await pilot.pause()
            await pilot.pause()
            app.clear_notifications()
            await pilot.pause()
            (remark,) = main.live.entries[-1:]
            assert all(part in remark.text for part in row.says)
            assert f"── realtime ── {remark.text}" in on_screen(app)
            await pilot.press("E")
            await pilot.pause()
            assert isinstance(app.screen, NoticesScreen)
            await pilot.press("c", "escape")
            assert remark.text in app.clipboard
            assert KEY not in on_screen(app) + app.clipboard
            await pilot.press("ctrl+q")
    assert app.return_code == 3
