"""Nothing is waited for without a limit: an answer that stops, words that never come, a turn that never ends."""

from __future__ import annotations

from typing import Any

import pytest

from app.conversation.active_response import ANSWER_TIMEOUT_MS, STOP_TIMEOUT_MS
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import ResponseCancel, ResponseCreate
from app.protocol.items import Content, Item, Response, StatusDetails
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, failure, least, message

SILENCE = "sent nothing for 20 s; the answer counts as over."


def notes(talk: Talk) -> list[str]:
    return [entry.note for entry in talk.conversation.entries]


def wait(talk: Talk, ms: int = ANSWER_TIMEOUT_MS) -> None:
    """Time passes, and the clock is looked at when it is wanted."""
    until_ms = talk.now_ms + ms
    while (due_ms := talk.conversation.deadline_ms) is not None and due_ms <= until_ms:
        talk.now_ms = max(talk.now_ms, int(due_ms))
        talk.tick()
    talk.now_ms = until_ms


# ---------------------------------------------------------------- an answer that goes nowhere


def test_an_answer_that_begins_and_says_nothing_is_over_after_a_while():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began("r1")
    talk.later(ANSWER_TIMEOUT_MS - 1).tick()
    assert talk.state is State.THINKING
    talk.later(1).tick()
    assert talk.state is State.READY
    assert talk.wire == ["response.cancel"]
    assert notes(talk) == ["", f"The service began an answer and {SILENCE}"]
    assert talk.conversation.deadline_ms is None
    talk.refuse(talk.said(ResponseCancel)[0], "odd_code", "There is no such response.")
    assert talk.notices == []
    talk.type("two")
    assert talk.wire == ["conversation.item.create", "response.create"]


def test_what_waits_goes_out_when_the_answer_before_it_is_given_up():
    talk = Talk(PUSH_TO_TALK)
    talk.began("r1")
    talk.talk_key()
    talk.speak(200)
    talk.talk_key()
    talk.later(20).capture()
    assert talk.said(ResponseCreate) == []
    wait(talk)
    assert talk.said(ResponseCreate)


@pytest.mark.parametrize("kind", ["words", "text", "audio"])
def test_every_piece_is_a_sign_of_life(kind: str):
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began("r1")
    for _ in range(4):
        talk.later(ANSWER_TIMEOUT_MS - 1).tick()
        getattr(talk, kind)(20 if kind == "audio" else "word ")
    assert talk.conversation.status.is_response_active
    wait(talk, 2 * ANSWER_TIMEOUT_MS)
    assert not talk.conversation.status.is_response_active
    assert notes(talk)[-1] == f"The service broke off its answer and {SILENCE}"
    assert all(entry.is_final for entry in talk.conversation.entries)


def test_what_still_sounds_is_no_silence():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.answer(60_000)
    talk.later(60_000 + ANSWER_TIMEOUT_MS - 1).tick()
    assert talk.conversation.status.is_response_active
    talk.later(1).tick()
    talk.played_out("a1")
    assert talk.state is State.READY
    assert talk.entry("a1").heard_ms == 60_000
    assert not talk.entry("a1").is_interrupted


def test_late_words_of_what_counts_as_over_are_shown_and_do_not_sound():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began("r1")
    talk.words("Well, ")
    wait(talk)
    talk.type("two")
    talk.began("r2")
    talk.words("here I am.")
    talk.audio(500)
    talk.ended("r1", "completed", message("a1", text="Well, here I am."))
    assert talk.entry("a1").text == "Well, here I am."
    assert talk.played == {}
    assert talk.state is State.THINKING
    talk.audio(100, "a2", "r2")
    assert talk.played.keys() == {"a2"}


def test_a_late_answer_in_an_item_of_its_own_is_no_new_answer():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began("r1")
    wait(talk)
    talk.words("Here I am.", "a9")
    talk.audio(500, "a9")
    assert talk.state is State.READY
    wait(talk)
    assert talk.entry("a9").is_final
    assert talk.entry("a9").unheard_text == "Here I am."
    assert talk.conversation.deadline_ms is None


def test_a_speaker_that_plays_nothing_holds_nothing_up():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.answer(1000, done=True)
    wait(talk, 60_000)
    assert talk.state is State.READY
    assert talk.entry("a1").ended_ms is not None


# ---------------------------------------------------------------- ends that do not say of what


@pytest.mark.parametrize("response_id", ["", "r9"])
@pytest.mark.parametrize("began", [True, False])
def test_an_end_without_a_known_id_is_the_end_of_the_running_answer(response_id: str, began: bool):
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    if began:
        talk.began("r1")
        talk.words("Hello.")
        talk.audio(100)
    talk.hear(sv.ResponseDone(response=Response(id=response_id)))
    if began:
        talk.played_out("a1")
    assert talk.state is State.READY
    assert all(entry.is_final and entry.ended_ms is not None for entry in talk.conversation.entries)
    assert notes(talk)[-1] == ("" if began else "The service answered nothing.")
    talk.type("two")
    assert "response.create" in talk.wire


