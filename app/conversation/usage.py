"""Tokens used, sound written down, and what both cost (protocol reference, section 5.9)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from app.conversation.prices import Price, TokenPrice
from app.protocol.items import CachedTokens, InputTokens, OutputTokens, TranscribedTokens, TranscriptionUsage, Usage

_MILLION = 1_000_000


class TokensByKind(Struct, frozen=True, omit_defaults=True):
    """Counts of tokens. Cached ones are part of the input of their kind, not added to it."""

    text_in: int = 0
    text_cached: int = 0
    text_out: int = 0
    audio_in: int = 0
    audio_cached: int = 0
    audio_out: int = 0
    image_in: int = 0
    image_cached: int = 0

    @property
    def total(self) -> int:
        """Input and output, each token once."""
        return self.text_in + self.audio_in + self.image_in + self.text_out + self.audio_out

    @property
    def cached(self) -> int:
        """Of all kinds."""
        return self.text_cached + self.audio_cached + self.image_cached

    def __add__(self, other: TokensByKind) -> TokensByKind:
        return TokensByKind(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


class Spending(Struct, frozen=True, omit_defaults=True):
    """What an answer, a turn or a whole conversation used, and what that cost. Adds up."""

    tokens: TokensByKind = TokensByKind()
    transcribed_s: float = 0.0
    """Seconds of the user's speech that were paid for as such."""
    cost_usd: float | None = None
    """Of all that has a known price; None where nothing has."""
    has_unpriced: bool = False
    """Something in it has no known price, so that it cost more than that."""

    def __add__(self, other: Spending) -> Spending:
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Spending(
            self.tokens + other.tokens,
            self.transcribed_s + other.transcribed_s,
            sum(costs) if costs else None,
            self.has_unpriced or other.has_unpriced,
        )


def dollars(amount: float) -> str:
    """`$0.004`, from ten cents on `$0.12`."""
    return f"${amount:,.2f}" if amount >= 0.0995 else f"${amount:.3f}"


def cost_text(spending: Spending) -> str:
    """`$0.004`, or `over $0.004` where not all of it has a known price; empty where nothing has."""
    if spending.cost_usd is None:
        return ""
    return f"over {dollars(spending.cost_usd)}" if spending.has_unpriced else dollars(spending.cost_usd)


def response_spending(usage: Usage | None, price: Price | None) -> Spending:
    """What a response used, completed or not. Nothing where the service does not say."""
    return _spending(_counted(usage), 0.0, price) if usage else Spending()


def transcription_spending(usage: TranscriptionUsage | None, price: Price | None) -> Spending:
    """What writing down a turn used: tokens, or seconds. Nothing where the service does not say."""
    if not usage:
        return Spending()
    kinds = usage.input_token_details or TranscribedTokens(audio_tokens=usage.input_tokens or 0)
    told = Usage(
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        input_token_details=InputTokens(text_tokens=kinds.text_tokens, audio_tokens=kinds.audio_tokens),
    )
    return _spending(_counted(told), usage.seconds or 0.0, price)


def total(spendings: Iterable[Spending | None]) -> Spending:
    """All of them together."""
    return sum((spending for spending in spendings if spending is not None), Spending())


def _spending(tokens: TokensByKind, seconds: float, price: Price | None) -> Spending:
    if not (tokens.total or seconds):
        return Spending()
    cost = None if price is None else _cost_usd(tokens, seconds, price)
    return Spending(tokens, seconds, cost, has_unpriced=cost is None)


def _counted(usage: Usage) -> TokensByKind:
    """The tokens by kind. What is counted in the sum and under no kind is text, as reasoning is.

    Cached tokens are never more than the input of their kind. Where the service does not say of which kind they were,
    they are taken for text first: instructions and what was written stand before the sound.
    """
    inputs = usage.input_token_details or InputTokens()
    outputs = usage.output_token_details or OutputTokens()
    cached = inputs.cached_tokens_details or CachedTokens()
    rest_in = usage.input_tokens - inputs.text_tokens - inputs.audio_tokens - inputs.image_tokens
    rest_out = usage.output_tokens - outputs.text_tokens - outputs.audio_tokens
    text_in = inputs.text_tokens + max(0, rest_in)
    rooms = (text_in, inputs.audio_tokens, inputs.image_tokens)
    known = (cached.text_tokens, cached.audio_tokens, cached.image_tokens)
    text_cached, audio_cached, image_cached = _within(rooms, known, inputs.cached_tokens - sum(known))
    return TokensByKind(
        text_in=text_in,
        text_cached=text_cached,
        text_out=outputs.text_tokens + max(0, rest_out),
        audio_in=inputs.audio_tokens,
        audio_cached=audio_cached,
        audio_out=outputs.audio_tokens,
        image_in=inputs.image_tokens,
        image_cached=image_cached,
    )


def _within(rooms: tuple[int, ...], known: tuple[int, ...], unknown: int) -> list[int]:
    """As many of the known ones as there is room for, and the unknown ones in the first room that is left."""
    filled = []
    for room, count in zip(rooms, known, strict=True):
        taken = min(room, count + max(0, unknown))
        unknown -= max(0, taken - count)
        filled.append(taken)
    return filled


def _cost_usd(tokens: TokensByKind, seconds: float, price: Price) -> float | None:
    """None where something was used that the model has no price for."""
    parts = [
        _input_usd(tokens.text_in, tokens.text_cached, price.text),
        _input_usd(tokens.audio_in, tokens.audio_cached, price.audio),
        _input_usd(tokens.image_in, tokens.image_cached, price.image),
        _part_usd(tokens.text_out, price.text.output, _MILLION),
        _part_usd(tokens.audio_out, price.audio.output, _MILLION),
        _part_usd(seconds, price.per_minute, 60),
    ]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _input_usd(count: int, cached: int, price: TokenPrice) -> float | None:
    full = _part_usd(count - cached, price.input, _MILLION)
    reduced = _part_usd(cached, price.input if price.cached is None else price.cached, _MILLION)
    return None if full is None or reduced is None else full + reduced


def _part_usd(amount: float, price: float | None, per: int) -> float | None:
    if not amount:
        return 0.0
    return None if price is None else amount * price / per
