from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.active_response import GO_ON
from app.server.engines.builtin_responder import ABOUT, STORIES, BuiltinResponder, told_name
from app.server.engines.interfaces import Message, Prompt

NOW = datetime(2026, 11, 25, 14, 5)
WHAT_IT_IS = " ".join(ABOUT)


def answer(*messages: Message) -> str:
    return "".join(BuiltinResponder(lambda: NOW).respond(Prompt("Talk like a pirate.", messages)))


def talk(*said: str) -> list[str]:
    """The answers to what a user says, turn by turn."""
    messages: list[Message] = []
    for text in said:
        messages.append(Message("user", text))
        messages.append(Message("assistant", answer(*messages)))
    return [message.text for message in messages if message.role == "assistant"]


def test_what_was_asked_before_stop_is_not_answered_after_it():
    """The answer to it was cut off before a word was heard, so nothing of it is known."""
    story, sum_ = Message("user", "Please tell me a story."), Message("user", "And what is two plus two?")
    stop = Message("user", "Stop! What is seven plus five?")
    assert answer(story, stop) == "All right. 7 plus 5 is 12."
    assert answer(stop, sum_) == "All right. 7 plus 5 is 12. 2 plus 2 is 4."
    assert answer(story, sum_).endswith("2 plus 2 is 4.")


@pytest.mark.parametrize("words", range(1, len(" ".join(STORIES[0]).split())))
def test_told_to_go_on_it_says_what_its_last_answer_lacks(words: int):
    asked, whole = Message("user", "Tell me a story."), " ".join(STORIES[0]).split()
    begun = Message("assistant", " ".join(whole[:words]))
    rest = BuiltinResponder().respond(Prompt(f"Be brief.\n{GO_ON}", (asked, begun)))
    assert "".join(rest).split() == whole[words:]


@pytest.mark.parametrize("begun", ["2 plus 2 is 4.", "I am something else."])
def test_told_to_go_on_with_what_is_whole_or_none_of_its_own_it_says_nothing(begun: str):
    messages = (Message("user", "What is two plus two?"), Message("assistant", begun))
    assert not list(BuiltinResponder().respond(Prompt(GO_ON, messages)))


def test_told_to_go_on_where_something_was_asked_since_it_answers_that():
    messages = (
        Message("user", "Tell me a story."),
        Message("assistant", STORIES[0][0]),
        Message("user", "Two and two?"),
    )
    assert list(BuiltinResponder().respond(Prompt(GO_ON, messages))) == list(
        BuiltinResponder().respond(Prompt("", messages))
    )


def test_it_does_not_go_on_by_itself():
    asked, begun = Message("user", "Tell me a story."), Message("assistant", STORIES[0][0])
    assert answer(asked, begun).startswith("I am listening")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("Hello!", f"Hello! {WHAT_IT_IS}"),
        ("What can you do?", WHAT_IT_IS),
        ("are you a language model", WHAT_IT_IS),
        ("What time is it now?", "It is 2:05 PM."),
        ("what's the time", "It is 2:05 PM."),
        ("What time is it in Tokyo?", "I only know the clock of this computer: it is 2:05 PM."),
        ("What day is it today?", "Today is Wednesday, November 25, 2026."),
        ("what is the date", "Today is Wednesday, November 25, 2026."),
        ("Which day of the week is it, and what is today's date?", "Today is Wednesday, November 25, 2026."),
        ("What day is it tomorrow?", "Tomorrow is Thursday, November 26, 2026."),
        ("What was the date yesterday?", "Yesterday was Tuesday, November 24, 2026."),
        ("What is seventeen times twenty three?", "17 times 23 is 391."),
        ("Stop. what is too plus, too?", "All right. 2 plus 2 is 4."),
        ("Stop, please. what day is it to-day?", "All right. Today is Wednesday, November 25, 2026."),
        ("Stop.", "All right."),
        ("Okay, stop!", "All right."),
        ("Thank you.", "You are welcome."),
        ("Thanks, goodbye!", "You are welcome. Goodbye."),
        ("How are you?", "I am well, thank you."),
        ("Count to three.", "1, 2, 3."),
        ("Please count from five to twelve.", "5, 6, 7, 8, 9, 10, 11, 12."),
        ("count down from 5", "5, 4, 3, 2, 1."),
        ("Count backwards from 12 to 9", "12, 11, 10, 9."),
        ("count from 1 to too", "1, 2."),
        ("Repeat after me: The Sun is up.", "The Sun is up."),
        ("What is my name?", "You have not told me your name yet."),
        ("My name is Robin.", "It is nice to meet you, Robin."),
        ("Hello, I'm Robin. What's two and... two plus two?", "Hello, Robin! It is nice to meet you. 2 plus 2 is 4."),
        ("What is 1 plus 1? What is 2 plus 2? What is 1 plus 1?", "1 plus 1 is 2. 2 plus 2 is 4."),
    ],
)
def test_first_turns(said, answered):
    assert talk(said) == [answered]


