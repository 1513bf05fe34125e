"""Rows painted past Textual's cache of styles look as they would with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.strip import Strip

from app.ui.painting import LOOKS, PaintedRow, StyledLine, Surface


class Looks(Vertical):
    COMPONENT_CLASSES = LOOKS


class Counted(PaintedRow):
    """Counts how often its row is made."""

    made = 0

    def row(self, surface: Surface) -> Strip:
        self.made += 1
        return Strip([Segment("counted", surface.style)]).adjust_cell_length(self.size.width, surface.style)


class Rows(App[None]):
    CSS_PATH = Path(__file__).parents[2] / "app.tcss"
    CSS = "Counted { height: 1; } Looks { height: 6; }"

    def compose(self) -> ComposeResult:
        with Looks():
            yield StyledLine(id="first")
            yield Counted()
            yield StyledLine(id="last")

    def on_mount(self) -> None:
        for line in self.query(StyledLine):
            line.paint([("dim", "dim"), (" and plain", "plain")])

    def painted(self, y: int = 0) -> list[Segment]:
        """A row of the screen as the terminal gets it, but for the blanks at its end."""
        return [segment for segment in self.screen._compositor.render_strips()[y] if segment.text.strip()]


async def test_what_lies_between_two_changes_is_not_made_again() -> None:
    async with Rows().run_test() as pilot:
        await pilot.pause()
        made = pilot.app.query_one(Counted).made
        for line in pilot.app.query(StyledLine):
            line.paint([("other", "plain")])
        await pilot.pause()
        assert pilot.app.painted(0)[0].text == "other"
        assert pilot.app.painted(2)[0].text == "other"
        assert pilot.app.query_one(Counted).made == made


async def test_another_theme_is_another_look() -> None:
    async with Rows().run_test() as pilot:
        await pilot.pause()
        dark = pilot.app.painted()
        pilot.app.theme = "textual-light"
        await pilot.pause()
        light = pilot.app.painted()
        assert [segment.text for segment in light] == [segment.text for segment in dark]
        for before, after in zip(dark, light, strict=True):
            assert before.style.color != after.style.color
            assert before.style.bgcolor != after.style.bgcolor
        pilot.app.query_one("#first", StyledLine).paint([("dim", "dim"), (" and plain", "plain"), ("!", "accent")])
        await pilot.pause()
        assert pilot.app.painted()[:2] == light


async def test_another_ground_around_a_row_is_its_ground() -> None:
    async with Rows().run_test() as pilot:
        await pilot.pause()
        pilot.app.query_one(Looks).styles.background = "#102030"
        await pilot.pause()
        assert {segment.style.bgcolor.name for segment in pilot.app.painted()} == {"#102030"}


async def test_another_width_is_filled() -> None:
    async with Rows().run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert pilot.app.screen._compositor.render_strips()[0].cell_length == 60


@pytest.mark.parametrize(("rule", "value"), [("border", ("round", "red")), ("padding", (0, 2)), ("opacity", 0.5)])
async def test_borders_padding_and_opacity_are_textuals(rule: str, value: object) -> None:
    async with Rows().run_test() as pilot:
        line = pilot.app.query_one("#first", StyledLine)
        line.styles.height = 3
        await pilot.pause()
        plain = pilot.app.screen._compositor.render_strips()[:3]
        setattr(line.styles, rule, value)
        await pilot.pause()
        assert pilot.app.screen._compositor.render_strips()[:3] != plain
        setattr(line.styles, rule, None)
        await pilot.pause()
        assert pilot.app.screen._compositor.render_strips()[:3] == plain


async def test_no_colour_is_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Rows().run_test() as pilot:
        await pilot.pause()
        for segment in pilot.app.painted():
            red, green, blue = segment.style.color.triplet
            assert red == green == blue
