"""Every text on the screen can be read in every theme: contrast computed from the colours that the terminal gets."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot
from textual.selection import Selection
from textual.theme import BUILTIN_THEMES

from app.audio.capture import Levels
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State, Status
from app.conversation.transcript import Latency
from app.live.events import Listener
from app.settings import Folders, Loaded, Settings, Source
from app.ui.app import RealtimeApp
from app.ui.legibility import SIGN, TEXT, contrast, legible
from app.ui.screens.main_screen import MainScreen
from tests.ui.fakes import AGREED, FakeLive, assistant, program, session_of, user

THEMES = [name for name, theme in BUILTIN_THEMES.items() if not theme.ansi]
HARD = ["textual-dark", "textual-light", "atom-one-dark", "catppuccin-latte"]
"""The two that are known best, and two in which much was too faint."""
STATUS = Status(
    state=State.HEARING,
    has_microphone=True,
    is_microphone_open=True,
    model="gpt-realtime",
    answered_ms=420,
    median_answered_ms=510,
    standings={
        **AGREED,
        "threshold": SettingStanding(Standing.WAITING),
        "silence_ms": SettingStanding(Standing.DIFFERENT, 700),
        "voice": SettingStanding(Standing.REFUSED, "alloy", why="No such voice."),
    },
)
STORY = "The capital of France is Paris. About two million people live in the city itself, and many more around it."
DECORATION = set("─│╭╮╰╯▁▔▏▕▊▎▐▌━╸╺┌┐└┘├┤")
"""Lines and edges; what of them is a mark in a meter is tested by its look."""


def live(listener: Listener) -> FakeLive:
    """A conversation in which everything occurs that looks otherwise."""
    fake = FakeLive(listener, status=STATUS, levels=Levels(-23.0, -17.0, True, 0.82, -20.0))
    fake.put(user("What is the capital of France?", "u1", started_ms=1000, doubtful=((5, 12),)))
    cut = {"latency": Latency(380, 420), "received_ms": 11_000, "heard_ms": 3200, "is_interrupted": True}
    fake.put(assistant(STORY, "a1", started_ms=4000, **cut))
    fake.put(program("The line broke.", "r1"))
    fake.put(user("And in Tokyo?", "u2", is_spoken=False, started_ms=8000, note="Nobody answered."))
    fake.put(assistant("It is", "a2", started_ms=9000, is_final=False, ended_ms=None, heard_ms=None))
    fake.put(user("And in the whole region", "u3", is_final=False, started_ms=11_000))
    return fake


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealtimeApp:
    """The program with that conversation."""
    monkeypatch.chdir(tmp_path)
    folders = Folders(tmp_path / "settings.toml", tmp_path / "logs", tmp_path / "conversations")
    return RealtimeApp(live, Loaded(Settings(), {"mic": Source.DEFAULT}), folders, session_of=session_of)


def pieces(app: RealtimeApp) -> Iterator[tuple[str, Segment]]:
    """What is painted, of a dialog what is inside it: the rest is behind a veil."""
    dialogs = app.screen.query(".dialog, CommandInput, CommandList")
    region = Region.from_union([dialog.region for dialog in dialogs or [app.screen]])
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            if segment.text.strip() and "@mouse.down" not in segment.style.meta:  # no scrollbar
                yield segment.text.strip(), segment


def is_text(text: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNP" for character in text)


def too_faint(app: RealtimeApp) -> set[str]:
    """Texts below 4.5 and signs below 3."""
    found = set()
    for text, segment in pieces(app):
        style = segment.style
        assert style.color.triplet, text
        assert style.bgcolor.triplet, text
        fore, ground = Color(*style.color.triplet), Color(*style.bgcolor.triplet)
        if style.reverse:
            fore, ground = ground, fore
        least = TEXT if is_text(text) else SIGN
        if set(text) <= DECORATION | set(" ▀▄🔎"):
            continue
        if (reached := contrast(fore, ground)) < least - 0.005:
            found.add(f"{text!r} {reached:.2f}: {fore.hex} on {ground.hex}")
    return found


async def settle(pilot: Pilot[None]) -> None:
    await pilot.pause()
    main = pilot.app.screen_stack[0]
    assert isinstance(main, MainScreen)
    main.header.tick(1_790_000_060.0)
    main.sampling.sample()
    await pilot.pause()


async def in_themes(app: RealtimeApp, pilot: Pilot[None], themes: Iterable[str]) -> dict[str, set[str]]:
    """The themes in which something is too faint."""
    faint = {}
    for theme in themes:
        app.theme = theme
        await settle(pilot)
        if found := too_faint(app):
            faint[theme] = found
    return faint


async def test_what_is_written_is_read_in_every_theme(app: RealtimeApp) -> None:
    async with app.run_test(size=(150, 40)) as pilot:
        app.animation_level = "none"
        await settle(pilot)
        await pilot.press("s", "down", "down")
        text = "".join(text for text, _ in pieces(app))
        assert "interrupted after" in text
        assert "threshold" in text
        assert await in_themes(app, pilot, THEMES) == {}


@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        (("slash", *"the"), "/ the"),
        (("i", *"hello"), "hello"),
        (("f1",), "Talking"),
        (("e",), "Markdown"),
        (("E",), "Notices"),
        (("ctrl+p",), "🔎"),
    ],
)
async def test_so_it_is_beside_and_over_the_conversation(app: RealtimeApp, keys: tuple[str, ...], shows: str) -> None:
    async with app.run_test(size=(110, 32)) as pilot:
        app.animation_level = "none"
        await settle(pilot)
        await pilot.press(*keys)
        for _ in range(200):
            await pilot.pause()
            if shows in " ".join(text for text, _ in pieces(app)):
                break
        else:
            pytest.fail(f"{shows} is not shown")
        assert await in_themes(app, pilot, HARD) == {}


def characters(app: RealtimeApp) -> list[tuple[str, Style]]:
    """Of the transcript, one by one."""
    region = app.screen.pane.log_view.region
    strips = app.screen._compositor.render_strips()[region.y : region.bottom]
    return [
        (character, segment.style)
        for strip in strips
        for segment in strip.crop(region.x, region.right - 1)
        for character in segment.text
        if character != " "
    ]


async def test_of_selected_text_only_the_ground_is_another(app: RealtimeApp) -> None:
    async with app.run_test(size=(110, 32)) as pilot:
        log = app.screen.pane.log_view
        for theme in HARD:
            app.theme = theme
            app.screen.selections = {}
            await settle(pilot)
            before = characters(app)
            app.screen.selections = {log: Selection(None, None)}
            await settle(pilot)
            after = characters(app)
            assert too_faint(app) == set(), theme
            assert [(text, style.color) for text, style in after] == [(text, style.color) for text, style in before]
            grounds = {style.bgcolor for _, style in after} - {style.bgcolor for _, style in before}
            assert len(grounds) == 1


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_with_the_terminals_own_colours_selected_text_is_reversed(app: RealtimeApp, theme: str) -> None:
    async with app.run_test(size=(110, 32)) as pilot:
        app.theme = theme
        app.screen.selections = {app.screen.pane.log_view: Selection(None, None)}
        await settle(pilot)
        styles = [(text, segment.style) for text, segment in pieces(app) if segment.style.reverse]
        assert "capital of France" in "".join(text for text, _ in styles)
        assert not any(style.dim for _, style in styles)


def test_contrast_is_that_of_wcag() -> None:
    black, white = Color(0, 0, 0), Color(255, 255, 255)
    assert contrast(black, white) == contrast(white, black) == pytest.approx(21.0)
    assert contrast(white, white) == 1.0
    assert contrast(Color.parse("#777777"), white) == pytest.approx(4.48, abs=0.005)


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert legible(Color(0, 0, 0), [Color(255, 255, 255)]) == Color(0, 0, 0)


@pytest.mark.parametrize("ground", ["#000000", "#333333", "#777777", "#bbbbbb", "#ffffff", "#2040ff"])
def test_any_colour_becomes_legible_on_any_ground(ground: str) -> None:
    for colour in ("#000000", "#808080", "#ff0000", "#ffff00", "#ffffff"):
        assert contrast(legible(Color.parse(colour), [Color.parse(ground)]), Color.parse(ground)) >= TEXT
