"""The rest of an answer that a session's end cut off is asked for in the next one: once, unless the user went on."""

from __future__ import annotations

import pytest

from app.conversation.active_response import GO_ON
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import InputAppend, InputCommit, ItemCreate, ResponseCreate
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, kinds, least
from tests.conversation.test_cut import again, cut, sound, texts


def asked(talk: Talk) -> list[str]:
    """What was asked for in this session: "rest" or "answer"."""
    return ["rest" if is_rest(event) else "answer" for event in talk.said(ResponseCreate)]


def is_rest(event: ResponseCreate) -> bool:
    return bool(event.response) and GO_ON in str(event.response.instructions)


def be_quiet(talk: Talk, ms: int) -> None:
    for _ in range(ms // 20):
        talk.later(20).capture()


def heard_a_question(talk: Talk, item_id: str = "u1", text: str = "What is it?") -> None:
    talk.speak(1000)
    talk.user_speaks(item_id)
    talk.user_spoke(item_id, audio_end_ms=1000)
    talk.transcribed(text, item_id)


def test_it_is_asked_for_after_what_came_was_told_and_stands_behind_it():
    talk = Talk()
    heard_a_question(talk)
    talk.answer()
    after = again(cut(talk))
    assert texts(after) == ["What is it?", "one two three four"]
    assert after.wire[-1] == "response.create"
    assert asked(after) == ["rest"]
    after.began("r2")
    after.words("five six", "a2", "r2")
    after.audio(500, "a2", "r2")
    after.audio_done("a2", "r2")
    after.ended("r2")
    turns = [(entry.text, entry.note) for entry in after.conversation.entries if entry.is_turn]
    assert turns == [
        ("What is it?", ""),
        ("one two three four", "cut off: the connection was lost"),
        ("five six", ""),
    ]
    assert after.entry("a2").latency is None  # nobody asked for it just now
    assert list(after.played) == ["a2"]
    assert after.voice.silenced == 0


def test_it_is_told_the_instructions_of_the_session_too():
    talk = Talk(least(HANDS_FREE, instructions="Be brief."))
    talk.answer()
    (request,) = again(cut(talk)).said(ResponseCreate)
    assert str(request.response.instructions).startswith("Be brief.")  # type: ignore[union-attr]


def test_a_rest_that_is_cut_off_in_its_turn_is_marked_and_not_asked_for_again():
    talk = Talk()
    talk.answer()
    after = again(cut(talk))
    after.answer(item_id="a2", response_id="r2")
    third = again(cut(after))
    assert third.entry("a2").note.startswith("cut off")
    assert asked(third) == []


@pytest.mark.parametrize("moment", ["not ready", "asked", "begun without a word"])
def test_a_rest_of_which_nothing_came_is_asked_for_again(moment: str):
    talk = Talk()
    talk.answer()
    after = cut(talk)
    if moment != "not ready":
        again(after)
    if moment == "begun without a word":
        after.began("r2")
    assert asked(again(cut(after))) == ["rest"]


def test_a_turn_after_it_has_an_answer_of_its_own_that_is_asked_for_when_it_is_cut():
    talk = Talk()
    talk.answer()
    after = again(cut(talk))
    after.answer(item_id="a2", response_id="r2", done=True)
    after.type("And then?")
    after.answer(item_id="a3", response_id="r3")
    assert asked(again(cut(after))) == ["rest"]


def test_an_answer_of_which_all_is_here_but_its_end_is_whole():
    talk = Talk()
    talk.answer()
    talk.hear(sv.OutputTranscriptDone(response_id="r1", item_id="a1", transcript="one two three four"))
    talk.audio_done()
    after = again(cut(talk))
    assert after.entry("a1").note == ""
    assert asked(after) == []


def test_a_rest_that_is_nothing_is_no_news():
    talk = Talk()
    talk.answer()
    after = again(cut(talk))
    after.began("r2")
    after.ended("r2")
    assert [entry.item_id for entry in after.conversation.entries if entry.is_turn] == ["a1"]
    assert not after.notices
    after.later(1000).played_out("a1")
    assert after.state is State.LISTENING


def test_an_answer_that_the_user_interrupted_has_no_rest():
    talk = Talk()
    talk.answer()
    talk.heard(a1=300).stop_key()
    assert asked(again(cut(talk))) == []


@pytest.mark.parametrize("moment", ["not ready", "asked"])
def test_the_stop_key_means_the_rest_as_well(moment: str):
    talk = Talk()
    talk.answer()
    after = cut(talk)
    if moment == "not ready":
        after.heard(a1=300).stop_key()
        assert asked(again(after)) == []
    else:
        again(after).heard(a1=300).stop_key()
        after.began("r2")
        assert after.wire == ["response.cancel"]
    assert after.state is State.LISTENING


def test_a_line_typed_meanwhile_is_answered_instead():
    talk = Talk()
    talk.answer()
    after = cut(talk)
    after.heard(a1=300).type("Never mind. What time is it?")
    assert asked(again(after)) == ["answer"]


def test_push_to_talk_a_turn_spoken_meanwhile_is_answered_instead():
    talk = Talk(PUSH_TO_TALK)
    talk.answer()
    after = cut(talk)
    after.heard(a1=300).talk_key()
    after.speak(500)
    after.talk_key()
    after.later(300).tick()
    again(after)
    assert after.wire[-2:] == ["input_audio_buffer.commit", "response.create"]
    assert asked(after) == ["answer"]


def test_push_to_talk_a_turn_ended_while_it_breaks_twice_is_answered():
    after = cut(Talk(PUSH_TO_TALK))
    after.talk_key()
    after.speak(500)
    after.talk_key()
    after.later(300).tick()
    third = again(cut(after))
    assert third.wire[-2:] == ["input_audio_buffer.commit", "response.create"]


@pytest.mark.parametrize("has_begun", [False, True])
def test_hands_free_what_is_due_is_asked_for_before_the_sound_that_was_kept(has_begun: bool):
    """The service answers what it hears in that by itself, and would refuse a request meanwhile."""
    talk = Talk()
    heard_a_question(talk)
    if has_begun:
        talk.answer()
    after = cut(talk)
    after.speak(1000)
    again(after)
    order = [event.TYPE for event in after.sent if not isinstance(event, InputAppend) or event.audio]
    assert order.index("response.create") < order.index("input_audio_buffer.append")
    assert sound(after) == pytest.approx(1000)


def test_an_utterance_spoken_meanwhile_interrupts_what_was_due_and_gets_an_answer_to_both():
    talk = Talk()
    heard_a_question(talk)
    after = cut(talk)
    after.speak(1000)
    again(after)
    after.began("r2")
    after.user_speaks("u2")
    after.ended("r2", "cancelled")
    after.user_spoke("u2", audio_end_ms=1000)
    after.began("r3")
    assert "response.cancel" not in kinds(after.all_sent)
    after.transcribed("And that?", "u2")
    after.answer(item_id="a3", response_id="r3", done=True)
    assert after.entry("a3").text == "one two three four"
    assert after.played["a3"]


def test_a_turn_kept_over_the_cut_and_written_down_late_is_answered_with_the_one_that_talks_over_it():
    """The service hears it, the user speaks on before its words are known, and the service answers both."""
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks()
    after = again(cut(talk))
    assert sound(after) == pytest.approx(1000)
    after.user_speaks("v1")
    after.user_spoke("v1", audio_end_ms=1000)
    after.began("r1")  # waits for the words
    after.later(3000).speak(500)
    after.user_speaks("v2")
    after.ended("r1", "cancelled")
    after.transcribed("What is it?", "v1")
    after.speak(500)
    after.user_spoke("v2", "v1", audio_end_ms=2000)
    after.began("r2")
    after.transcribed("And that?", "v2")
    after.answer(item_id="a2", response_id="r2", done=True)
    turns = [(entry.item_id, entry.text, entry.note) for entry in after.conversation.entries if entry.is_turn]
    assert turns == [("v1", "What is it?", ""), ("v2", "And that?", ""), ("a2", "one two three four", "")]
    assert after.played["a2"]
    assert "response.create" not in kinds(after.all_sent)


def test_such_a_turn_survives_another_cut_before_both_are_answered():
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks()
    after = again(cut(talk))
    after.user_speaks("v1")
    after.user_spoke("v1", audio_end_ms=1000)
    after.began("r1")
    be_quiet(after, 3000)
    after.speak(500)
    after.hear(sv.SpeechStarted(item_id="v2", audio_start_ms=4000))
    after.ended("r1", "cancelled")
    after.transcribed("What is it?", "v1")
    third = again(cut(after))
    assert [event.item.said for event in third.said(ItemCreate)] == ["What is it?"]
    assert sound(third) == pytest.approx(
        1000, abs=20
    )  # v2 and what was before it: the service answers it by itself, with v1
    assert not third.said(InputCommit)
    assert [entry.item_id for entry in third.conversation.entries if entry.is_turn] == ["v1"]
