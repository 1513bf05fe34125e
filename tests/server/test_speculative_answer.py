"""Answers begun on a guess: there at once when the turn ends, unheard of when it goes on."""

from __future__ import annotations

import pytest

from app.server.session_outputs import JobResult, Respond, Speak
from tests.server.driver import Driver, types


def paused(**detection) -> Driver:
    """The user said "Hello?" and pauses; it is not known yet whether that was all."""
    talk = Driver(speculates=True)
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", **detection}}})
    talk.hear((0.8, 512), (0.0, 192))
    talk.recognise("Hello?")
    return talk


def sounds(events):
    return [event for event in events if event.TYPE == "response.output_audio.delta"]


def test_the_answer_is_there_when_the_turn_ends():
    talk = paused()
    talk.answer("Hello. ", "How are you?")
    talk.speak()
    assert types(talk.events) == ["session.created", "session.updated", "input_audio_buffer.speech_started"]
    new = talk.hear((0.0, 500))
    assert types(new)[:2] == ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"]
    assert len(sounds(new)) == 9
    new = talk.speak()
    assert talk.of("response.done")[0].response.output[0].content[0].transcript == "Hello. How are you?"
    assert len(talk.of("response.created")) == 1
    assert talk.jobs == []


@pytest.mark.parametrize("steps", range(3))
def test_what_is_still_running_at_the_end_is_waited_for(steps):
    talk = paused()
    if steps > 0:
        talk.answer("Hello. ", "How are you?", complete=steps > 1)
    assert sounds(talk.hear((0.0, 500))) == []
    if steps == 0:
        talk.answer("Hello. ", "How are you?")
    if steps == 1:
        respond = talk.job(Respond)
        talk.take(talk.session.found(JobResult(respond.job_id, None), talk.now))
    talk.speak_all()
    done = talk.of("response.done")[0].response
    assert (done.status, done.output[0].content[0].transcript) == ("completed", "Hello. How are you?")


def test_the_draft_is_dropped_when_the_user_goes_on():
    talk = paused()
    talk.answer("Hello. ", "How are you?", complete=False)
    talk.hear((0.8, 512))
    assert talk.waits_for(Respond) + talk.waits_for(Speak) == []
    talk.hear((0.0, 192))
    talk.recognise("Hello? What is this?")
    talk.hear((0.0, 500))
    assert talk.answer("A test.") == []
    talk.speak()
    assert talk.of("response.done")[0].response.output[0].content[0].transcript == "A test."


def test_without_drafts_nobody_is_asked_on_a_guess():
    talk = Driver()
    talk.hear((0.8, 512), (0.0, 192))
    talk.recognise("Hello?")
    assert talk.jobs == []


def test_nor_where_the_client_answers_by_itself():
    assert paused(create_response=False).jobs == []


def test_nor_for_a_guess_without_words():
    talk = Driver(speculates=True)
    talk.hear((0.8, 512), (0.0, 192))
    talk.recognise("")
    assert talk.jobs == []


@pytest.mark.parametrize("kind", [Respond, Speak])
def test_a_draft_that_fails_is_not_told_and_tried_again_at_the_end_of_the_turn(kind):
    talk = paused()
    if kind is Speak:
        talk.answer("Hello.")
    assert talk.fail(kind) == []
    talk.hear((0.0, 64))
    assert talk.jobs == []
    talk.hear((0.0, 500))
    talk.answer("Hello.")
    talk.speak()
    assert talk.of("response.done")[0].response.status == "completed"
    assert talk.of("error") == []


def test_changed_instructions_make_the_draft_worthless():
    talk = paused()
    talk.answer("Hello.")
    talk.update(instructions="Be rude.")
    talk.hear((0.0, 500))
    assert talk.waits_for(Respond)[-1].prompt.instructions == "Be rude."


def test_a_written_answer_is_drafted_without_a_mouth():
    talk = Driver(speculates=True)
    talk.update(output_modalities=["text"])
    talk.hear((0.8, 512), (0.0, 192))
    talk.recognise("Hello?")
    talk.answer("Hello.")
    assert talk.jobs == []
    assert types(talk.hear((0.0, 500)))[-1] == "response.done"
