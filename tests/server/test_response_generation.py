"""Answers: their events in order, by sentence, cancelled, cut, failed, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest

from app.server.session_outputs import JobResult, Respond, Speak
from app.server.wire_audio import MU_LAW
from tests.server.driver import Driver, error, types

ITEM_BEGINS = ["response.output_item.added", "conversation.item.added", "response.content_part.added"]
SPOKEN_ENDS = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]


def asked(**fields) -> Driver:
    talk = Driver()
    talk.typed("Hello?")
    talk.say("response.create", **fields)
    return talk


def test_a_spoken_answer_is_told_in_the_order_of_the_reference():
    talk = asked()
    new = talk.answer("Well, ", "hello. And ", "you?")
    assert new == []
    new = talk.speak(300)
    words, sound = "response.output_audio_transcript.delta", "response.output_audio.delta"
    assert types(new) == [*ITEM_BEGINS, words, sound, sound, sound]
    new = talk.speak(100)
    assert types(new) == [words, sound, *SPOKEN_ENDS]
    done = talk.of("response.done")[0].response
    assert (done.status, done.status_details) == ("completed", None)
    assert done.output[0].status == "completed"
    assert done.output[0].content[0].transcript == "Well, hello. And you?"
    assert "".join(event.delta for event in talk.of(words)) == "Well, hello. And you?"
    assert sum(len(event.delta) for event in talk.of(sound)) == 400 * 48
    assert max(len(event.delta) for event in talk.of(sound)) <= 200 * 48
    assert talk.of("response.content_part.added")[0].part.type == "audio"


def test_the_first_sentence_is_spoken_while_the_responder_still_speaks():
    talk = asked()
    talk.answer("One is here. Two ", complete=False)
    assert talk.waits_for(Speak)[0].sentence.strip() == "One is here."
    assert "response.output_audio.delta" in types(talk.speak())
    talk.answer("follows.")
    assert types(talk.speak())[-1] == "response.done"


def test_a_written_answer_needs_no_mouth():
    talk = asked(response={"output_modalities": ["text"]})
    new = talk.answer("One. ", "Two.")
    assert talk.waits_for(Speak) == []
    assert types(new) == [
        *ITEM_BEGINS,
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    done = talk.of("response.done")[0].response
    assert done.output[0].content[0].text == "One. Two."
    assert done.output_modalities == ("text",)


def test_history_and_instructions_reach_the_responder():
    talk = Driver()
    talk.update(instructions="Be kind.")
    talk.full_answer("Good day. ", "How are you?")
    talk.typed("Fine.")
    talk.say("response.create", response={"instructions": "Be brief.", "metadata": {"who": "me"}})
    prompt = talk.job(Respond).prompt
    assert prompt.instructions == "Be brief."
    assert [(message.role, message.text) for message in prompt.messages] == [
        ("user", "Hello?"),
        ("assistant", "Good day. How are you?"),
        ("user", "Fine."),
    ]
    assert talk.of("response.created")[-1].response.metadata == {"who": "me"}


@pytest.mark.parametrize(
    "response",
    [
        None,
        dict.fromkeys(
            ("output_modalities", "audio", "instructions", "tools", "tool_choice", "conversation", "input", "metadata",
             "max_output_tokens", "parallel_tool_calls", "reasoning", "prompt")
        ),
    ],
)  # fmt: skip
def test_an_option_that_is_null_is_the_sessions(response):
    talk = Driver()
    talk.update(instructions="Be kind.")
    talk.typed("Hello?")
    assert types(talk.say("response.create", response=response)) == ["response.created"]
    assert talk.job(Respond).prompt.instructions == "Be kind."


def test_the_speed_of_the_session_is_that_of_the_speech():
    talk = Driver()
    talk.update(audio={"output": {"speed": 1.25}})
    talk.typed("Hello?")
    talk.say("response.create")
    talk.answer("Yes.")
    assert talk.job(Speak).speed == 1.25


def test_a_second_response_waits_for_the_first():
    talk = asked()
    refused = error(talk.say("response.create", event_id="again"))
    assert refused.code == "conversation_already_has_active_response"
    assert talk.of("response.created")[0].response.id in refused.message
    assert refused.event_id == "again"


def test_the_client_cancels():
    talk = asked()
    talk.answer("One. Two. Three.")
    talk.speak()
    new = talk.say("response.cancel")
    assert types(new) == SPOKEN_ENDS
    response = new[-1].response
    assert (response.status, response.status_details.reason) == ("cancelled", "client_cancelled")
    assert response.output[0].status == "incomplete"
    assert response.output[0].content[0].transcript.strip() == "One."
    assert talk.jobs == []
    assert error(talk.say("response.cancel")).code == "response_cancel_not_active"
    assert types(talk.say("response.create")) == ["response.created"]


def test_late_results_of_a_cancelled_answer_are_ignored():
    talk = asked()
    talk.answer("One. Two.", complete=False)
    respond, speak = talk.waits_for(Respond)[0], talk.waits_for(Speak)[0]
    talk.say("response.cancel")
    assert {respond.job_id, speak.job_id} <= set(talk.cancelled)
    session = talk.session
    assert session.found(JobResult(respond.job_id, "More. "), 0.0) == []
    assert session.found(JobResult(respond.job_id, None), 0.0) == []
    assert session.found(JobResult(speak.job_id, np.zeros(100, dtype=np.float32)), 0.0) == []


def test_cancelled_before_its_first_word_nothing_is_left():
    talk = asked()
    new = talk.say("response.cancel")
    assert types(new) == ["response.done"]
    assert new[0].response.output == ()


@pytest.mark.parametrize("interrupt", [True, False])
def test_speaking_interrupts_where_the_session_says_so(interrupt):
    talk = Driver()
    detection = {"type": "server_vad", "interrupt_response": interrupt}
    talk.update(audio={"input": {"turn_detection": detection}})
    talk.typed("Hello?")
    talk.say("response.create")
    talk.answer("One. Two.")
    talk.speak()
    new = talk.hear((0.8, 500), (0.0, 640))
    if interrupt:
        assert types(new)[0] == "input_audio_buffer.speech_started"
        done = talk.of("response.done")[0].response
        assert (done.status, done.status_details.reason) == ("cancelled", "turn_detected")
        assert len(talk.of("response.created")) == 2
    else:
        assert error(new).code == "conversation_already_has_active_response"
        assert error(new).event_id is None
        assert len(talk.of("response.created")) == 1


def test_out_of_band_runs_beside_and_leaves_nothing():
    talk = asked()
    new = talk.say(
        "response.create",
        response={
            "conversation": "none",
            "output_modalities": ["text"],
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Sum up."}]}],
        },
    )
    assert types(new) == ["response.created"]
    assert new[0].response.conversation_id is None
    beside = talk.waits_for(Respond)[1]
    assert [message.text for message in beside.prompt.messages] == ["Sum up."]
    talk.take(talk.session.found(JobResult(beside.job_id, "Short."), talk.now))
    new = talk.take(talk.session.found(JobResult(beside.job_id, None), talk.now))
    assert "conversation.item.done" not in types(new)
    assert new[-1].response.output[0].content[0].text == "Short."
    item_id = new[-1].response.output[0].id
    assert error(talk.say("conversation.item.retrieve", item_id=item_id)).code == "item_retrieve_invalid_item_id"
    assert error(talk.say("response.create")).code == "conversation_already_has_active_response"


def test_an_answer_to_chosen_items():
    talk = Driver()
    talk.typed("First.", id="one")
    talk.typed("Second.", id="two")
    talk.say("response.create", response={"input": [{"type": "item_reference", "id": "one"}]})
    assert [message.text for message in talk.job(Respond).prompt.messages] == ["First."]


def test_the_token_limit_cuts_the_speech():
    talk = asked(response={"max_output_tokens": 20})
    talk.answer("One two three four five six seven eight. ", "Nine.")
    new = talk.speak(2000)
    done = new[-1].response
    assert (done.status, done.status_details.reason) == ("incomplete", "max_output_tokens")
    assert done.max_output_tokens == 20
    assert 0 < done.usage.output_tokens <= 20
    assert done.output[0].status == "incomplete"
    assert talk.jobs == []


def test_the_token_limit_cuts_the_writing():
    talk = asked(response={"max_output_tokens": 3, "output_modalities": ["text"]})
    new = talk.answer("One two three four five.", complete=False)
    done = new[-1].response
    assert (done.status, done.output[0].content[0].text) == ("incomplete", "One two thre")


def test_usage_counts_what_was_read_and_said():
    talk = Driver()
    talk.update(instructions="12345678")
    talk.hear((0.8, 700), (0.0, 640))
    talk.recognise("Hello")
    talk.answer("12345678")
    talk.speak(1000)
    usage = talk.of("response.done")[0].response.usage
    audio_ms = talk.of("input_audio_buffer.speech_stopped")[0].audio_end_ms
    assert usage.input_token_details.text_tokens == 2
    assert usage.input_token_details.audio_tokens == -(-audio_ms // 100)
    assert (usage.output_token_details.text_tokens, usage.output_token_details.audio_tokens) == (2, 20)
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


@pytest.mark.parametrize("kind", [Respond, Speak])
def test_an_engine_that_fails_fails_the_response(kind):
    talk = asked()
    if kind is Speak:
        talk.answer("Hello.")
    new = talk.fail(kind, message="No mouth. Install it.")
    assert types(new) == ["error", "response.done"]
    assert (new[0].error.type, new[0].error.message) == ("server_error", "No mouth. Install it.")
    assert new[1].response.status == "failed"
    assert new[1].response.status_details.error.message == "No mouth. Install it."
    assert talk.say("response.create")[0].TYPE == "response.created"


def test_mu_law_on_the_wire():
    talk = Driver()
    talk.update(audio={"output": {"format": {"type": "audio/pcmu"}}})
    item_id = talk.full_answer("Hello.", ms=1000)
    data = b"".join(event.delta for event in talk.of("response.output_audio.delta"))
    assert len(data) == 8000
    assert np.median(MU_LAW.decode(data)) == pytest.approx(0.1, abs=0.01)
    new = talk.say("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1000)
    assert types(new) == ["conversation.item.truncated"]


@pytest.mark.parametrize(
    ("limit_s", "words"),
    [
        (3600, "60 minutes"),
        (300, "5 minutes"),
        (90, "90 seconds"),
        (60, "60 seconds"),
        (20, "20 seconds"),
        (1, "1 second"),
    ],
)
def test_the_session_ends_after_its_limit_and_says_which(limit_s, words):
    talk = Driver(limit_s=limit_s)
    talk.tick(limit_s - 0.5)
    assert talk.closed is None
    assert error(talk.tick(0.5)).message == f"Your session hit the maximum duration of {words}."
    assert talk.closed.code == 1001


def test_the_session_ends_after_an_hour():
    talk = asked()
    assert talk.session.next_tick_at == talk.now + 3600
    new = talk.tick(3600)
    assert error(new).code == "session_expired"
    assert error(new).message == "Your session hit the maximum duration of 60 minutes."
    assert talk.closed.code == 1001
    assert talk.jobs == []
    assert talk.typed("Still there?") == []
