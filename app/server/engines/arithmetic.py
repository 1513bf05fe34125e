"""Sums in what people say: found, worked out exactly, and told with what was understood, so that a mishearing shows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from app.server.engines.numbers import read_misheard, read_number, written

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


class _ZeroDivisorError(Exception):
    pass


def sums(words: list[str]) -> list[Sum]:
    """All sums in the tokens of what was said (`numbers.tokens`), in their order."""
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
    reading = _Parser(words, start)
    try:
        read = reading.sum(0)
    except _ZeroDivisorError:
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
            if right == 0:
                raise _ZeroDivisorError
            return left / right


class _Parser:
    """Reads a sum by its grammar: products before sums, parentheses first. Gives the value and how it is said."""

    def __init__(self, words: list[str], at: int) -> None:
        self._words = words
        self.at = at
        self.operators = 0

    def sum(self, depth: int) -> tuple[Fraction, str] | None:
        """Products joined by plus and minus."""
        return self._chain("+-", depth)

    def _chain(self, signs: str, depth: int) -> tuple[Fraction, str] | None:
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
        return self._chain("*/", depth) if signs == "+-" else self._operand(depth)

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
            read = self.sum(depth + 1)
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
