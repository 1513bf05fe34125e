"""What numbers on the wire can mean. Every number of the vocabulary is declared as one of these.

A number outside its range is treated like one of the wrong type: the field takes its default, and what came is kept
in `extra`. So nothing that computes with a field, a cost, a date, a place on a time line, has to ask whether it can.
Each bound lies well beyond what a service could mean, and well within what arithmetic and calendars can hold.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Struct


class Range(Struct, frozen=True):
    """From `least` to `most`, both included."""

    least: float
    most: float

    def __contains__(self, number: float) -> bool:
        return self.least <= number <= self.most  # false for NaN


EXACT: Final = 2**53
"""Up to here every reader of JSON holds integers exactly (RFC 8259, section 6)."""

MOST_TOKENS: Final = 2_000_000
"""In one response: several times the largest context of a realtime model (protocol reference, section 7)."""

MOST_MS: Final = 366 * 86_400_000
"""A year: no conversation lasts as long."""

LAST_EPOCH_S: Final = 32_503_680_000
"""The year 3000. Some systems' calendars end soon after it."""

Tokens: TypeAlias = Annotated[int, Range(0, MOST_TOKENS)]
"""A count of tokens of one response."""

Milliseconds: TypeAlias = Annotated[int, Range(0, MOST_MS)]
"""A place on the session's time line, or a length."""

Seconds: TypeAlias = Annotated[float, Range(0, MOST_MS / 1000)]
"""The same in seconds."""

EpochSeconds: TypeAlias = Annotated[int, Range(0, LAST_EPOCH_S)]
"""A moment."""

Quantity: TypeAlias = Annotated[int, Range(0, EXACT)]
"""How much there is of something that a service counts."""

Index: TypeAlias = Annotated[int, Range(0, 100_000)]
"""A place in a list."""

LogProbability: TypeAlias = Annotated[float, Range(-10_000, 0)]
"""The natural logarithm of a probability."""

Setting: TypeAlias = Annotated[int, Range(-EXACT, EXACT)]
"""An integer that a client asks for. Whether it may is judged where it is used: a refusal names the bounds."""

DecimalSetting: TypeAlias = Annotated[float, Range(-EXACT, EXACT)]
"""The same with decimals."""
