"""Text broken into rows by cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.ui.transcript.wrapping import cut_to, shown, wrap


def rows(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, width)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, []),
        ("short", 10, ["short"]),
        ("exactly ten", 11, ["exactly ten"]),
        ("one two three", 8, ["one two", "three"]),
        ("one  two", 4, ["one", "two"]),
        ("line\nother", 10, ["line", "other"]),
        ("line\n\nother", 10, ["line", "", "other"]),
        ("ends\n", 10, ["ends", ""]),
        ("  - indented list", 10, ["  -", "indented", "list"]),
        ("abcdefghijkl", 5, ["abcde", "fghij", "kl"]),
        ("a abcdefghijkl", 5, ["a", "abcde", "fghij", "kl"]),
        ("東京都には", 4, ["東京", "都に", "は"]),
        ("東京都には", 5, ["東京", "都に", "は"]),
        ("行きます。はい", 8, ["行きま", "す。はい"]),
        ("yes 東京 no", 6, ["yes 東", "京 no"]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ("👩‍👩‍👧👩‍👩‍👧", 2, ["👩‍👩‍👧", "👩‍👩‍👧"]),
        ("宽", 1, ["宽"]),
        ("naïve café au lait", 11, ["naïve café", "au lait"]),
    ],
)
def test_rows(text: str, width: int, expected: list[str]) -> None:
    assert rows(text, width) == expected


def test_a_word_of_100_000_characters_is_broken_in_rows() -> None:
    for letter in ("x", "ñ", "東"):
        broken = rows(letter * 100_000, 80)
        assert len(broken) == 100_000 * cell_len(letter) / 80
        assert "".join(broken) == letter * 100_000


TEXTS = st.text(st.sampled_from("ab  \n東。é👍\u0301\ufe0f-"), max_size=120)


@given(TEXTS, st.integers(2, 20))
def test_no_row_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    broken = rows(text, width)
    assert all(cell_len(row) <= width for row in broken)
    assert "".join("".join(broken).split()) == "".join(text.split())


@given(TEXTS, TEXTS, st.integers(2, 20))
def test_a_growing_text_is_wrapped_as_if_it_had_come_at_once(text: str, more: str, width: int) -> None:
    assert wrap(text + more, width, wrap(text, width)) == wrap(text + more, width)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb", "a    b"),
        ("é\tb\u2028c", "é    b\nc"),
        ("❤️ 👍🏽", "❤ 👍"),
        ("👩‍👩‍👧", "👩👩👧"),
        ("क्\u200dष", "क्\u200dष"),
        ("V\u200dI \u115f\u1160\u3164\uffff", "VI "),
    ],
)
def test_what_terminals_do_not_agree_on_is_left_out(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("東京都", 5, "東京…"),
        ("東京都", 4, "東…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_cut(text: str, width: int, expected: str) -> None:
    assert cut_to(text, width) == expected
