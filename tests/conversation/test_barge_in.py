"""Interruption, point by point (protocol reference, section 5.4): heard, flushed, dropped, cancelled, truncated."""

from __future__ import annotations

import pytest

from app.conversation.effects import Effect, EntryChanged, Flush, Play, Send, StatusChanged
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import ItemTruncate, ResponseCancel, ResponseCreate
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, failure, message, pcm

WAYS = ("speech", "stop key", "text", "talk key")


def interrupt(way: str, talk: Talk) -> None:
    match way:
        case "speech":
            talk.user_speaks("u9")
        case "stop key":
            talk.stop_key()
        case "text":
            talk.type("wait")
        case "talk key":
            talk.talk_key()


def speaking(way: str, *, done: bool = False, ms: int = 1000) -> Talk:
    talk = Talk(PUSH_TO_TALK if way == "talk key" else HANDS_FREE)
    talk.answer(ms, done=done)
    return talk


def truncations(talk: Talk) -> list[tuple[str, int, int]]:
    return [(event.item_id, event.content_index, event.audio_end_ms) for event in talk.said(ItemTruncate)]


# ---------------------------------------------------------------- 1: flush at once, the position read first


@pytest.mark.parametrize("way", WAYS)
def test_speaker_is_flushed_at_once_and_truncation_waits_for_what_it_says(way):
    talk = speaking(way)
    interrupt(way, talk)
    assert talk.flushes == 1
    assert talk.was_interrupted
    assert truncations(talk) == []
    talk.flushed(a1=300)
    assert truncations(talk) == [("a1", 0, 300)]


def test_flush_is_the_last_effect_so_that_its_report_may_be_given_in_its_place():
    talk = speaking("text")
    talk.type("wait")
    assert isinstance(talk.step[-1], Flush)
    assert any(isinstance(effect, StatusChanged) for effect in talk.step[:-1])


def test_report_given_within_the_flush_leaves_the_status_told_last_true():
    talk = speaking("text", done=True)
    told: list[Effect] = []
    for effect in talk.type("wait"):
        told.append(effect)
        if isinstance(effect, Flush):
            told += talk.flushed(a1=300)
    last = [effect.status for effect in told if isinstance(effect, StatusChanged)][-1]
    assert last == talk.conversation.status
    assert last.state is State.THINKING


# ---------------------------------------------------------------- 2: what is in flight never sounds


@pytest.mark.parametrize("way", WAYS)
def test_late_speech_is_dropped_before_and_after_the_truncation(way):
    talk = speaking(way)
    interrupt(way, talk)
    talk.audio(100)
    assert talk.of(Play) == []
    talk.flushed(a1=300)
    talk.audio(100)
    talk.audio(100, "a2")  # another item of the same response
    assert talk.of(Play) == []
    assert talk.played == {"a1": pcm(1000)}


def test_next_response_sounds():
    talk = speaking("speech")
    talk.user_speaks()
    talk.flushed(a1=300)
    talk.ended("r1", "cancelled")
    talk.user_spoke()
    talk.began("r2")
    talk.audio(100, "a2", "r2")
    assert talk.played["a2"] == pcm(100)


def test_speech_that_came_too_late_to_sound_is_truncated_at_nothing_when_its_response_is_over():
    talk = Talk()
    talk.began()
    talk.words("Well, ")
    talk.stop_key()
    assert talk.wire == ["response.cancel"]
    assert talk.flushes == 0
    talk.audio(200)
    talk.words("hello", "a2")
    talk.audio(100, "a2")
    assert talk.played == {}
    talk.ended("r1", "cancelled")
    assert truncations(talk) == [("a1", 0, 0), ("a2", 0, 0)]
    for item_id, text in (("a1", "Well, "), ("a2", "hello")):
        entry = talk.entry(item_id)
        assert (entry.text, entry.heard_text, entry.is_interrupted) == (text, "", True)


def test_words_of_an_interrupted_response_that_never_got_a_sound_were_not_heard():
    talk = Talk()
    talk.began()
    talk.words("Well")
    talk.stop_key()
    talk.ended("r1", "cancelled")
    assert truncations(talk) == []
    assert talk.entry("a1").unheard_text == "Well"


# ---------------------------------------------------------------- 3: cancel only where it is needed


@pytest.mark.parametrize(("way", "is_cancelled"), zip(WAYS, (False, True, True, True), strict=True))
def test_cancel_unless_the_service_does_it(way, is_cancelled):
    talk = speaking(way)
    interrupt(way, talk)
    assert [event.response_id for event in talk.said(ResponseCancel)] == (["r1"] if is_cancelled else [])


@pytest.mark.parametrize("way", WAYS)
def test_no_cancel_when_the_response_is_done(way):
    talk = speaking(way, done=True)
    interrupt(way, talk)
    assert talk.flushes == 1
    assert talk.said(ResponseCancel) == []


