"""Entries in an order that changes: like a plain list, whatever is done and however many there are."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from app.conversation import ordered
from app.conversation.ordered import OrderedEntries


@dataclass(frozen=True)
class Thing:
    item_id: str
    word: str = ""


ids = st.integers(0, 40).map(str)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), ids, st.integers(-1, 60)),
        st.tuples(st.just("move"), ids, st.integers(-1, 60)),
        st.tuples(st.just("put"), ids, st.integers(0, 60)),
        st.tuples(st.sampled_from(["remove", "mark", "replace"]), ids, st.just(0)),
    ),
    max_size=120,
)


@settings(deadline=None)
@given(steps, st.integers(1, 4))
def test_it_is_a_list(story, block):
    usual, ordered.BLOCK = ordered.BLOCK, block
    try:
        _follow(story)
    finally:
        ordered.BLOCK = usual


def _follow(story):
    entries: OrderedEntries[Thing] = OrderedEntries()
    order: list[str] = []
    words: dict[str, str] = {}
    marked: set[str] = set()
    for what, item_id, at in story:
        if what == "remove":
            assert entries.remove(item_id) is (item_id in order)
            if item_id in order:
                order.remove(item_id)
            marked.discard(item_id)
        elif what == "insert" and item_id not in order:
            entries.insert(at, Thing(item_id))
            order.insert(max(0, at), item_id)
            words[item_id] = ""
        elif what == "put":
            entries.put(at, Thing(item_id, what))
            if item_id in order:
                order.remove(item_id)
            order.insert(at, item_id)
            words[item_id] = what
        elif item_id not in order:
            assert entries.get(item_id) is None
        elif what == "move":
            entries.move(item_id, at)
            order.remove(item_id)
            order.insert(max(0, at), item_id)
        elif what == "mark":
            entries.mark(item_id)
            marked.add(item_id)
        elif what == "replace":
            entries.replace(Thing(item_id, what))
            words[item_id] = what
        assert [(entry.item_id, entry.word) for entry in entries] == [(name, words[name]) for name in order]
        assert len(entries) == len(order)
        first = entries.first_unmarked
        assert (first and first.item_id) == next((name for name in order if name not in marked), None)
        for place, name in enumerate(order):
            assert entries.index(name) == place
            assert entries.is_marked(name) is (name in marked)
            assert list(entries.before(name)) == order[:place][::-1]
            assert list(entries.after(name)) == order[place + 1 :]


def test_it_begins_with_what_is_given():
    things = [Thing(str(at)) for at in range(3000)]
    entries = OrderedEntries(things)
    assert list(entries) == things
    assert [entries.index(thing.item_id) for thing in things] == list(range(3000))
