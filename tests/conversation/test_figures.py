"""The figures beside the words: how fast the answer came, what it used and what that cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from app.conversation.session import Detection, SessionSettings
from app.conversation.transcript import Latency
from app.conversation.usage import PRICES, UsageTotals, add_usage, price_of, response_cost_usd
from app.protocol.items import CachedTokens, InputTokens, OutputTokens, Usage
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, least

# ---------------------------------------------------------------- latency


def test_answer_is_timed_from_the_last_word_to_the_first_sound_and_the_parts_add_up():
    talk = Talk()  # 500 ms of silence end a turn
    talk.speak(1000)
    talk.user_speaks()
    silent(talk, 500)
    talk.later(80).user_spoke(audio_end_ms=1500)  # the news takes 80 ms
    talk.later(300).began()
    talk.words("Hi")
    talk.later(50).audio(100)
    assert talk.conversation.status.answered_ms is None
    talk.later(150).sounding("a1")
    assert talk.entry("a1").latency == Latency(
        first_word_ms=580 + 300, first_sound_ms=580 + 500, turn_ms=580, service_ms=350, playback_ms=150
    )
    assert talk.conversation.status.answered_ms == 1080
    assert talk.entry("a1").started_ms == talk.now_ms


def silent(talk: Talk, ms: int) -> None:
    for _ in range(ms // 20):
        talk.later(20).capture(voice=0.0)


def test_written_answer_is_timed_to_the_first_word():
    talk = Talk()
    talk.type("hello")
    talk.began()
    talk.later(200).text("Hi")
    talk.later(200).text(" there")
    assert talk.entry("a1").latency == Latency(first_word_ms=200, turn_ms=0, service_ms=200)
    assert talk.conversation.status.answered_ms == 200


def test_push_to_talk_is_timed_from_the_key():
    talk = Talk(PUSH_TO_TALK)
    talk.talk_key()
    talk.speak(400)
    talk.talk_key()
    talk.later(20).capture()
    talk.later(300).answer()
    assert talk.entry("a1").latency == Latency(
        first_word_ms=320, first_sound_ms=320, turn_ms=20, service_ms=300, playback_ms=0
    )


SEMANTIC = least(HANDS_FREE, detection=Detection.SEMANTIC_VAD)


@pytest.mark.parametrize(
    ("settings", "audio_end_ms", "turn_ms"),
    [
        (HANDS_FREE, 2000, 600),  # judged what was captured up to 2000, of which 500 were the silence it waits for
        (HANDS_FREE, 1900, 700),
        (HANDS_FREE, 0, 500),  # does not say: judged what was captured just now
        (HANDS_FREE, 9999, 500),  # judged what was never sent
        (least(HANDS_FREE, silence_ms=200), 2000, 300),
        (SEMANTIC, 2000, 1100),  # the microphone heard the last voice at 1000
        (SEMANTIC, 900, 1200),
        (SEMANTIC, 0, 1100),
    ],
)
def test_when_the_user_fell_silent(settings: SessionSettings, audio_end_ms: int, turn_ms: int):
    talk = Talk(settings)
    talk.speak(1000)
    talk.user_speaks()
    silent(talk, 1000)
    talk.later(100).user_spoke(audio_end_ms=audio_end_ms)
    talk.began()
    talk.text("Hi")
    assert talk.entry("a1").latency.turn_ms == turn_ms


def test_time_in_which_nothing_was_sent_is_no_place_in_the_sound():
    talk = Talk()
    talk.speak(1000)
    talk.talk_key()
    talk.later(60_000).talk_key()
    talk.speak(1000)
    talk.user_speaks()
    silent(talk, 500)
    talk.user_spoke(audio_end_ms=2500)
    talk.began()
    talk.later(100).text("Hi")
    assert talk.entry("a1").latency == Latency(first_word_ms=600, turn_ms=500, service_ms=100)


waits = st.integers(0, 3000)


@given(st.sampled_from([HANDS_FREE, SEMANTIC]), st.integers(0, 100_000), waits, waits, waits, waits, waits)
def test_the_parts_are_the_whole_whatever_the_service_says(settings, audio_end_ms, quiet, news, work, sound, playing):
    talk = Talk(settings)
    talk.speak(200)
    talk.user_speaks()
    silent(talk, quiet)
    talk.later(news).user_spoke(audio_end_ms=audio_end_ms)
    talk.later(work).began()
    talk.words("Hi")
    talk.later(sound).audio(100)
    talk.later(playing).sounding("a1")
    latency = talk.entry("a1").latency
    parts = (latency.turn_ms, latency.service_ms, latency.playback_ms)
    assert all(part >= 0 for part in parts)
    assert sum(parts) == latency.answered_ms
    assert parts[1:] == (work + sound, playing)
    assert latency.turn_ms <= talk.now_ms


def test_median_of_answers():
    talk = Talk()
    for number, wait_ms in enumerate((100, 900, 300), start=1):
        talk.type("hello")
        talk.began(f"r{number}")
        talk.later(wait_ms).text("Hi", f"a{number}", f"r{number}")
        talk.ended(f"r{number}")
    assert talk.conversation.status.answered_ms == 300
    assert talk.conversation.status.median_answered_ms == 300


def test_greeting_answers_no_turn():
    talk = Talk(greets=True)
    talk.later(400).answer()
    assert talk.entry("a1").latency is None
    assert talk.conversation.status.answered_ms is None


def test_only_the_first_item_answers():
    talk = Talk()
    talk.type("hello")
    talk.later(100).answer()
    talk.later(900).words("more", "a2")
    talk.audio(100, "a2")
    talk.sounding("a2")
    assert talk.entry("a2").latency is None
    assert talk.conversation.status.answered_ms == 100


def test_what_was_interrupted_answers_nothing():
    talk = Talk()
    talk.began("r1")
    talk.text("One")
    talk.later(1000).type("wait")
    talk.later(10).text(" two")  # still in flight
    talk.audio(100, "a0")
    talk.sounding("a0")
    talk.ended("r1", "cancelled")
    talk.began("r2")
    talk.later(490).text("Yes", "a2", "r2")
    assert talk.entry("a1").latency is None
    assert talk.entry("a2").latency.answered_ms == 500


# ---------------------------------------------------------------- prices


@pytest.mark.parametrize(
    ("model", "priced_as"),
    [
        ("gpt-realtime", "gpt-realtime"),
        ("gpt-realtime-2025-08-28", "gpt-realtime"),
        ("gpt-realtime-2", "gpt-realtime-2"),
        ("gpt-realtime-2-2026-05-07", "gpt-realtime-2"),
        ("gpt-realtime-2.1", "gpt-realtime-2.1"),
        ("gpt-realtime-2.1-2026-07-07", "gpt-realtime-2.1"),
        ("gpt-realtime-2.1-mini", "gpt-realtime-2.1-mini"),
        ("gpt-realtime-2.1-mini-2026-07-07", "gpt-realtime-2.1-mini"),
        ("gpt-realtime-mini-2025-12-15", "gpt-realtime-mini"),
        ("gpt-realtime-1.5-2026-02-23", "gpt-realtime-1.5"),
        ("gpt-realtime-3", None),
        ("gpt-realtime-2-large", None),
        ("gpt-realtime-whisper", None),
        ("my-deployment", None),
        ("local", None),
        ("", None),
    ],
)
def test_price_by_name(model, priced_as):
    assert price_of(model) is (PRICES[priced_as] if priced_as else None)


def usage(inputs: InputTokens | None, outputs: OutputTokens | None, total_in: int = 0, total_out: int = 0) -> Usage:
    return Usage(
        input_tokens=total_in, output_tokens=total_out, input_token_details=inputs, output_token_details=outputs
    )


M = 1_000_000


@pytest.mark.parametrize(
    ("used", "dollars"),
    [
        (usage(InputTokens(text_tokens=M), OutputTokens()), 4),
        (usage(InputTokens(audio_tokens=M), OutputTokens()), 32),
        (usage(InputTokens(), OutputTokens(text_tokens=M, audio_tokens=M)), 24 + 64),
        (
            usage(
                InputTokens(
                    text_tokens=2 * M,
                    audio_tokens=3 * M,
                    cached_tokens=3 * M,
                    cached_tokens_details=CachedTokens(text_tokens=M, audio_tokens=2 * M),
                ),
                OutputTokens(),
            ),
            4 + 0.40 + 32 + 2 * 0.40,
        ),
        # cached, without a word of which kind: taken for text, as far as there is any
        (usage(InputTokens(text_tokens=2 * M, cached_tokens=M), OutputTokens()), 4 + 0.40),
        (usage(InputTokens(text_tokens=M, audio_tokens=M, cached_tokens=2 * M), None), 0.40 + 32),
        # no details: all text
        (usage(None, None, M, M), 4 + 24),
        (Usage(input_tokens=M), 4),
        (Usage(), 0),
        # more cached than there was: never a negative price
        (usage(InputTokens(cached_tokens_details=CachedTokens(text_tokens=M)), None), 0.40),
    ],
)
def test_cost_of_a_response(used, dollars):
    assert response_cost_usd(used, PRICES["gpt-realtime-2.1"]) == pytest.approx(dollars)


def test_totals_add_up():
    used = usage(InputTokens(text_tokens=30, audio_tokens=70, cached_tokens=20), OutputTokens(audio_tokens=50), 100, 50)
    once = add_usage(UsageTotals(), used, "gpt-realtime-2.1")
    twice = add_usage(once, used, "gpt-realtime-2.1")
    assert (once.input_tokens, once.output_tokens, once.cached_tokens, once.total_tokens) == (100, 50, 20, 150)
    assert (twice.total_tokens, twice.cached_tokens) == (300, 40)
    assert twice.cost_usd == pytest.approx(2 * once.cost_usd)


def test_unknown_model_has_no_cost():
    assert add_usage(UsageTotals(), Usage(input_tokens=5), "my-deployment").cost_usd is None


@pytest.mark.parametrize("nothing", [None, UNSET, Usage()])
def test_response_without_usage(nothing):
    talk = Talk()
    talk.began()
    talk.ended("r1", "failed", usage=nothing)
    assert talk.conversation.status.usage.total_tokens == 0


def test_cancelled_response_is_counted():
    talk = Talk(model="gpt-realtime-2.1-2026-07-07")
    talk.began()
    talk.ended("r1", "cancelled", usage=Usage(input_tokens=132, output_tokens=121))
    assert talk.conversation.status.usage.total_tokens == 253
    assert talk.conversation.status.usage.cost_usd == pytest.approx((132 * 4 + 121 * 24) / M)
