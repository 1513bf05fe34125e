"""Items: created by the client, kept, given back, deleted, and cut to what was heard."""

from __future__ import annotations

import base64

import pytest

from app.server.session_outputs import Respond
from tests.server.driver import Driver, error, sound, types


def text(role: str, words: str, kind: str = "input_text"):
    return {"type": "message", "role": role, "content": [{"type": kind, "text": words}]}


def order(talk: Driver) -> list[str]:
    """The texts of the conversation as the responder sees them."""
    talk.say("response.create", response={"conversation": "none"})
    return [message.text for message in talk.job(Respond).prompt.messages]


def test_items_are_put_where_the_client_says():
    talk = Driver()
    for item_id, previous in (("b", None), ("a", "root"), ("d", None), ("c", "b")):
        item = {**text("user", item_id), "id": item_id}
        new = talk.say("conversation.item.create", item=item, previous_item_id=previous)
        assert types(new) == ["conversation.item.added", "conversation.item.done"]
    assert order(talk) == ["a", "b", "c", "d"]
    assert [event.previous_item_id for event in talk.of("conversation.item.added")] == [None, None, "b", "b"]


@pytest.mark.parametrize(
    ("item", "role"),
    [
        (text("user", "Hello."), "user"),
        (text("system", "Hello."), "system"),
        (text("assistant", "Hello.", "output_text"), "assistant"),
        (text("assistant", "Hello.", "text"), "assistant"),
    ],
)
def test_texts_of_every_role(item, role):
    talk = Driver()
    added, done = talk.say("conversation.item.create", item=item)
    assert added.item == done.item
    assert (added.item.status, added.item.object) == ("completed", "realtime.item")
    assert added.item.id
    assert added.item.content[0].type in ("input_text", "output_text")
    talk.say("response.create")
    assert [(message.role, message.text) for message in talk.job(Respond).prompt.messages] == [(role, "Hello.")]


def test_calls_are_kept():
    talk = Driver()
    call = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}", "id": "call"}
    assert len(talk.say("conversation.item.create", item=call)) == 2
    output = {"type": "function_call_output", "call_id": "c", "output": "5", "id": "out"}
    assert len(talk.say("conversation.item.create", item=output)) == 2
    assert talk.say("conversation.item.retrieve", item_id="out")[0].item.output == "5"


REFUSED = [
    ({**text("user", "x"), "id": "taken"}, "item_create_duplicate_item_id", "item.id"),
    ({**text("user", "x"), "id": "x" * 33}, "string_above_max_length", "item.id"),
    ({**text("user", "x"), "id": ""}, "invalid_value", "item.id"),
    ({"type": "message", "content": []}, "missing_required_parameter", "item.role"),
    ({"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
    (text("robot", "x"), "invalid_value", "item.role"),
    (text("user", "x", "output_text"), "invalid_value", "item.content[0].type"),
    (text("assistant", "x", "output_audio"), "invalid_value", "item.content[0].type"),
    (
        {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]},
        "invalid_value",
        "item.content[0].type",
    ),
    (
        {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
        "missing_required_parameter",
        "item.content[0].text",
    ),
    ({"type": "message", "role": "user", "content": [{"text": "x"}]}, "missing_required_parameter", None),
    (
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "?"}]},
        "invalid_type",
        "item.content[0].audio",
    ),
    ({"type": "mcp_call"}, "invalid_value", "item.type"),
    ({"type": "function_call", "name": "f"}, "missing_required_parameter", "item.arguments"),
    ({**text("user", "x"), "colour": "red"}, "unknown_parameter", "item.colour"),
]


@pytest.mark.parametrize(("item", "code", "param"), REFUSED)
def test_refused_items(item, code, param):
    talk = Driver()
    talk.typed("Here.", id="taken")
    refused = error(talk.say("conversation.item.create", item=item))
    assert refused.code == code
    assert param is None or refused.param == param
    assert order(talk) == ["Here."]


