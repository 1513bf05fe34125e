"""Pieces of a line, kept by their worth when there is no room for all. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

from msgspec import Struct
from rich.cells import cell_len

from app.conversation.session import Mode
from app.ui.widgets.line import Role, Run

_GAP: Final = "   "
_SOON_S: Final = 300
_LONGEST_S: Final = 86_400
"""A session that would end after more than a day: no service has one, and the number says nothing."""
_CLOCKS_DIFFER_S: Final = 3_600
"""One that ended longer ago goes on all the same: the service's clock is another one."""
"""From here on the end of the session is worth a warning."""


class Piece(Struct, frozen=True):
    """A few words. `worth`: 1 stays longest."""

    text: str
    worth: int
    role: Role = "plain"
    joint: str = _GAP
    """What stands between it and its neighbour to the left; where that one is left out, an ordinary gap does."""


def laid_out(left: Sequence[Piece], right: Sequence[Piece], width: int, margin: int = 1) -> tuple[Run, ...]:
    """A line of at most `width` cells: some pieces from the left edge on, some up to the right edge.

    Pieces are taken in the order of their worth until one has no room; empty ones count as nothing.
    """
    kept_left: tuple[Run, ...] = ()
    kept_right: tuple[Run, ...] = ()
    ranked = sorted((piece for piece in (*left, *right) if piece.text), key=lambda piece: piece.worth)
    for count in range(1, len(ranked) + 1):
        kept = {id(piece) for piece in ranked[:count]}
        runs = tuple(_joined(side, kept) for side in (left, right))
        cells = sum(map(_cells, runs)) + (len(_GAP) if all(runs) else 0)
        if cells > width - 2 * margin:
            break
        kept_left, kept_right = runs
    between = width - 2 * margin - _cells(kept_left) - _cells(kept_right)
    if not kept_left and not kept_right:
        return ()
    return ((" " * margin, "plain"), *kept_left, (" " * between, "plain"), *kept_right)


def _joined(side: Sequence[Piece], kept: Set[int]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for before, piece in zip((None, *side), side, strict=False):
        if id(piece) in kept:
            if runs:
                runs.append((piece.joint if id(before) in kept else _GAP, "dim"))
            runs.append((piece.text, piece.role))
    return tuple(runs)


def _cells(runs: Sequence[Run]) -> int:
    return sum(cell_len(text) for text, _ in runs)


def place_pieces(service: str, mode: Mode) -> tuple[Piece, ...]:
    """`embedded service · hands-free`; the mode stays longer."""
    return Piece(service, 5, "dim"), Piece(mode.value, 2, "dim", joint=" · ")


def time_left_piece(expires_at: int | None, now_epoch: float, worth: int) -> Piece:
    """`56 min left`, a warning near the end; empty where the service names no end, or one that cannot be meant."""
    if expires_at is None:
        return Piece("", worth)
    seconds = expires_at - now_epoch
    if not -_CLOCKS_DIFFER_S <= seconds <= _LONGEST_S:
        return Piece("", worth)
    text = "under 1 min left" if seconds < 60 else f"{seconds // 60:.0f} min left"
    return Piece(text, 1, "warning") if seconds < _SOON_S else Piece(text, worth, "dim")


def elapsed_text(seconds: float) -> str:
    """`04:12`, from an hour on `1:04:12`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def seconds_text(milliseconds: int) -> str:
    """`0.42 s`."""
    return f"{milliseconds / 1000:.2f} s"


def cost_text(dollars: float | None) -> str:
    """`$0.004`, from ten cents on `$0.12`; empty where the price is not known."""
    if dollars is None:
        return ""
    return f"${dollars:.2f}" if dollars >= 0.1 else f"${dollars:.3f}"
