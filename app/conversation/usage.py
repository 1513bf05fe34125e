"""Tokens used and what they cost.

Prices are the published ones per million tokens (protocol reference, section 7, as of November 2026); a model that
is not in the table has no cost, which is said rather than guessed.
"""

from __future__ import annotations

import re

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from app.protocol.items import CachedTokens, InputTokens, OutputTokens, Usage


class Price(Struct, frozen=True):
    """US dollars per million tokens."""

    text_in: float
    text_cached: float
    text_out: float
    audio_in: float
    audio_cached: float
    audio_out: float


PRICES: dict[str, Price] = {
    "gpt-realtime-2.1-mini": Price(0.60, 0.06, 2.40, 10, 0.30, 20),
    "gpt-realtime-mini": Price(0.60, 0.06, 2.40, 10, 0.30, 20),
    "gpt-realtime-2.1": Price(4, 0.40, 24, 32, 0.40, 64),
    "gpt-realtime-2": Price(4, 0.40, 24, 32, 0.40, 64),
    "gpt-realtime-1.5": Price(4, 0.40, 16, 32, 0.40, 64),
    "gpt-realtime": Price(4, 0.40, 16, 32, 0.40, 64),
}


_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def price_of(model: str) -> Price | None:
    """The price of a model by its name, dated snapshots included; None when it is not known."""
    return PRICES.get(_DATE.sub("", model))


class UsageTotals(Struct, frozen=True):
    """Sums over all responses so far; cached tokens are part of the input."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    """None while the model's price is not known."""

    @property
    def total_tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens


def add_usage(totals: UsageTotals, usage: Usage, model: str) -> UsageTotals:
    """The totals after one more response."""
    inputs = usage.input_token_details or InputTokens(text_tokens=usage.input_tokens)
    cost = response_cost_usd(usage, price) if (price := price_of(model)) else None
    return replace(
        totals,
        input_tokens=totals.input_tokens + usage.input_tokens,
        output_tokens=totals.output_tokens + usage.output_tokens,
        cached_tokens=totals.cached_tokens + inputs.cached_tokens,
        cost_usd=None if cost is None else (totals.cost_usd or 0.0) + cost,
    )


def response_cost_usd(usage: Usage, price: Price) -> float:
    """Cost of one response (section 5.9): cached input at its own price, the rest at the full one.

    Where the service does not say which kind was cached, cached tokens are taken for text.
    """
    inputs = usage.input_token_details
    if isinstance(inputs, UnsetType) or inputs is None:
        inputs = InputTokens(text_tokens=usage.input_tokens)
    outputs = usage.output_token_details
    if isinstance(outputs, UnsetType) or outputs is None:
        outputs = OutputTokens(text_tokens=usage.output_tokens)
    cached = inputs.cached_tokens_details or CachedTokens(text_tokens=min(inputs.cached_tokens, inputs.text_tokens))
    dollars = (
        max(0, inputs.text_tokens - cached.text_tokens) * price.text_in
        + cached.text_tokens * price.text_cached
        + max(0, inputs.audio_tokens - cached.audio_tokens) * price.audio_in
        + cached.audio_tokens * price.audio_cached
        + outputs.text_tokens * price.text_out
        + outputs.audio_tokens * price.audio_out
    )
    return dollars / 1_000_000
