"""Slider, choice and field: what the user's hands do, and what is told of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.app import App

from app.ui.settings.controls import Choice, Control, Field, Slider


class ControlApp(App[None]):
    CSS_PATH = Path(__file__).parents[3] / "app.tcss"

    def __init__(self, control: Control) -> None:
        super().__init__()
        self.control = control
        self.told: list[object] = []

    def compose(self):
        yield self.control

    def on_control_changed(self, message: Control.Changed) -> None:
        self.told.append(message.value)

    def on_control_refused(self) -> None:
        self.told.append("refused")

    def on_field_edit_requested(self) -> None:
        self.told.append("edit")


def run(control, scenario, width=30):
    async def whole():
        app = ControlApp(control)
        async with app.run_test(size=(width, 3)) as pilot:
            control.focus()
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(whole())


def after(control, *keys, width=30):
    """What was told after these keys."""
    told: list[object] = []

    async def scenario(app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        told.extend(app.told)

    run(control, scenario, width)
    return told


@pytest.mark.parametrize(
    ("value", "keys", "told"),
    [
        (0.5, ["right"], [0.55]),
        (0.5, ["left", "left"], [0.45, 0.4]),
        (0.57, ["right"], [0.6]),
        (0.57, ["left"], [0.55]),
        (0.98, ["right", "right"], [1.0]),
        (0.5, ["home", "end", "pageup", "pagedown"], []),
        (0.2, ["shift+right"], [0.7]),
        (0.2, ["shift+left"], [0.0]),
    ],
)
def test_a_slider_goes_in_steps_and_stays_within_its_ends(value, keys, told):
    assert after(Slider(value, step=0.05), *keys) == pytest.approx(told)


@pytest.mark.parametrize(
    ("value", "keys", "told"),
    [(1, ["right", "left"], [64, 1]), (4096, ["right"], []), (100, ["left"], [64]), (100, ["right"], [128])],
)
def test_between_odd_ends_a_slider_goes_by_multiples_of_its_step(value, keys, told):
    assert after(Slider(value, low=1, high=4096, step=64), *keys) == told


def test_whole_numbers_stay_whole():
    (value,) = after(Slider(500, low=100, high=10_000, step=50, unit="ms"), "right")
    assert value == 550
    assert isinstance(value, int)


@pytest.mark.parametrize(
    ("value", "keys", "told"),
    [
        (None, ["right"], [5000]),
        (None, ["left"], []),
        (5000, ["left", "left"], [None]),
        (6000, ["left", "left"], [5000, None]),
        (None, ["shift+right"], [14_000]),
    ],
)
def test_a_slider_can_have_a_place_for_no_number(value, keys, told):
    slider = Slider(value, low=5000, high=30_000, step=1000, unit="ms", none_text="never")
    assert after(slider, *keys) == told


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (30, "├──────────●──────────┤ 500 ms"),
        (12, "├─●─┤ 500 ms"),
        (11, "500 ms"),
        (3, "500 ms"),
    ],
)
def test_a_slider_shows_its_number_even_without_room_for_a_track(width, text):
    async def scenario(app, pilot):
        assert app.control.text == text

    run(Slider(500, low=0, high=999, step=1, unit="ms"), scenario, width)


def test_the_mouse_clicks_and_drags_the_knob():
    async def scenario(app, pilot):
        await pilot.mouse_down(Slider, offset=(0, 0))
        await pilot.hover(Slider, offset=(29, 0))
        await pilot.mouse_up(Slider, offset=(29, 0))
        await pilot.hover(Slider, offset=(4, 0))
        await pilot.pause()
        assert app.told == [0.0, 1.0]

    run(Slider(0.5), scenario)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([*"0.82", "enter"], ["0.82"]),
        (["full_stop", *"7", "enter"], [".7"]),
        ([*"0,3", "enter"], ["0.3"]),
        ([*"0.9", "escape"], []),
        ([*"0.99", "backspace", "backspace", *"1", "enter"], ["0.1"]),
        (["enter", "backspace", *"5", "enter"], ["0.55"]),
        (["enter", "enter"], []),
        ([*"0.9", "right"], [0.55]),
    ],
)
def test_a_digit_typed_on_a_slider_sets_it(keys, told):
    assert after(Slider(0.5, step=0.05), *keys) == told


def test_who_leaves_keeps_what_was_typed():
    async def scenario(app, pilot):
        await pilot.press(*"0.9")
        app.screen.set_focus(None)
        await pilot.pause()
        assert app.told == ["0.9"]

    run(Slider(0.5), scenario)


def test_what_is_typed_stands_where_the_number_was():
    async def scenario(app, pilot):
        await pilot.press(*"0.8")
        assert app.control.text.endswith("0.8▏")
        await pilot.press("escape")
        assert app.control.text.endswith(" 0.50")

    run(Slider(0.5, text_cells=8), scenario)


def test_small_numbers_have_most_of_a_scale_that_is_finer_there():
    async def scenario(app, pilot):
        knob = app.control.text.index("●")
        assert 7 < knob < 15
        for x in (knob + 1, 0, app.control.text.index("┤")):
            await pilot.mouse_down(Slider, offset=(x, 0))
            await pilot.mouse_up(Slider, offset=(x, 0))
        await pilot.pause()
        near, low, high = app.told
        assert 550 < near < 800
        assert near % 50 == 0
        assert (low, high) == (100, 10_000)

    slider = Slider(550, low=100, high=10_000, step=50, unit="ms", is_finer_when_small=True)
    run(slider, scenario, 40)


@pytest.mark.parametrize("control", [Slider(0.5), Choice("a", [("a", "a"), ("b", "b")]), Field("a")])
def test_what_is_shown_is_not_told(control):
    async def scenario(app, pilot):
        app.control.show(0.75 if isinstance(control, Slider) else "b")
        await pilot.pause()
        assert app.told == []
        assert app.control.value in (0.75, "b")

    run(control, scenario)


@pytest.mark.parametrize(
    ("value", "keys", "told"),
    [
        ("low", ["right", "enter", "right"], ["auto", "high", "low"]),
        ("low", ["left"], ["high"]),
        ("low", ["end", "home"], []),
        ("other", ["right"], ["low"]),
    ],
)
def test_a_choice_goes_round(value, keys, told):
    assert after(Choice(value, [(word, word) for word in ("low", "auto", "high")]), *keys) == told


def test_a_choice_means_values_and_shows_words():
    async def scenario(app, pilot):
        assert app.control.text == "‹ off ›"
        await pilot.press("enter")
        assert app.control.text == "‹ on ›"
        await pilot.click(Choice, offset=(0, 0))
        await pilot.click(Choice, offset=(3, 0))
        await pilot.pause()
        assert app.told == [True, False, True]

    run(Choice(False, [("off", False), ("on", True)]), scenario)


@pytest.mark.parametrize(
    ("suggestions", "keys", "told"),
    [
        ((), ["right", "left", "enter"], ["edit"]),
        (("alloy", "marin"), ["right", "right"], ["marin", "alloy"]),
        (("cedar", "marin"), ["left"], ["cedar"]),
    ],
)
def test_a_field_is_edited_or_goes_through_suggestions(suggestions, keys, told):
    value = "alloy" if "alloy" in suggestions else "mine"
    assert after(Field(value, suggestions=suggestions), *keys) == told


def test_a_field_shows_one_line_whatever_is_in_it():
    async def scenario(app, pilot):
        assert app.control.text == "  [b]Be kind.[/b] Say no mo… ⏎"
        app.control.show("")
        assert app.control.text.strip() == "none ⏎"

    run(Field("[b]Be kind.[/b]\nSay no more than is needed, and 語語語語", empty_text="none"), scenario)
