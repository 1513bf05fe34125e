"""How long an answer took, part by part, in rows of a given width beside what is usual. Pure.

From the end of the user's speech to the first sound that left the speaker; see `Latency` for what the parts are.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from rich.cells import cell_len

from app.conversation.transcript import Entry, Party
from app.ui.transcript.wrapping import cut_to

Piece: TypeAlias = tuple[str, Literal["figure", "bar", "usual"]]
"""A part of a row: text, and what it is."""

_LABEL_CELLS: Final = 13
_FIGURE_CELLS: Final = 8
_GAP: Final = "  "
_LEAST_BAR, _WIDEST_BAR = 10, 48


class Usual(Struct, frozen=True):
    """What is usual in a conversation: for each part the median of its answers, in milliseconds."""

    turn_ms: int | None = None
    service_ms: int | None = None
    playback_ms: int | None = None
    answered_ms: int | None = None
    answers: int = 0
    """So many were measured."""


def usual_in(entries: Iterable[Entry]) -> Usual:
    """What is usual among these."""
    measured = [entry.latency for entry in entries if entry.latency and entry.latency.answered_ms is not None]
    return Usual(
        turn_ms=_median(latency.turn_ms for latency in measured),
        service_ms=_median(latency.service_ms for latency in measured),
        playback_ms=_median(latency.playback_ms for latency in measured),
        answered_ms=_median(latency.answered_ms for latency in measured),
        answers=len(measured),
    )


def _median(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return round(median(known)) if known else None


def times_rows(entry: Entry, usual: Usual, room: int) -> tuple[tuple[Piece, ...], ...]:
    """The rows, each at most `room` cells wide; at least one, which says so where nothing was measured."""
    latency = entry.latency
    if latency is None or latency.answered_ms is None:
        return (((cut_to(_without_times(entry), room), "figure"),),)
    last = "first sound" if latency.playback_ms is not None else "first word"
    steps = [("end of turn", latency.turn_ms, usual.turn_ms)]
    if latency.playback_ms is not None:
        steps += [("first byte", latency.service_ms, usual.service_ms)]
        steps += [(last, latency.playback_ms, usual.playback_ms)]
    else:
        steps += [(last, latency.service_ms, usual.service_ms)]
    longest = max(latency.answered_ms, usual.answered_ms or 0, 1)
    bar_cells = _bar_cells(room)
    rows = [_row("end of speech", "0.00 s", ("│", "bar"), "", room)]
    at_ms = usual_at_ms = 0
    for label, part_ms, usual_ms in steps:
        usual_at_ms += usual_ms or 0
        if part_ms is not None:
            bar = _bar(at_ms, at_ms + part_ms, usual_at_ms, longest, bar_cells)
            beside = "" if usual_ms is None else f"median {_seconds(usual_ms, '+')}"
            rows.append(_row(label, _seconds(part_ms, "+"), (bar, "bar"), beside, room))
            at_ms += part_ms
    beside = "" if usual.answered_ms is None else f"median {_seconds(usual.answered_ms)}"
    count: Piece = (_of(usual.answers, bar_cells), "usual")
    rows.append(_row("answered", _seconds(latency.answered_ms), count, beside, room))
    return tuple(rows)


def _without_times(entry: Entry) -> str:
    if entry.speaker is Party.ASSISTANT:
        return "no times: nobody had asked"
    if not entry.is_spoken:
        return "no times: it was typed"
    if entry.ended_ms is None:
        return "no times: it is still being said"
    return f"spoken in {max(0, entry.ended_ms - entry.started_ms) / 1000:.1f} s"


def _seconds(ms: int, sign: str = "") -> str:
    return f"{sign}{ms / 1000:.2f} s"


def _of(answers: int, bar_cells: int) -> str:
    text = f"the median is of {answers} answer{'s' if answers > 1 else ''}"
    return text if len(text) <= bar_cells else ""


def _bar_cells(room: int) -> int:
    """How wide the bar is; 0: there is no room for it."""
    left = room - _LABEL_CELLS - _FIGURE_CELLS - 3 * len(_GAP) - _usual_cells()
    return min(left, _WIDEST_BAR) if left >= _LEAST_BAR else 0


def _usual_cells() -> int:
    return len("median ") + _FIGURE_CELLS


def _bar(begin_ms: int, end_ms: int, usual_end_ms: int, longest_ms: int, cells: int) -> str:
    """From begin to end on a scale of `longest_ms`; ┊ is where the part usually ends. At least a cell of it is seen."""
    if not cells:
        return ""

    def cell(ms: int) -> int:
        return max(0, min(cells - 1, ms * cells // longest_ms))

    first, last = cell(begin_ms), cell(max(begin_ms, end_ms - 1))
    marks = [" "] * cells
    if usual_end_ms:
        marks[cell(usual_end_ms)] = "┊"
    marks[first : last + 1] = "█" * (last - first + 1)
    return "".join(marks)


def _row(label: str, figure: str, middle: Piece, usual: str, room: int) -> tuple[Piece, ...]:
    """What there is room for: label and figure stay longest, the bar leaves first."""
    bar_cells = _bar_cells(room)
    head = f"{label:<{_LABEL_CELLS}}{_GAP}{figure:>{_FIGURE_CELLS}}"
    if cell_len(head) > room:
        return ((cut_to(f"{label} {figure}", room), "figure"),)
    pieces: list[Piece] = [(head, "figure")]
    if bar_cells:
        text, look = middle
        pieces.append((f"{_GAP}{text:<{bar_cells}}", look))
    if usual and room >= cell_len(head) + len(_GAP) + _usual_cells():
        name, _, value = usual.partition(" ")
        pieces.append((f"{_GAP}{name} {value:>{_FIGURE_CELLS}}", "usual"))
    return tuple(pieces)
