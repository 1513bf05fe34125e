"""When the assistant's speech is over, and that an entry knows what was received and heard of it."""

from __future__ import annotations

from app.conversation.effects import EntryChanged, Send
from app.conversation.status import State
from app.protocol.client_events import ResponseCreate
from tests.conversation.driver import Talk, failure
from tests.conversation.interruptions import speaking


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
    talk.heard(a1=300)
    talk.stop_key()
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
    talk.heard(a1=50)
    talk.stop_key()
    assert talk.entry("a1").heard_text == "one"


def test_entries_are_told_with_their_place():
    talk = Talk()
    talk.began()
    talk.words("Hi")
    assert talk.of(EntryChanged)[-1].index == 0
    assert [effect for effect in talk.step if isinstance(effect, Send)] == []
    assert talk.said(ResponseCreate) == []


def test_a_report_that_speech_has_overtaken_is_not_the_end():
    talk = Talk()
    talk.answer(300)
    talk.audio(300)
    talk.audio_done()
    talk.played_out("a1", 300)
    assert talk.state is State.SPEAKING
    talk.played_out("a1", 600)
    assert talk.state is not State.SPEAKING
    assert talk.entry("a1").heard_ms == 600


def test_more_sound_is_counted_and_told_with_the_next_change():
    talk = Talk()
    talk.began()
    talk.audio(100)
    talk.audio(100)
    assert talk.of(EntryChanged) == []
    assert talk.entry("a1").received_ms == 200
    talk.words("one")
    assert talk.of(EntryChanged)[-1].entry.received_ms == 200


def test_what_was_received_is_told_with_an_interruption_and_with_the_end():
    talk = speaking("stop key")
    talk.audio(500)
    talk.heard(a1=300)
    talk.stop_key()
    assert talk.of(EntryChanged)[-1].entry.received_ms == 1500
    talk.answer(400, "a2", "r2")
    talk.audio(400, "a2", "r2")
    talk.audio_done("a2", "r2")
    talk.ended("r2")
    told = [changed.entry for changed in talk.of(EntryChanged) if changed.entry.item_id == "a2"]
    assert (told[-1].is_final, told[-1].received_ms) == (True, 800)


def test_sound_that_comes_when_nothing_else_may_is_told():
    talk = speaking("stop key")
    talk.heard(a1=300)
    talk.stop_key()
    talk.audio(500)
    assert talk.of(EntryChanged)[-1].entry.received_ms == 1500
    talk.answer(400, "a2", "r2", done=True)
    talk.audio(100, "a2", "r2")
    assert talk.of(EntryChanged)[-1].entry.received_ms == 500
