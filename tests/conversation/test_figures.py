"""The figures beside the words: how fast the answer came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.session import Detection, SessionSettings
from app.conversation.transcript import Latency
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, least


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
