"""A field is held unless it, or what it is part of, is known to be missing."""

from __future__ import annotations

import pytest

from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities


@pytest.mark.parametrize(
    ("lacks", "path", "is_held"),
    [
        ((), "reasoning.effort", True),
        (("reasoning",), "reasoning", False),
        (("reasoning",), "reasoning.effort", False),
        (("reasoning.effort",), "reasoning", True),
        (("audio.input.noise_reduction",), "audio.input", True),
        (("audio.input.noise_reduction",), "audio.input.noise_reduction.type", False),
        (("audio.input",), "audio.input_other", True),
    ],
)
def test_what_is_missing_is_missing_with_all_below_it(lacks: tuple[str, ...], path: str, is_held: bool):
    assert SessionCapabilities(lacks=frozenset(lacks)).holds(path) is is_held


def test_nothing_is_missing_where_nothing_is_known():
    assert ALL_OF_GA.holds("truncation")