def test_cancel_goes_out_once_and_its_refusal_is_no_news():
    talk = speaking("stop key")
    talk.stop_key()
    cancel = talk.said(ResponseCancel)[0]
    talk.stop_key()
    assert talk.wire == []
    talk.refuse(cancel, "response_cancel_not_active", "Cancellation failed: no active response found")
    assert talk.notices == []


def test_cancel_refused_for_another_reason_is_told():
    talk = speaking("stop key")
    talk.stop_key()
    talk.refuse(talk.said(ResponseCancel)[0], "server_error", "Oops.")
    assert talk.notices == ["The service says: Oops."]


def test_refused_cancel_shows_that_nothing_is_active():
    talk = Talk()
    talk.began()  # its end is never told
    talk.stop_key()
    talk.refuse(talk.said(ResponseCancel)[0], "response_cancel_not_active")
    talk.type("hello")
    assert talk.wire == ["conversation.item.create", "response.create"]


def test_response_asked_for_but_not_begun_is_cancelled_when_it_begins():
    talk = Talk()
    talk.type("hello")
    talk.stop_key()
    assert talk.wire == []
    assert talk.was_interrupted
    talk.began("r1")
    assert [event.response_id for event in talk.sent] == ["r1"]
    assert talk.wire == ["response.cancel"]
    talk.audio(100)
    assert talk.played == {}
    talk.ended("r1", "cancelled")
    talk.began("r2")
    assert talk.wire == []


def test_response_asked_for_is_cancelled_also_when_speech_overtakes_it():
    talk = Talk()
    talk.type("hello")
    talk.user_speaks()
    talk.began("r1")
    assert talk.wire == ["response.cancel"]


def test_stop_key_while_the_service_is_about_to_answer_stops_that_answer():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    assert talk.state is State.THINKING
    talk.stop_key()
    assert talk.was_interrupted
    assert talk.state is State.LISTENING
    talk.began("r1")
    assert talk.wire == ["response.cancel"]
    talk.audio(100)
    assert talk.played == {}


def test_stop_key_stops_no_later_answer_than_the_next():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.stop_key()  # the service did not want to answer at all
    talk.user_speaks("u2")
    talk.user_spoke("u2")
    talk.began("r1")
    assert talk.wire == []
    talk.audio(100)
    assert talk.played == {"a1": pcm(100)}


def test_stop_key_does_not_stop_what_the_service_says_after_a_long_silence():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.stop_key()
    talk.hear(sv.InputTimeoutTriggered(item_id="u2"))
    talk.began("r1")
    assert talk.wire == []


# ---------------------------------------------------------------- 4: truncation is also needed when all is generated


@pytest.mark.parametrize("way", WAYS)
def test_truncated_also_when_the_response_was_done_long_ago(way):
    talk = speaking(way, done=True)
    talk.later(60_000)
    interrupt(way, talk)
    talk.flushed(a1=999)
    assert truncations(talk) == [("a1", 0, 999)]


def test_every_item_that_waits_is_truncated():
    talk = Talk()
    talk.answer(done=False)
    talk.words("more", "a2")
    talk.audio(500, "a2")
    talk.user_speaks()
    talk.flushed(a1=300, a2=0)
    assert truncations(talk) == [("a1", 0, 300), ("a2", 0, 0)]


def test_what_the_speaker_does_not_know_of_was_not_heard_unless_it_was_complete():
    talk = Talk()
    talk.answer(done=True)
    talk.began("r2")
    talk.audio(500, "a2", "r2")
    talk.user_speaks()
    talk.flushed()
    assert truncations(talk) == [("a2", 0, 0)]
    assert talk.entry("a1").heard_ms == 1000
    assert not talk.entry("a1").is_interrupted


# ---------------------------------------------------------------- 5: never more than was received


@pytest.mark.parametrize(("heard_ms", "end_ms"), [(0, 0), (-20, 0), (1, 1), (1000, 1000), (1085, 1000)])
def test_audio_end_is_clamped_to_what_was_received(heard_ms, end_ms):
    talk = speaking("speech")
    talk.user_speaks()
    talk.flushed(a1=heard_ms)
    assert truncations(talk) == [("a1", 0, end_ms)]
    assert talk.entry("a1").heard_ms == end_ms


# ---------------------------------------------------------------- 6: no truncation of what was heard or never came


@pytest.mark.parametrize("heard_ms", [1000, 1085])
def test_no_truncation_when_all_was_heard(heard_ms):
    talk = speaking("speech", done=True)
    talk.user_speaks()
    talk.flushed(a1=heard_ms)
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
    talk.flushed(a1=0)
    assert truncations(talk) == []


def test_what_was_heard_of_an_item_that_is_over_stays_as_it_was():
    talk = speaking("speech", done=True)
    talk.later(1000).played_out("a1")
    talk.later(500).flushed(a1=1000)  # the speaker had not forgotten it yet
    assert talk.entry("a1").ended_ms == 1000
    assert truncations(talk) == []


