"""A few pictures: two sizes more than one, two themes, the parts that tests in words cannot see.

`pytest tests/ui/test_snapshots.py --snapshot-update` takes them anew; look at each before keeping it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.audio.capture import Levels
from app.conversation.session import Mode, SessionSettings
from app.conversation.status import State, Status
from app.conversation.transcript import Latency
from app.conversation.usage import Spending, TokensByKind
from app.live.events import ExampleOffered, Listener
from app.settings import Folders, Loaded, Settings, Source
from app.ui.app import RealtimeApp
from tests.ui.fakes import AGREED, FakeLive, assistant, session_of, user

TALKING = Status(
    state=State.HEARING,
    has_microphone=True,
    is_microphone_open=True,
    model="gpt-realtime",
    expires_at=1_790_003_400,
    answered_ms=420,
    median_answered_ms=510,
    spending=Spending(TokensByKind(text_in=900, audio_out=304), cost_usd=0.0042),
    standings=AGREED,
)
NOW = 1_790_000_022.0
"""The conversation is as old as that, and all of it on the tape."""
STORY = (
    "The capital of France is Paris. About two million people live in the city itself, and more than twelve million "
    "in the whole region, which makes it one of the largest urban areas of Europe."
)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same clock times everywhere."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone cannot be set on this system")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def program(tmp_path: Path, status: Status, *, theme: str = "textual-dark", says: bool = True) -> RealtimeApp:
    """The program with a short conversation in it."""

    def make(listener: Listener) -> FakeLive:
        live = FakeLive(listener, status=status, levels=Levels(-23.0, -17.0, False, 0.82, -60.0))
        if says:
            quick = Latency(380, 420)
            live.put(
                user(
                    "What is the capital of France, and how many people live there?",
                    "u1",
                    started_ms=1000,
                    ended_ms=3600,
                )
            )
            cut = assistant(STORY, "a1", started_ms=4000, ended_ms=7200, latency=quick, received_ms=11_000)
            live.put(replace(cut, heard_ms=3200, is_interrupted=True))
            live.put(user("[Und] in Tokyo (東京)?", "u2", is_spoken=False, started_ms=8000, note="Nobody answered."))
            live.put(user("And in the whole region", "u3", is_final=False, started_ms=11_000))
        else:
            live.tell(ExampleOffered("What is seventeen times twenty-three?"))
        return live

    folders = Folders(tmp_path / "settings.toml", tmp_path / "logs", tmp_path / "conversations")
    loaded = Loaded(Settings(theme=theme), {"mic": Source.DEFAULT})
    return RealtimeApp(make, loaded, folders, session_of=session_of, clock=lambda: 100.0, wall_clock=lambda: NOW)


def settled(*keys: str):
    """Press keys, and let everything settle."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        app = pilot.app
        main = app.screen
        main.header.tick(NOW)
        main.sampling.sample()
        await pilot.press(*keys)
        await pilot.pause()

    return run


def test_a_conversation(snap_compare, tmp_path: Path) -> None:
    assert snap_compare(program(tmp_path, TALKING), terminal_size=(110, 32), run_before=settled())


def test_settings_beside_it_on_a_light_ground(snap_compare, tmp_path: Path) -> None:
    app = program(tmp_path, TALKING, theme="textual-light")
    assert snap_compare(app, terminal_size=(110, 32), run_before=settled("s"))


def test_a_search_at_80_by_24(snap_compare, tmp_path: Path) -> None:
    run = settled("slash", *"million")
    assert snap_compare(program(tmp_path, TALKING), terminal_size=(80, 24), run_before=run)


def test_40_by_12(snap_compare, tmp_path: Path) -> None:
    status = Status(state=State.READY, settings=SessionSettings(mode=Mode.PUSH_TO_TALK), has_microphone=True)
    assert snap_compare(program(tmp_path, status), terminal_size=(40, 12), run_before=settled())


def test_first_steps_without_a_microphone(snap_compare, tmp_path: Path) -> None:
    app = program(tmp_path, Status(state=State.READY, standings=AGREED), says=False)
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled())


def test_help(snap_compare, tmp_path: Path) -> None:
    assert snap_compare(program(tmp_path, TALKING), terminal_size=(110, 32), run_before=settled("f1"))
