"""The strip: what it says, what leaves it when it gets narrow, what the mouse does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.app import App

from app.audio.capture import Levels
from app.conversation.session import Detection, Mode, SessionSettings
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State, Status
from app.ui.keys.situation import Situation
from app.ui.meters.lamp import Lamp, TalkPressed, TalkReleased
from app.ui.meters.level_meter import ThresholdChanged, VoiceMeter
from app.ui.meters.talk_strip import TalkStrip, plan
from tests.ui.fakes import AGREED

LISTENING = Status(state=State.LISTENING, has_microphone=True, is_microphone_open=True, standings=AGREED)


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class StripApp(App[None]):
    CSS_PATH = Path(__file__).parents[3] / "app.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.strip = TalkStrip(clock=self.clock)
        self.heard: list[object] = []

    def compose(self):
        yield self.strip

    def on_talk_pressed(self, message: TalkPressed) -> None:
        self.heard.append("pressed")

    def on_talk_released(self, message: TalkReleased) -> None:
        self.heard.append("released")

    def on_threshold_changed(self, message: ThresholdChanged) -> None:
        self.heard.append(message.value)

    def row(self) -> str:
        """The first row of the screen, as the terminal gets it."""
        return "".join(segment.text for segment in self.screen._compositor.render_strips()[0])


def run(scenario, width=110):
    """The scenario with the app and its pilot on a screen of this width."""

    async def whole():
        app = StripApp()
        async with app.run_test(size=(width, 5)) as pilot:
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("status", "levels", "parts"),
    [
        (
            LISTENING,
            Levels(-48, -40, False, 0.04),
            ["● LISTENING ", "Space mute", "level -48 dBFS", "voice  0.04", "✓"],
        ),
        (replace(LISTENING, state=State.HEARING), Levels(-23, -12, False, 0.82), ["● HEARING YOU ", "speech 0.82"]),
        (replace(LISTENING, state=State.SPEAKING), Levels(-9, 0, True), ["● SPEAKING ", "clip   -9 dBFS"]),
        (
            replace(LISTENING, state=State.THINKING, is_response_active=True),
            Levels(),
            ["● THINKING ", "-∞ dBFS"],
        ),
        (Status(state=State.MUTED, has_microphone=True), Levels(), ["◌ MUTED ", "Space unmute"]),
        (Status(state=State.READY), Levels(), ["◌ READY ", "no microphone"]),
        (Status(state=State.OFFLINE, has_microphone=True), Levels(), ["◌ OFFLINE "]),
        (Status(state=State.CONNECTING, has_microphone=True), Levels(), ["CONNECTING "]),
        (replace(LISTENING, standings={"threshold": SettingStanding(Standing.WAITING)}), Levels(), ["…"]),
    ],
)
def test_it_says(status, levels, parts):
    async def scenario(app, pilot):
        app.strip.show(Situation(status))
        app.strip.show_levels(levels)
        await pilot.pause()
        for part in parts:
            assert part in app.row()

    run(scenario)


def test_push_to_talk_says_what_the_keys_do():
    async def scenario(app, pilot):
        app.strip.show_keys("F9", "Esc")
        settings = SessionSettings(mode=Mode.PUSH_TO_TALK)
        app.strip.show(Situation(Status(State.READY, settings, has_microphone=True)))
        await pilot.pause()
        assert "◌ READY             F9 talk  " in app.row()
        app.clock.now += 1
        app.strip.show(
            Situation(Status(State.LISTENING, settings, standings=AGREED, has_microphone=True, is_microphone_open=True))
        )
        await pilot.pause()
        assert "● LISTENING 0 s     F9 send  " in app.row()

    run(scenario)


@pytest.mark.parametrize(
    "settings", [SessionSettings(mode=Mode.PUSH_TO_TALK), SessionSettings(detection=Detection.SEMANTIC_VAD)]
)
def test_no_acknowledgement_where_the_service_does_not_go_by_the_threshold(settings):
    async def scenario(app, pilot):
        app.strip.show(
            Situation(replace(LISTENING, settings=settings, standings={"threshold": SettingStanding(Standing.WAITING)}))
        )
        await pilot.pause()
        assert "✓" not in app.row()
        assert "…" not in app.row()

    run(scenario)


def test_the_threshold_is_where_the_probability_would_have_to_be():
    async def scenario(app, pilot):
        app.strip.show(Situation(replace(LISTENING, settings=SessionSettings(threshold=0.3))))
        app.strip.show_levels(Levels(voice=0.29))
        assert not app.strip.voice.is_speech
        assert ("speech", "accent") not in app.strip.voice.runs
        app.strip.show_levels(Levels(voice=0.3))
        assert app.strip.voice.is_speech
        assert ("speech", "accent") in app.strip.voice.runs

    run(scenario)


def test_a_word_is_held_the_lamp_is_not():
    async def scenario(app, pilot):
        app.clock.now += 1
        app.strip.show(Situation(LISTENING))
        app.strip.show(Situation(replace(LISTENING, state=State.THINKING, is_microphone_open=False)))
        assert app.strip.lamp.word == "LISTENING"
        assert app.strip.lamp.text.startswith(" ◌ ")
        app.clock.now += 0.3
        app.strip.show(Situation(replace(LISTENING, state=State.THINKING)))
        assert app.strip.lamp.word == "THINKING"

    run(scenario)


def test_a_turn_is_counted_in_seconds():
    async def scenario(app, pilot):
        app.clock.now += 1
        taking = Status(State.LISTENING, SessionSettings(mode=Mode.PUSH_TO_TALK), is_microphone_open=True)
        app.strip.show(Situation(taking))
        app.clock.now += 7
        app.strip.lamp.draw()
        assert app.strip.lamp.text.startswith(" ● LISTENING 7 s")
        app.strip.show(Situation(replace(taking, state=State.THINKING, is_microphone_open=False)))
        assert app.strip.lamp.text.startswith(" ◌ THINKING")
        assert " s" not in app.strip.lamp.text

    run(scenario)


def test_what_waits_comes_by_itself():
    async def scenario(app, pilot):
        app.strip.show(Situation(LISTENING))
        app.strip.show(Situation(replace(LISTENING, state=State.HEARING)))
        assert app.strip.lamp.word == "LISTENING"
        app.clock.now += 1
        async with asyncio.timeout(10):
            while app.strip.lamp.word != "HEARING YOU":
                await pilot.pause(0.05)

    run(scenario)


def test_an_interruption_is_seen_at_once():
    async def scenario(app, pilot):
        app.strip.show(Situation(replace(LISTENING, state=State.SPEAKING)))
        app.strip.flash_heard()
        assert app.strip.lamp.word == "HEARD"
        app.clock.now += 0.5
        app.strip.show(Situation(replace(LISTENING, state=State.HEARING)))
        assert app.strip.lamp.word == "HEARING YOU"

    run(scenario)


def test_the_same_levels_again_paint_nothing():
    async def scenario(app, pilot):
        app.strip.show(Situation(LISTENING))
        app.strip.show_levels(Levels(-20, -10, False, 0.5))
        before = app.strip.level.runs
        app.strip.show_levels(Levels(-20.001, -10.001, False, 0.5))
        assert app.strip.level.runs is before

    run(scenario)


@given(st.integers(20, 300))
def test_the_parts_never_need_more_than_there_is(width):
    shape = plan(width, 26, 15)
    used = 26
    used += (8 + shape.level_bar + 9 * shape.with_level_number) if shape.level_bar else 0
    used += (11 + shape.voice_bar + 5 * shape.with_voice_number) if shape.voice_bar else 0
    used += (6 + shape.output_bar + 6 * shape.with_output_number) if shape.output_bar else 0
    assert used <= max(26, width)


@given(st.integers(20, 299))
def test_a_wider_strip_never_loses_a_part(width):
    def parts(shape):
        numbers = shape.with_level_number, shape.with_voice_number
        return bool(shape.level_bar), bool(shape.voice_bar), *numbers, bool(shape.output_bar), shape.with_output_number

    narrow, wide = parts(plan(width, 26, 15)), parts(plan(width + 1, 26, 15))
    assert all(not had or has for had, has in zip(narrow, wide, strict=True))


@pytest.mark.parametrize(
    ("width", "there", "gone"),
    [
        (40, ["● SPEAKING  Space mute  Esc interrupt"], ["level", "voice", "out"]),
        (56, ["● SPEAKING     Space mute    Esc interrupt"], ["level", "voice", "out"]),
        (57, ["● SPEAKING     Space mute", "level"], ["Esc", "dBFS", "voice", "out"]),
        (61, ["level", "voice"], ["dBFS", "0.10", "out"]),
        (70, ["level -20 dBFS", "voice"], ["0.10", "out"]),
        (80, ["-20 dBFS", "voice  0.10"], ["out"]),
        (88, ["-20 dBFS", "voice  0.10", "out █"], ["100 %"]),
        (110, ["-20 dBFS", "voice  0.10", "out 100 % █"], []),
        (200, ["-20 dBFS", "voice  0.10", "out 100 % █"], []),
    ],
)
def test_what_leaves_it_when_it_gets_narrow(width, there, gone):
    async def scenario(app, pilot):
        app.strip.show(Situation(replace(LISTENING, state=State.SPEAKING)))
        app.strip.show_levels(Levels(-20, -10, False, 0.1, -10))
        await pilot.pause()
        row = app.row()
        assert len(row) == width
        assert [part for part in there if part not in row] == []
        assert [part for part in gone if part in row] == []

    run(scenario, width)


def test_the_mouse_holds_the_lamp_and_may_be_let_go_elsewhere():
    async def scenario(app, pilot):
        await pilot.mouse_down(Lamp, offset=(3, 0))
        await pilot.pause()
        assert app.heard == ["pressed"]
        await pilot.mouse_up(VoiceMeter, offset=(20, 0))
        await pilot.pause()
        assert app.heard == ["pressed", "released"]

    run(scenario)


def test_a_mouse_taken_away_ends_the_hold():
    async def scenario(app, pilot):
        await pilot.mouse_down(Lamp, offset=(3, 0))
        app.capture_mouse(None)
        await pilot.pause()
        assert app.heard == ["pressed", "released"]

    run(scenario)


def test_the_threshold_is_clicked_dragged_and_wheeled():
    async def scenario(app, pilot):
        voice = app.strip.voice
        last = voice.size.width - 3
        await pilot.mouse_down(voice, offset=(voice.bar_start, 0))
        await pilot.hover(voice, offset=(last, 0))
        await pilot.mouse_up(voice, offset=(last, 0))
        await pilot.hover(voice, offset=(voice.bar_start, 0))
        await pilot.pause()
        assert app.heard == [0.0, 1.0]
        voice.on_mouse_scroll_down(_wheel(voice))
        await pilot.pause()
        assert app.heard == [0.0, 1.0, 0.99]
        assert "┃" in voice.text

    run(scenario)


def test_the_label_is_no_place_to_drop_the_threshold():
    async def scenario(app, pilot):
        await pilot.click(VoiceMeter, offset=(3, 0))
        await pilot.pause()
        assert app.heard == []

    run(scenario)


def _wheel(widget):
    from textual.events import MouseScrollDown

    return MouseScrollDown(widget, 0, 0, 0, 0, 0, False, False, False)


def test_resizing_while_everything_moves():
    async def scenario(app, pilot):
        for width in (200, 40, 77, 12, 110, 1, 64):
            await pilot.resize_terminal(width, 3)
            app.strip.show(Situation(replace(LISTENING, state=State.HEARING)))
            app.strip.show_levels(Levels(-width, -10, True, 0.9, -5))
            await pilot.pause()
            assert len(app.row()) == width

    run(scenario)


def test_the_threshold_is_told_in_figures_where_there_is_room():
    async def scenario(app, pilot):
        app.strip.show(Situation(LISTENING))
        app.strip.show_levels(Levels(voice=0.82))
        await pilot.pause()
        assert "speech 0.82 ┃ 0.50 " in app.row()
        app.strip.show(Situation(replace(LISTENING, settings=SessionSettings(threshold=0.55))))
        await pilot.pause()
        assert "speech 0.82 ┃ 0.55 " in app.row()

    run(scenario, 140)


@pytest.mark.parametrize("by", ["key", "wheel", "drag"])
def test_where_there_is_none_it_is_told_for_a_moment_when_it_moves(by):
    async def scenario(app, pilot):
        voice = app.strip.voice
        app.strip.show(Situation(LISTENING))
        await pilot.pause()
        assert "┃ 0.50" not in app.row()
        if by == "key":
            app.strip.show(Situation(replace(LISTENING, settings=SessionSettings(threshold=0.55))))
        elif by == "wheel":
            voice.on_mouse_scroll_up(_wheel(voice))
        else:
            await pilot.mouse_down(voice, offset=(voice.bar_start, 0))
        await pilot.pause()
        assert f"┃ {voice.threshold:.2f} " in app.row()
        voice._end_telling()
        await pilot.pause()
        assert f"┃ {voice.threshold:.2f} " not in app.row()

    run(scenario, 66)
