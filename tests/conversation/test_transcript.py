"""Who said what, in which order: words that come late, out of order, more than once or never (section 5.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.effects import EntryChanged, EntryRemoved, Notice
from app.conversation.session import SessionChange
from app.conversation.transcript import Entry, Party, Transcript
from app.protocol import server_events as sv
from app.protocol.client_events import ItemCreate
from app.protocol.items import Content, ErrorDetail, Item, StatusDetails
from app.protocol.session import Session
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, failure, least, message


def order(talk: Talk) -> list[str]:
    return [entry.item_id for entry in talk.conversation.entries]


# ---------------------------------------------------------------- order


def test_transcription_after_the_answer_lands_where_it_was_said():
    talk = Talk()
    talk.user_speaks("u1")
    talk.user_spoke("u1")
    talk.answer(done=True)
    talk.hear(sv.TranscriptionDelta(item_id="u1", delta="What "))
    talk.hear(sv.TranscriptionDelta(item_id="u1", delta="time?"))
    assert talk.entry("u1").text == "What time?"
    assert not talk.entry("u1").is_final
    talk.transcribed(" What time is it? ")
    assert order(talk) == ["u1", "a1"]
    assert talk.entry("u1").text == "What time is it?"
    assert talk.entry("u1").is_final


def test_turn_known_only_by_its_late_commitment_moves_to_its_place():
    talk = Talk(PUSH_TO_TALK)
    talk.hear(sv.ItemAdded(item=message("a1", text="Hi"), previous_item_id=None))
    talk.hear(sv.ItemAdded(item=message("a2", text="Ho"), previous_item_id="u1"))
    talk.hear(sv.InputCommitted(item_id="u1", previous_item_id="a1"))
    assert order(talk) == ["a1", "u1", "a2"]
    assert talk.of(EntryChanged)[-1] == EntryChanged(talk.entry("u1"), 1)


def test_several_transcriptions_out_of_order():
    talk = Talk()
    for turn in (1, 2, 3):
        talk.user_speaks(f"u{turn}")
        talk.user_spoke(f"u{turn}", f"u{turn - 1}" if turn > 1 else None)
    for turn in (3, 1, 2):
        talk.transcribed(f"turn {turn}", f"u{turn}")
    assert [entry.text for entry in talk.conversation.entries] == ["turn 1", "turn 2", "turn 3"]


def test_place_behind_a_function_call_is_behind_what_came_before_the_call():
    talk = Talk()
    for item_id in ("u1", "u2"):
        talk.user_speaks(item_id)
    talk.hear(sv.ItemAdded(item=Item(id="f1", type="function_call"), previous_item_id="u1"))
    talk.hear(sv.ItemAdded(item=Item(id="f2", type="function_call_output"), previous_item_id="f1"))
    talk.hear(sv.ItemAdded(item=message("a1", text="Hi"), previous_item_id="f2"))
    assert order(talk) == ["u1", "a1", "u2"]
    assert set(talk.entries) == {"u1", "a1", "u2"}


def test_place_behind_a_turn_that_left_is_behind_what_came_before_it():
    talk = Talk()
    talk.user_speaks("u1")
    talk.user_spoke("u1")
    talk.user_speaks("u2")
    talk.user_spoke("u2", "u1")
    talk.user_speaks("u3")
    talk.transcribed("", "u2")
    talk.hear(sv.ItemAdded(item=message("a1", text="Hi"), previous_item_id="u2"))
    assert order(talk) == ["u1", "a1", "u3"]


def test_null_and_unknown_and_circular_predecessors_move_nothing():
    talk = Talk()
    for item_id in ("u1", "u2", "u3"):
        talk.user_speaks(item_id)
    for previous in (None, "nobody", "u3"):
        talk.hear(sv.InputCommitted(item_id="u3", previous_item_id=previous))
    talk.hear(sv.ItemAdded(item=Item(id="f1", type="function_call"), previous_item_id="f2"))
    talk.hear(sv.ItemAdded(item=Item(id="f2", type="function_call"), previous_item_id="f1"))
    talk.hear(sv.InputCommitted(item_id="u3", previous_item_id="f1"))
    assert order(talk) == ["u1", "u2", "u3"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=20))
def test_placing_keeps_every_entry_once_and_puts_it_where_it_says(moves):
    transcript = Transcript()
    for at in range(6):
        transcript.insert(at, Entry(str(at), Party.USER))
    for at, previous in moves:
        before = [entry.item_id for entry in transcript.entries()]
        moved = transcript.place_after(str(at), str(previous))
        after = [entry.item_id for entry in transcript.entries()]
        assert sorted(after) == sorted(before)
        assert moved is (after != before)
        if previous not in (at, 6):
            assert after.index(str(at)) == after.index(str(previous)) + 1
        assert all(transcript.index(item_id) == place for place, item_id in enumerate(after))


# ---------------------------------------------------------------- the user's words


def test_failed_transcription_keeps_the_turn_and_says_why():
    talk = Talk()
    talk.user_speaks()
    talk.hear(sv.TranscriptionFailed(item_id="u1", error=ErrorDetail(message="No such\ndeployment.")))
    assert talk.entry("u1").note == "The words could not be written down: No such deployment."
    assert talk.entry("u1").is_final
    talk.hear(sv.TranscriptionFailed(item_id="u2"))
    assert talk.entry("u2").note == "The words could not be written down."


@pytest.mark.parametrize("transcript", ["", " \n"])
def test_turn_without_words_leaves(transcript):
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.transcribed(transcript)
    assert talk.of(EntryRemoved) == [EntryRemoved("u1")]
    assert talk.conversation.entries == ()
    talk.hear(sv.ItemDone(item=message("u1", "user", kind="input_audio"), previous_item_id=None))
    talk.user_spoke()
    assert talk.conversation.entries == ()


def test_delta_that_was_overtaken_by_its_completed_is_ignored():
    talk = Talk()
    talk.user_speaks()
    talk.transcribed("Hello there")
    talk.hear(sv.TranscriptionDelta(item_id="u1", delta="there"))
    assert talk.entry("u1").text == "Hello there"


def test_turn_that_nobody_writes_down_is_final_as_it_is():
    talk = Talk(least(HANDS_FREE, transcription_model=None))
    talk.user_speaks()
    talk.user_spoke()
    assert talk.entry("u1").is_final
    assert talk.entry("u1").note


def test_words_that_come_with_the_item():
    talk = Talk()
    talk.hear(sv.ItemDone(item=message("u1", "user", "hi", "input_audio"), previous_item_id=None))
    assert (talk.entry("u1").text, talk.entry("u1").is_final, talk.entry("u1").is_spoken) == ("hi", True, True)
    talk.hear(sv.ItemCreated(item=message("u2", "user", "ho", "input_text"), previous_item_id="u1"))
    assert (talk.entry("u2").text, talk.entry("u2").is_final, talk.entry("u2").is_spoken) == ("ho", True, False)


def test_items_of_others_have_no_entry():
    talk = Talk()
    talk.hear(sv.ItemAdded(item=message("s1", "system", "Be brief.", "input_text")))
    talk.hear(sv.ItemAdded(item=Item(id="f1", type="function_call", name="time")))
    talk.hear(sv.ItemAdded(item=Item(type="message", role="user")))
    assert talk.conversation.entries == ()


def test_deleted_item_leaves():
    talk = Talk()
    talk.user_speaks()
    talk.hear(sv.ItemDeleted(item_id="u1"))
    assert talk.conversation.entries == ()


# ---------------------------------------------------------------- the assistant's words


def test_words_of_several_items_of_one_response():
    talk = Talk()
    talk.began()
    talk.words("Let me ", "a1")
    talk.words("It is ", "a2")
    talk.words("see.", "a1")
    talk.words("noon.", "a2")
    talk.ended()
    assert [entry.text for entry in talk.conversation.entries] == ["Let me see.", "It is noon."]
    assert all(entry.is_final for entry in talk.conversation.entries)


def test_words_of_several_parts_of_one_item():
    talk = Talk()
    talk.began()
    talk.words("two ", part=1)
    talk.words("one", part=0)
    talk.words("three", part=1)
    assert talk.entry("a1").text == "one two three"


@pytest.mark.parametrize(("done", "text"), [("Hello there.", "Hello there."), ("", "Hello"), ("Hel", "Hello")])
def test_done_never_brings_fewer_words_than_its_deltas(done, text):
    talk = Talk()
    talk.began()
    talk.words("Hello")
    talk.hear(sv.OutputTranscriptDone(response_id="r1", item_id="a1", transcript=done))
    assert talk.entry("a1").text == text
    part = Content(type="audio", transcript=done)
    talk.hear(sv.ContentPartDone(response_id="r1", item_id="a1", part=part))
    assert talk.entry("a1").text == text


def test_words_that_come_only_with_the_done():
    talk = Talk()
    talk.began()
    talk.hear(sv.OutputItemAdded(response_id="r1", item=Item(id="a1", role="assistant", content=())))
    talk.hear(sv.OutputTextDone(response_id="r1", item_id="a1", text="Hello"))
    assert talk.entry("a1").text == "Hello"
    assert not talk.entry("a1").is_spoken
    talk.later(5).ended()
    assert talk.entry("a1").ended_ms == 5


def test_words_that_come_only_with_the_response():
    talk = Talk()
    talk.began()
    talk.ended("r1", "completed", message("a1", text="Hello", kind="output_text"))
    assert (talk.entry("a1").text, talk.entry("a1").is_final) == ("Hello", True)


def test_item_in_which_nothing_was_said_leaves():
    talk = Talk()
    talk.began()
    talk.hear(sv.OutputItemAdded(response_id="r1", item=Item(id="a1", role="assistant", content=())))
    assert order(talk) == ["a1"]
    talk.ended("r1", "cancelled", details=StatusDetails(reason="turn_detected"))
    assert order(talk) == []


@pytest.mark.parametrize(
    ("status", "details", "note"),
    [
        ("failed", None, "The service could not answer."),
        ("failed", failure("rate_limit_exceeded", "Slow\ndown."), "The service could not answer: Slow down."),
        ("failed", failure("rate_limit_exceeded", ""), "The service could not answer: rate_limit_exceeded"),
        (
            "incomplete",
            StatusDetails(reason="max_output_tokens"),
            "The answer was cut at the limit of output tokens.",
        ),
        ("incomplete", StatusDetails(reason="content_filter"), "The answer was cut by the service's content filter."),
        ("incomplete", None, "The answer is incomplete."),
        ("cancelled", StatusDetails(reason="turn_detected"), ""),
        ("completed", None, ""),
    ],
)
def test_what_went_wrong_is_noted_on_the_last_entry(status, details, note):
    talk = Talk()
    talk.began()
    talk.words("Let me see.", "a1")
    talk.words("It is", "a2")
    talk.ended("r1", status, details=details)
    assert [entry.note for entry in talk.conversation.entries] == ["", note]
    assert talk.notices == []


# ---------------------------------------------------------------- what was heard


@pytest.mark.parametrize(
    ("text", "heard_ms", "received_ms", "heard"),
    [
        ("one two three four", 0, 1000, ""),
        ("one two three four", None, 1000, ""),
        ("one two three four", 1, 1000, "one"),
        ("one two three four", 170, 1000, "one"),
        ("one two three four", 250, 1000, "one two"),
        ("one two three four", 999, 1000, "one two three four"),
        ("one two three four", 1000, 1000, "one two three four"),
        ("one two three four", 500, 0, ""),
        ("", 500, 1000, ""),
        ("今日はとても良い天気です。", 500, 1000, "今日はとても"),
        ("วันนี้อากาศดี", 400, 1000, "วันนี้"),
    ],
)
def test_heard_text_ends_with_a_word(text, heard_ms, received_ms, heard):
    entry = Entry("a", Party.ASSISTANT, text, heard_ms=heard_ms, received_ms=received_ms, is_interrupted=True)
    assert entry.heard_text == heard


@given(
    st.text(alphabet="ab c\n.今天ที่é", max_size=30) | st.text(max_size=30),
    st.none() | st.integers(-10, 1100),
    st.integers(0, 1000),
    st.booleans(),
    st.booleans(),
)
def test_heard_and_unheard_are_the_text(text, heard_ms, received_ms, is_interrupted, is_spoken):
    entry = Entry(
        "a",
        Party.ASSISTANT,
        text,
        is_spoken=is_spoken,
        heard_ms=heard_ms,
        received_ms=received_ms,
        is_interrupted=is_interrupted,
    )
    assert entry.heard_text + entry.unheard_text == text
    if not (is_interrupted and is_spoken):
        assert entry.unheard_text == ""


@given(st.lists(st.text(alphabet="abc.,", min_size=1, max_size=5), max_size=8), st.integers(0, 1000))
def test_no_word_is_parted(words, heard_ms):
    entry = Entry("a", Party.ASSISTANT, " ".join(words), heard_ms=heard_ms, received_ms=1000, is_interrupted=True)
    assert entry.heard_text.split() + entry.unheard_text.split() == words


@given(st.text(alphabet="ab 今", max_size=30), st.lists(st.integers(0, 1000), min_size=2, max_size=2))
def test_more_time_is_never_fewer_words(text, times):
    short, long = (
        Entry("a", Party.ASSISTANT, text, heard_ms=ms, received_ms=1000, is_interrupted=True) for ms in sorted(times)
    )
    assert long.heard_text.startswith(short.heard_text)


# ---------------------------------------------------------------- lines of the program's


def test_what_must_stay_stands_where_it_happened_and_is_said_once_in_passing():
    talk = Talk()
    talk.user_speaks("u1")
    talk.hear(sv.ErrorEvent(error=ErrorDetail(code="odd", message="It\nhurts.")))
    (notice,) = talk.of(Notice)
    assert (notice.text, notice.is_remarked) == ("The service says: It hurts.", True)
    talk.user_spoke("u1")
    talk.transcribed("Hello.")
    talk.answer(done=True)
    remark = next(entry for entry in talk.conversation.entries if not entry.is_turn)
    assert order(talk) == ["u1", remark.item_id, "a1"]
    assert remark == Entry(remark.item_id, Party.PROGRAM, notice.text, True, False, 0, 0)
    assert talk.of(EntryRemoved) == []


def test_an_answer_placed_behind_its_question_stays_behind_what_was_said_between():
    talk = Talk()
    talk.user_speaks("u1")
    talk(talk.conversation.remark("Connected again.", 0))
    talk.hear(sv.ItemAdded(item=message("a1", text="Hi"), previous_item_id="u1"))
    assert [entry.text for entry in talk.conversation.entries] == ["", "Connected again.", "Hi"]
    talk.hear(sv.ItemAdded(item=message("a0", text="Ho"), previous_item_id="u1"))
    assert [entry.text for entry in talk.conversation.entries] == ["", "Ho", "Connected again.", "Hi"]


def test_a_line_of_the_program_is_sent_to_no_session():
    talk = Talk()
    talk.type("Hello.")
    talk(talk.conversation.remark("\x07The hour\nis over.", 5))
    assert talk.conversation.entries[-1].text == "The hour is over."
    after = Talk(ready=False)
    after.conversation = talk.conversation.successor(SessionChange(), seed="u")
    session = Session(type="realtime")
    after(after.conversation.connected(sv.SessionCreated(session=session), 9))
    after.hear(sv.SessionUpdated(session=session))
    after(after.conversation.remark("Here we are.", 10))
    items = after.said(ItemCreate)
    assert [part.text for create in items for part in create.item.content] == ["Hello."]
    remarks = [entry for entry in after.conversation.entries if not entry.is_turn]
    assert [entry.text for entry in remarks] == ["The hour is over.", "Here we are."]
    assert len({entry.item_id for entry in remarks}) == 2


def test_refused_settings_stay_in_the_transcript():
    talk = Talk()
    talk.change(voice="cedar")
    talk.refuse(talk.sent[0], message="No such voice.")
    assert [entry.text for entry in talk.conversation.entries] == [
        "The service refused voice, which is as before: No such voice."
    ]
