"""How quick the answers are, what they have cost, how long the session lasts: one row under the strip."""

from __future__ import annotations

from typing import ClassVar

from textual import events

from app.conversation.status import Status
from app.ui.widgets.line import LOOKS, StyledLine
from app.ui.widgets.pieces import Piece, cost_text, laid_out, place_pieces, seconds_text, time_left_piece
from app.ui.widgets.wrapping import shown


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
