"""The widgets by themselves, for looking at: `python -m tests.ui.demo_widgets [strip|panel|beside]`, t: next theme."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from app.audio.capture import Levels
from app.conversation.session import Mode, SessionSettings
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State, Status
from app.conversation.usage import Spending, TokensByKind
from app.settings import Loaded, Settings
from app.ui.keys.situation import Situation
from app.ui.meters.status_line import HeaderLine
from app.ui.meters.talk_strip import TalkStrip
from app.ui.settings.panel import SettingChanged, SettingsClosed, SettingsPanel
from tests.ui.fakes import AGREED

NOW = 1_800_000_000
OPEN = Status(State.LISTENING, has_microphone=True, is_microphone_open=True, standings=AGREED)
STATES = (
    (OPEN, Levels(-48, -40, False, 0.04)),
    (replace(OPEN, state=State.HEARING), Levels(-23, -12, False, 0.82)),
    (replace(OPEN, state=State.THINKING), Levels(-55, -30, False, 0.49)),
    (
        replace(OPEN, state=State.SPEAKING, standings={"threshold": SettingStanding(Standing.WAITING)}),
        Levels(-50, -1, True, 0.50, -20),
    ),
    (Status(State.MUTED, has_microphone=True), Levels()),
    (Status(State.READY, SessionSettings(mode=Mode.PUSH_TO_TALK), has_microphone=True), Levels(-50, -50)),
    (Status(State.READY), Levels()),
    (Status(State.OFFLINE, has_microphone=True), Levels()),
    (Status(State.CONNECTING, has_microphone=True), Levels(-40, -30)),
)
BUSY = replace(
    OPEN,
    model="gpt-realtime-2.1",
    expires_at=NOW + 3400,
    answered_ms=420,
    median_answered_ms=510,
    spending=Spending(TokensByKind(text_in=1000, audio_out=204), cost_usd=0.0041),
)
THEMES = ("textual-dark", "textual-light", "nord", "ansi-dark", "gruvbox")


class Demo(App[None]):
    """One of the widgets, or a few."""

    CSS_PATH = Path(__file__).parents[2] / "app.tcss"
    BINDINGS: ClassVar = [("t", "next_theme")]

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        self.loaded = Loaded(Settings())
        self.unsaved: set[str] = set()
        self.panel = SettingsPanel(self.loaded, OPEN, suggestions={"voice": ("alloy", "cedar", "marin")})

    def compose(self) -> ComposeResult:
        if self.what == "panel":
            yield self.panel
        elif self.what == "beside":
            with Horizontal():
                left = Static("the transcript")
                left.styles.width = "1fr"
                self.panel.styles.width = 38
                yield left
                yield self.panel
        else:
            yield HeaderLine("embedded service", NOW - 252)
            for _ in STATES:
                yield TalkStrip()

    def on_mount(self) -> None:
        for line in self.query(HeaderLine):
            line.show_status(BUSY)
        for header in self.query(HeaderLine):
            header.tick(NOW)
        for strip, (status, levels) in zip(self.query(TalkStrip), STATES, strict=False):
            strip.show(Situation(status))
            strip.show_levels(levels)
        if self.panel.is_attached:
            self.panel.focus_first()

    def on_setting_changed(self, message: SettingChanged) -> None:
        settings = msgspec.structs.replace(self.loaded.settings, **{message.name: message.value})
        self.loaded = replace(self.loaded, settings=settings)
        self.unsaved.add(message.name)
        self.panel.show_settings(
            self.loaded,
            replace(OPEN, standings={**AGREED, message.name: SettingStanding(Standing.WAITING)}),
            self.unsaved,
        )

    def on_settings_closed(self, message: SettingsClosed) -> None:
        self.exit()

    def action_next_theme(self) -> None:
        self.theme = THEMES[(THEMES.index(self.theme) + 1) % len(THEMES)]


if __name__ == "__main__":
    Demo(sys.argv[1] if len(sys.argv) > 1 else "strip").run()
