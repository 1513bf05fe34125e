"""The program with a fake conversation, ready to be driven."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest
from textual.message import Message
from textual.pilot import Pilot

from app.live.events import Listener
from app.settings import Folders, Loaded, Settings, Source
from app.ui.app import RealtimeApp
from app.ui.screens.main_screen import MainScreen
from tests.ui.fakes import FakeLive, session_of


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine runs in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


USED = {"service": Source.DEFAULT}
"""Sources of somebody who has set something: no welcome."""


@dataclass
class Driven:
    """One run: the conversation's side, the user's side and what passed between."""

    pilot: Pilot[None]
    app: RealtimeApp
    live: FakeLive
    folders: Folders
    messages: list[Message] = field(default_factory=list)
    seconds: list[float] = field(default_factory=lambda: [100.0])
    """The clock; add to its only element to let time pass."""

    @property
    def main(self) -> MainScreen:
        """The main screen, whatever lies on top."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    @property
    def text(self) -> str:
        """What is on the screen."""
        rows = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in row).rstrip() for row in rows)

    async def press(self, *keys: str) -> None:
        """Press keys, and let everything settle."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def settle(self) -> None:
        """Let what was told arrive."""
        await self.pilot.pause()

    def seen(self, kind: type[Message]) -> list[Message]:
        """The messages of a kind, so far; each once, however many widgets it passed."""
        return list({id(message): message for message in self.messages if isinstance(message, kind)}.values())


Drive: TypeAlias = Callable[..., AbstractAsyncContextManager[Driven]]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """Run the program: `async with drive(size=(80, 24), **fields of the fake) as run:`."""
    monkeypatch.chdir(tmp_path)

    @asynccontextmanager
    async def run(
        *, size: tuple[int, int] = (110, 32), settings: Settings | None = None, keys: dict[str, str] | None = None,
        sources: dict[str, Source] | None = None, **fields: object,
    ) -> AsyncIterator[Driven]:  # fmt: skip
        lives: list[FakeLive] = []
        seconds, messages = [100.0], list[Message]()

        def make(listener: Listener) -> FakeLive:
            lives.append(FakeLive(listener, **fields))  # type: ignore[arg-type]
            return lives[0]

        folders = Folders(tmp_path / "settings.toml", tmp_path / "logs", tmp_path / "conversations")
        loaded = Loaded(settings or Settings(), USED if sources is None else sources, keys or {})
        app = RealtimeApp(
            make, loaded, folders, session_of=session_of, clock=lambda: seconds[0], wall_clock=lambda: 1_790_000_060.0
        )
        async with app.run_test(size=size, message_hook=messages.append, notifications=True) as pilot:
            await pilot.pause()
            yield Driven(pilot, app, lives[0], folders, messages, seconds)

    return run
