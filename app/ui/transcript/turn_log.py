"""The transcript whose turns can be taken in hand: a cursor goes from one to the next, and keys act on its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message

from app.conversation.transcript import Entry, Party
from app.ui.keys.bindings import TURN_BINDINGS
from app.ui.transcript.cursor import TurnCursor
from app.ui.transcript.layout import Block, Clock, Look, Mark
from app.ui.transcript.log import TranscriptLog
from app.ui.transcript.times import usual_in


class TurnLog(TranscriptLog):
    """With a cursor, which is on no turn until it is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = list(TURN_BINDINGS)

    @dataclass
    class Taken(Message):
        """Another turn is in hand, or none is: other keys work now."""

    def __init__(self, clock: Clock, edit: Callable[[str], None]) -> None:
        """`edit`: let the user change this text and send it."""
        super().__init__(clock)
        self._edit = edit
        self._cursor = TurnCursor(self._rows)

    # ---------------------------------------------------------------- the turn in hand

    @property
    def turn_in_hand(self) -> Entry | None:
        """The one that the cursor is on."""
        index = self._cursor.index
        return None if index is None else self._rows.block(index).entry

    @property
    def turn_in_view(self) -> Entry | None:
        """The turn that a command without a name means: the one in hand, else one that is in view."""
        return self.turn_in_hand or super().turn_in_view

    def entry(self, item_id: str) -> Entry | None:
        """An entry as it is shown."""
        index = self._rows.index_of(item_id)
        return None if index is None else self._rows.block(index).entry

    def leave_turn(self) -> bool:
        """Take no turn in hand; False where none was."""
        if not self._cursor.item_id:
            return False
        self._cursor.leave()
        self._show_cursor()
        return True

    def take_out(self, item_id: str) -> None:
        """An entry is gone."""
        super().take_out(item_id)
        if item_id == self._cursor.item_id:
            self.leave_turn()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What works on the turn in hand."""
        match action:
            case "times":
                return self.turn_in_hand is not None
            case "edit_turn":
                turn = self.turn_in_hand
                return turn is not None and turn.speaker is Party.USER and turn.is_final and bool(turn.text)
        return True

    # ---------------------------------------------------------------- keys

    def action_turn(self, step: int) -> None:
        """To the next turn (1) or the one before (-1). One that is longer than the view is read to its end first."""
        if self._scroll_within(step):
            return
        index = self._cursor.neighbour(step, self.scroll_offset.y, self._view.height)
        if index is not None:
            self._take(index)

    def action_times(self) -> None:
        """Show the times of the turn in hand, or hide them."""
        index = self._cursor.index
        if index is None:
            return
        is_unfolded = self._rows.block(index).usual is not None
        usual = None if is_unfolded else usual_in(block.entry for block in self._rows.blocks())
        self._add_change(self._rows.unfold(index, usual))
        self._show_changes()
        self._bring_into_view(index)

    def action_edit_turn(self) -> None:
        """Write what the turn in hand says into the line, to be changed and sent."""
        if turn := self.turn_in_hand:
            self._edit(turn.text)

    def on_click(self, event: events.Click) -> None:
        """On the head line of a turn: take it in hand; once more: show its times."""
        offset = event.get_content_offset(self)
        place = self._rows.locate(self.scroll_offset.y + offset.y) if offset and not self.text_selection else None
        if place is None or place[1] != 0 or not self._rows.block(place[0]).entry.is_turn:
            return
        event.prevent_default()
        if place[0] == self._cursor.index:
            self.action_times()
        else:
            self._take(place[0])

    # ---------------------------------------------------------------- within

    def _take(self, index: int) -> None:
        self._cursor.put(index)
        self._bring_into_view(index)
        self._show_cursor()

    def _show_cursor(self) -> None:
        self._painter.forget()
        self._paint_changes()
        self.post_message(self.Taken())

    def _scroll_within(self, step: int) -> bool:
        """Where the turn in hand goes on beyond the view, go there; else False."""
        index = self._cursor.index
        if index is None:
            return False
        top, bottom = self._rows.top(index), self._rows.top(index) + self._rows.block(index).height - 1
        view_top, height = self.scroll_offset.y, self._view.height
        if bottom - top <= height or not top < view_top + height or not view_top < bottom:
            return False
        beyond = bottom - (view_top + height) if step > 0 else view_top - top
        if beyond > 0:
            self._go_on_at(view_top + step * min(beyond, max(1, height - 1)))
        return beyond > 0

    def _bring_into_view(self, index: int) -> None:
        """As much of a turn as there is room for; all that comes after the last one with it."""
        is_last = index == len(self._rows) - 1
        top, bottom = self._rows.top(index), self._rows.top(index) + self._rows.block(index).height - (not is_last)
        view_top, height = self.scroll_offset.y, self._view.height
        if top < view_top or bottom - top > height:
            self._go_on_at(top)
        elif bottom > view_top + height:
            self._go_on_at(bottom - height)

    def _fit(self, view: Size) -> None:
        """A turn in hand that is in view stays in view when the size is another."""
        index, top, height = self._cursor.index, self.scroll_offset.y, self._view.height
        is_seen = index is not None and top <= self._rows.top(index) < top + height
        super()._fit(view)
        if index is not None and is_seen:
            self._bring_into_view(index)

    def _go_on_at(self, row: int) -> None:
        self._is_following = False
        self._go_to(row)
        self._is_following = self.scroll_offset.y >= self.max_scroll_y
        self._paint_changes()
        self._post_moved()

    def _marks(self, block: Block, number: int, row_number: int) -> list[Mark]:
        marks = super()._marks(block, number, row_number)
        if number == 0 and block.entry.item_id == self._cursor.item_id:
            time = block.row(0, self._clock)[0].text
            marks += [(0, 1, Look.CURSOR), (1, len(time), Look.IN_HAND)]
        return marks
