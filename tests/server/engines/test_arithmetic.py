from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.engines.arithmetic import BEYOND_ME, NO_DIVISION_BY_ZERO, read_number, sums, tokens, written

ONES = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int, comma: str = "", joiner: str = " ", link: str = " and ") -> str:
    """An independent way from numbers to words, as the judge."""
    if number < 0:
        return f"minus {in_words(-number, comma, joiner, link)}"
    if number < 20:
        return ONES[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return TENS[ten] + (f"{joiner}{ONES[one]}" if one else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            many, rest = divmod(number, size)
            said = f"{in_words(many, comma, joiner, link)} {name}"
            between = link if rest < 100 else f"{comma} "
            return said + (f"{between}{in_words(rest, comma, joiner, link)}" if rest else "")
    raise AssertionError(number)


def answers(text: str) -> list[str]:
    return [found.answer for found in sums(tokens(text))]


NUMBERS = st.integers(-5_000_000, 5_000_000) | st.integers(-120, 120)


@given(
    number=st.integers(0, 10**12 - 1) | st.integers(0, 10_000),
    comma=st.sampled_from(["", ","]),
    joiner=st.sampled_from([" ", "-", ", "]),
    link=st.sampled_from([" ", " and ", ", "]),
)
def test_numbers_in_words_are_read_back(number, comma, joiner, link):
    words = tokens(in_words(number, comma, joiner, link))
    assert read_number(words, 0) == (number, len(words))


@given(number=st.integers(0, 10**12 - 1), commas=st.booleans())
def test_numbers_in_digits_are_read_back(number, commas):
    words = tokens(f"{number:,}" if commas else str(number))
    assert read_number(words, 0) == (number, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.14", Fraction("3.14")),
        ("three point one four", Fraction("3.14")),
        ("zero point oh five", Fraction("0.05")),
        ("three point 14", Fraction("3.14")),
        ("three point fourteen", Fraction("3.14")),
        ("1.5 million", 1_500_000),
        ("two point five thousand", 2_500),
        ("a hundred and five", 105),
        ("twelve hundred", 1_200),
        ("34 thousand", 34_000),
        ("2 million 300 thousand", 2_300_000),
        ("one million, two hundred, thirty, four thousand, five hundred, sixty seven", 1_234_567),
    ],
)
def test_other_ways_to_say_a_number(text, value):
    words = tokens(text)
    assert read_number(words, 0) == (value, len(words))


@pytest.mark.parametrize(
    ("text", "value"), [("five, six", 5), ("twenty twenty", 20), ("zero one", 0), ("ten five", 10)]
)
def test_a_number_ends_where_the_next_begins(text, value):
    read = read_number(tokens(text), 0)
    assert read is not None
    assert read[0] == value


@pytest.mark.parametrize("text", ["", "hundred", "a day", "to", "and five", "million", "minus"])
def test_what_is_no_number(text):
    assert read_number(tokens(text), 0) is None


OPERATORS = {
    "+": ("plus", "+"),
    "-": ("minus", "-"),
    "*": ("times", "multiplied by", "x", "×", "*"),
    "/": ("divided by", "/", "÷", "over"),
}


@given(left=NUMBERS, right=NUMBERS, operator=st.sampled_from("+-*/"), data=st.data())
def test_any_two_numbers_and_any_operator(left, right, operator, data):
    def say(number):
        return data.draw(st.sampled_from([in_words(number), str(number), in_words(number, ",", "-", " ")]))

    said = data.draw(st.sampled_from(OPERATORS[operator]))
    frame = data.draw(
        st.sampled_from(["What is {}?", "{}", "Please calculate {}, will you?", "Hello. How much is {}."])
    )
    text = frame.format(f"{say(left)} {said} {say(right)}")
    if operator == "/" and right == 0:
        assert answers(text) == [NO_DIVISION_BY_ZERO]
        return
    value = {"+": left + right, "-": left - right, "*": left * right, "/": Fraction(left, right or 1)}[operator]
    (answer,) = answers(text)
    assert answer.endswith(f" is {written(Fraction(value))}.")
    assert answer.lower().startswith(written(Fraction(left)).lower())


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 300)), min_size=1, max_size=6), st.integers(0, 300))
def test_chains_keep_to_the_usual_order(chain, first):
    text = f"{first} " + " ".join(f"{OPERATORS[sign][0]} {in_words(number)}" for sign, number in chain)
    value, term, sign = 0, first, 1
    for operator, number in chain:
        if operator == "*":
            term *= number
        else:
            value, term, sign = value + sign * term, number, 1 if operator == "+" else -1
    assert answers(text)[0].endswith(f" is {written(Fraction(value + sign * term))}.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is seventeen times twenty three?", ["17 times 23 is 391."]),
        ("What is 17 times 23?", ["17 times 23 is 391."]),
        ("Stop. what is too plus, too?", ["2 plus 2 is 4."]),
        ("Stop what is too-plus too?", ["2 plus 2 is 4."]),
        ("What is $1,234,567 minus 89?", ["1,234,567 minus 89 is 1,234,478."]),
        ("(2+3)*4", ["(2 plus 3) times 4 is 20."]),
        ("what's 7x8", ["7 times 8 is 56."]),
        ("10 / 4", ["10 divided by 4 is 2.5."]),
        ("ten divided by three", ["10 divided by 3 is about 3.3333."]),
        ("three point one four times two", ["3.14 times 2 is 6.28."]),
        ("three minus ten", ["3 minus 10 is minus 7."]),
        ("two plus two and three plus three", ["2 plus 2 is 4.", "3 plus 3 is 6."]),
        ("add five and seven", ["5 plus 7 is 12."]),
        ("subtract 5 from 12", ["12 minus 5 is 7."]),
        ("What is the product of 6 and 7?", ["6 times 7 is 42."]),
        ("divide ten by zero", [NO_DIVISION_BY_ZERO]),
        ("ten over zero plus one", [NO_DIVISION_BY_ZERO]),
        ("17 times 23 squared", [BEYOND_ME]),
        ("square root of 9 plus 7", [BEYOND_ME]),
        ("2 plus 2 to the power of 3", [BEYOND_ME]),
    ],
)
def test_what_is_answered(text, expected):
    assert answers(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "three times a day", "one, two, three", "2 plus", "plus", "I want to go for a walk, plus a swim",
        "It was on 2026-11-25.", "twenty twenty plus one", "Call 555-123-4567.", "times are hard", "((((2",
    ],
)  # fmt: skip
def test_what_is_no_sum(text):
    assert answers(text) == []


def test_deep_nesting_is_no_fault():
    assert answers("(" * 5000 + "2 + 2" + ")" * 5000)[0].endswith(" is 4.")
    assert answers("minus " * 5000 + "two plus two")[0].endswith(".")
