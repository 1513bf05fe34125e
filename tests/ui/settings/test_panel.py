"""The settings panel: what it shows, what keys and mouse do in it, what it tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from textual.app import App
from textual.geometry import Region
from textual.widgets import Button, Input, TextArea

from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State, Status
from app.settings import SETTINGS, Loaded, Settings, Source
from app.ui.settings.marks import facts, is_in_effect, mark
from app.ui.settings.panel import (
    SectionHeading,
    SessionRenewalRequested,
    SettingChanged,
    SettingsClosed,
    SettingsPanel,
    SettingsSaveRequested,
)
from app.ui.settings.setting_row import SettingRow
from tests.ui.fakes import AGREED

LISTENING = Status(state=State.LISTENING, has_microphone=True, is_microphone_open=True, standings=AGREED)


class PanelApp(App[None]):
    """A panel beside something else, and what it tells; changes come back as from a conversation."""

    CSS_PATH = Path(__file__).parents[3] / "app.tcss"

    def __init__(self, status: Status, suggestions, width: int | None) -> None:
        super().__init__()
        self.loaded = Loaded(Settings(), {"speed": Source.FILE})
        self.status = status
        self.unsaved: set[str] = set()
        self.told: list[object] = []
        self.asked: list[str] = []
        self.panel = SettingsPanel(self.loaded, status, suggestions=suggestions)
        if width is not None:
            self.panel.styles.width = width

    def compose(self):
        yield Button("elsewhere")
        yield self.panel

    def on_setting_changed(self, message: SettingChanged) -> None:
        self.told.append((message.name, message.value))
        self.change(message.name, message.value)

    def on_settings_save_requested(self, message: SettingsSaveRequested) -> None:
        self.told.append("save")

    def on_session_renewal_requested(self, message: SessionRenewalRequested) -> None:
        self.asked.append("renew")

    def on_settings_closed(self, message: SettingsClosed) -> None:
        self.told.append("closed")

    def change(self, name: str, value: object) -> None:
        settings = msgspec.structs.replace(self.loaded.settings, **{name: value})
        self.loaded = replace(self.loaded, settings=settings)
        self.unsaved.add(name)
        self.show()

    def show(self) -> None:
        self.panel.show_settings(self.loaded, self.status, self.unsaved)

    def row(self, name: str) -> SettingRow:
        return next(row for row in self.panel.query(SettingRow) if row.setting.name == name)

    def line(self, name: str) -> str:
        """The row as it stands on the screen."""
        region = self.row(name).region
        strip = self.screen._compositor.render_strips()[region.y]
        return "".join(segment.text for segment in strip)[region.x : region.right]

    @property
    def help(self) -> str:
        return self.panel.help_area.text


def run(scenario, *, status=LISTENING, suggestions=None, size=(80, 40), width=None):
    async def whole():
        app = PanelApp(status, suggestions or {}, width)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.panel.focus_first()
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(whole())


def painted_text(line) -> str:
    """What a row shows in the cells that it has."""
    (strip,) = line.render_lines(Region(0, 0, line.size.width, 1))
    return strip.text


async def open_all(app, pilot):
    """Open every section, and wait until all of it has a place."""
    for heading in app.panel.query(SectionHeading):
        heading.action_ask("open")
    await pilot.pause()
    while any(not row.size.width for row in app.panel.query(SettingRow)):
        await pilot.pause()


async def at(app, pilot, name, *keys):
    """Put the focus on a row and press keys there."""
    app.row(name).control.focus()
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()


def test_there_is_a_row_for_every_setting_but_secrets():
    async def scenario(app, pilot):
        await open_all(app, pilot)
        shown = [row.setting.name for row in app.panel.query(SettingRow)]
        assert shown == [name for name, setting in SETTINGS.items() if not setting.about.is_secret]

    run(scenario)


def test_rows_of_a_closed_section_are_passed_over():
    async def scenario(app, pilot):
        await at(app, pilot, "mode", "up", "left", "down", "left")
        assert app.told == []
        await pilot.press("down", "up", "up")
        headings = app.panel.query(SectionHeading)
        assert app.focused is headings.first()

    run(scenario)


def test_only_what_is_open_is_made():
    async def scenario(app, pilot):
        assert {row.setting.about.section.value for row in app.panel.query(SettingRow)} == {"Turn taking", "Voice"}

    run(scenario)


KEYS = [
    ("mode", ["right"], [("mode", "push-to-talk")]),
    ("mode", ["enter"], [("mode", "push-to-talk")]),
    ("threshold", ["right", "right"], [("threshold", 0.55), ("threshold", 0.6)]),
    ("silence_ms", ["left"], [("silence_ms", 450)]),
    ("idle_timeout_ms", ["right"], [("idle_timeout_ms", 5000)]),
    ("create_response", ["enter"], [("create_response", False)]),
    ("mode", ["end"], []),
    ("mode", ["home"], []),
    ("threshold", ["pagedown"], []),
    ("threshold", ["pageup"], []),
    ("speed", ["shift+right"], [("speed", 1.5)]),
    ("voice", ["right"], [("voice", "alloy")]),
    ("voice", ["enter", "x", "enter"], [("voice", "marinx")]),
    ("voice", ["enter", "x", "escape"], []),
    ("voice", ["enter", "x", "down"], [("voice", "marinx")]),
    ("threshold", ["right", "d"], [("threshold", 0.55), ("threshold", 0.5)]),
    ("threshold", ["right", "backspace"], [("threshold", 0.55), ("threshold", 0.5)]),
    ("threshold", ["d"], []),
    ("threshold", ["ctrl+s"], ["save"]),
    ("threshold", ["escape"], ["closed"]),
    ("voice", ["enter", "escape", "escape"], ["closed"]),
    ("voice", ["enter", "x", "ctrl+s"], [("voice", "marinx"), "save"]),
    ("threshold", [*"0.82", "enter"], [("threshold", 0.82)]),
    ("threshold", [*"0.82", "escape"], []),
    ("threshold", [*"7", "enter"], []),
    ("threshold", [*"0.7", "down"], [("threshold", 0.7)]),
    ("threshold", [*"0.7", "ctrl+s"], [("threshold", 0.7), "save"]),
    ("silence_ms", [*"730", "enter"], [("silence_ms", 730)]),
    ("idle_timeout_ms", [*"6000", "enter"], [("idle_timeout_ms", 6000)]),
]


def test_keys_at_a_row():
    """All in one program, each from the defaults: a panel for each would take a minute."""

    async def scenario(app, pilot):
        told = []
        for name, keys, _ in KEYS:
            app.loaded, app.unsaved = Loaded(Settings()), set()
            app.show()
            app.told.clear()
            await at(app, pilot, name, *keys)
            told.append((name, keys, [_rounded(entry) for entry in app.told]))
        assert told == KEYS

    run(scenario, suggestions={"voice": ("alloy", "cedar")})


def _rounded(entry):
    return (entry[0], round(entry[1], 6)) if isinstance(entry, tuple) and isinstance(entry[1], float) else entry


def test_a_change_shows_until_it_is_confirmed_and_says_that_it_is_not_saved():
    async def scenario(app, pilot):
        assert "0.50 ✓" in app.line("threshold")
        app.status = replace(LISTENING, standings={**AGREED, "threshold": SettingStanding(Standing.WAITING)})
        await at(app, pilot, "threshold", "right")
        assert "0.55 …" in app.line("threshold")
        assert "changed, not saved" in app.help
        assert "1 not saved" in app.panel.header.text
        app.status, app.unsaved = LISTENING, set()
        app.show()
        await pilot.pause()
        assert "0.55 ✓" in app.line("threshold")
        assert "not saved" not in app.panel.header.text + app.help

    run(scenario)


def test_what_the_service_refuses_is_put_back_silently():
    async def scenario(app, pilot):
        await at(app, pilot, "threshold", "right")
        app.change("threshold", 0.5)
        await pilot.pause()
        assert "0.50" in app.line("threshold")
        assert app.told == [("threshold", 0.55)]

    run(scenario)


def test_showing_moves_no_focus_and_disturbs_no_typing():
    async def scenario(app, pilot):
        await at(app, pilot, "voice", "enter", "a", "b")
        editor = app.focused
        app.change("speed", 1.25)
        app.change("voice", "cedar")
        await pilot.pause()
        assert app.focused is editor
        assert isinstance(editor, Input)
        assert editor.value == "marinab"
        assert app.told == []
        app.query_one(Button).focus()
        await pilot.pause()
        app.change("speed", 1.0)
        await pilot.pause()
        assert app.focused is app.query_one(Button)

    run(scenario)


def test_a_wrong_text_costs_nothing_but_a_sentence():
    async def scenario(app, pilot):
        await open_all(app, pilot)
        await at(app, pilot, "language", "enter", *"[english]", "enter")
        assert app.told == []
        assert "language is '[english]', but it must be two letters such as en, several with" in app.help
        assert app.row("language").control.value == ""
        await at(app, pilot, "language", "enter", *"en", "enter")
        assert app.told == [("language", "en")]
        assert "must be" not in app.help

    run(scenario)


def test_long_texts_have_an_editor_of_many_lines():
    async def scenario(app, pilot):
        await at(app, pilot, "instructions", "enter")
        editor = app.focused
        assert isinstance(editor, TextArea)
        editor.text = "Speak\nlike a [bold]pirate[/]."
        await pilot.press("escape")
        await pilot.pause()
        assert app.told == [("instructions", "Speak\nlike a [bold]pirate[/].")]
        assert app.focused is app.row("instructions").control
        assert "Speak like a [bold" in app.line("instructions")
        assert app.row("instructions").region.height == 1

    run(scenario)


def test_another_voice_waits_for_a_new_session_once_the_first_was_heard():
    async def scenario(app, pilot):
        await at(app, pilot, "voice", "left")
        assert app.told == [("voice", "alloy")]
        app.panel.show_settings(
            replace(app.loaded, settings=msgspec.structs.replace(app.loaded.settings, voice="alloy")), app.status
        )
        await pilot.pause()
        assert "↻" in app.line("voice")
        assert "ctrl+n begins one" in app.help.replace("\n", " ")
        await pilot.press("ctrl+n")
        assert app.asked == ["renew"]

    run(scenario, status=replace(LISTENING, is_voice_fixed=True), suggestions={"voice": ("alloy", "marin")})


def test_what_waits_for_the_next_start_says_so():
    async def scenario(app, pilot):
        await open_all(app, pilot)
        await at(app, pilot, "echo_cancelling", "enter")
        assert "↻" in app.line("echo_cancelling")
        assert "takes effect with the next start" in app.help.replace("\n", " ")

    run(scenario)


def test_the_keyboard_reaches_every_row_and_heading():
    async def scenario(app, pilot):
        await open_all(app, pilot)
        app.panel.focus_first()
        seen = set()
        for _ in range(len(app.panel.query(".settings-stop"))):
            seen.add(app.focused)
            await pilot.press("down")
        assert seen == set(app.panel.query(".settings-stop"))
        await pilot.press("up")
        assert app.focused in seen

    run(scenario)


def test_a_section_opens_and_closes_by_keys_and_mouse():
    async def scenario(app, pilot):
        turns, _, sound, *_ = app.panel.query(SectionHeading)
        sound.focus()
        await pilot.press("right")
        await pilot.pause()
        assert app.row("mic").display
        await pilot.press("left")
        await pilot.pause()
        assert not app.row("mic").display
        await pilot.click(turns)
        await pilot.pause()
        assert turns.text.startswith("▸")
        assert not app.row("mode").display

    run(scenario)


def test_a_click_on_the_name_goes_to_the_row():
    async def scenario(app, pilot):
        await pilot.click(app.row("silence_ms"), offset=(4, 0))
        await pilot.pause()
        assert app.focused is app.row("silence_ms").control
        assert "So much silence" in app.help

    run(scenario)


def test_suggestions_may_come_later():
    async def scenario(app, pilot):
        app.panel.suggest("theme", ("nord", "gruvbox"))
        app.panel.suggest("voice", ("alloy", "marin"))
        await open_all(app, pilot)
        await at(app, pilot, "theme", "right")
        await at(app, pilot, "voice", "left")
        assert app.told == [("theme", "nord"), ("voice", "alloy")]

    run(scenario)


@pytest.mark.parametrize(("size", "width"), [((120, 32), 38), ((80, 24), None), ((40, 12), None), ((200, 60), None)])
def test_every_row_fits(size, width):
    async def scenario(app, pilot):
        await open_all(app, pilot)
        assert app.panel.region.right <= size[0]
        for row in app.panel.query(SettingRow):
            assert row.region.width <= app.panel.region.width
            assert row.region.height == 1
            text = row.control.text
            assert len(text) <= row.control.size.width, row.setting.name
            assert row.setting.about.title[:14] in painted_text(row._title)

    run(scenario, size=size, width=width)


def test_only_what_has_an_effect_waits_for_the_service():
    settings = Settings()
    status = replace(LISTENING, standings={**AGREED, "threshold": SettingStanding(Standing.WAITING)})
    assert mark(SETTINGS["threshold"], settings, status, set())[0][0] == "…"
    assert mark(SETTINGS["voice"], settings, status, set())[0][0] == "✓"
    assert mark(SETTINGS["eagerness"], settings, status, set()) == []
    assert mark(SETTINGS["theme"], settings, status, {"theme"}) == []
    assert mark(SETTINGS["service"], settings, status, {"service"})[0][0] == "↻"
    assert mark(SETTINGS["voice"], settings, replace(status, state=State.OFFLINE), set()) == []


@pytest.mark.parametrize(
    ("mode", "detection", "effective"),
    [
        ("hands-free", "server_vad", {"threshold", "silence_ms", "create_response", "voice"}),
        ("hands-free", "semantic_vad", {"eagerness", "create_response", "voice"}),
        ("push-to-talk", "server_vad", {"voice"}),
    ],
)
def test_which_settings_have_an_effect(mode, detection, effective):
    settings = Settings(mode=mode, detection=detection)
    names = ("threshold", "silence_ms", "eagerness", "create_response", "voice")
    assert {name for name in names if is_in_effect(name, settings)} == effective


@pytest.mark.parametrize(
    ("name", "unsaved", "text"),
    [
        ("threshold", set(), "✓ the service has it so. 0 to 1, at its default"),
        ("threshold", {"threshold"}, "✓ the service has it so. 0 to 1, default 0.5, changed, not saved"),
        ("speed", set(), "✓ the service has it so. 0.25 to 1.5 ×, default 1 ×, from: settings file"),
        ("eagerness", set(), "at its default"),
        ("greeting", set(), "at its default, takes effect with a new session"),
        ("echo_cancelling", {"echo_cancelling"}, "default on, changed, not saved, takes effect with the next start"),
    ],
)
def test_facts(name, unsaved, text):
    assert facts(SETTINGS[name], Loaded(Settings(), {"speed": Source.FILE}), unsaved, LISTENING) == text


@pytest.mark.parametrize(
    ("standing", "shown", "text"),
    [
        (SettingStanding(Standing.WAITING), "…", "… told to the service, not answered yet. at its default"),
        (SettingStanding(Standing.AGREED, "marin"), "✓", "✓ the service has it so. at its default"),
        (SettingStanding(Standing.DIFFERENT, "alloy"), "≠ alloy", "≠ the service has alloy. at its default"),
        (SettingStanding(Standing.LEFT), "·", "· left to the service, which does not say. at its default"),
        (SettingStanding(Standing.UNKNOWN), "?", "? the service does not say. at its default"),
        (
            SettingStanding(Standing.REFUSED, "alloy", "marin", "No."),
            "✗ alloy",
            "✗ the service refused it and has alloy: No. at its default",
        ),
        (
            SettingStanding(Standing.AGREED, "marin", "cedar", "No"),
            "✓",
            "✓ the service has it so; it refused cedar: No. at its default",
        ),
        (
            SettingStanding(Standing.LACKING),
            "–",
            "– this service, or its model, has no such setting, so it is not asked for. at its default",
        ),
    ],
)
def test_a_row_says_in_words_how_it_stands(standing, shown, text):
    status = replace(LISTENING, standings={**AGREED, "voice": standing})
    assert "".join(part for part, _ in mark(SETTINGS["voice"], Settings(), status, set())) == shown
    assert facts(SETTINGS["voice"], Loaded(Settings()), set(), status) == text


def test_what_the_service_has_stands_in_the_row_where_there_is_room():
    async def scenario(app, pilot):
        assert app.line("voice").rstrip().endswith("≠ alloy")

    status = replace(LISTENING, standings={**AGREED, "voice": SettingStanding(Standing.DIFFERENT, "alloy")})
    run(scenario, status=status, size=(120, 32), width=80)


def test_the_keys_that_go_to_the_ends_only_go():
    async def scenario(app, pilot):
        await at(app, pilot, "mode", "end")
        assert app.focused is app.panel.query(SectionHeading).last()
        await pilot.press("home")
        assert app.focused is app.panel.query(SectionHeading).first()
        await pilot.press("pagedown")
        assert app.focused is [stop for stop in app.screen.focus_chain if stop.has_class("settings-stop")][10]
        await pilot.press("pageup")
        assert app.focused is app.panel.query(SectionHeading).first()
        assert app.told == []

    run(scenario)


def test_a_number_that_cannot_be_costs_nothing_but_a_sentence():
    async def scenario(app, pilot):
        await at(app, pilot, "threshold", *"7")
        assert "enter keeps  esc puts back" in app.help
        await pilot.press("enter")
        await pilot.pause()
        assert "threshold is '7', but it must be a number from 0 to 1" in app.help
        assert "0.50" in app.line("threshold")

    run(scenario)


@pytest.mark.parametrize("size", [(80, 24), (110, 32), (40, 14)])
def test_the_editor_of_many_lines_is_in_view_with_the_cursor_after_the_text(size):
    async def scenario(app, pilot):
        await at(app, pilot, "instructions", "enter")
        await pilot.pause()
        editor = app.focused
        assert isinstance(editor, TextArea)
        assert editor.cursor_location == editor.document.end
        assert len(editor.text) <= editor.wrapped_document.height * editor.wrap_width
        rows = app.panel.query_one("SettingRows").region
        assert editor.region.intersection(rows).height >= min(7, rows.height - 1)
        painted = app.screen._compositor.render_strips()[editor.region.y : editor.region.bottom]
        assert "speak." in "".join(strip.text for strip in painted)

    run(scenario, size=size)


@pytest.mark.parametrize("size", [(80, 24), (110, 32), (40, 14)])
def test_a_section_that_is_opened_is_scrolled_into_view(size):
    async def scenario(app, pilot):
        for heading in app.panel.query(SectionHeading):
            heading.focus()
            await pilot.press("right")
            await pilot.pause()
            rows, section = app.panel.query_one("SettingRows").region, heading.parent.region
            assert rows.contains_region(heading.region), heading.text
            assert section.intersection(rows).height >= min(section.height, rows.height), heading.text

    run(scenario, size=size)


def test_no_title_is_cut_where_there_is_room():
    async def scenario(app, pilot):
        await open_all(app, pilot)
        for row in app.panel.query(SettingRow):
            assert row.setting.about.title in painted_text(row._title)

    run(scenario, size=(110, 32), width=54)


@pytest.mark.parametrize(("name", "text"), [("mic", "system default"), ("speaker", "system default")])
def test_no_device_is_the_systems(name, text):
    async def scenario(app, pilot):
        await open_all(app, pilot)
        assert text in app.row(name).control.text
        assert text in facts(SETTINGS[name], Loaded(Settings(), {name: Source.FILE}), set(), LISTENING)

    run(scenario)
