"""The cursor stays on its turn, whatever comes before it, goes or moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.ui.transcript.cursor import TurnCursor
from app.ui.transcript.rows import TranscriptRows
from tests.ui.fakes import program, user

STEP = st.tuples(st.sampled_from(["put", "remove", "take", "up", "down"]), st.integers(0, 7), st.integers(0, 7))


@given(st.lists(STEP, max_size=40))
def test_it_is_where_its_turn_is(steps):
    rows = TranscriptRows(40)
    cursor = TurnCursor(rows)
    for what, number, at in steps:
        item_id = f"i{number}"
        match what:
            case "put":
                rows.put(program(item_id=item_id) if number % 3 == 0 else user(item_id=item_id), at)
            case "remove":
                rows.remove(item_id)
            case "take" if rows.index_of(item_id) is not None:
                cursor.put(rows.index_of(item_id))
            case "up" | "down":
                step = -1 if what == "up" else 1
                before, to = cursor.index, cursor.neighbour(step, 0, 20)
                if to is not None:
                    assert rows.block(to).entry.is_turn
                    assert before is None or (to - before) * step > 0
                    cursor.put(to)
        assert cursor.index == (rows.index_of(cursor.item_id) if cursor.item_id else None)
