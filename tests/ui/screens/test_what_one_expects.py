"""What people look for in a program with keys: the keys of where one is, devices on a key, the wire, a way out."""

from __future__ import annotations

import json

import pytest
from textual.command import DiscoveryHit
from textual.widgets import OptionList, Static

from app.live.events import Ended
from app.protocol.wire_event import WireEvent
from app.settings import Settings
from app.ui.app import RealtimeApp
from app.ui.commands import RealtimeCommands
from app.ui.screens.device_dialog import DeviceDialog, device_choices
from app.ui.screens.events_screen import EventsScreen, fits
from app.ui.screens.export_dialog import ExportDialog
from app.ui.screens.keys_screen import KeysScreen, key_groups
from app.ui.screens.notices_screen import NoticesScreen
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import user


def shown_keys(run: Driven) -> dict[str, str]:
    groups = run.app.screen._groups if isinstance(run.app.screen, KeysScreen) else ()
    return {key: meaning for group in groups for key, meaning in group.rows}


# ---------------------------------------------------------------- the keys of where one is


async def test_the_question_mark_shows_what_works_here(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.press("question_mark")
        keys = shown_keys(run)
        assert keys["m"] == "Change between hands-free and push-to-talk"
        assert "n" not in keys  # nothing is looked for
        assert "F9" in keys
        await run.press("question_mark")
        assert run.app.screen is run.main
        await run.press("s", "question_mark")
        assert any("save the settings" in meaning for meaning in shown_keys(run).values())
        await run.press("escape", "s", "e", "escape")
        run.main.action_export()
        await run.settle()
        assert isinstance(run.app.screen, ExportDialog)


async def test_in_a_text_the_question_mark_is_a_character(drive: Drive) -> None:
    async with drive() as run:
        await run.press("i", *"why", "question_mark", "enter")
        assert run.live.asked == [("say", "why?")]


async def test_keys_that_do_the_same_stand_together(drive: Drive) -> None:
    async with drive() as run:
        run.app.action_notices()
        await run.settle()
        rows = [row for group in key_groups(run.app.screen.active_bindings) for row in group.rows]
        assert ("Esc E q Enter", "close") in rows


# ---------------------------------------------------------------- devices


async def looked(run: Driven) -> None:
    """The devices are known."""
    for worker in list(run.app.workers):
        if worker.group == "devices":
            await worker.wait()
    await run.settle()


def test_what_is_used_now_is_marked() -> None:
    choices = device_choices(["headset"], ["loudspeaker"], microphone="headset", speaker="")
    assert [(each.text, each.is_current) for each in choices] == [
        ("microphone  system default", False),
        ("microphone  headset", True),
        ("microphone  none", False),
        ("speaker  system default", True),
        ("speaker  loudspeaker", False),
        ("speaker  none", False),
    ]


async def test_a_device_is_chosen_by_a_key_and_a_search(drive: Drive) -> None:
    async with drive(settings=Settings(mic="headset")) as run:
        await run.press("d")
        await looked(run)
        assert isinstance(run.app.screen, DeviceDialog)
        assert "microphone  headset  now" in run.text
        await run.press(*"mic webc", "enter")
        assert run.live.asked == [("use_microphone", "webcam")]
        assert run.main.edited.settings.mic == "webcam"
        await run.press("d")
        await looked(run)
        await run.press(*"nothing such")
        assert "There is no such device." in run.text
        await run.press("enter", "escape")
        assert run.app.screen is run.main


# ---------------------------------------------------------------- the wire


def wire(number: int, kind: str, **more: object) -> WireEvent:
    detail = json.dumps({"type": kind, **more}, indent=2)
    return WireEvent(number, 1_790_000_000.5 + number, "received" if number % 2 else "sent", kind, detail)


@pytest.mark.parametrize(
    ("words", "is_shown"), [("", True), ("resp done", True), ("DONE", True), ("cancel", False), ("why x", True)]
)
def test_the_filter_looks_at_all_of_it(words: str, is_shown: bool) -> None:
    assert fits(wire(1, "response.done", why="x"), words) is is_shown


async def test_events_are_listed_filtered_and_copied(drive: Drive) -> None:
    async with drive() as run:
        run.live.wire = [wire(0, "session.update"), wire(1, "session.updated"), wire(2, "response.create")]
        await run.press("E", "tab")
        screen = run.app.screen
        assert isinstance(screen, EventsScreen)
        assert "→ session.update" in run.text
        assert "← session.updated" in run.text
        assert str(screen.query_one("#event-detail", Static).content).startswith('{\n  "type": "response.create"')
        run.live.wire.append(wire(3, "response.done", note="[/] bold"))
        screen._look()
        await run.settle()
        assert '"note": "[/] bold"' in run.text
        await run.press("slash", *"updat", "escape", "up", "c")
        assert run.app.clipboard == wire(0, "session.update").detail
        await run.press("C")
        assert run.app.clipboard.count("session.update") == 4
        assert "response" not in run.app.clipboard
        await run.press("tab")
        assert isinstance(run.app.screen, NoticesScreen)


async def test_sound_that_goes_on_is_one_row(drive: Drive) -> None:
    async with drive() as run:
        run.live.wire = [WireEvent(4, 10.0, "sent", "input_audio_buffer.append  × 5", "5 events")]
        run.app.action_events()
        await run.settle()
        run.live.wire = [WireEvent(9, 10.0, "sent", "input_audio_buffer.append  × 10", "10 events")]
        run.app.screen._look()  # type: ignore[attr-defined]
        await run.settle()
        assert run.app.screen.query_one("#events", OptionList).option_count == 1
        assert "× 10" in run.text


# ---------------------------------------------------------------- the palette, the way out


async def test_the_palette_begins_with_what_is_done_often_and_ends_with_quit(drive: Drive) -> None:
    async with drive() as run:
        assert {RealtimeCommands} == RealtimeApp.COMMANDS
        hits = [hit async for hit in RealtimeCommands(run.main).discover()]
        titles = [str(hit.text) for hit in hits if isinstance(hit, DiscoveryHit)]
        assert titles[0] == "Open or close the microphone"
        assert titles[-1] == "Quit"
        assert titles.count("Quit") == 1


async def test_ctrl_c_asks_once_in_a_conversation(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.press("ctrl+c")
        assert "Ctrl+C again quits." in run.text
        run.seconds[0] += 10
        await run.press("ctrl+c")
        assert run.live.closed.is_set() is False
        run.seconds[0] += 1
        await run.press("ctrl+c")
        assert run.live.closed.is_set()


@pytest.mark.parametrize("is_over", [False, True])
async def test_ctrl_c_quits_where_nothing_goes_on(drive: Drive, is_over: bool) -> None:
    async with drive() as run:
        if is_over:
            run.live.put(user())
            run.live.tell(Ended("The line is gone.", 5))
            await run.settle()
        await run.press("ctrl+c")
        assert run.live.closed.is_set()
