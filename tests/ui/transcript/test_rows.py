"""All entries as rows: where each begins, whatever changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.ui.transcript.rows import TranscriptRows
from app.ui.transcript.search import TranscriptSearch
from tests.ui.fakes import user


def rows_of(*texts: str, width: int = 40) -> TranscriptRows:
    rows = TranscriptRows(width)
    for index, text in enumerate(texts):
        rows.put(user(text, f"u{index}"), index)
    return rows


def ids(rows: TranscriptRows) -> list[str]:
    return [block.entry.item_id for block in rows.blocks()]


def assert_sound(rows: TranscriptRows) -> None:
    top = 0
    for index, block in enumerate(rows.blocks()):
        assert rows.top(index) == top
        assert rows.locate(top) == (index, 0)
        assert rows.locate(top + block.height - 1) == (index, block.height - 1)
        top += block.height
    assert rows.height == top
    assert rows.locate(top) is None


def test_a_change_tells_which_rows_it_touches() -> None:
    rows = rows_of("one", "two", "three")
    change = rows.put(user("two " * 20, "u1"), 1)
    assert (change.top, change.old_height, change.new_height) == (3, 3, 5)
    assert_sound(rows)


def test_an_entry_can_be_put_between_moved_and_removed() -> None:
    rows = rows_of("one", "two")
    rows.put(user("between", "u9"), 1)
    assert ids(rows) == ["u0", "u9", "u1"]
    rows.put(user("between", "u9"), 0)
    assert ids(rows) == ["u9", "u0", "u1"]
    rows.put(user("between", "u9"), 2)
    assert ids(rows) == ["u0", "u1", "u9"]
    assert rows.remove("u0") is not None
    assert rows.remove("u0") is None
    assert ids(rows) == ["u1", "u9"]
    assert_sound(rows)


def test_after_a_change_of_width_what_is_in_view_is_right_at_once_and_the_rest_in_time() -> None:
    long = "words " * 30
    rows = rows_of(*[long] * 50, width=80)
    rows.set_width(30)
    rows.settle_end(10)
    assert rows.block(49).width == 30
    assert rows.block(0).width == 80
    assert_sound(rows)
    rows.settle_view(0, 5)
    assert rows.block(0).width == 30
    assert not rows.is_settled
    while not rows.is_settled:
        rows.settle_some(7)
        assert_sound(rows)
    assert rows.height == rows_of(*[long] * 50, width=30).height


COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 9), st.integers(0, 9), st.integers(0, 30)),
        st.tuples(st.just("remove"), st.integers(0, 9)),
        st.tuples(st.just("width"), st.integers(10, 60)),
        st.tuples(st.just("settle"), st.integers(1, 4)),
        st.tuples(st.just("view"), st.integers(0, 60)),
    ),
    max_size=40,
)


@given(COMMANDS)
def test_any_order_of_changes_leaves_the_rows_sound(commands: list[tuple]) -> None:
    rows, model = TranscriptRows(20), []
    for command in commands:
        match command:
            case ("put", number, index, words):
                item_id = f"u{number}"
                if item_id in model and (index >= len(model) or model[index] != item_id):
                    model.remove(item_id)
                if item_id not in model:
                    model.insert(min(index, len(model)), item_id)
                rows.put(user("word " * words, item_id), index)
            case ("remove", number):
                rows.remove(f"u{number}")
                model = [item_id for item_id in model if item_id != f"u{number}"]
            case ("width", width):
                rows.set_width(width)
            case ("settle", limit):
                rows.settle_some(limit)
            case ("view", top):
                rows.settle_view(top, 10)
        assert ids(rows) == model
        assert_sound(rows)
    while not rows.is_settled:
        rows.settle_some(3)
    assert all(block.width == rows.width for block in rows.blocks())


def test_a_search_finds_every_place_in_any_case_and_walks_round() -> None:
    rows, search = rows_of("Paris, paris", "London", "PARIS."), TranscriptSearch()
    search.begin("paris", rows.blocks())
    assert search.standing(rows.blocks()) == (0, 3)
    walked = [search.step(rows.blocks(), step) for step in (0, 1, 1, -1, -1)]
    assert [(match.item_id, match.start) for match in walked if match] == [
        ("u2", 0), ("u0", 0), ("u0", 7), ("u0", 0), ("u2", 0),
    ]  # fmt: skip
    assert search.standing(rows.blocks()) == (3, 3)


def test_a_search_follows_what_changes() -> None:
    rows, search = rows_of("one"), TranscriptSearch()
    search.begin("two", rows.blocks())
    assert search.step(rows.blocks(), 1) is None
    rows.put(user("one two", "u0"), 0)
    search.look_at(rows.block(0))
    assert search.step(rows.blocks(), 1) is not None
    rows.put(user("and two", "u1"), 0)
    search.look_at(rows.block(0))
    assert search.standing(rows.blocks()) == (2, 2)
    search.forget("u1")
    assert search.standing(rows.blocks()) == (1, 1)
    search.forget("u0")
    assert search.standing(rows.blocks()) == (0, 0)


def test_what_is_looked_for_is_no_pattern() -> None:
    rows, search = rows_of("a.c abc (a"), TranscriptSearch()
    search.begin("a.c", rows.blocks())
    assert search.standing(rows.blocks()) == (0, 1)
    search.begin("(", rows.blocks())
    assert search.standing(rows.blocks()) == (0, 1)
    search.begin("", rows.blocks())
    assert not search.is_active
    assert search.standing(rows.blocks()) == (0, 0)
