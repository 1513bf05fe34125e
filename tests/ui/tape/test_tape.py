"""The tape on the screen: what it costs, where there is room for it, and the way to a turn."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.audio.capture import Levels
from app.conversation.status import State
from app.conversation.transcript import Entry, Latency
from app.live.events import HeardSoFar
from app.ui.tape.tape import Tape
from app.ui.tape.timeline import KEPT_TURNS
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import assistant, user

STARTED_AT = 1_790_000_000.0
"""A minute before the time that the driven screen is told."""

LONG = "One two three four five six seven eight nine ten eleven twelve."
SPEECH = Levels(input_dbfs=-20.0, voice=0.9)


def turns(count: int) -> list[Entry]:
    asked = [user(f"Question {n}?", f"u{n}", started_ms=3000 * n, ended_ms=3000 * n + 900) for n in range(count)]
    answered = [
        assistant(LONG * 3, f"a{n}", started_ms=3000 * n + 1500, ended_ms=3000 * n + 2500,
                  latency=Latency(first_sound_ms=600)) for n in range(count)
    ]  # fmt: skip
    return [entry for pair in zip(asked, answered, strict=True) for entry in pair]


async def talked(run: Driven, *entries: Entry) -> Tape:
    run.main.sampling.timer.pause()
    for entry in entries:
        run.live.put(entry)
    await run.settle()
    run.main.sampling.sample()
    await run.settle()
    return run.main.tape


def tape_rows(run: Driven) -> list[str]:
    region = run.main.tape.region
    return run.text.split("\n")[region.y : region.bottom]


@pytest.mark.parametrize(("size", "rows"), [((200, 50), 3), ((110, 32), 3), ((80, 24), 2), ((60, 18), 2), ((40, 12), 0),
                                            ((40, 30), 0)])  # fmt: skip
async def test_it_stands_where_there_is_room(drive: Drive, size: tuple[int, int], rows: int) -> None:
    async with drive(size=size, levels=SPEECH, started_at=STARTED_AT) as run:
        await talked(run, *turns(19))
        assert run.main.tape.region.height == rows
        if rows:
            assert tape_rows(run)[0].startswith(" you")
            assert tape_rows(run)[0].endswith(("▅", "▆"))  # speech, now
            assert "▁" in tape_rows(run)[1]
        if rows == 3:
            assert tape_rows(run)[2].endswith("now ▲")


async def test_a_click_goes_to_the_turn(drive: Drive) -> None:
    async with drive(started_at=STARTED_AT) as run:
        tape = await talked(run, *turns(19))
        assert "Question 18?" in run.text
        await run.pilot.click(Tape, offset=(9, 0))
        await run.settle()
        assert "Question 0?" in run.text
        assert "Question 18?" not in run.text
        await run.pilot.click(Tape, offset=(tape.size.width - 3, 1))
        await run.settle()
        assert run.main.pane.log_view.is_following


async def test_the_arrow_keys_go_from_turn_to_turn(drive: Drive) -> None:
    async with drive(started_at=STARTED_AT) as run:
        tape = await talked(run, *turns(19))
        tape.focus()
        await run.press("left")
        assert "▲ " in tape_rows(run)[2]
        assert "assistant" in tape_rows(run)[2]
        await run.press("left")
        assert "you" in tape_rows(run)[2]
        await run.press(*["left"] * 40)
        assert "Question 0?" in run.text
        await run.press("right", "right")
        assert run.seen(Tape.TurnChosen)[-1].item_id == "u1"
        run.main.pane.focus_log()
        await run.settle()
        assert "you" not in tape_rows(run)[2]


async def test_without_a_turn_the_arrow_keys_do_nothing(drive: Drive) -> None:
    async with drive(started_at=STARTED_AT) as run:
        (await talked(run)).focus()
        await run.press("left", "right")
        assert not run.seen(Tape.TurnChosen)


async def test_nothing_is_painted_while_nothing_moves(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    async with drive(started_at=STARTED_AT) as run:
        tape = await talked(run)
        painted: list[Any] = []
        refresh = Tape.__mro__[1].refresh
        monkeypatch.setattr(Tape.__mro__[1], "refresh", lambda *what, **how: painted.append(what) or refresh(*what))
        for second in range(60, 260):
            tape.sample(1000 * second, Levels(input_dbfs=-55.0, voice=0.1), None)
        assert not painted
        tape.sample(260_050, SPEECH, None)
        assert [region.width for _, region in painted] == [1]  # the newest column alone
        painted.clear()
        tape.sample(260_100, SPEECH, None)  # as loud as before
        assert not painted


async def test_ten_thousand_turns_at_once_are_one_picture(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    async with drive(started_at=STARTED_AT) as run:
        tape = await talked(run)
        pictures: list[int] = []
        draw = tape._picture
        monkeypatch.setattr(tape, "_picture", lambda: pictures.append(1) or draw())
        for number in range(10_000):
            tape.put(user(item_id=f"u{number}", started_ms=50_000, ended_ms=51_000))
        assert not pictures
        tape.sample(60_000, Levels(), None)
        assert len(pictures) == 1
        assert len(draw().turns) <= KEPT_TURNS


async def test_an_answer_begins_where_it_is_heard(drive: Drive) -> None:
    async with drive(started_at=STARTED_AT) as run:
        entry = assistant(LONG, started_ms=50_000, is_final=False, heard_ms=None, ended_ms=None)
        await talked(run, entry)
        assert "▁" not in tape_rows(run)[1]
        run.live.heard_so_far = HeardSoFar("a1", 400)
        run.main.sampling.sample()
        await run.settle()
        assert "▁▁▁▁▁" in tape_rows(run)[1]


async def test_a_lost_line_is_seen(drive: Drive) -> None:
    async with drive(started_at=STARTED_AT) as run:
        tape = await talked(run)
        run.live.now(state=State.RECONNECTING)
        await run.settle()
        tape.sample(75_000, Levels(), None)
        await run.settle()
        assert "╌╌╌╌" in tape_rows(run)[0]
        assert "line lost" in tape_rows(run)[2]


async def test_without_colours_everything_is_still_told_apart(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with drive(started_at=STARTED_AT) as run:
        cut = assistant(LONG, started_ms=40_000, ended_ms=44_000, received_ms=9_000, heard_ms=4_000)
        cut = replace(cut, is_interrupted=True, latency=Latency(first_sound_ms=900))
        await talked(run, cut)
        you, sounded, marks = tape_rows(run)
        assert "╳" in you
        assert "0.9 s├┤▁▁▁▁▁▁▁▁░░░░░░░░" in sounded
        assert "stopped 4.0 s" in marks


async def test_another_theme_and_another_size_repaint_it(drive: Drive) -> None:
    async with drive(started_at=STARTED_AT) as run:
        tape = await talked(run, *turns(19))
        run.app.theme = "textual-light"
        await run.settle()
        light = tape.render_line(1)
        run.app.theme = "textual-dark"
        await run.settle()
        assert tape.render_line(1) != light
        await run.pilot.resize_terminal(60, 18)
        await run.settle()
        assert len(tape_rows(run)) == 2
        assert all(len(row) <= 60 for row in tape_rows(run))


def looks_of(run: Driven, words: str) -> set[Any]:
    """The styles in which the letters of these words stand."""
    for row in run.app.screen._compositor.render_strips():
        text = "".join(segment.text for segment in row)
        if words in text:
            start, at, looks = text.index(words), 0, set()
            for segment in row:
                if at < start + len(words) and at + len(segment.text) > start:
                    looks.add((segment.style.color, segment.style.underline))
                at += len(segment.text)
            return looks
    raise AssertionError(f"no {words!r} on the screen")


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}])
async def test_words_brighten_as_they_are_heard(
    drive: Drive, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    async with drive(started_at=STARTED_AT) as run:
        entry = assistant(LONG, started_ms=50_000, is_final=False, heard_ms=None, ended_ms=None, received_ms=12_000)
        await talked(run, entry)
        waits = looks_of(run, LONG)
        assert len(waits) == 1
        run.live.heard_so_far = HeardSoFar("a1", 6_000)
        run.main.sampling.sample()
        await run.settle()
        assert looks_of(run, "eight nine ten") == waits
        bright = looks_of(run, "One two three")
        assert bright != waits
        if environ:
            assert {underline for _, underline in bright} != {underline for _, underline in waits}
        run.live.put(assistant(LONG, started_ms=50_000, ended_ms=58_000, received_ms=12_000, heard_ms=12_000))
        await run.settle()
        assert looks_of(run, LONG) == bright


def contrast(style: Any) -> float:
    """Of text and ground, as WCAG 2 computes it."""

    def luminance(colour: Any) -> float:
        parts = (part / 255 for part in colour.triplet)
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(style.color), luminance(style.bgcolor)))
    return (light + 0.05) / (dark + 0.05)


async def test_every_theme_lets_it_be_read(drive: Drive) -> None:
    async with drive() as run:
        log, tape = run.main.pane.log_view, run.main.tape
        for theme in sorted(name for name in run.app.available_themes if "ansi" not in name):
            run.app.theme = theme
            await run.settle()
            heard = contrast(log.get_component_rich_style("transcript--words"))
            waits = contrast(log.get_component_rich_style("transcript--waiting"))
            assert waits >= 4.5, theme
            assert heard >= 1.5 * waits, theme
            texts, shapes = ("label", "wait", "cut", "near"), ("you", "assistant", "unheard")
            assert all(contrast(tape.get_component_rich_style(f"tape--{kind}")) >= 4.5 for kind in texts), theme
            assert all(contrast(tape.get_component_rich_style(f"tape--{kind}")) >= 3 for kind in shapes), theme
