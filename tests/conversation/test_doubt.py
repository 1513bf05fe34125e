"""Which of the user's words the service was not sure of."""

from __future__ import annotations

import math

import pytest

from app.conversation.doubt import doubtful_spans
from app.conversation.transcript import Entry
from app.protocol.codec import decode_server_event
from app.protocol.server_events import TokenLogprob, TranscriptionCompleted
from tests.conversation.driver import Talk

SURE, UNSURE = math.log(0.9), math.log(0.3)


@pytest.mark.parametrize(
    ("text", "tokens", "doubtful"),
    [
        ("I saw Ann.", [("I", SURE), (" saw", SURE), (" Ann", UNSURE), (".", SURE)], ["Ann."]),
        ("I saw Ann.", [(" I", SURE), (" s", SURE), ("aw", UNSURE), (" Ann.", SURE), (" ", UNSURE)], ["saw"]),
        ("a b c", [("a", UNSURE), (" b", UNSURE), (" c", UNSURE)], ["a", "b", "c"]),
        ("ab", [("a", UNSURE), ("b", UNSURE)], ["ab"]),
        ("今日は", [("今日", SURE), ("は", UNSURE)], ["は"]),
        ("Hello", [("Good", UNSURE), ("bye", UNSURE)], []),
        ("Hello", [], []),
        ("", [], []),
        ("Yes", [("Yes", math.log(0.5))], []),
    ],
)
def test_doubtful_words(text, tokens, doubtful):
    assert [text[start:end] for start, end in doubtful_spans(text, tokens)] == doubtful


def test_an_entry_knows_its_doubtful_words():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    logprobs = (TokenLogprob(token="Hello", logprob=SURE), TokenLogprob(token=" Ann", logprob=UNSURE))
    talk.hear(TranscriptionCompleted(item_id="u1", transcript="Hello Ann", logprobs=logprobs))
    entry: Entry = talk.entry("u1")
    assert [entry.text[start:end] for start, end in entry.doubtful] == ["Ann"]


@pytest.mark.parametrize("logprobs", ["null", '"sure"', "[]", '[{"token":"Hello","logprob":"x"}]', '[{"logprob":5}]'])
def test_odd_probabilities_cost_no_word(logprobs):
    kind = "conversation.item.input_audio_transcription.completed"
    event = decode_server_event(f'{{"type":"{kind}","item_id":"u1","transcript":"Hello","logprobs":{logprobs}}}')
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    talk.hear(event)
    assert (talk.entry("u1").text, talk.entry("u1").doubtful) == ("Hello", ())