# ---------------------------------------------------------------- 7: once per item; our own words stay


def test_once_per_item():
    talk = speaking("stop key")
    talk.stop_key()
    talk.flushed(a1=300)
    talk.audio(200)
    talk.stop_key()
    talk.flushed(a1=900)
    talk.ended("r1", "cancelled")
    assert truncations(talk) == [("a1", 0, 300)]
    assert talk.entry("a1").heard_ms == 300


def test_own_words_stay_and_are_marked():
    talk = speaking("stop key")
    talk.stop_key()
    talk.flushed(a1=400)
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
    talk.stop_key()
    talk.flushed(a1=400)
    talk.refuse(talk.said(ItemTruncate)[0], code, words)
    assert talk.notices == []


# ---------------------------------------------------------------- 8: nobody truncates for us


def test_a_response_the_service_cancelled_is_truncated_by_us():
    talk = speaking("speech")
    talk.user_speaks()
    talk.ended("r1", "cancelled")  # before the speaker has said what was heard
    assert truncations(talk) == []
    talk.flushed(a1=250)
    assert truncations(talk) == [("a1", 0, 250)]


# ---------------------------------------------------------------- 9: typed text


def test_typed_text_interrupts_then_is_created_then_is_answered():
    talk = speaking("text")
    talk.type("wait")
    assert talk.wire == ["response.cancel"]
    talk.flushed(a1=300)
    assert talk.wire == ["conversation.item.truncate", "conversation.item.create"]
    talk.ended("r1", "cancelled")
    assert talk.wire == ["response.create"]


def test_typed_text_after_the_response_is_done_is_answered_once_the_service_knows_what_was_heard():
    talk = speaking("text", done=True)
    talk.type("wait")
    assert talk.wire == []
    talk.flushed(a1=300)
    assert talk.wire == ["conversation.item.truncate", "conversation.item.create", "response.create"]


def test_typed_lines_during_one_flush_keep_their_order():
    talk = speaking("text", done=True)
    talk.type("first")
    talk.type("second")
    talk.flushed(a1=300)
    assert talk.wire == ["conversation.item.truncate", *["conversation.item.create"] * 2, "response.create"]
    texts = [event.item.said for event in talk.sent if event.TYPE == "conversation.item.create"]
    assert texts == ["first", "second"]


def test_typed_line_stands_in_the_transcript_at_once():
    talk = speaking("text")
    talk.type("wait")
    assert [entry.text for entry in talk.conversation.entries] == ["one two three four", "wait"]
    assert talk.conversation.entries[1].is_final


# ---------------------------------------------------------------- the end of speech


def test_failed_response_that_never_closed_its_speech_still_ends():
    talk = Talk()
    talk.began()
    talk.audio(300)
    talk.ended("r1", "failed", details=failure("server_error", "Sorry."))
    assert talk.state is State.SPEAKING
    talk.played_out("a1")
    assert talk.state is State.LISTENING
    assert talk.entry("a1").note == "The service could not answer: Sorry."


def test_running_dry_is_not_the_end():
    talk = Talk()
    talk.answer(300)
    talk.played_out("a1")
    assert talk.state is State.SPEAKING
    talk.audio(300)
    talk.audio_done()
    assert talk.state is State.SPEAKING
    talk.later(300).played_out("a1")
    assert talk.entry("a1").heard_ms == 600
    assert talk.entry("a1").ended_ms == 300


def test_end_that_is_told_after_all_was_played():
    talk = Talk()
    talk.answer(300)
    talk.played_out("a1")
    talk.later(50).audio_done()
    assert talk.state is not State.SPEAKING
    assert talk.entry("a1").heard_ms == 300


def test_playout_reports_of_the_dead_change_nothing():
    talk = speaking("stop key")
    talk.stop_key()
    talk.flushed(a1=300)
    before = talk.entry("a1")
    talk.later(100).sounding("a1")
    talk.played_out("a1")
    assert talk.entry("a1") == before


def test_speech_without_words_has_an_entry():
    talk = Talk()
    talk.began()
    talk.audio(200, "a7")
    talk.audio_done("a7")
    talk.ended("r1")
    assert talk.entry("a7").received_ms == 200
    assert talk.entry("a7").is_final


def test_speech_before_its_words_is_counted():
    talk = Talk()
    talk.began()
    talk.audio(200)
    talk.words("one two")
    talk.stop_key()
    talk.flushed(a1=50)
    assert talk.entry("a1").heard_text == "one"


def test_entries_are_told_with_their_place():
    talk = Talk()
    talk.began()
    talk.words("Hi")
    assert talk.of(EntryChanged)[-1].index == 0
    assert [effect for effect in talk.step if isinstance(effect, Send)] == []
    assert talk.said(ResponseCreate) == []
