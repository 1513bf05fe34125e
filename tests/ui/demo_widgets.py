"""The talk strip by itself, for looking at: python -m tests.ui.demo_widgets."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult

from app.audio.capture import Levels
from app.conversation.session import Mode, SessionSettings
from app.conversation.status import State, Status
from app.ui.widgets.talk_strip import TalkStrip

LIVE = Status(state=State.LISTENING, has_microphone=True, is_microphone_open=True)


class Demo(App[None]):
    CSS_PATH = Path(__file__).parents[2] / "app.tcss"
    BINDINGS: ClassVar = [("t", "next_theme")]

    def compose(self) -> ComposeResult:
        for _ in range(9):
            yield TalkStrip()

    def on_mount(self) -> None:
        states = [
            (LIVE, Levels(-48, -40, False, 0.04, -100)),
            (Status(State.HEARING, has_microphone=True, is_microphone_open=True), Levels(-23, -12, False, 0.82, -100)),
            (Status(State.THINKING, has_microphone=True, is_microphone_open=True), Levels(-55, -30, False, 0.49, -100)),
            (
                Status(
                    State.SPEAKING,
                    has_microphone=True,
                    is_microphone_open=True,
                    unacknowledged=frozenset({"threshold"}),
                ),
                Levels(-50, -1, True, 0.50, -20),
            ),
            (Status(State.MUTED, has_microphone=True), Levels()),
            (Status(State.READY, SessionSettings(mode=Mode.PUSH_TO_TALK), has_microphone=True), Levels(-50, -50)),
            (Status(State.READY), Levels()),
            (Status(State.OFFLINE, has_microphone=True), Levels()),
            (Status(State.CONNECTING, has_microphone=True), Levels(-40, -30)),
        ]
        for strip, (status, levels) in zip(self.query(TalkStrip), states, strict=True):
            strip.show_status(status)
            strip.show_levels(levels)

    def action_next_theme(self) -> None:
        themes = ["textual-dark", "textual-light", "nord", "ansi-dark", "gruvbox"]
        self.theme = themes[(themes.index(self.theme) + 1) % len(themes)]


if __name__ == "__main__":
    Demo().run()