def test_an_item_after_one_that_is_not_there():
    talk = Driver()
    refused = error(talk.say("conversation.item.create", item=text("user", "x"), previous_item_id="nowhere"))
    assert (refused.code, refused.param) == ("invalid_value", "previous_item_id")
    assert order(talk) == []


def test_deleted_items_are_forgotten():
    talk = Driver()
    talk.typed("One.", id="one")
    talk.typed("Two.", id="two")
    assert types(talk.say("conversation.item.delete", item_id="one")) == ["conversation.item.deleted"]
    assert order(talk) == ["Two."]
    assert error(talk.say("conversation.item.delete", item_id="one")).code == "item_delete_invalid_item_id"


def test_the_users_sound_and_words_can_be_retrieved():
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": None}})
    pcm = sound(0.8, 1000)
    talk.append(pcm)
    item_id = talk.say("input_audio_buffer.commit")[0].item_id
    part = talk.say("conversation.item.retrieve", item_id=item_id)[0].item.content[0]
    assert (part.type, part.audio, part.transcript) == ("input_audio", pcm, None)
    talk.recognise("Hello.")
    part = talk.say("conversation.item.retrieve", item_id=item_id)[0].item.content[0]
    assert part.transcript == "Hello."


def test_words_that_come_with_the_sound_are_believed():
    talk = Driver()
    part = {"type": "input_audio", "audio": base64.b64encode(sound(0.8, 500)).decode(), "transcript": "Hello."}
    talk.say("conversation.item.create", item={"type": "message", "role": "user", "content": [part]})
    assert talk.jobs == []
    assert order(talk) == ["Hello."]


@pytest.mark.parametrize(
    ("heard_ms", "left"),
    [
        (4000, "One two three four. Five six seven eight."),
        (3000, "One two three four. Five six"),
        (2000, "One two three four."),
        (1999, "One two three"),
        (500, "One"),
        (0, ""),
    ],
)
def test_a_truncated_answer_is_remembered_as_far_as_it_was_heard(heard_ms, left):
    talk = Driver()
    item_id = talk.full_answer("One two three four. ", "Five six seven eight.", ms=2000)
    new = talk.say("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=heard_ms)
    assert types(new) == ["conversation.item.truncated"]
    assert (new[0].item_id, new[0].content_index, new[0].audio_end_ms) == (item_id, 0, heard_ms)
    assert order(talk) == ["Hello?", left]
    kept = talk.say("conversation.item.retrieve", item_id=item_id)[0].item
    assert kept.content[0].transcript == left


def test_an_answer_stopped_by_hand_is_not_given_again_and_one_that_was_talked_over_may_be():
    """Of neither was a word heard. Who stops it does not want it; who goes on talking has not finished the question."""
    for spoken, known in (((), ["Hello?", ""]), (((0.9, 400),), ["Hello?"])):
        talk = Driver()
        item_id = talk.full_answer("One two three four.", ms=2000)
        talk.hear(*spoken)
        talk.say("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=50)
        assert order(talk) == known


def test_an_answer_is_cut_once():
    talk = Driver()
    item_id = talk.full_answer("One two.", ms=1000)
    cut = {"item_id": item_id, "content_index": 0}
    talk.say("conversation.item.truncate", **cut, audio_end_ms=400)
    refused = error(talk.say("conversation.item.truncate", **cut, audio_end_ms=600))
    assert refused.message == "Audio content of 400ms is already shorter than 600ms"


@pytest.mark.parametrize(
    ("fields", "param"), [({"content_index": 1, "audio_end_ms": 0}, "content_index"), ({"audio_end_ms": -1}, None)]
)
def test_places_that_are_not_in_the_item(fields, param):
    talk = Driver()
    item_id = talk.full_answer("One two.")
    refused = error(talk.say("conversation.item.truncate", **{"item_id": item_id, "content_index": 0, **fields}))
    assert refused.code == "invalid_value"
    assert param is None or refused.param == param
