"""The tape's rows as characters of an exact width. Pure: a timeline in, runs out.

```
 you   ▁▃▆▇▅▂          ·          ▂▅▇▆▃╳▁▂▅▃             ▁▁
 asst     1.1 s├┤▃▆▇▆▅▆▇▅▃▆▇▅▃▂▅▆▇▆▃▂▅▆░░░░ 0.4 s┤▅▇▆▃
       -60 s  14:02:11                 barge-in 6.4 s    now ▲
```

A bar is what counted as speech, or what sounded; a dot came near the threshold. All lengths are to scale: the wait for
an answer (`├┤`, with its number in it or before it), and what was generated and never heard (`░`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final, Literal, TypeAlias

from app.conversation.transcript import Party
from app.ui.tape.timeline import TapeSample, Timeline, Turn
from app.ui.transcript.layout import Clock

Kind: TypeAlias = Literal["blank", "label", "you", "assistant", "unheard", "wait", "cut", "near"]
"""What a cell is; app.tcss gives each but `blank` its look (`.tape--KIND`)."""

Cell: TypeAlias = tuple[str, Kind, bool]
"""A character, what it is, and whether it belongs to the turn that is pointed at."""

TapeRun: TypeAlias = tuple[str, Kind, bool]
"""Neighbouring cells that look the same."""

NAME_CELLS: Final = 7
"""Before the first column: whose lane it is."""
EDGE_CELLS: Final = 1
SPAN_MS: Final = 60_000
STEP_MS: Final = 100
"""A column is a multiple of this: levels are sampled no more often."""

_BARS: Final = " ▁▂▃▄▅▆▇"
_BLANK: Final[Cell] = (" ", "blank", False)
_WRITTEN: Final = "›"
_NOW: Final = "now ▲"


def column_ms_for(width: int) -> int:
    """How much time a column stands for, so that the tape holds about a minute, and no less where there is room."""
    columns = max(1, columns_in(width))
    return max(STEP_MS, -(-SPAN_MS // (columns * STEP_MS)) * STEP_MS)


def columns_in(width: int) -> int:
    """So many columns has a tape of a width; 0 where there is no room for one."""
    return max(0, width - NAME_CELLS - EDGE_CELLS)


class Picture:
    """A timeline as rows of cells, at one moment. `chosen` is the turn that is pointed at."""

    def __init__(self, timeline: Timeline, width: int, chosen: str = "") -> None:
        self._timeline, self._chosen = timeline, chosen
        self.columns = columns_in(width)
        self._width = width
        self._first = timeline.now_ms // timeline.column_ms - self.columns + 1
        self.turns = timeline.turns(self._first * timeline.column_ms)
        self._crowded: list[Turn] = []
        """Turns whose wait has no room for its number in the lane."""
        self._you, self._assistant = self._lane(), self._lane()
        for number in range(self.columns):
            self._draw_you(number, timeline.column(self._first + number))
        for turn in self.turns:
            self._draw_turn(turn)
        self._draw_losses()

    def rows(self, clock: Clock) -> tuple[tuple[TapeRun, ...], ...]:
        """Both lanes and the marks below them, each exactly as wide as the tape."""
        if not self.columns:
            return ((((" " * self._width), "blank", False),),) * 3
        rows = (("you", self._you), ("asst", self._assistant), ("", self._marks(clock)))
        return tuple(_runs([*_named(name), *cells, _BLANK]) for name, cells in rows)

    def turn_at(self, x: int, speaker: Party | None) -> Turn | None:
        """The turn in a column of the tape, or the nearest beside it; `speaker`: in whose lane, None for either."""
        number = x - NAME_CELLS
        turns = [turn for turn in self.turns if speaker in (None, turn.speaker)] or self.turns
        return min(turns, key=lambda turn: self._distance(turn, number), default=None)

    # ---------------------------------------------------------------- lanes

    def _lane(self) -> list[Cell]:
        return [_BLANK] * self.columns

    def _at(self, ms: int) -> int:
        return ms // self._timeline.column_ms - self._first

    def _columns(self, start_ms: int, end_ms: int) -> range:
        """The columns from one moment up to another one, as far as they are on the tape."""
        return range(max(0, self._at(start_ms)), min(self.columns, self._at(end_ms) + 1))

    def _distance(self, turn: Turn, number: int) -> int:
        start, end = self._at(turn.start_ms), self._at(self._timeline.end_of(turn))
        return max(start - number, number - end, 0)

    def _draw_you(self, number: int, sound: TapeSample) -> None:
        if sound.you:
            self._you[number] = (_BARS[sound.you], "you", False)
        elif sound.is_near:
            self._you[number] = ("·", "near", False)

    def _draw_turn(self, turn: Turn) -> None:
        is_chosen = turn.item_id == self._chosen
        if turn.speaker is Party.ASSISTANT:
            self._draw_answer(turn, is_chosen=is_chosen)
        elif is_chosen:
            for number in self._columns(turn.start_ms, self._timeline.end_of(turn)):
                self._you[number] = (*self._you[number][:2], True)
        if turn.is_written:
            lane, kind = self._lane_of(turn)
            for number in self._columns(turn.start_ms, turn.start_ms):
                lane[number] = (_WRITTEN, kind, is_chosen)

    def _lane_of(self, turn: Turn) -> tuple[list[Cell], Kind]:
        return (self._assistant, "assistant") if turn.speaker is Party.ASSISTANT else (self._you, "you")

    def _draw_answer(self, turn: Turn, *, is_chosen: bool) -> None:
        end_ms = self._timeline.now_ms if turn.end_ms is None else turn.end_ms
        if turn.waited_ms:
            self._draw_wait(turn)
        if not turn.is_written:
            for number in self._columns(turn.start_ms, end_ms):
                bar = max(1, self._timeline.column(self._first + number).assistant)
                self._assistant[number] = (_BARS[bar], "assistant", is_chosen)
        if turn.heard_ms is not None:
            until_ms = min(end_ms + turn.unheard_ms, self._timeline.now_ms, self._next_ms(turn) - 1)
            unheard = self._columns(end_ms, until_ms)
            for number in unheard[1:] if turn.heard_ms else unheard:
                self._assistant[number] = ("░", "unheard", is_chosen)
            for number in self._columns(end_ms, end_ms):
                self._you[number] = ("╳", "cut", is_chosen)

    def _next_ms(self, answer: Turn) -> int:
        """When the wait for the answer after this one began; it would have had to be silent by then."""
        later = (turn for turn in self.turns if turn.speaker is answer.speaker and turn.start_ms > answer.start_ms)
        return min((turn.start_ms - turn.waited_ms for turn in later), default=self._timeline.now_ms + 1)

    def _draw_wait(self, turn: Turn) -> None:
        """`├1.1 s┤`, or, where the number has no room within, `1.1 s├┤`."""
        cells = max(1, round(turn.waited_ms / self._timeline.column_ms))
        number, end = f"{turn.waited_ms / 1000:.1f} s", self._at(turn.start_ms)
        start = end - cells
        if cells >= len(number) + 2:
            text = "├" + number.center(cells - 2, "─") + "┤"
        else:
            text = number + ("├" + "─" * (cells - 2) + "┤" if cells > 1 else "┤")
            start = end - len(text)
        before = self._assistant[max(0, start - 1) : max(0, end - cells)]
        is_free = start >= 0 and all(kind == "blank" for _, kind, _ in before)
        if not is_free:
            self._crowded.append(turn)
        for at, letter in enumerate(text, start):
            if 0 <= at < self.columns and (is_free or at >= end - cells):
                self._assistant[at] = (letter, "wait", False)

    def _draw_losses(self) -> None:
        for start_ms, end_ms in self._timeline.losses:
            for number in self._columns(start_ms, self._timeline.now_ms if end_ms is None else end_ms):
                for lane in (self._you, self._assistant):
                    if lane[number][0] == " ":
                        lane[number] = ("╌", "cut", False)

    # ---------------------------------------------------------------- marks

    def _marks(self, clock: Clock) -> list[Cell]:
        """What happened, below where it did; then the times at which turns began, as far as there is room."""
        cells = self._lane()
        seconds = self.columns * self._timeline.column_ms // 1000
        for chosen in (turn for turn in self.turns if turn.item_id == self._chosen):
            text = f"▲ {clock(chosen.start_ms)} {chosen.speaker.value}"
            at = min(max(0, self._at(chosen.start_ms)), self.columns - len(text))
            self._write(cells, at, text, "wait")
        self._write(cells, self.columns - len(_NOW), _NOW, "label")
        self._write(cells, 0, f"-{seconds} s", "label")
        for start_ms, _ in reversed(self._timeline.losses):
            self._write(cells, self._at(start_ms), "line lost", "cut")
        for turn in reversed(self.turns):
            if turn.heard_ms is not None and turn.end_ms is not None:
                what = "barge-in" if self._timeline.was_spoken_into(turn.end_ms) else "stopped"
                text, at = f"{what} {turn.heard_ms / 1000:.1f} s", self._at(turn.end_ms)
                if not self._write(cells, at, text, "cut"):
                    self._write(cells, at + 1 - len(text), text, "cut")
        for turn in reversed(self._crowded):
            number = f"{turn.waited_ms / 1000:.1f} s"
            self._write(cells, self._at(turn.start_ms) - len(number), number, "wait")
        for turn in reversed(self.turns):
            if turn.speaker is Party.USER:
                self._write(cells, self._at(turn.start_ms), clock(turn.start_ms), "label")
        return cells

    def _write(self, cells: list[Cell], at: int, text: str, kind: Kind) -> bool:
        """Put a text there, if all of it and a blank on either side have room; whether it had."""
        around = cells[max(0, at - 1) : at + len(text) + 1]
        if at < 0 or at + len(text) > len(cells) or any(cell[0] != " " for cell in around):
            return False
        cells[at : at + len(text)] = [(letter, kind, False) for letter in text]
        return True


def _named(name: str) -> Iterable[Cell]:
    return ((letter, "label", False) for letter in f" {name}".ljust(NAME_CELLS))


def _runs(cells: Iterable[Cell]) -> tuple[TapeRun, ...]:
    grouped = groupby(cells, key=lambda cell: cell[1:])
    return tuple(("".join(cell[0] for cell in same), kind, is_here) for (kind, is_here), same in grouped)
