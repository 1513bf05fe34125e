"""What models cost, as values: prices by the name of a model, and what other names stand for which model.

A model that has no price here has no cost, which is said rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct, field

Dollars: TypeAlias = Annotated[float, Meta(ge=0, le=100_000)]
"""US dollars for a million tokens, or for a minute."""

_DATED: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class TokenPrice(Struct, frozen=True, forbid_unknown_fields=True):
    """Of tokens of one kind, in US dollars for a million of them."""

    input: Dollars | None = None
    cached: Dollars | None = None
    """Of the input that the service had in its cache; where there is no such price, it costs what other input does."""
    output: Dollars | None = None


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model costs. What it has no price for, it is not known to sell."""

    text: TokenPrice = TokenPrice()
    audio: TokenPrice = TokenPrice()
    image: TokenPrice = TokenPrice()
    per_minute: Dollars | None = None
    """Of sound that is written down."""


class PriceList(Struct, frozen=True):
    """Prices of models, and names under which a service may have them."""

    date: str = ""
    """When these prices held, as year-month-day."""
    models: Mapping[str, Price] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """A deployment's name and the model behind it."""

    def of(self, name: str) -> Price | None:
        """The price of a model or deployment by its name, dated snapshots included; None when it is not known."""
        model = self.names.get(name, name)
        return self.models.get(model) or self.models.get(_DATED.sub("", model))


NO_PRICES: Final = PriceList()
"""Nothing is known of what anything costs."""
