"""What was used, counted by kind and priced: each token once, nothing made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from app.conversation.prices import Price, TokenPrice
from app.conversation.session import SessionChange
from app.conversation.usage import (
    Spending,
    TokensByKind,
    cost_text,
    dollars,
    response_spending,
    total,
    transcription_spending,
)
from app.protocol import server_events as sv
from app.protocol.codec import decode_server_event
from app.protocol.items import (
    CachedTokens,
    InputTokens,
    OutputTokens,
    TranscribedTokens,
    TranscriptionUsage,
    Usage,
)
from tests.conversation.driver import PRICES, Talk, failure

M = 1_000_000
PRICE = PRICES.of("gpt-realtime-2.1")


def usage(inputs: InputTokens | None, outputs: OutputTokens | None, total_in: int = 0, total_out: int = 0) -> Usage:
    return Usage(
        input_tokens=total_in, output_tokens=total_out, input_token_details=inputs, output_token_details=outputs
    )


@pytest.mark.parametrize(
    ("used", "usd"),
    [
        (usage(InputTokens(text_tokens=M), OutputTokens()), 4),
        (usage(InputTokens(audio_tokens=M), OutputTokens()), 32),
        (usage(InputTokens(image_tokens=M), OutputTokens()), 5),
        (usage(InputTokens(), OutputTokens(text_tokens=M, audio_tokens=M)), 24 + 64),
        (
            usage(
                InputTokens(
                    text_tokens=2 * M,
                    audio_tokens=3 * M,
                    image_tokens=M,
                    cached_tokens=4 * M,
                    cached_tokens_details=CachedTokens(text_tokens=M, audio_tokens=2 * M, image_tokens=M),
                ),
                OutputTokens(),
            ),
            4 + 0.40 + 32 + 2 * 0.40 + 0.50,
        ),
        # cached, without a word of which kind: text first, then sound
        (usage(InputTokens(text_tokens=2 * M, cached_tokens=M), OutputTokens()), 4 + 0.40),
        (usage(InputTokens(text_tokens=M, audio_tokens=2 * M, cached_tokens=2 * M), None), 0.40 + 0.40 + 32),
        # some of them told by kind
        (
            usage(
                InputTokens(
                    text_tokens=2 * M,
                    audio_tokens=M,
                    cached_tokens=2 * M,
                    cached_tokens_details=CachedTokens(audio_tokens=M),
                ),
                None,
            ),
            4 + 0.40 + 0.40,
        ),
        # no details: all text
        (usage(None, None, M, M), 4 + 24),
        (Usage(input_tokens=M), 4),
        # what no kind accounts for is text, as reasoning is
        (usage(None, OutputTokens(text_tokens=M, audio_tokens=M), 0, 3 * M), 2 * 24 + 64),
        (usage(InputTokens(audio_tokens=M), None, 2 * M), 32 + 4),
        # details that come to more than the sum count as they are
        (usage(InputTokens(text_tokens=M), None, 1), 4),
        (Usage(), None),
        (usage(InputTokens(cached_tokens_details=CachedTokens(text_tokens=M)), None), None),  # of nothing
        # more cached than there was
        (usage(InputTokens(text_tokens=M, cached_tokens=3 * M), None), 0.40),
    ],
)
def test_cost_of_a_response(used: Usage, usd: float | None):
    spent = response_spending(used, PRICE)
    assert spent.cost_usd == (None if usd is None else pytest.approx(usd))
    assert not spent.has_unpriced


@pytest.mark.parametrize(
    ("used", "price", "usd"),
    [
        (TranscriptionUsage(type="duration", seconds=90.0), Price(per_minute=0.006), 0.009),
        (TranscriptionUsage(type="tokens", input_tokens=M), Price(audio=TokenPrice(3)), 3),
        (
            TranscriptionUsage(
                type="tokens",
                input_tokens=2 * M,
                output_tokens=M,
                input_token_details=TranscribedTokens(text_tokens=M, audio_tokens=M),
            ),
            Price(TokenPrice(1.25, None, 5), TokenPrice(3)),
            1.25 + 3 + 5,
        ),
        # paid for by the minute, counted in tokens; and the other way about
        (TranscriptionUsage(type="tokens", input_tokens=M), Price(per_minute=0.006), None),
        (TranscriptionUsage(type="duration", seconds=90.0), Price(audio=TokenPrice(3)), None),
        (TranscriptionUsage(type="duration", seconds=90.0), None, None),
    ],
)
def test_cost_of_a_transcription(used: TranscriptionUsage, price: Price | None, usd: float | None):
    spent = transcription_spending(used, price)
    assert spent.cost_usd == (None if usd is None else pytest.approx(usd))
    assert spent.has_unpriced is (usd is None)


@pytest.mark.parametrize("nothing", [None, TranscriptionUsage(), TranscriptionUsage(type="duration", seconds=0.0)])
def test_a_transcription_that_tells_nothing_used_nothing(nothing: TranscriptionUsage | None):
    assert transcription_spending(nothing, None) == Spending()


def test_without_a_price_of_its_kind_nothing_is_made_up():
    spent = response_spending(usage(InputTokens(text_tokens=M, audio_tokens=M), None), Price(TokenPrice(4, 1, 24)))
    assert (spent.cost_usd, spent.has_unpriced, spent.tokens.total) == (None, True, 2 * M)
    assert response_spending(Usage(input_tokens=5), None) == Spending(TokensByKind(text_in=5), has_unpriced=True)


def test_without_a_cached_price_cached_input_costs_what_other_input_does():
    used = usage(InputTokens(text_tokens=M, cached_tokens=M), None)
    assert response_spending(used, Price(TokenPrice(4, None, 24))).cost_usd == pytest.approx(4)


counts = st.integers(0, 2_000_000)
cacheds = st.none() | st.builds(CachedTokens, text_tokens=counts, audio_tokens=counts, image_tokens=counts)
inputs_told = st.none() | st.builds(
    InputTokens,
    text_tokens=counts,
    audio_tokens=counts,
    image_tokens=counts,
    cached_tokens=counts,
    cached_tokens_details=cacheds,
)
outputs_told = st.none() | st.builds(OutputTokens, text_tokens=counts, audio_tokens=counts)
usages = st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    input_token_details=inputs_told,
    output_token_details=outputs_told,
)


@given(usages)
def test_cached_tokens_are_part_of_the_input_and_counted_once(used: Usage):
    tokens = response_spending(used, PRICE).tokens
    inputs = used.input_token_details or InputTokens()
    told = inputs.text_tokens + inputs.audio_tokens + inputs.image_tokens
    outputs = used.output_token_details or OutputTokens()
    assert tokens.text_in + tokens.audio_in + tokens.image_in == max(used.input_tokens, told)
    assert tokens.text_out + tokens.audio_out == max(used.output_tokens, outputs.text_tokens + outputs.audio_tokens)
    for kind in ("text", "audio", "image"):
        assert 0 <= getattr(tokens, f"{kind}_cached") <= getattr(tokens, f"{kind}_in")
    of_kinds = inputs.cached_tokens_details or CachedTokens()
    known = of_kinds.text_tokens + of_kinds.audio_tokens + of_kinds.image_tokens
    assert tokens.cached <= max(inputs.cached_tokens, known)


@given(usages)
def test_what_was_cached_never_costs_more(used: Usage):
    spent = response_spending(used, PRICE)
    inputs = used.input_token_details
    if inputs:
        fresh = InputTokens(
            text_tokens=inputs.text_tokens, audio_tokens=inputs.audio_tokens, image_tokens=inputs.image_tokens
        )
        uncached = usage(fresh, used.output_token_details, used.input_tokens, used.output_tokens)
        assert (spent.cost_usd or 0) <= (response_spending(uncached, PRICE).cost_usd or 0)
    assert (spent.cost_usd or 0) >= 0


spendings = st.builds(response_spending, usages, st.sampled_from([PRICE, None])) | st.builds(
    lambda seconds: transcription_spending(TranscriptionUsage(seconds=seconds), PRICES.of("whisper-1")),
    st.floats(0, 3600),
)


@given(st.lists(spendings | st.none()))
def test_the_total_is_the_sum_of_its_parts(parts: list[Spending | None]):
    whole = total(parts)
    known = [part for part in parts if part is not None]
    assert whole.tokens.total == sum(part.tokens.total for part in known)
    assert whole.tokens.cached == sum(part.tokens.cached for part in known)
    costs = [part.cost_usd for part in known if part.cost_usd is not None]
    assert whole.cost_usd == (pytest.approx(sum(costs)) if costs else None)
    assert whole.has_unpriced is any(part.has_unpriced for part in known)


@pytest.mark.parametrize(
    ("spending", "text"),
    [
        (Spending(), ""),
        (Spending(TokensByKind(text_in=5), has_unpriced=True), ""),
        (Spending(cost_usd=0.0), "$0.000"),
        (Spending(cost_usd=0.0041), "$0.004"),
        (Spending(cost_usd=0.099), "$0.099"),
        (Spending(cost_usd=0.0999), "$0.10"),
        (Spending(cost_usd=1.239), "$1.24"),
        (Spending(cost_usd=1.239, has_unpriced=True), "over $1.24"),
        (Spending(cost_usd=12345.6), "$12,345.60"),
    ],
)
def test_cost_in_words(spending: Spending, text: str):
    assert cost_text(spending) == text


def test_dollars_never_jump_down_where_the_decimals_change():
    texts = [dollars(mills / 10_000) for mills in range(2000)]
    assert sorted(texts, key=lambda text: float(text[1:])) == texts


# ---------------------------------------------------------------- in a conversation


@pytest.mark.parametrize(
    ("model", "is_priced"),
    [
        ("gpt-realtime-2.1", True),
        ("gpt-realtime-2.1-2026-07-07", True),
        ("my-deployment", True),
        ("gpt-realtime-2.1-large", False),
        ("gpt-realtime-3", False),
        ("another-deployment", False),
        ("embedded", False),
        ("", False),
    ],
)
def test_price_by_name(model: str, is_priced: bool):
    assert PRICES.of(model) == (PRICE if is_priced else None)


@pytest.mark.parametrize("nothing", [None, UNSET, Usage()])
def test_response_without_usage(nothing):
    talk = Talk()
    talk.began()
    talk.ended("r1", "failed", usage=nothing)
    assert talk.conversation.status.spending == Spending()


@pytest.mark.parametrize("status", ["completed", "cancelled", "incomplete", "failed"])
def test_a_response_is_counted_however_it_ended(status: str):
    talk = Talk(model="gpt-realtime-2.1-2026-07-07")
    talk.began()
    talk.ended("r1", status, usage=Usage(input_tokens=132, output_tokens=121))
    spending = talk.conversation.status.spending
    assert spending.tokens.total == 253
    assert spending.cost_usd == pytest.approx((132 * 4 + 121 * 24) / M)


@pytest.mark.parametrize(
    "number", ["1e400", "-5", '"12"', "null", "[]", "1" * 400, "-" + "9" * 400, "99999999", "1.5", "true", "{}", "NaN"]
)
@pytest.mark.parametrize(
    "field",
    [
        '"output_tokens":{},"input_tokens":7',
        '"output_token_details":{{"text_tokens":{}}},"input_tokens":7',
        '"input_token_details":{{"cached_tokens":{},"text_tokens":7}},"input_tokens":7',
        '"input_token_details":{{"text_tokens":7,"cached_tokens_details":{{"text_tokens":{}}}}},"input_tokens":7',
    ],
)
def test_a_number_that_cannot_be_meant_is_left_out_and_the_rest_counts(field: str, number: str):
    talk = Talk()
    told = field.format(number)
    event = decode_server_event(f'{{"type":"response.done","response":{{"id":"r1","usage":{{{told}}}}}}}')
    assert isinstance(event, sv.ResponseDone)
    talk.hear(event)
    spending = talk.conversation.status.spending
    assert spending.tokens == TokensByKind(text_in=7)
    assert spending.cost_usd == pytest.approx(7 * 4 / M)


@pytest.mark.parametrize("number", ["1e400", "-5", '"12"', "null", "1" * 400, "true"])
def test_the_same_of_a_transcription(number: str):
    talk = Talk()
    talk.user_spoke()
    event = decode_server_event(
        '{"type":"conversation.item.input_audio_transcription.completed","item_id":"u1","transcript":"Hi",'
        f'"usage":{{"type":"duration","seconds":{number}}}}}'
    )
    assert isinstance(event, sv.TranscriptionCompleted)
    talk.hear(event)
    assert talk.entry("u1").text == "Hi"
    assert talk.conversation.status.spending == Spending()


def test_each_turn_has_what_it_used_and_together_they_are_all():
    talk = Talk()
    for number in (1, 2):
        talk.user_spoke(f"u{number}")
        seconds = TranscriptionUsage(type="duration", seconds=2.0 * number)
        done = sv.TranscriptionCompleted(item_id=f"u{number}", transcript="Hello", usage=seconds)
        talk.hear(done)
        talk.answer(1000, f"a{number}", f"r{number}")
        talk.audio_done(f"a{number}", f"r{number}")
        used = usage(InputTokens(text_tokens=100, audio_tokens=50 * number), OutputTokens(audio_tokens=20))
        talk.ended(f"r{number}", usage=used)
    spent = {item_id: entry.spending for item_id, entry in talk.entries.items()}
    assert spent["u2"].transcribed_s == 4.0
    assert spent["u2"].cost_usd == pytest.approx(4 / 60 * 0.003)
    assert spent["a2"].tokens == TokensByKind(text_in=100, audio_in=100, audio_out=20)
    assert spent["a2"].cost_usd == pytest.approx((100 * 4 + 100 * 32 + 20 * 64) / M)
    whole = talk.conversation.status.spending
    assert total(spent.values()).tokens == whole.tokens
    assert total(spent.values()).cost_usd == pytest.approx(whole.cost_usd)


def test_an_answer_without_an_entry_is_in_the_sum_alone():
    talk = Talk()
    talk.began()
    talk.ended("r1", "failed", details=failure("server_error", "No."), usage=Usage(input_tokens=10))
    assert all(entry.spending is None for entry in talk.entries.values())
    assert talk.conversation.status.spending.tokens.total == 10


def test_a_new_session_goes_on_counting():
    talk = Talk()
    talk.began()
    talk.ended("r1", usage=Usage(input_tokens=10))
    talk.conversation = talk.conversation.successor(SessionChange(), seed="s")
    assert talk.conversation.status.spending.tokens.total == 10
