"""Two rows of facts that are kept by their worth when there is no room for all: the header and the status line."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import ClassVar, Final

from msgspec import Struct
from rich.cells import cell_len
from textual import events

from app.conversation.session import Mode
from app.conversation.status import Status
from app.ui.painting import LOOKS, Role, Run, StyledLine
from app.ui.transcript.wrapping import shown

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


class HeaderLine(StyledLine):
    """`realtime   embedded service · hands-free   …   ● REC   04:12   56 min left`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS

    def __init__(self, name: str = "realtime", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = name
        self._status = Status()
        self._service = ""
        self._is_recording = False
        self._started_at: float | None = None
        self._now_epoch: float | None = None

    def show_status(self, status: Status) -> None:
        """The mode and the session's end."""
        self._status = status
        self._draw()

    def show_service(self, label: str) -> None:
        """Which service, in words."""
        self._service = label
        self._draw()

    def show_recording(self, is_recording: bool) -> None:
        """Whether sound is kept."""
        self._is_recording = is_recording
        self._draw()

    def show_started(self, started_at: float | None) -> None:
        """When the conversation began, in epoch seconds."""
        self._started_at = started_at
        self._draw()

    def tick(self, now_epoch: float) -> None:
        """The time, in epoch seconds; once a second, for the running clock."""
        self._now_epoch = now_epoch
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Choose again what there is room for."""
        self._draw()

    def _draw(self) -> None:
        now = self._now_epoch
        elapsed = elapsed_text(now - self._started_at) if now is not None and self._started_at is not None else ""
        left = (Piece(self._title, 6, "strong"), *place_pieces(self._service, self._status.settings.mode))
        right = (
            Piece("● REC" if self._is_recording else "", 1, "error"),
            Piece(elapsed, 4),
            time_left_piece(self._status.expires_at if now is not None else None, now or 0.0, 3),
        )
        self.paint(laid_out(left, right, self.size.width))


class StatusLine(StyledLine):
    """`answered in 0.42 s, median 0.51 s   1,204 tokens   $0.004   …   56 min left   embedded service · hands-free`.

    What is least worth leaves first when it gets narrow. Session time and place are left out where a `HeaderLine`
    says them already (`with_place=False`).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS

    def __init__(self, *, with_place: bool = True, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.tooltip = (
            "How long the last answer took after your turn was over, and the median of all; "
            "tokens used and their cost so far; how long the service keeps this session."
        )
        self._with_place = with_place
        self._status = Status()
        self._service = ""
        self._now_epoch: float | None = None

    def show_status(self, status: Status) -> None:
        """Latency, usage, the session's end and the mode."""
        self._status = status
        self._draw()

    def show_service(self, label: str) -> None:
        """Which service, in words."""
        self._service = label
        self._draw()

    def show_place(self, with_place: bool) -> None:
        """Whether session time and place are said here."""
        self._with_place = with_place
        self._draw()

    def tick(self, now_epoch: float) -> None:
        """The time, in epoch seconds; every few seconds is enough."""
        self._now_epoch = now_epoch
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Choose again what there is room for."""
        self._draw()

    def _draw(self) -> None:
        self.paint(laid_out(self._left(), self._right() if self._with_place else (), self.size.width))

    def _left(self) -> tuple[Piece, ...]:
        status, usage = self._status, self._status.usage
        answered, median = status.answered_ms, status.median_answered_ms
        tokens = f"{usage.total_tokens:,} tokens" if usage.total_tokens else ""
        return (
            Piece(f"answered in {seconds_text(answered)}" if answered is not None else "", 1),
            Piece(f"median {seconds_text(median)}" if median is not None else "", 7, "dim", joint=", "),
            Piece(tokens, 6, "dim"),
            Piece(cost_text(usage.cost_usd), 4, "dim", joint="  "),
            Piece(shown(status.model), 8, "dim"),
        )

    def _right(self) -> tuple[Piece, ...]:
        expires_at = self._status.expires_at if self._now_epoch is not None else None
        left = time_left_piece(expires_at, self._now_epoch or 0.0, 3)
        return (left, *place_pieces(self._service, self._status.settings.mode))
