"""One response at a time (protocol reference, section 5.7): what waits, what melts, what is asked again."""

from __future__ import annotations

from app.conversation.active_response import ANSWER_TIMEOUT_MS, BUSY_RETRY_MS
from app.conversation.effects import Severity
from app.conversation.status import State
from app.protocol.client_events import ResponseCancel, ResponseCreate
from tests.conversation.driver import PUSH_TO_TALK, Talk

BUSY = "conversation_already_has_active_response"


def asked(talk: Talk) -> list[ResponseCreate]:
    return talk.said(ResponseCreate)


def test_second_wish_waits_for_the_end_of_the_first_response():
    talk = Talk()
    talk.type("one")
    talk.began("r1")
    talk.type("two")
    assert talk.wire == ["response.cancel", "conversation.item.create"]
    talk.ended("r1", "cancelled")
    assert talk.wire == ["response.create"]
    assert talk.conversation.status.is_response_active


def test_wishes_that_wait_melt_into_one():
    talk = Talk()
    talk.began("r1")
    for text in ("one", "two", "three"):
        talk.type(text)
    talk.ended("r1", "cancelled")
    assert len(asked(talk)) == 1
    talk.began("r2")
    talk.ended("r2")
    assert len(asked(talk)) == 1


def test_end_of_another_response_frees_nothing():
    talk = Talk()
    talk.began("r0")
    talk.ended("r0")
    talk.began("r1")
    talk.type("one")
    talk.ended("r0")
    assert asked(talk) == []
    talk.ended("r1", "cancelled")
    assert len(asked(talk)) == 1


def test_refused_as_too_early_it_is_asked_again_under_another_id():
    talk = Talk()
    talk.type("one")
    talk.refuse(asked(talk)[0], BUSY)
    assert talk.notices == []
    assert talk.wire == []
    talk.ended("r0")  # the response of which nothing was known
    assert talk.wire == ["response.create"]
    ids = [event.event_id for event in asked(talk)]
    assert len(set(ids)) == 2


def test_refused_because_the_service_had_begun_by_itself_it_is_asked_again():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.type("one")  # crosses the service's own response on the wire
    talk.began("r1")
    talk.refuse(asked(talk)[0], BUSY)
    assert talk.wire == []
    talk.ended("r1")
    assert talk.wire == ["response.create"]


def test_refused_as_too_early_with_the_end_missed_it_is_asked_again_after_a_while():
    talk = Talk()
    talk.type("one")
    talk.refuse(asked(talk)[0], BUSY)
    assert talk.conversation.deadline_ms == talk.now_ms + BUSY_RETRY_MS
    talk.later(BUSY_RETRY_MS - 1).tick()
    assert talk.wire == []
    talk.later(1).tick()
    assert talk.wire == ["response.create"]


def test_interrupted_before_the_refusal_it_is_not_asked_again():
    talk = Talk()
    talk.type("one")
    talk.stop_key()
    talk.refuse(asked(talk)[0], BUSY)
    talk.later(BUSY_RETRY_MS).tick()
    talk.ended("r0")
    assert len(asked(talk)) == 1


def test_interrupted_after_the_service_had_begun_by_itself_it_is_not_asked_again():
    talk = Talk()
    talk.type("one")
    talk.began("r1")
    talk.stop_key()
    talk.refuse(asked(talk)[0], BUSY)
    talk.ended("r1", "cancelled")
    assert len(asked(talk)) == 1


def test_unknown_response_can_be_cancelled_by_the_user():
    talk = Talk()
    talk.type("one")
    talk.refuse(asked(talk)[0], BUSY)
    talk.stop_key()
    assert talk.wire == ["response.cancel"]
    assert not talk.said(ResponseCancel)[0].response_id


def test_refused_for_another_reason_it_is_given_up_and_said():
    talk = Talk()
    talk.type("one")
    talk.refuse(asked(talk)[0], "rate_limit_exceeded", "Slow down.")
    assert talk.notices == ["The service gave no answer: Slow down."]
    assert talk.state is State.LISTENING
    talk.type("two")
    assert talk.wire == ["conversation.item.create", "response.create"]


def test_request_that_gets_no_reply_is_given_up():
    talk = Talk()
    talk.type("one")
    talk.later(ANSWER_TIMEOUT_MS - 1).tick()
    assert talk.state is State.THINKING
    talk.later(1).tick()
    assert talk.notices == ["The service did not answer for 20 s. Say it again or type it."]
    assert talk.state is State.LISTENING
    talk.type("two")
    assert talk.wire == ["conversation.item.create", "response.create"]


def test_stop_key_forgets_what_waits():
    talk = Talk()
    talk.began("r1")
    talk.type("one")
    talk.stop_key()
    talk.ended("r1", "cancelled")
    assert asked(talk) == []


def test_speech_forgets_what_waits_since_its_answer_answers_all():
    talk = Talk()
    talk.began("r1")
    talk.type("one")
    talk.user_speaks()
    talk.ended("r1", "cancelled")
    assert asked(talk) == []


def test_new_wish_survives_the_interruption_of_the_one_before():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.talk_key()  # the first answer is not wanted any more, though it has not begun
    talk.speak(200)
    talk.talk_key()
    talk.later(20).capture()
    assert talk.wire == ["input_audio_buffer.commit"]
    talk.began("r1")
    assert talk.wire == ["response.cancel"]
    talk.ended("r1", "cancelled")
    assert talk.wire == ["response.create"]
    talk.began("r2")
    assert talk.wire == []


def test_failed_response_without_a_word_is_a_notice():
    talk = Talk()
    talk.type("one")
    talk.began("r1")
    talk.ended("r1", "failed")
    assert talk.notices == ["The service could not answer."]
    assert [effect.severity for effect in talk.step if hasattr(effect, "severity")] == [Severity.ERROR]


def test_error_that_concerns_nothing_of_ours_is_told_on_one_line():
    talk = Talk()
    talk.refuse(None, "server_error", "Something\n\x1b]0;bad\x07 broke")
    assert talk.notices == ["The service says: Something ]0;bad broke"]


def test_refused_line_says_so_in_its_entry():
    talk = Talk()
    talk.type("one")
    talk.refuse(next(e for e in talk.all_sent if e.TYPE == "conversation.item.create"), message="Too long.")
    assert talk.conversation.entries[0].note == "The service did not take it: Too long."
