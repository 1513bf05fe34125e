"""Numbers and sums as people say and write them: found, worked out exactly, and told with what was understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Final


def _numbered(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    return {word: number for number, word in zip(count(first, step), words.split(), strict=False)}


_UNITS: Final = _numbered("zero one two three four five six seven eight nine")
_TEENS: Final = _numbered("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", first=10)
_TENS: Final = _numbered("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10) | {"fourty": 40}
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
    reading = _NumberReader()
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


class _NumberReader:
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


_SIGNS: Final = {
    "plus": "+", "+": "+", "minus": "-", "-": "-", "times": "*", "x": "*", "*": "*", "×": "*", "/": "/", "÷": "/",
    "over": "/",
}  # fmt: skip
_LONG_SIGNS: Final = {
    ("multiplied", "by"): "*", ("multiply", "by"): "*", ("divided", "by"): "/", ("divide", "by"): "/",
    ("added", "to"): "+", ("take", "away"): "-",
}  # fmt: skip
_SAID: Final = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_VERBS: Final = {
    "add": ("+", ("and", "to", "plus")), "sum": ("+", ("and",)), "multiply": ("*", ("by", "with", "and", "times")),
    "product": ("*", ("and",)), "divide": ("/", ("by",)), "subtract": ("-", ("from",)),
    "difference": ("-", ("and",)),
}  # fmt: skip
_BEYOND: Final = frozenset(("^", "%", "percent", "per", "squared", "cubed", "power"))
_BEYOND_BEFORE: Final = frozenset(("root", "log", "logarithm", "sine", "cosine", "sin", "cos"))
_DEEPEST: Final = 20

BEYOND_ME: Final = "That sum is beyond me: I only add, subtract, multiply and divide."
NO_DIVISION_BY_ZERO: Final = "Nothing can be divided by zero."


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that was found: from which token up to which, and the sentence that answers it."""

    start: int
    end: int
    answer: str


def sums(words: list[str]) -> list[Sum]:
    """All sums in the tokens of what was said (`tokens`), in their order."""
    found: list[Sum] = []
    at = 0
    while at < len(words):
        result = _verb(words, at) or _expression(words, at)
        if result is not None:
            found.append(result)
        at = result.end if result is not None else at + 1
    return found


def _expression(words: list[str], start: int) -> Sum | None:
    """ "17 times 23", "(2 + 3) * 4", "minus five plus seven"."""
    if start and (words[start - 1] == "point" or read_number(words, start - 1) is not None):
        return None  # the tail of something that was not understood
    reading = _SumParser(words, start)
    try:
        read = reading.chain()
    except ZeroDivisionError:
        return Sum(start, reading.at, NO_DIVISION_BY_ZERO)
    if read is None or not reading.operators:
        return None
    value, said = read
    before = words[max(0, start - 2) : start]
    if words[reading.at : reading.at + 1] == ["to"] and "power" in words[reading.at : reading.at + 3]:
        return Sum(start, reading.at + 3, BEYOND_ME)
    if _BEYOND.intersection(words[reading.at : reading.at + 1]) or _BEYOND_BEFORE.intersection(before):
        return Sum(start, reading.at + 1, BEYOND_ME)
    return Sum(start, reading.at, f"{said[0].upper()}{said[1:]} is {written(value)}.")


def _verb(words: list[str], start: int) -> Sum | None:
    """ "Add 5 and 7", "subtract 5 from 12", "the product of 6 and 7"."""
    if words[start] not in _VERBS:
        return None
    sign, between = _VERBS[words[start]]
    at = start + 1
    while at < len(words) and words[at] in ("of", "between", "the", "number", "numbers"):
        at += 1
    first = read_number(words, at)
    if first is None or first[1] >= len(words) or words[first[1]] not in between:
        return None
    second = read_misheard(words, first[1] + 1)
    if second is None:
        return None
    left, right = (second[0], first[0]) if words[first[1]] == "from" else (first[0], second[0])
    if sign == "/" and right == 0:
        return Sum(start, second[1], NO_DIVISION_BY_ZERO)
    said = f"{written(left)} {_SAID[sign]} {written(right)}"
    return Sum(start, second[1], f"{said[0].upper()}{said[1:]} is {written(_apply(sign, left, right))}.")


def _apply(sign: str, left: Fraction, right: Fraction) -> Fraction:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right


class _SumParser:
    """Reads a sum by its grammar: products before sums, parentheses first. Gives the value and how it is said."""

    def __init__(self, words: list[str], at: int) -> None:
        self._words = words
        self.at = at
        self.operators = 0

    def chain(self, signs: str = "+-", depth: int = 0) -> tuple[Fraction, str] | None:
        """Products joined by plus and minus, or (`signs`) operands joined by times and divided by."""
        read = self._part(signs, depth)
        if read is None:
            return None
        value, said = read
        while (found := self._operator()) is not None and found[0] in signs:
            sign, after = found
            before, self.at = self.at, after
            self.operators += 1
            right = self._part(signs, depth)
            if right is None:
                self.at = before
                self.operators -= 1
                break
            value = _apply(sign, value, right[0])
            said = f"{said} {_SAID[sign]} {right[1]}"
        return value, said

    def _part(self, signs: str, depth: int) -> tuple[Fraction, str] | None:
        return self.chain("*/", depth) if signs == "+-" else self._operand(depth)

    def _operand(self, depth: int) -> tuple[Fraction, str] | None:
        words, at = self._words, self.at
        if at >= len(words) or depth > _DEEPEST:
            return None
        if words[at] in ("minus", "-", "negative"):
            self.at += 1
            read = self._operand(depth + 1)
            if read is None:
                self.at = at
                return None
            return -read[0], f"minus {read[1]}"
        if words[at] == "(":
            self.at += 1
            read = self.chain("+-", depth + 1)
            if read is None or words[self.at : self.at + 1] != [")"]:
                self.at = at
                return None
            self.at += 1
            return read[0], f"({read[1]})"
        number = read_number(words, at)
        if number is None:
            number = read_misheard(words, at)
            if number is None or not (self.operators or self._operator(number[1])):
                return None  # a lone "to" is a number only beside an operator
        self.at = number[1]
        return number[0], written(number[0])

    def _operator(self, at: int | None = None) -> tuple[str, int] | None:
        """The sign here, and where the next operand begins; commas around it mean nothing."""
        words = self._words
        at = self.at if at is None else at
        if words[at : at + 1] == [","]:
            at += 1
        pair = tuple(words[at : at + 2])
        if pair in _LONG_SIGNS:
            sign, at = _LONG_SIGNS[pair[0], pair[1]], at + 2
        elif at < len(words) and words[at] in _SIGNS:
            sign, at = _SIGNS[words[at]], at + 1
        else:
            return None
        return sign, at + 1 if words[at : at + 1] == [","] else at
