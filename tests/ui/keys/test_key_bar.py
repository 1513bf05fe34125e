"""The row of keys, their names, and what they mean now."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App

from app.conversation.session import Detection, Mode, SessionChange, SessionSettings
from app.conversation.status import State, Status
from app.ui.keys import bindings
from app.ui.keys.bindings import bound_key, key_name
from app.ui.keys.key_bar import KeyBar, KeyHint
from app.ui.keys.situation import Situation
from tests.ui.conftest import Drive
from tests.ui.fakes import LISTENING

HINTS = (
    KeyHint("Space", "mute", "space"),
    KeyHint("[", "", "left_square_bracket"),
    KeyHint("]", "threshold", "right_square_bracket"),
    KeyHint("e", "export", "e"),
    KeyHint("F1", "help", "f1", is_pinned=True),
    KeyHint("^P", "palette", "ctrl+p", is_pinned=True),
)


class BarApp(App[None]):
    def compose(self):
        yield KeyBar()


def bar_at(width: int) -> str:
    async def run() -> str:
        app = BarApp()
        async with app.run_test(size=(width, 1)):
            bar = app.query_one(KeyBar)
            bar.show(HINTS)
            return bar.text

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (70, " Space mute  [ ] threshold  e export              F1 help  ^P palette"),
        (58, " Space mute  [ ] threshold  e export F1 help  ^P palette"),
        (50, " Space mute  [ ] threshold      F1 help  ^P palette"),
        (40, " Space mute          F1 help  ^P palette"),
        (30, " Space mute        ^P palette"),
        (12, " Space mute"),
    ],
)
def test_what_has_no_room_falls_off(width: int, text: str) -> None:
    shown = bar_at(width)
    assert shown.split() == text.split()
    assert len(shown) <= width


async def test_a_click_presses_the_key(drive: Drive) -> None:
    async with drive() as run:
        await run.pilot.click(KeyBar, offset=(run.main.key_bar.text.index("push-to-talk"), 0))
        await run.settle()
        assert run.live.asked == [("change", SessionChange(mode=Mode.PUSH_TO_TALK))]


async def test_only_what_works_while_typing_is_offered_then(drive: Drive) -> None:
    async with drive() as run:
        assert "/ search" in run.main.key_bar.text
        await run.press("i")
        assert run.main.key_bar.text.split() == ["F9", "mute", "Esc", "close", "F1", "help", "^P", "palette"]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("space", "Space"), ("ctrl+q", "Ctrl+Q"), ("f1", "F1"), ("left_square_bracket", "["), ("slash", "/"),
        ("N", "N"), ("n", "n"), ("pageup", "PageUp"), ("shift+tab", "Shift+TAB"), ("full_stop", "Full stop"),
    ],
)  # fmt: skip
def test_names(key: str, name: str) -> None:
    assert key_name(key) == name


@pytest.mark.parametrize(
    ("binding_id", "remapped", "name"),
    [
        ("talk", {}, "Space"),
        ("talk", {"talk": "ctrl+t, f3"}, "Ctrl+T"),
        ("mode", {"talk": "m"}, ""),
        ("quit", {}, "Ctrl+Q"),
        ("palette", {"palette": "f2"}, "F2"),
        ("no such", {}, ""),
    ],
)
def test_bound_keys(binding_id: str, remapped: dict[str, str], name: str) -> None:
    assert bound_key(binding_id, remapped) == name


PUSH = SessionSettings(mode=Mode.PUSH_TO_TALK)


@pytest.mark.parametrize(
    ("binding_id", "status", "word"),
    [
        ("talk", LISTENING, "mute"),
        ("talk", Status(state=State.MUTED, has_microphone=True), "unmute"),
        ("talk", Status(state=State.READY, settings=PUSH, has_microphone=True), "talk"),
        ("talk", Status(state=State.LISTENING, settings=PUSH, has_microphone=True, is_microphone_open=True), "send"),
        ("talk", Status(state=State.READY), None),
        ("talk", Status(state=State.OFFLINE, has_microphone=True), None),
        ("stop", LISTENING, None),
        ("stop", Status(state=State.THINKING, is_response_active=True), "interrupt"),
        ("stop", Status(state=State.SPEAKING), "interrupt"),
        ("stop", Status(state=State.HEARING, settings=PUSH, is_microphone_open=True), "discard"),
        ("threshold_up", LISTENING, "threshold"),
        ("threshold_up", Status(settings=PUSH), None),
        ("threshold_up", Status(settings=SessionSettings(detection=Detection.SEMANTIC_VAD)), None),
        ("mode", LISTENING, "push-to-talk"),
        ("mode", Status(settings=PUSH), "hands-free"),
        (None, LISTENING, None),
    ],
)
def test_what_a_key_means_now(binding_id: str | None, status: Status, word: str | None) -> None:
    assert bindings.hint_word(binding_id, Situation(status)) == word


def test_every_binding_can_be_remapped_and_says_what_it_does() -> None:
    ids = [binding.id for binding in bindings.EVERY]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert all(binding.tooltip for binding in bindings.EVERY)