def test_the_end_of_an_earlier_answer_ends_no_later_one():
    talk = Talk(PUSH_TO_TALK)
    talk.began("r1")
    talk.began("r2")
    talk.words("Hello.", "a2", "r2")
    talk.ended("r1")
    assert talk.conversation.status.is_response_active
    assert not talk.entry("a2").is_final
    talk.ended("r2")
    assert not talk.conversation.status.is_response_active


def test_an_answer_whose_beginning_is_not_told_is_one_all_the_same():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.text("Hel", response_id="r7")
    assert talk.state is State.SPEAKING
    talk.ended("r7", "completed", message("a1", text="Hello.", kind="output_text"))
    assert talk.state is State.READY
    assert [entry.text for entry in talk.conversation.entries] == ["one", "Hello."]


def test_an_answer_whose_beginning_is_told_twice_ends_once():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began("r1")
    talk.began("r1")
    talk.text("Hello.")
    talk.ended("r1")
    assert talk.state is State.READY


def test_a_piece_that_comes_after_its_end_begins_nothing():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began("")
    talk.hear(sv.OutputTextDelta(item_id="a1", delta="Hello."))
    talk.ended("")
    talk.hear(sv.OutputTextDelta(item_id="a1", delta="Hello."))
    assert talk.state is State.READY
    assert talk.entry("a1").text == "Hello." * 2  # nobody said that the first was all


def test_a_service_that_is_busy_for_ever_is_not_asked_for_ever():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    for _ in range(100):
        if talk.said(ResponseCreate):
            talk.refuse(talk.said(ResponseCreate)[-1], "conversation_already_has_active_response", "Busy.")
        if talk.notices:
            break
        wait(talk, 1000)
    assert talk.notices == ["The service gave no answer: Busy."]
    assert talk.state is State.READY


# ---------------------------------------------------------------- the stop key


