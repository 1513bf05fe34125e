"""When the user's speech is recognised, and what he sees of his words."""

from __future__ import annotations

import base64

import pytest

from app.server.session_outputs import JobResult, Recognise, Respond
from tests.server.driver import Driver, sound, types

TRANSCRIBED = {"input": {"transcription": {"model": "any", "language": "en"}}}
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"


def test_the_words_are_guessed_in_the_pause_and_used_at_its_end():
    talk = Driver()
    talk.hear((0.8, 512), (0.0, 100))
    assert talk.waits_for(Recognise) == []
    talk.hear((0.0, 64))
    talk.recognise("What is this?")
    assert talk.waits_for(Respond) == []
    talk.hear((0.0, 500))
    assert talk.waits_for(Recognise) == []
    assert [message.text for message in talk.job(Respond).prompt.messages] == ["What is this?"]


def test_a_guess_that_is_still_running_at_the_end_serves_too():
    talk = Driver()
    talk.hear((0.8, 512), (0.0, 1000))
    assert talk.of("response.created")
    assert talk.waits_for(Respond) == []
    talk.recognise("What is this?")
    assert [message.text for message in talk.job(Respond).prompt.messages] == ["What is this?"]


def test_a_guess_is_thrown_away_when_the_user_goes_on():
    talk = Driver()
    talk.hear((0.8, 512), (0.0, 192))
    talk.recognise("What is")
    talk.hear((0.8, 512), (0.0, 192))
    talk.recognise("What is this thing?")
    talk.hear((0.0, 500))
    assert talk.job(Respond).prompt.messages[-1].text == "What is this thing?"


def test_a_guess_from_an_earlier_pause_that_comes_late_is_not_used():
    talk = Driver()
    talk.hear((0.8, 512), (0.0, 192))
    late = talk.job(Recognise)
    talk.hear((0.8, 512), (0.0, 600))
    talk.take(talk.session.found(JobResult(late.job_id, "What is"), talk.now))
    assert talk.waits_for(Respond) == []
    talk.recognise("What is this thing?")
    assert talk.job(Respond).prompt.messages[-1].text == "What is this thing?"


def test_without_transcription_the_words_are_used_and_not_told():
    talk = Driver()
    talk.hear((0.8, 2000), (0.0, 640))
    new = talk.recognise("Hello.")
    assert types(new) == []
    assert talk.waits_for(Respond)


def test_words_appear_as_they_become_stable_and_are_never_taken_back():
    talk = Driver()
    talk.update(audio=TRANSCRIBED)
    talk.hear((0.8, 700))
    assert talk.waits_for(Recognise)[0].language == "en"
    assert talk.recognise("Call my") == []
    talk.hear((0.8, 640))
    assert [event.delta for event in talk.recognise("Call my mommy")] == ["Call my"]
    talk.hear((0.8, 640))
    assert talk.recognise("Call my mother in") == []
    talk.hear((0.8, 640))
    assert [event.delta for event in talk.recognise("Call my mother in law")] == [" mother in"]
    talk.hear((0.0, 640))
    new = talk.recognise("Call my mother in law now.")
    assert [event.delta for event in new if event.TYPE == DELTA] == [" law now."]
    (done,) = [event for event in new if event.TYPE == COMPLETED]
    assert done.transcript == "Call my mother in law now."
    assert "".join(event.delta for event in talk.of(DELTA)) == done.transcript
    started = talk.of("input_audio_buffer.speech_started")[0]
    assert {event.item_id for event in talk.of(DELTA)} == {started.item_id} == {done.item_id}


def test_a_rewritten_beginning_is_corrected_by_the_completed_text_alone():
    talk = Driver()
    talk.update(audio=TRANSCRIBED)
    for _ in range(2):
        talk.hear((0.8, 700))
        talk.recognise("Sea the")
    talk.hear((0.0, 640))
    new = talk.recognise("See them.")
    assert [event.TYPE for event in new if "transcription" in event.TYPE] == [COMPLETED]


def test_no_partial_while_the_recogniser_is_busy_nor_more_often_than_its_time():
    talk = Driver()
    talk.update(audio=TRANSCRIBED)
    talk.hear((0.8, 3000))
    assert len(talk.waits_for(Recognise)) == 1
    talk.recognise("One")
    talk.hear((0.8, 32))
    assert len(talk.waits_for(Recognise)) == 1
    talk.recognise("One two")
    talk.hear((0.8, 500))
    assert talk.waits_for(Recognise) == []


def test_the_end_of_a_turn_goes_before_another_partial():
    talk = Driver()
    talk.update(audio=TRANSCRIBED)
    talk.hear((0.8, 700))
    partial = talk.job(Recognise)
    talk.hear((0.0, 640), (0.8, 1000))
    talk.take(talk.session.found(JobResult(partial.job_id, "Hel"), talk.now))
    talk.recognise("Hello.")
    assert [event.transcript for event in talk.of(COMPLETED)] == ["Hello."]


def test_transcription_is_counted():
    talk = Driver()
    talk.update(audio={"input": {"transcription": {"model": "any"}, "turn_detection": None}})
    talk.hear((0.8, 1000))
    talk.say("input_audio_buffer.commit")
    talk.recognise("Hello you")
    usage = talk.of(COMPLETED)[0].usage
    assert (usage.type, usage.input_tokens, usage.output_tokens, usage.total_tokens) == ("tokens", 10, 3, 13)


def test_without_ears_speech_fails_with_the_remedy_and_typed_turns_go_on():
    talk = Driver()
    talk.update(audio=TRANSCRIBED)
    talk.hear((0.8, 512), (0.0, 192))
    assert talk.fail(Recognise) == []  # a guess; the turn itself may do better
    talk.hear((0.0, 500))
    new = talk.fail(Recognise)
    assert types(new) == ["conversation.item.input_audio_transcription.failed", "error", "response.done"]
    assert (new[1].error.type, new[1].error.code) == ("server_error", "engine_unavailable")
    assert new[1].error.message == "Not here. Install it."
    assert new[2].response.status == "failed"
    assert new[2].response.status_details.error.code == "engine_unavailable"
    talk.typed("Hello?")
    talk.say("response.create")
    assert [message.text for message in talk.job(Respond).prompt.messages] == ["Hello?"]


@pytest.mark.parametrize(("probability", "asks"), [(0.8, True), (0.1, False)])
def test_sound_inside_an_item_is_recognised_before_it_is_answered(probability, asks):
    talk = Driver()
    part = {"type": "input_audio", "audio": base64.b64encode(sound(probability, 1000)).decode()}
    talk.say("conversation.item.create", item={"type": "message", "role": "user", "content": [part]})
    talk.say("response.create")
    if asks:
        assert talk.waits_for(Respond) == []
        talk.recognise("Hello.")
    assert talk.job(Respond).prompt.messages[-1].text == ("Hello." if asks else "")
