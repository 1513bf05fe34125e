"""The header: facts that are kept by their worth when there is no room for all."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import ClassVar, Final

from msgspec import Struct
from rich.cells import cell_len

from app.conversation.bill import WARNING_SHARE
from app.conversation.standing import Standing
from app.conversation.status import NearLimit, State, Status
from app.conversation.usage import Spending, cost_text, dollars
from app.ui.painting import LOOKS, Role, Run, StyledLine
from app.ui.transcript.wrapping import shown
from app.ui.wording import standing_mark

_GAP: Final = "   "
_SOON_S: Final = 300
"""From here on the end of the session is worth a warning."""
_LONGEST_S: Final = 86_400
"""A session that would end after more than a day: no service has one, and the number says nothing."""
_CLOCKS_DIFFER_S: Final = 3_600
"""One that ended longer ago goes on all the same: the service's clock is another one."""


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


def time_left_piece(expires_at: int | None, now_epoch: float, worth: int) -> Piece:
    """`56 min left`, a warning near the end; empty where the service names no end, or one that cannot be meant."""
    seconds = float("inf") if expires_at is None else expires_at - now_epoch
    if not -_CLOCKS_DIFFER_S <= seconds <= _LONGEST_S:
        return Piece("", worth)
    text = "under 1 min left" if seconds < 60 else f"{seconds // 60:.0f} min left"
    return Piece(text, 1, "warning") if seconds < _SOON_S else Piece(text, worth, "dim")


def elapsed_text(seconds: float) -> str:
    """`04:12`, from an hour on `1:04:12`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def cost_piece(spending: Spending, budget_usd: float | None) -> Piece:
    """`$0.004`, `$0.81 of $1.00` under a budget, a warning where that is nearly spent; empty without a price."""
    text = cost_text(spending)
    if not text or budget_usd is None:
        return Piece(text, 6, "dim", joint="  ")
    is_near = (spending.cost_usd or 0.0) >= WARNING_SHARE * budget_usd
    return Piece(f"{text} of {dollars(budget_usd)}", 2 if is_near else 6, "warning" if is_near else "dim", joint="  ")


def near_limit_piece(near: NearLimit | None) -> Piece:
    """`12 requests left, more in 8 s`, as the service told last; empty where no limit of its is near."""
    if near is None:
        return Piece("", 3)
    more = "" if near.resets_in_s is None else f", more in {near.resets_in_s} s"
    return Piece(f"{near.remaining:,} {shown(near.name)} left{more}", 3, "warning")


class HeaderLine(StyledLine):
    """`realtime   embedded service · hands-free   …   answer 0.42 s   $0.004   04:12   56 min left`.

    Where one is, how quick it is, what it costs, and for how long. What is least worth leaves first.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS

    def __init__(self, service: str, started_at: float) -> None:
        """`service` in words; `started_at`: when the conversation began, in epoch seconds."""
        super().__init__()
        self._service, self._started_at = service, started_at
        self._sound_server = ""
        self._status = Status()
        self._now_epoch: float | None = None

    def show_service(self, service: str, sound_server: str = "") -> None:
        """The service, in words, and the sound server that is heard and spoken through, where there is one; painted
        with the next status."""
        self._service, self._sound_server = service, sound_server

    def show_status(self, status: Status) -> None:
        """The mode, the latency, the line, usage, and the session's end."""
        self._status = status
        self.draw()

    def tick(self, now_epoch: float) -> None:
        """The time, in epoch seconds; once a second, for the clock, which stands still where there is no line."""
        if self._status.state is not State.OFFLINE:
            self._now_epoch = now_epoch
            self.draw()

    @property
    def _has_session(self) -> bool:
        return self._status.state not in (State.CONNECTING, State.RECONNECTING, State.OFFLINE)

    def draw(self) -> None:
        """What there is room for; the mode stays longest, marked where the service does not take turns like that."""
        now, mode = self._now_epoch, self._status.settings.mode.value
        standing = self._status.standings.get("mode")
        if standing is not None and standing.standing in (Standing.DIFFERENT, Standing.REFUSED):
            taken = Piece(f"{mode} {standing_mark(standing.standing)[0]}", 2, "warning", joint=" · ")
        else:
            taken = Piece(mode, 2, "dim", joint=" · ")
        model = Piece(shown(self._status.model), 11, "dim", joint=" · ")
        named = (self._sound_server,) if self._sound_server else ()
        sound = (Piece(f"sound by {name}", 7, "dim", joint=" · ") for name in named)
        left = (Piece("realtime", 8, "strong"), Piece(self._service, 7, "dim"), taken, *sound, model)
        right = _figures(self._status)
        if now is not None:
            elapsed = elapsed_text(now - self._started_at)
            ends_at = self._status.expires_at if self._has_session else None
            right += (Piece(elapsed, 5), time_left_piece(ends_at, now, 3))
        self.paint(laid_out(left, right, self.size.width))


def _figures(status: Status) -> tuple[Piece, ...]:
    answered, median, tokens = status.answered_ms, status.median_answered_ms, status.spending.tokens.total
    return (
        Piece(f"answer {answered / 1000:.2f} s" if answered is not None else "", 4),
        Piece(f"median {median / 1000:.2f} s" if median is not None else "", 10, "dim", joint=", "),
        Piece(f"line {status.round_trip_ms} ms" if status.round_trip_ms is not None else "", 9, "dim"),
        near_limit_piece(status.near_limit),
        Piece(f"{tokens:,} tokens" if tokens else "", 9, "dim"),
        cost_piece(status.spending, status.budget_usd),
    )