STORIES: dict[str, Any] = {
    "asked": lambda talk: talk.type("one"),
    "begun": lambda talk: (talk.type("one"), talk.began()),
    "begun without an id": lambda talk: (talk.type("one"), talk.began("")),
    "stopped once": lambda talk: (talk.type("one"), talk.began(), talk.stop_key()),
    "heard": lambda talk: (talk.user_speaks(), talk.user_spoke()),
    "heard and begun": lambda talk: (talk.user_speaks(), talk.user_spoke(), talk.began()),
    "another one waits": lambda talk: (talk.began(), talk.type("one"), talk.type("two")),
    "refused as busy": lambda talk: (
        talk.type("one"),
        talk.refuse(talk.said(ResponseCreate)[0], "conversation_already_has_active_response"),
    ),
    "begun after it was stopped": lambda talk: (talk.type("one"), talk.stop_key(), talk.began()),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_stop_key_ends_thinking_at_once_whatever_the_service_does(story: str):
    talk = Talk()
    STORIES[story](talk)
    talk.stop_key()
    assert talk.state is State.LISTENING
    shown = len(talk.conversation.entries)
    wait(talk, 3 * ANSWER_TIMEOUT_MS)
    assert not talk.conversation.status.is_response_active
    assert [entry.note for entry in talk.conversation.entries[shown:]] == []  # nobody waits for it
    talk.type("next")
    assert talk.wire[-1] == "response.create"


def test_a_stop_that_is_not_confirmed_holds_the_next_question_up_for_a_short_while_only():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began()
    talk.type("two")
    assert talk.wire == ["response.cancel", "conversation.item.create"]
    wait(talk, STOP_TIMEOUT_MS)
    assert len(talk.said(ResponseCreate)) == 2
    assert notes(talk) == ["", ""]


# ---------------------------------------------------------------- the user's words and turns


def test_a_turn_whose_words_never_come_stands_as_not_written_down():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.answer(100, done=True)
    talk.played_out("a1")
    talk.later(ANSWER_TIMEOUT_MS - 1).tick()
    assert not talk.entry("u1").is_final
    talk.later(1).tick()
    assert talk.entry("u1").is_final
    assert talk.entry("u1").note == "not written down: the service sent no words"
    talk.transcribed("Good morning.")
    assert (talk.entry("u1").text, talk.entry("u1").note) == ("Good morning.", "")


def test_words_that_come_in_pieces_are_waited_for_from_the_last_piece_on():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    for piece in ("Good ", "morning, "):
        talk.later(ANSWER_TIMEOUT_MS - 1).tick()
        talk.hear(sv.TranscriptionDelta(item_id="u1", delta=piece))
    wait(talk)
    assert talk.entry("u1").text == "Good morning, "
    assert talk.entry("u1").note == "the rest was not written down: the service sent no more words"
    talk.hear(sv.TranscriptionDelta(item_id="u1", delta="dear"))
    assert (talk.entry("u1").text, talk.entry("u1").is_final, talk.entry("u1").note) == (
        "Good morning, dear",
        False,
        "",
    )
    wait(talk)
    assert talk.entry("u1").is_final


def test_a_turn_that_never_ends_is_over_when_no_voice_is_heard_for_a_while():
    talk = Talk()
    talk.user_speaks()
    for _ in range(ANSWER_TIMEOUT_MS // 1000):
        talk.later(1000).capture(voice=0.9)
        talk.tick()
    for _ in range(ANSWER_TIMEOUT_MS // 1000 - 1):
        talk.later(1000).capture(voice=0.0)
        talk.tick()
    assert talk.state is State.HEARING
    talk.later(1000).tick()
    assert talk.notices == ["The service heard you and did not say for 20 s that you stopped. Say it again or type it."]
    assert talk.state is State.LISTENING
    wait(talk)
    assert talk.entry("u1").is_final
    talk.user_spoke()
    assert talk.state is State.THINKING


def test_a_spoken_turn_that_is_not_answered_is_told_but_a_cough_is_not():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.transcribed("")
    wait(talk)
    assert not talk.conversation.entries
    assert talk.state is State.LISTENING
    assert not [effect for effect in talk.effects if hasattr(effect, "severity")]
    talk.user_speaks("u2")
    talk.user_spoke("u2")
    talk.transcribed("Hello.", "u2")
    talk.later(ANSWER_TIMEOUT_MS).tick()
    assert talk.notices == ["The service did not answer for 20 s. Say it again or type it."]


# ---------------------------------------------------------------- answers without words


CALL = Item(id="f1", type="function_call", name="weather", arguments='{"city": "Oslo"}')
WANTED = 'The service wanted to call the function weather({"city": "Oslo"}), which this program does not offer.'


@pytest.mark.parametrize(
    ("status", "items", "details", "note"),
    [
        ("completed", (CALL,), None, WANTED),
        ("completed", (), None, "The service answered nothing."),
        ("completed", (Item(id="a1", role="assistant", content=()),), None, "The service answered nothing."),
        ("cancelled", (), None, "The answer was cancelled by the service."),
        ("cancelled", (), StatusDetails(reason="quota"), "The answer was cancelled by the service: quota."),
        ("cancelled", (), StatusDetails(reason="turn_detected"), None),
        ("cancelled", (), StatusDetails(reason="client_cancelled"), None),
        ("strange", (), None, "The service answered nothing and calls that “strange”."),
        (
            "completed",
            (Item(id="m1", type="mcp_call", name="search"),),
            None,
            "The service used the tool search and said nothing of it.",
        ),
        (
            "completed",
            (Item(id="m1", type="mcp_approval_request", name="search"),),
            None,
            "The service asks for approval to use the tool search, which this program cannot give.",
        ),
        (
            "completed",
            (Item(id="x1", type="image"),),
            None,
            "The answer holds something that this program does not know: image.",
        ),
    ],
)  # fmt: skip
def test_an_answer_without_words_leaves_a_line(status: str, items: tuple[Item, ...], details: Any, note: str | None):
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began()
    talk.ended("r1", status, *items, details=details)
    assert notes(talk) == ["", *([note] if note else [])]
    assert talk.state is State.READY
    assert all(entry.is_final and entry.ended_ms is not None for entry in talk.conversation.entries)
    talk.ended("r1", status, *items, details=details)
    assert len(notes(talk)) == (2 if note else 1)


def test_a_call_that_is_told_only_by_its_item():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began()
    talk.hear(sv.OutputItemAdded(response_id="r1", item=Item(id="f1", type="function_call", name="weather")))
    talk.hear(sv.OutputItemDone(response_id="r1", item=CALL))
    talk.hear(sv.ResponseDone())
    assert notes(talk) == ["", WANTED]


def test_a_call_after_words_is_noted_with_them():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began()
    talk.text("Let me see.")
    talk.ended("r1", "completed", message("a1", text="Let me see.", kind="output_text"), CALL)
    assert [(entry.text, entry.note) for entry in talk.conversation.entries] == [("one", ""), ("Let me see.", WANTED)]


def test_an_answer_that_the_user_stopped_needs_no_word():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began()
    talk.stop_key()
    talk.ended("r1", "cancelled")
    assert notes(talk) == [""]


def test_a_failed_answer_is_an_error_as_before():
    talk = Talk(PUSH_TO_TALK)
    talk.type("one")
    talk.began()
    talk.ended("r1", "failed", details=failure("quota", "No money."))
    assert talk.notices == ["The service could not answer: No money."]


def test_a_service_that_sends_the_words_with_the_item_alone():
    talk = Talk(least(HANDS_FREE))
    talk.began()
    talk.hear(sv.OutputItemDone(response_id="r1", item=message("a1", text="Hello.", kind="output_text")))
    part = Content(type="output_text", text="Hello.")
    talk.hear(sv.ContentPartDone(response_id="r1", item_id="a1", part=part))
    talk.text("Hello.")
    talk.ended("r1", "completed", message("a1", text="Hello.", kind="output_text"))
    assert talk.entry("a1").text == "Hello."
