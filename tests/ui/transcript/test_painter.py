"""What Textual is told to paint anew is all that looks otherwise, and nearly nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Offset, Region
from textual.pilot import Pilot
from textual.selection import Selection
from textual.strip import Strip

from app.conversation.transcript import Entry, Party
from app.ui.transcript.layout import Look, Row, StyledText, plain
from app.ui.transcript.log import TranscriptLog
from app.ui.transcript.painter import changed_cells
from tests.ui.conftest import Drive
from tests.ui.fakes import assistant

pieces = st.builds(StyledText, st.text("ab 東e\u0301", max_size=6), st.sampled_from([Look.WORDS, Look.MATCH]))
rows = st.lists(pieces, max_size=4).map(tuple)


Cell: TypeAlias = tuple[str, object]


def cells(runs: Iterable[tuple[str, object]]) -> list[Cell]:
    """Each cell's characters and look."""
    found: list[Cell] = []
    for text, look in runs:
        for character in text:
            if cell_len(character):
                found += [(character, look)] + [("", look)] * (cell_len(character) - 1)
            elif found:
                found[-1] = found[-1][0] + character, found[-1][1]
    return found


def row_cells(row: Row, width: int) -> list[Cell]:
    """A row's cells, and blanks behind its end."""
    found = cells((piece.text, piece.look) for piece in row)
    return found + [(" ", None)] * (width - len(found))


@given(rows, rows)
def test_painted_from_there_to_there_a_row_is_the_other(old: Row, new: Row) -> None:
    start, end = changed_cells(old, new)
    width = max(cell_len(plain(old)), cell_len(plain(new)), end)
    before, after = row_cells(old, width), row_cells(new, width)
    assert before[:start] == after[:start]
    assert before[end:] == after[end:]
    assert start < end


@pytest.mark.parametrize(
    ("old", "new", "painted"),
    [
        ("It is", "It is noon", (3, 10)),
        ("It is no", "It is noon", (6, 10)),
        ("It is ", "It is noon", (6, 10)),
        ("", "It", (0, 2)),
        ("東京 は", "東京 はい", (5, 9)),
    ],
)
def test_only_the_words_that_are_new_are_painted(old: str, new: str, painted: tuple[int, int]) -> None:
    assert changed_cells((StyledText(old, Look.WORDS),), (StyledText(new, Look.WORDS),)) == painted


class Watched(TranscriptLog):
    """Keeps what a terminal would show: only what was asked to be painted is taken over."""

    def __init__(self) -> None:
        self.asked: list[Region] = []
        self.shown: list[list[Cell]] = []
        super().__init__(lambda ms: f"{ms:08}")

    def refresh(self, *regions: Region, **how: bool) -> Watched:
        self.asked += regions or [Region(0, 0, 1000, 1000)]
        return super().refresh(*regions, **how)

    def look(self) -> int:
        """Paint what was asked for; how many cells that was. Afterwards everything must look as it should."""
        wanted = [strip_cells(strip) for strip in self.render_lines(self.size.region)]
        self.shown = self.shown if len(self.shown) == len(wanted) else [[] for _ in wanted]
        count = 0
        for region in self.asked:
            for y in range(region.y, min(region.bottom, len(wanted))):
                columns = slice(region.x, min(region.right, len(wanted[y])))
                self.shown[y] = self.shown[y] or [("", None)] * len(wanted[y])
                self.shown[y][columns] = wanted[y][columns]
                count += columns.stop - columns.start
        self.asked.clear()
        assert self.shown == wanted
        return count


def strip_cells(strip: Strip) -> list[Cell]:
    """A painted row's cells."""
    seen = [(text, style) for text, style, _ in strip if style]
    return cells((text, (at.color, at.bgcolor, at.bold, at.italic, at.strike)) for text, at in seen)


class Transcript(App[None]):
    def compose(self) -> ComposeResult:
        yield Watched()


async def settled(pilot: Pilot[None]) -> None:
    """A scrollbar that comes or goes has its layout, and that its painting."""
    for _ in range(3):
        await pilot.pause()


def spoken(item_id: str, text: str, **fields: object) -> Entry:
    speaker = Party.USER if item_id.startswith("u") else Party.ASSISTANT
    return Entry(item_id, speaker, text, **{"is_final": False, **fields})


