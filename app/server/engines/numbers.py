"""Numbers as people say and write them: "seventeen", "1,234", "two million and five", "three point one four"."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_UNITS: Final = {
    word: number
    for number, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
}
_TEENS: Final = {
    word: number
    for number, word in enumerate(
        (
            "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
            "nineteen",
        ),
        start=10,
    )
}  # fmt: skip
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
} | {"fourty": 40}
_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_HEARD_AS: Final = {"to": 2, "too": 2, "for": 4, "won": 1, "ate": 8, "oh": 0}
"""What a recogniser writes for a number; only believed where nothing but a number can stand."""

_LONGEST_DIGITS: Final = 15
_TOKENS: Final = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|[-+*/=^%()×÷.,;:?!]")


def tokens(text: str) -> list[str]:
    """Words, numbers in digits and signs, in lower case. "1,234" is one number, "twenty-three" are two words.

    What is no number though it has digits, like 2026-11-25 or a telephone number, is left out.
    """
    text = text.lower().replace("\u2019", "'").replace("\u2212", "-").replace("$", "")
    text = re.sub(r"(?<!\d)\d+(?:-\d+){2,}", " ", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", text)
    return _TOKENS.findall(text)


def read_number(words: list[str], at: int) -> tuple[Fraction, int] | None:
    """The number that begins at `at`, and where it ends. No sign; commas within a number in words are overlooked."""
    reading = _Reading()
    end = at
    while True:
        following = end
        if end > at and following < len(words) and words[following] == ",":
            following += 1
        if reading.takes_and and following < len(words) and words[following] == "and":
            following += 1
        if following >= len(words) or not reading.take(words[following], words[following + 1 : following + 2]):
            break
        end = following + 1
    if end < len(words) and words[end] == "point":
        decimals, after = _decimals(words, end + 1)
        if decimals:
            value = reading.value + Fraction(int(decimals), 10 ** len(decimals))
            scale = _SCALES.get(words[after]) if after < len(words) else None
            return (value * scale, after + 1) if scale else (value, after)
    return (reading.value, end) if end > at else None


def read_misheard(words: list[str], at: int) -> tuple[Fraction, int] | None:
    """Like `read_number`, and takes "to" for two and "for" for four: for places where a number must stand."""
    if (number := read_number(words, at)) is not None:
        return number
    if at < len(words) and words[at] in _HEARD_AS:
        return Fraction(_HEARD_AS[words[at]]), at + 1
    return None


def written(number: Fraction) -> str:
    """In digits, with commas and "minus", as it is both read and spoken well; "about" where it is rounded."""
    sign = "minus " if number < 0 else ""
    size = abs(number)
    if size.denominator == 1:
        return f"{sign}{size.numerator:,}"
    places = 6 if 10**6 % size.denominator == 0 else 4
    exact = 10**places % size.denominator == 0
    if size < Fraction(1, 10_000) and not exact:
        return f"nearly zero, {sign}{size.numerator:,} over {size.denominator:,}"
    whole, part = divmod(round(size * 10**places), 10**places)
    decimals = f"{part:0{places}d}".rstrip("0")
    text = f"{sign}{whole:,}" + (f".{decimals}" if decimals else "")
    return text if exact else f"about {text}"


class _Reading:
    """A number in words, taken word by word from the left: thousands before hundreds before tens before units."""

    def __init__(self) -> None:
        self._total = Fraction(0)
        self._group = Fraction(0)
        self._room = 1000
        """What is added to the group must be below this: 10 after "twenty", 1 after "five"."""
        self._scale = 10**15
        self._taken = 0
        self.takes_and = False

    @property
    def value(self) -> Fraction:
        return self._total + self._group

    def take(self, word: str, following: list[str]) -> bool:
        """Whether the word goes on with the number; then it is taken in."""
        if word in ("a", "an") and self._taken == 0 and following and following[0] in ("hundred", *_SCALES):
            taken = self._add(Fraction(1), 1)
        elif word[0].isdecimal():
            taken = len(word) <= _LONGEST_DIGITS and self._add_digits(Fraction(word))
        elif word in _UNITS:
            taken = self._add(Fraction(_UNITS[word]), 1)
        elif word in _TEENS:
            taken = self._add(Fraction(_TEENS[word]), 1)
        elif word in _TENS:
            taken = self._add(Fraction(_TENS[word]), 10)
        elif word == "hundred":
            taken = self._hundred()
        elif word in _SCALES:
            taken = self._thousands(_SCALES[word])
        else:
            taken = False
        if taken:
            self._taken += 1
            self.takes_and = word == "hundred" or word in _SCALES
        return taken

    def _add(self, number: Fraction, room: int) -> bool:
        if number >= self._room or (number == 0 and self._taken):
            return False
        self._group += number
        self._room = room
        return True

    def _add_digits(self, number: Fraction) -> bool:
        if self._taken and (self._group or number >= min(self._room, self._scale)):
            return False
        self._group += number
        self._room = 1
        return True

    def _hundred(self) -> bool:
        if not 0 < self._group < 100:
            return False
        self._group *= 100
        self._room = 100
        return True

    def _thousands(self, scale: int) -> bool:
        if self._group == 0 or scale >= self._scale:
            return False
        self._total += self._group * scale
        self._group = Fraction(0)
        self._scale = scale
        self._room = 1000
        return True


def _decimals(words: list[str], at: int) -> tuple[str, int]:
    """The digits behind the point, said one by one or in one number, and where they end."""
    digits = ""
    while at < len(words) and len(digits) < _LONGEST_DIGITS:
        word = words[at]
        if word.isdecimal():
            digits += word
        elif word in _UNITS or word == "oh":
            digits += str(_UNITS.get(word, 0))
        elif not digits and (word in _TEENS or word in _TENS):
            number = read_number(words, at)
            return (str(number[0]), number[1]) if number is not None else ("", at)
        else:
            break
        at += 1
    return digits[:_LONGEST_DIGITS], at
