"""Which of several things a service does not take, found by asking for fewer."""

from __future__ import annotations

from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.refusal_search import RefusalSearch

NAMES = tuple("abcdefghijklmnop")


def found_by(search: RefusalSearch, refused: frozenset[str], *, names_them: bool) -> tuple[set, set, int]:
    """Taken, blamed, and the updates that it took, at a service that refuses those."""
    taken: set[str] = set()
    blamed: set[str] = set()
    count = 0
    while group := search.next:
        count += 1
        if bad := refused & set(group):
            search, sure = search.refused(frozenset([min(bad)]) if names_them else frozenset())
            blamed |= sure
        else:
            taken |= set(group)
            search = search.taken()
    return taken, blamed, count


@given(st.sets(st.sampled_from(NAMES)), st.booleans())
def test_nothing_but_the_culprits_is_given_up(refused, names_them):
    taken, blamed, count = found_by(RefusalSearch((NAMES,)), frozenset(refused), names_them=names_them)
    assert blamed == refused
    assert taken == set(NAMES) - refused
    assert count <= 2 * len(NAMES) - 1
    if names_them:
        assert count <= len(refused) + 1


@pytest.mark.parametrize("culprit", NAMES)
def test_one_culprit_takes_few_updates(culprit):
    *_, count = found_by(RefusalSearch((NAMES,)), frozenset(culprit), names_them=False)
    assert count <= 1 + 2 * ceil(log2(len(NAMES)))


def test_a_group_that_is_named_is_searched_after_the_rest():
    search, blamed = RefusalSearch((("a", "b", "c", "d"),)).refused(frozenset({"b", "c"}))
    assert (search.groups, blamed) == ((("a", "d"), ("b",), ("c",)), frozenset())


def test_a_group_that_is_refused_as_a_whole_is_given_up():
    search, blamed = RefusalSearch((("a", "b", "c"), ("d",))).refused(frozenset({"b", "c"}), is_whole=True)
    assert (search.groups, blamed) == ((("a",), ("d",)), frozenset({"b", "c"}))


def test_what_is_not_wanted_any_more_is_not_asked_for():
    assert RefusalSearch((("a",), ("b", "c"))).without("ab").groups == (("c",),)