async def test_words_that_stream_in_are_all_that_is_painted() -> None:
    async with Transcript().run_test(size=(80, 12)) as pilot:
        log = pilot.app.query_one(Watched)
        for number in range(30):
            log.put(spoken(f"u{number}", f"turn {number}", is_final=True), number)
        log.put(spoken("a", "It"), 30)
        await settled(pilot)
        log.look()
        log.put(spoken("a", "It is"), 30)
        await settled(pilot)
        assert 0 < log.look() <= len("It is …")
        log.put(spoken("a", "It is", received_ms=500), 30)
        await settled(pilot)
        assert log.look() == 0


async def test_what_grows_above_the_view_is_not_painted() -> None:
    async with Transcript().run_test(size=(40, 12)) as pilot:
        log = pilot.app.query_one(Watched)
        log.put(spoken("u0", "once"), 0)
        for number in range(1, 30):
            log.put(spoken(f"u{number}", f"turn {number}", is_final=True), number)
        await settled(pilot)
        log.look()
        log.put(spoken("u0", "once upon a time " * 9), 0)
        await settled(pilot)
        assert log.look() == 0
        assert log.scroll_offset.y == log.max_scroll_y


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_terminal_shows_what_is_said(seed: int) -> None:
    chance = random.Random(seed)
    texts: dict[str, str] = {}
    async with Transcript().run_test(size=(50, 14)) as pilot:
        log = pilot.app.query_one(Watched)
        for step in range(60):
            for _ in range(chance.randint(1, 3)):
                _let_something_happen(log, texts, chance, step)
            if chance.random() < 0.05:
                await pilot.resize_terminal(chance.randint(20, 70), chance.randint(6, 20))
            await settled(pilot)
            while not log._rows.is_settled:
                await pilot.pause()
            log.look()


def _let_something_happen(log: Watched, texts: dict[str, str], chance: random.Random, step: int) -> None:
    what = chance.random()
    if not texts or what < 0.2:
        item_id = f"{chance.choice('ua')}{step}"
        texts[item_id] = ""
        log.put(spoken(item_id, "", started_ms=step), chance.randint(max(0, len(texts) - 3), len(texts) - 1))
    elif what < 0.8:
        item_id = chance.choice(list(texts)[-3:])
        texts[item_id] += chance.choice(["word ", "a", "東京", "\n", "long " * 12, "e\u0301 "])
        fields = {"is_final": True} if chance.random() < 0.2 else {}
        log.put(spoken(item_id, texts[item_id], started_ms=step, **fields), list(texts).index(item_id))
    elif what < 0.85:
        item_id = chance.choice(list(texts))
        del texts[item_id]
        log.take_out(item_id)
    elif what < 0.9:
        log.search(chance.choice(["wor", "東", ""]))
    elif what < 0.95:
        log.page(chance.choice([-1, 1]))
    else:
        log.follow()


async def test_marks_come_and_go_and_take_another_theme(drive: Drive) -> None:
    async with drive() as run:
        log = run.main.pane.log_view
        run.live.put(assistant("once upon a time", "a1"))
        await run.settle()
        plain_row = looks_of_words(log)
        await run.press("slash", *"upon")
        assert looks_of_words(log)["upon"] != plain_row["once"]
        await run.press("escape")
        assert looks_of_words(log) == plain_row
        run.app.screen.selections = {log: Selection(Offset(8, 1), Offset(12, 1))}
        await run.settle()
        selected = looks_of_words(log)
        assert selected["upon"] != plain_row["once"] == selected["once"]
        run.app.theme = "textual-light"
        await run.settle()
        light = looks_of_words(log)
        assert light["upon"] != light["once"] != plain_row["once"]
        await run.press("escape")
        assert len(set(looks_of_words(log).values())) == 1


def looks_of_words(log: TranscriptLog) -> dict[str, tuple[object, object]]:
    """The colours of each word of the first turn."""
    row = log.render_lines(Region(0, 1, log.size.width, 1))[0]
    return {word: (style.color, style.bgcolor) for text, style, _ in row if style for word in text.split()}
