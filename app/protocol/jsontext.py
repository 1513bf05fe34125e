"""JSON text to values. A number that nothing could hold costs itself, never the frame it stands in."""

from __future__ import annotations

import json
import math

from app.protocol.convert import Json


def read_json(text: str) -> Json:
    """The value of a JSON text. Raises ValueError, and RecursionError where it is nested beyond all measure.

    NaN, infinities, and numbers too large to be written down again become null.
    """
    value: Json = json.loads(
        text, parse_constant=lambda _: None, parse_float=_finite_or_none, parse_int=_integer_or_none
    )
    return value


def depth_of(value: Json) -> int:
    """How many lists and objects stand within each other; never fails."""
    depth = 0
    level: list[Json] = [value]
    while level := [inner for outer in level for inner in _within(outer)]:
        depth += 1
    return depth


def _within(value: Json) -> list[Json]:
    match value:
        case dict():
            return list(value.values()) or [None]
        case list():
            return value or [None]
        case _:
            return []


def _finite_or_none(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _integer_or_none(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:  # the interpreter reads no number of thousands of digits, since that takes long
        return None
