"""Interruption, points 1 to 3 (protocol reference, section 5.4): flushed at once, late speech dropped, cancelled."""

from __future__ import annotations

import pytest

from app.conversation.effects import Play, StatusChanged
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import ResponseCancel
from tests.conversation.driver import Talk, pcm
from tests.conversation.interruptions import WAYS, interrupt, speaking, truncations

# ---------------------------------------------------------------- 1: flush at once, the position read first


@pytest.mark.parametrize("way", WAYS)
def test_speaker_is_silenced_at_once_and_the_service_is_told_what_was_heard(way):
    talk = speaking(way).heard(a1=300)
    interrupt(way, talk)
    assert talk.flushes == 1
    assert talk.was_interrupted
    assert truncations(talk) == [("a1", 0, 300)]


def test_the_status_told_last_is_true():
    talk = speaking("text", done=True).heard(a1=300)
    talk.type("wait")
    last = talk.of(StatusChanged)[-1].status
    assert last == talk.conversation.status
    assert last.state is State.THINKING


# ---------------------------------------------------------------- 2: what is in flight never sounds


@pytest.mark.parametrize("way", WAYS)
def test_late_speech_is_dropped(way):
    talk = speaking(way).heard(a1=300)
    interrupt(way, talk)
    talk.audio(100)
    talk.audio(100, "a2")  # another item of the same response
    assert talk.of(Play) == []
    assert talk.played == {"a1": pcm(1000)}


def test_next_response_sounds():
    talk = speaking("speech")
    talk.heard(a1=300)
    talk.user_speaks()
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
