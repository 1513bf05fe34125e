"""Interruption, points 4 to 9 (protocol reference, section 5.4): truncated at what was heard, then answered anew."""

from __future__ import annotations

import pytest

from app.protocol.client_events import ItemCreate, ItemTruncate
from tests.conversation.driver import Talk, message
from tests.conversation.interruptions import WAYS, interrupt, speaking, truncations

# ---------------------------------------------------------------- 4: truncation is also needed when all is generated


@pytest.mark.parametrize("way", WAYS)
def test_truncated_also_when_the_response_was_done_long_ago(way):
    talk = speaking(way, done=True)
    talk.later(60_000)
    talk.heard(a1=999)
    interrupt(way, talk)
    assert truncations(talk) == [("a1", 0, 999)]


def test_every_item_that_waits_is_truncated():
    talk = Talk()
    talk.answer(done=False)
    talk.words("more", "a2")
    talk.audio(500, "a2")
    talk.heard(a1=300, a2=0)
    talk.user_speaks()
    assert truncations(talk) == [("a1", 0, 300), ("a2", 0, 0)]


def test_what_the_speaker_does_not_know_of_was_not_heard_unless_it_was_complete():
    talk = Talk()
    talk.answer(done=True)
    talk.began("r2")
    talk.audio(500, "a2", "r2")
    talk.heard()
    talk.user_speaks()
    assert truncations(talk) == [("a2", 0, 0)]
    assert talk.entry("a1").heard_ms == 1000
    assert not talk.entry("a1").is_interrupted


# ---------------------------------------------------------------- 5: never more than was received


@pytest.mark.parametrize(("heard_ms", "end_ms"), [(0, 0), (-20, 0), (1, 1), (1000, 1000), (1085, 1000)])
def test_audio_end_is_clamped_to_what_was_received(heard_ms, end_ms):
    talk = speaking("speech")
    talk.heard(a1=heard_ms)
    talk.user_speaks()
    assert truncations(talk) == [("a1", 0, end_ms)]
    assert talk.entry("a1").heard_ms == end_ms


# ---------------------------------------------------------------- 6: no truncation of what was heard or never came


@pytest.mark.parametrize("heard_ms", [1000, 1085])
def test_no_truncation_when_all_was_heard(heard_ms):
    talk = speaking("speech", done=True)
    talk.heard(a1=heard_ms)
    talk.user_speaks()
    assert truncations(talk) == []
    assert talk.entry("a1").heard_ms == 1000
    assert not talk.entry("a1").is_interrupted


def test_no_flush_when_all_was_played():
    talk = speaking("speech", done=True)
    talk.later(1000).played_out("a1")
    talk.later(500).user_speaks()
    assert talk.flushes == 0
    assert not talk.was_interrupted
    assert talk.entry("a1").ended_ms == 1000


def test_no_truncation_when_no_speech_arrived():
    talk = Talk()
    talk.began()
    talk.words("Well")
    talk.user_speaks()
    assert talk.flushes == 0
    assert truncations(talk) == []


def test_what_was_heard_of_an_item_that_is_over_stays_as_it_was():
    talk = speaking("speech", done=True)
    talk.later(1000).played_out("a1")
    talk.answer(500, "a2", "r2")
    talk.later(500).heard(a1=1000, a2=200)  # the speaker had not forgotten it yet
    talk.user_speaks()
    assert talk.entry("a1").ended_ms == 1000
    assert truncations(talk) == [("a2", 0, 200)]


# ---------------------------------------------------------------- 7: once per item; our own words stay


def test_once_per_item():
    talk = speaking("stop key")
    talk.heard(a1=300)
    talk.stop_key()
    talk.audio(200)
    talk.heard(a1=900)
    talk.stop_key()
    talk.ended("r1", "cancelled")
    assert truncations(talk) == [("a1", 0, 300)]
    assert talk.entry("a1").heard_ms == 300


def test_own_words_stay_and_are_marked():
    talk = speaking("stop key")
    talk.heard(a1=400)
    talk.stop_key()
    talk.ended("r1", "cancelled", message("a1", text="one"))  # the service has forgotten the rest
    entry = talk.entry("a1")
    assert entry.text == "one two three four"
    assert (entry.heard_text, entry.unheard_text) == ("one two", " three four")
    assert entry.is_interrupted
    assert entry.is_final


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("invalid_value", "Audio content of 1000ms is already shorter than 1085ms"),
        (None, "Only model output audio messages can be truncated"),
        ("unsupported_content_type", "No."),
        ("item_truncate_invalid_item_id", "No."),
    ],
)
def test_refused_truncation_is_no_news(code, words):
    talk = speaking("stop key")
    talk.heard(a1=400)
    talk.stop_key()
    talk.refuse(talk.said(ItemTruncate)[0], code, words)
    assert talk.notices == []


# ---------------------------------------------------------------- 8: nobody truncates for us


def test_a_response_the_service_cancelled_is_truncated_by_us():
    talk = speaking("speech").heard(a1=250)
    talk.user_speaks()
    assert truncations(talk) == [("a1", 0, 250)]
    talk.ended("r1", "cancelled")
    assert truncations(talk) == [("a1", 0, 250)]


# ---------------------------------------------------------------- 9: typed text


def test_typed_text_interrupts_then_is_created_then_is_answered():
    talk = speaking("text").heard(a1=300)
    talk.type("wait")
    assert talk.wire == ["response.cancel", "conversation.item.truncate", "conversation.item.create"]
    talk.ended("r1", "cancelled")
    assert talk.wire == ["response.create"]


def test_typed_text_after_the_response_is_done_is_answered_once_the_service_knows_what_was_heard():
    talk = speaking("text", done=True).heard(a1=300)
    talk.type("wait")
    assert talk.wire == ["conversation.item.truncate", "conversation.item.create", "response.create"]


def test_typed_lines_keep_their_order_and_are_answered_together():
    talk = speaking("text", done=True).heard(a1=300)
    talk.type("first")
    assert talk.wire == ["conversation.item.truncate", "conversation.item.create", "response.create"]
    talk.type("second")
    assert talk.wire == ["conversation.item.create"]
    assert [event.item.said for event in talk.said(ItemCreate)] == ["first", "second"]
    talk.began("r2")
    assert talk.wire == ["response.cancel"]
    talk.ended("r2", "cancelled")
    assert talk.wire == ["response.create"]


def test_typed_line_stands_in_the_transcript_at_once():
    talk = speaking("text")
    talk.type("wait")
    assert [entry.text for entry in talk.conversation.entries] == ["one two three four", "wait"]
    assert talk.conversation.entries[1].is_final
