"""Front ends hear of changes promptly, and seldom."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.live.coalescer import PERIOD_MS, Coalescer


def test_the_first_change_is_told_at_once_and_the_next_together():
    told: list[str] = []
    coalescer = Coalescer(told.extend)
    coalescer.changed("a", 1000)
    assert told == ["a"]
    coalescer.changed("a", 1010)
    coalescer.changed("b", 1020)
    coalescer.changed("a", 1030)
    assert told == ["a"]
    assert coalescer.due_ms == 1000 + PERIOD_MS
    coalescer.flush(coalescer.due_ms)
    assert told == ["a", "a", "b"]
    assert coalescer.due_ms is None


def test_what_was_removed_is_not_told():
    told: list[str] = []
    coalescer = Coalescer(told.extend)
    coalescer.changed("a", 0)
    coalescer.changed("b", 1)
    coalescer.removed("b")
    coalescer.flush(100)
    assert told == ["a"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=200))
def test_at_most_ten_times_a_second_and_nothing_is_forgotten(changes: list[tuple[str, int]]):
    told_at: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    now = 0.0

    def tell(item_ids: tuple[str, ...]) -> None:
        for item_id in item_ids:
            told_at[item_id].append(now)

    coalescer = Coalescer(tell)
    last_change: dict[str, float] = {}
    for item_id, pause_ms in changes:
        target = now + pause_ms
        while coalescer.due_ms is not None and coalescer.due_ms <= target:
            now = coalescer.due_ms
            coalescer.flush(now)
        now = target
        last_change[item_id] = now
        coalescer.changed(item_id, now)
    if coalescer.due_ms is not None:
        now = coalescer.due_ms
        coalescer.flush(now)
    for item_id, times in told_at.items():
        assert all(later - earlier >= PERIOD_MS - 1e-6 for earlier, later in pairwise(times))
        if item_id in last_change:
            assert times[-1] >= last_change[item_id]
