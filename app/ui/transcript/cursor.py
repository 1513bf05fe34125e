"""Which turn of the transcript is in hand. Pure."""

from __future__ import annotations

from app.ui.transcript.rows import TranscriptRows


class TurnCursor:
    """On one turn, or on none. It stays on its turn wherever that moves; lines of the program's are no turns."""

    def __init__(self, rows: TranscriptRows) -> None:
        self._rows = rows
        self.item_id = ""
        """The turn's; empty while there is no cursor."""
        self._was_at = 0
        """Where the turn stood when this was last looked at: nearly always where it still stands."""

    @property
    def index(self) -> int | None:
        """Where the turn stands; None without one."""
        if not self.item_id:
            return None
        if self._was_at < len(self._rows) and self._rows.block(self._was_at).entry.item_id == self.item_id:
            return self._was_at
        index = self._rows.index_of(self.item_id)
        self._was_at = index or 0
        return index

    def put(self, index: int) -> None:
        """Take this turn in hand. Raises IndexError."""
        self.item_id, self._was_at = self._rows.block(index).entry.item_id, index

    def leave(self) -> None:
        """Take none in hand."""
        self.item_id = ""

    def neighbour(self, step: int, top: int, height: int) -> int | None:
        """The next turn below (1) or above (-1); None where there is no other.

        Without a cursor, of what stands in the rows from `top` on, `height` of them: up begins with the last turn,
        down with the first.
        """
        here = self.index
        if here is not None:
            return self._turn_from(here + step, step)
        row = top if step > 0 else min(top + height, self._rows.height) - 1
        place = self._rows.locate(max(0, row))
        if place is None:
            return None
        found = self._turn_from(place[0], step)
        return self._turn_from(place[0], -step) if found is None else found

    def _turn_from(self, index: int, step: int) -> int | None:
        while 0 <= index < len(self._rows):
            if self._rows.block(index).entry.is_turn:
                return index
            index += step
        return None