def test_the_spoken_example_from_hello_to_the_name():
    hello, product, story, stopped, name = talk(
        "Hello, my name is Robin. What can you do?",
        "What is seventeen times twenty three?",
        "Please tell me a story.",
        "Stop, please. what day is it to-day?",
        "Thank you. Do you remember my name?",
    )
    assert hello == f"Hello, Robin! It is nice to meet you. {WHAT_IT_IS}"
    assert product == "17 times 23 is 391."
    assert story == " ".join(STORIES[0])
    assert stopped == "All right. Today is Wednesday, November 25, 2026."
    assert name == "You are welcome. Your name is Robin."


def test_each_story_is_another_one_until_all_are_told():
    told = talk(*["Tell me a story."] * (len(STORIES) + 1))
    assert told == [" ".join(story) for story in (*STORIES, STORIES[0])]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_long_enough_to_be_interrupted(story):
    assert 6 <= len(story) <= 9
    assert 70 <= len(" ".join(story).split()) <= 150


def test_counting_ends_in_time():
    (counted,) = talk("count to a million")
    assert counted.startswith("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,")
    assert counted.endswith("50. I stop here: 50 numbers at a time are enough for anyone.")


def test_a_second_hello_is_not_answered_with_a_lecture():
    assert talk("Hello.", "Hello.")[1] == "Hello! What can I do for you?"


def test_what_it_cannot_answer_it_repeats_and_says_so_in_other_words_each_time():
    answers = talk("Why is the sky blue?", "Why is the sky blue?", "why is grass green", "Why is the sky blue?")
    assert answers[0].startswith("You said: Why is the sky blue? ")
    assert answers[2].startswith("You said: why is grass green. ")
    assert len(set(answers[:3])) == 3
    assert answers[3] == answers[0]


def test_a_long_utterance_is_quoted_in_part():
    (said,) = talk("blah " * 200)
    assert said.startswith("You said: blah blah")
    assert "blah\u2026 " in said
    assert len(said) < 400


def test_asked_to_speak_first_it_greets():
    assert answer() == "Hello! I am the built-in responder. Ask me what I can do."
    assert answer(Message("system", "My name is Eve.")) == answer()
    known = (Message("user", "My name is Robin."), Message("assistant", "Yes."))
    assert answer(*known) == "I am listening, Robin. Ask me for the time, a sum or a story."


def test_all_that_was_said_since_the_last_answer_is_answered():
    assert answer(Message("user", "What is two plus"), Message("user", "two?")) == "2 plus 2 is 4."
    assert answer(Message("user", "2 plus 2"), Message("assistant", "4."), Message("user", "Thanks.")) == (
        "You are welcome."
    )


def test_sentences_come_one_by_one():
    pieces = list(BuiltinResponder(lambda: NOW).respond(Prompt("", (Message("user", "Tell me a story."),))))
    assert [piece.strip() for piece in pieces] == list(STORIES[0])


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("My name is Peter,", "Peter"),
        ("my name is peter", "Peter"),
        ("My name's Anna-Lena and I like tea.", "Anna-Lena"),
        ("My name is Mary Jane Watson.", "Mary Jane Watson"),
        ("Call me Al, please.", "Al"),
        ("I am Peter.", "Peter"),
        ("Hi, I\u2019m Zoë.", "Zoë"),
        ("Hello, this is Robin speaking.", "Robin"),
        ("I am Peter. No, my name is Paul.", "Paul"),
        ("My name is O'Brien.", "O'Brien"),
        ("My name is Peter And what is yours?", "Peter"),
        ("I'm Sorry.", None),
        ("I am happy.", None),
        ("I'm English.", None),
        ("My name is not important.", None),
        ("My name is hard to spell.", None),
        ("What is my name?", None),
        ("Do you know what my name is?", None),
        ("I am Superman of the north", None),
        ("Don't call me later.", None),
        ("", None),
    ],
)
def test_names(said, name):
    assert told_name(said) == name


def test_the_last_name_told_counts():
    assert talk("I am Peter.", "Call me Paul.", "what's my name")[-1] == "Your name is Paul."


@pytest.mark.parametrize(
    "said",
    [
        "Is the bus stop near?",
        "I had three times as much.",
        "History is nice.",
        "In which year did Rome fall?",
        "To be.",
    ],
)
def test_what_only_looks_like_a_request(said):
    assert talk(said)[0].startswith(f"You said: {said}")


@given(st.text(max_size=200))
def test_anything_is_answered_the_same_way_each_time(text):
    first = answer(Message("user", text))
    assert first.strip()
    assert first == answer(Message("user", text))
