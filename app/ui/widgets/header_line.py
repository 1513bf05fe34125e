"""The top row: which service, which mode, whether it records, how long it has lasted and may last."""

from __future__ import annotations

from typing import ClassVar

from textual import events

from app.conversation.status import Status
from app.ui.widgets.line import LOOKS, StyledLine
from app.ui.widgets.pieces import Piece, elapsed_text, laid_out, place_pieces, time_left_piece


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
