"""Errors that name no event of ours: what they are taken to be about, and what is waited for after them."""

from __future__ import annotations

import pytest

from app.conversation.effects import Notice, Severity
from app.conversation.outcome import concerns_answer
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import ResponseCancel, ResponseCreate
from app.protocol.items import ErrorDetail
from tests.conversation.driver import Talk

NO_CREDIT = ErrorDetail(type="insufficient_quota", code="insufficient_quota", message="Empty.")


@pytest.mark.parametrize(
    ("error", "is_about_it"),
    [
        (NO_CREDIT, True),
        (ErrorDetail(message="No."), True),
        (ErrorDetail(), True),
        (ErrorDetail(type="server_error", code="500", message="The model is gone."), True),
        (ErrorDetail(code="conversation_already_has_active_response", message="Busy."), True),
        (ErrorDetail(param="response.instructions", message="Too long."), True),
        (ErrorDetail(param="session.audio.input", message="No."), False),
        (ErrorDetail(param="audio", message="Not base64."), False),
        (ErrorDetail(event_id="ev_1", message="No."), False),
        (ErrorDetail(code="item_not_found", message="No."), False),
        (ErrorDetail(code="session_expired", message="Over."), False),
        (ErrorDetail(code="input_audio_buffer_commit_empty"), False),
        (ErrorDetail(code="response_cancel_not_active"), False),
        (ErrorDetail(code="invalid_value", message="Audio content of 9ms is already shorter than 12ms"), False),
        (ErrorDetail(code="model_not_found", message="No model for transcription."), False),
        (ErrorDetail(code="invalid_value", message="Invalid session field."), False),
    ],
)
def test_what_an_error_is_about(error: ErrorDetail, is_about_it: bool):
    assert concerns_answer(error) is is_about_it


def asked() -> Talk:
    talk = Talk()
    talk.type("Hello.")
    assert talk.said(ResponseCreate)
    assert talk.state is State.THINKING
    return talk


def test_an_answer_that_was_plainly_refused_is_waited_for_no_more():
    talk = asked()
    talk.hear(sv.ErrorEvent(error=NO_CREDIT))
    assert talk.notices == ["The service gave no answer: Empty."]
    assert talk.of(Notice)[0].severity is Severity.ERROR
    assert talk.state is not State.THINKING
    talk.type("Hello?")
    assert talk.wire == ["conversation.item.create", "response.create"]


def test_an_answer_that_the_service_was_about_to_give_is_waited_for_no_more_either():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    assert talk.state is State.THINKING
    talk.hear(sv.ErrorEvent(error=ErrorDetail(code="input_audio_buffer_commit_empty")))
    assert talk.state is State.THINKING
    talk.hear(sv.ErrorEvent(error=NO_CREDIT))
    assert talk.notices == ["The service gave no answer: Empty."]
    assert talk.state is State.LISTENING


def test_an_answer_that_comes_all_the_same_is_one():
    talk = asked()
    talk.hear(sv.ErrorEvent(error=NO_CREDIT))
    talk.answer(done=True)
    assert talk.entry("a1").text == "one two three four"


def test_an_answer_that_was_asked_for_too_early_is_asked_for_again():
    talk = asked()
    talk.hear(sv.ErrorEvent(error=ErrorDetail(code="conversation_already_has_active_response")))
    assert talk.notices == []
    assert talk.state is State.THINKING
    talk.later(1_000).tick()
    assert talk.wire == ["response.create"]


def test_an_error_that_may_be_about_the_settings_ends_no_wait():
    talk = asked()
    talk.change(voice="cedar")
    talk.hear(sv.ErrorEvent(error=ErrorDetail(message="No.")))
    assert talk.notices == ["The service says: No."]
    assert talk.state is State.THINKING


def test_an_error_while_an_answer_is_under_way_ends_nothing():
    talk = asked()
    talk.answer()
    talk.hear(sv.ErrorEvent(error=ErrorDetail(message="No.")))
    assert talk.notices == ["The service says: No."]
    assert talk.conversation.status.is_response_active


def test_an_answer_that_is_not_wanted_any_more_and_was_refused_is_not_cancelled():
    talk = asked()
    talk.stop_key()
    talk.hear(sv.ErrorEvent(error=NO_CREDIT))
    talk.began()
    assert talk.said(ResponseCancel) == []


def test_advice_stands_beside_the_words():
    talk = Talk()
    talk(talk.conversation.receive(sv.ErrorEvent(error=ErrorDetail(message="Slow down")), 0, "Wait a minute."))
    assert talk.notices == ["The service says: Slow down. Wait a minute."]
    assert [entry.text for entry in talk.conversation.entries] == talk.notices
    talk(talk.conversation.receive(sv.SpeechStarted(item_id="u1"), 0, "Wait a minute."))
    assert talk.notices == ["Wait a minute."]
