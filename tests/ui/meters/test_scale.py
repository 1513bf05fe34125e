"""Bars, marks and numbers: exact widths, whatever the values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.meters.scale import bar, cell_at, fraction_at, level_fraction, level_text, placed, speech_bar, track

ANY = st.floats(allow_nan=True, allow_infinity=True)
WIDTHS = st.integers(0, 200)


@pytest.mark.parametrize(
    ("dbfs", "fraction"),
    [(-100.0, 0.0), (-60.0, 0.0), (-30.0, 0.5), (-15.0, 0.75), (0.0, 1.0), (3.0, 1.0), (-math.inf, 0.0), (math.nan, 0)],
)
def test_a_level_has_its_place_between_minus_sixty_and_full_scale(dbfs, fraction):
    assert level_fraction(dbfs) == pytest.approx(fraction)


@pytest.mark.parametrize(
    ("dbfs", "text"),
    [
        (-100.0, " -∞ dBFS"),
        (math.nan, " -∞ dBFS"),
        (-94.2, " -∞ dBFS"),
        (-89.6, "-90 dBFS"),
        (-23.4, "-23 dBFS"),
        (-9.6, "-10 dBFS"),
        (-0.4, "  0 dBFS"),
        (2.0, "  0 dBFS"),
    ],
)
def test_a_level_in_words(dbfs, text):
    assert level_text(dbfs) == text


@given(ANY)
def test_a_level_in_words_is_always_as_wide(dbfs):
    assert len(level_text(dbfs)) == 8


@pytest.mark.parametrize(
    ("fraction", "width", "text"),
    [
        (0.0, 4, "    "),
        (1.0, 4, "████"),
        (0.5, 4, "██  "),
        (0.5, 1, "▌"),
        (1 / 32, 4, "▏   "),
        (31 / 32, 4, "███▉"),
        (0.4, 4, "█▋  "),
        (7.0, 3, "███"),
        (math.nan, 3, "   "),
        (0.9, 0, ""),
    ],
)
def test_a_bar_is_filled_to_an_eighth_of_a_cell(fraction, width, text):
    assert bar(fraction, width) == text


@given(ANY, WIDTHS)
def test_a_bar_has_exactly_its_width(fraction, width):
    assert len(bar(fraction, width)) == width


@given(st.integers(1, 200), st.data())
def test_a_longer_bar_for_a_greater_fraction(width, data):
    low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    assert len(bar(low, width).rstrip()) <= len(bar(high, width).rstrip())


@given(st.integers(2, 200), st.data())
def test_a_mark_is_found_again_where_it_was_set(width, data):
    cell = data.draw(st.integers(0, width - 1))
    assert cell_at(fraction_at(cell, width), width) == cell


@given(ANY, st.text(alphabet="█ ", max_size=50))
def test_a_placed_mark_changes_one_cell(fraction, text):
    marked = placed(text, fraction)
    assert len(marked) == len(text)
    assert marked.count("┃") == min(1, len(text))


@pytest.mark.parametrize(("fraction", "at"), [(0.0, 0), (0.5, 5), (1.0, 10), (-3, 0), (9, 10)])
def test_ends_of_the_scale_are_ends_of_the_text(fraction, at):
    assert placed(" " * 11, fraction).index("┃") == at


@pytest.mark.parametrize(("fraction", "text"), [(0.0, "●─────┤"), (0.5, "├──●──┤"), (1.0, "├─────●"), (0.3, "├─●───┤")])
def test_a_track_with_its_knob(fraction, text):
    assert "".join(track(fraction, 7)) == text


@given(ANY, WIDTHS)
def test_a_track_has_exactly_its_width(fraction, width):
    assert len("".join(track(fraction, width))) == width


@given(ANY, st.floats(0, 1), WIDTHS)
def test_the_voice_bar_has_exactly_its_width_and_one_mark(voice, threshold, width):
    whole = "".join(speech_bar(voice, threshold, width))
    assert len(whole) == width
    assert whole.count("┃") == min(1, width)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 200))
def test_something_stands_beyond_the_mark_exactly_when_it_counts_as_speech(voice, threshold, width):
    _, _, above = speech_bar(voice, threshold, width)
    assert bool(above.strip()) == (voice >= threshold and bool(above))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2, 200))
def test_speech_fills_the_bar_up_to_the_mark(voice, threshold, width):
    below, _, _ = speech_bar(voice, threshold, width)
    if voice >= threshold:
        assert set(below) <= {"█"}
