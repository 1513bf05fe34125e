"""Everything the service refuses: type, code, param, the client's event id, and that nothing has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.protocol.codec import decode_server_event
from tests.server.driver import Driver, error, sound, types

VARIANTS = Path(__file__).parents[1] / "data" / "sample-events" / "ga-variants"


def vad(**fields):
    return {"audio": {"input": {"turn_detection": {"type": "server_vad", **fields}}}}


def audio_in(**fields):
    return {"audio": {"input": fields}}


def audio_out(**fields):
    return {"audio": {"output": fields}}


SESSION = "session.audio.input.turn_detection."

REFUSED_UPDATES = [
    ({"modalities": ["audio"]}, "unknown_parameter", "session.modalities"),
    ({"temperature": 0.8}, "unknown_parameter", "session.temperature"),
    ({"reasoning": {"effort": "low"}}, "unknown_parameter", "session.reasoning"),
    (
        audio_in(transcription={"model": "m", "keywords": ["Ann"]}),
        "unknown_parameter",
        "session.audio.input.transcription.keywords",
    ),
    (
        audio_in(noise_reduction={"type": "near_field", "strength": 0.5}),
        "unknown_parameter",
        "session.audio.input.noise_reduction.strength",
    ),
    ({"id": "mine"}, "unknown_parameter", "session.id"),
    (audio_in(foo=1), "unknown_parameter", "session.audio.input.foo"),
    (vad(eagerness="low"), "unknown_parameter", SESSION + "eagerness"),
    (audio_in(turn_detection={"type": "semantic_vad", "threshold": 0.5}), "unknown_parameter", SESSION + "threshold"),
    (audio_in(turn_detection={"type": "magic"}), "invalid_value", SESSION + "type"),
    (audio_in(turn_detection={"threshold": 0.5}), "invalid_value", SESSION + "type"),
    (vad(threshold="high"), "invalid_type", SESSION + "threshold"),
    (vad(threshold=1.1), "decimal_above_max_value", SESSION + "threshold"),
    (vad(threshold=-0.1), "decimal_below_min_value", SESSION + "threshold"),
    (vad(silence_duration_ms=-1), "integer_below_min_value", SESSION + "silence_duration_ms"),
    (vad(silence_duration_ms=10**9), "integer_above_max_value", SESSION + "silence_duration_ms"),
    (vad(silence_duration_ms=0.5), "invalid_type", SESSION + "silence_duration_ms"),
    (vad(silence_duration_ms=10**400), "integer_above_max_value", SESSION + "silence_duration_ms"),
    (vad(silence_duration_ms=-(10**400)), "integer_below_min_value", SESSION + "silence_duration_ms"),
    (vad(silence_duration_ms=1e308), "decimal_above_max_value", SESSION + "silence_duration_ms"),
    (vad(silence_duration_ms=True), "invalid_type", SESSION + "silence_duration_ms"),
    (vad(threshold=10**400), "integer_above_max_value", SESSION + "threshold"),
    (vad(threshold=-1e308), "decimal_below_min_value", SESSION + "threshold"),
    (vad(threshold=float("nan")), "invalid_type", SESSION + "threshold"),
    (vad(threshold=float("inf")), "invalid_type", SESSION + "threshold"),
    ({"max_output_tokens": 10**400}, "integer_above_max_value", "session.max_output_tokens"),
    ({"max_output_tokens": float("nan")}, "invalid_type", "session.max_output_tokens"),
    (audio_out(speed=10**400), "integer_above_max_value", "session.audio.output.speed"),
    (
        audio_in(format={"type": "audio/pcm", "rate": 10**400}),
        "integer_above_max_value",
        "session.audio.input.format.rate",
    ),
    (audio_out(voice="x" * 100_000), "invalid_value", "session.audio.output.voice"),
    ({"output_modalities": ["x" * 100_000]}, "invalid_value", "session.output_modalities"),
    (vad(prefix_padding_ms=-1), "integer_below_min_value", SESSION + "prefix_padding_ms"),
    (vad(idle_timeout_ms=100), "integer_below_min_value", SESSION + "idle_timeout_ms"),
    (vad(create_response="yes"), "invalid_type", SESSION + "create_response"),
    (
        audio_in(turn_detection={"type": "semantic_vad", "eagerness": "wild"}),
        "invalid_value",
        SESSION + "eagerness",
    ),
    (
        audio_in(format={"type": "audio/pcm", "rate": 16000}),
        "integer_below_min_value",
        "session.audio.input.format.rate",
    ),
    (
        audio_in(format={"type": "audio/pcm", "rate": 48000}),
        "integer_above_max_value",
        "session.audio.input.format.rate",
    ),
    (audio_in(format={"type": "audio/mp3"}), "invalid_value", "session.audio.input.format.type"),
    (audio_in(format={"type": "audio/pcmu", "rate": 8000}), "unknown_parameter", "session.audio.input.format.rate"),
    (audio_in(noise_reduction={"type": "magic"}), "invalid_value", "session.audio.input.noise_reduction.type"),
    (audio_in(transcription={"model": 5}), "invalid_type", "session.audio.input.transcription.model"),
    (audio_out(voice="nobody"), "invalid_value", "session.audio.output.voice"),
    (audio_out(speed=2.0), "decimal_above_max_value", "session.audio.output.speed"),
    (audio_out(speed=0.1), "decimal_below_min_value", "session.audio.output.speed"),
    ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
    ({"output_modalities": []}, "invalid_value", "session.output_modalities"),
    ({"output_modalities": "audio"}, "invalid_type", "session.output_modalities"),
    ({"max_output_tokens": 0}, "integer_below_min_value", "session.max_output_tokens"),
    ({"max_output_tokens": 5000}, "integer_above_max_value", "session.max_output_tokens"),
    ({"max_output_tokens": "many"}, "invalid_value", "session.max_output_tokens"),
    ({"model": "another"}, "invalid_value", "session.model"),
    ({"tool_choice": {"type": "function"}}, "missing_required_parameter", "session.tool_choice.name"),
    ({"tool_choice": {"type": "mcp"}}, "missing_required_parameter", "session.tool_choice.server_label"),
    ({"tool_choice": {"name": "f"}}, "invalid_value", "session.tool_choice.type"),
    ({"tracing": "always"}, "invalid_value", "session.tracing"),
    ({"tracing": True}, "invalid_type", "session.tracing"),
    ({"tracing": {"workflow": "x"}}, "unknown_parameter", "session.tracing.workflow"),
    ({"tools": [{"name": "f"}]}, "invalid_value", "session.tools[0].type"),
    ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
    ({"tool_choice": "sometimes"}, "invalid_value", "session.tool_choice"),
    ({"instructions": None}, "invalid_type", "session.instructions"),
    ({"type": "transcription"}, "invalid_value", "session.type"),
    ({"type": "other"}, "invalid_value", "session.type"),
]


@pytest.mark.parametrize(("change", "code", "param"), REFUSED_UPDATES)
def test_a_refused_update_changes_nothing(change, code, param):
    talk = Driver()
    before = talk.update()[0].session
    refused = error(talk.say("session.update", session={"type": "realtime", "instructions": "New.", **change}))
    assert (refused.type, refused.code, refused.param) == ("invalid_request_error", code, param)
    assert talk.update()[0].session == before


REFUSED_EVENTS = [
    ({"type": "session.update"}, "missing_required_parameter", "session"),
    ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
    ({"type": "session.update", "session": 5}, "invalid_type", "session"),
    ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "no base64!"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 5}, "invalid_type", "audio"),
    ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
    ({"type": "input_audio_buffer.commit", "final": True}, "unknown_parameter", "final"),
    ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
    ({"type": "conversation.item.retrieve"}, "missing_required_parameter", "item_id"),
    ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id", "item_id"),
    ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
    (
        {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 0},
        "item_truncate_invalid_item_id",
        "item_id",
    ),
    ({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0}, "missing_required_parameter", None),
    ({"type": "response.cancel"}, "response_cancel_not_active", None),
    ({"type": "response.cancel", "response_id": "x"}, "response_cancel_not_active", None),
    ({"type": "output_audio_buffer.clear"}, "invalid_value", "type"),
    ({"type": "transcription_session.update", "session": {}}, "invalid_value", "type"),
    ({"type": "no.such.event"}, "invalid_value", "type"),
    ({"hello": 1}, "missing_required_parameter", "type"),
    ({"type": 5}, "invalid_event", None),
    ({"type": "response.create", "response": {"temperature": 1}}, "unknown_parameter", "response.temperature"),
    (
        {"type": "response.create", "response": {"output_modalities": ["text", "audio"]}},
        "invalid_value",
        "response.output_modalities",
    ),
    ({"type": "response.create", "response": {"conversation": "x"}}, "invalid_value", "response.conversation"),
    ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "invalid_type", "response.metadata"),
    (
        {"type": "response.create", "response": {"metadata": {str(at): "" for at in range(17)}}},
        "invalid_value",
        "response.metadata",
    ),
    (
        {"type": "response.create", "response": {"audio": {"output": {"speed": 1.0}}}},
        "unknown_parameter",
        "response.audio.output.speed",
    ),
    ({"type": "response.create", "response": {"audio": {"input": {}}}}, "unknown_parameter", "response.audio.input"),
    (
        {"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "x"}]}},
        "item_retrieve_invalid_item_id",
        "item_id",
    ),
    (
        {"type": "response.create", "response": {"input": [{"type": "message", "role": "user"}]}},
        "missing_required_parameter",
        "response.input[0].content",
    ),
]


@pytest.mark.parametrize(("event", "code", "param"), REFUSED_EVENTS)
def test_a_refused_event(event, code, param):
    talk = Driver()
    refused = error(talk.frame(json.dumps({**event, "event_id": "mine"})))
    assert (refused.type, refused.code) == ("invalid_request_error", code)
    assert param is None or refused.param == param
    assert refused.event_id == "mine"
    assert talk.of("response.created") == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x00\x01", "invalid_event"),
        ("{", "invalid_json"),
        ("", "invalid_json"),
        ("[1]", "invalid_event"),
        ('"word"', "invalid_event"),
        ("[" * 100_000, "invalid_json"),
    ],
)
def test_a_frame_that_is_no_event_leaves_the_session_open(frame, code):
    talk = Driver()
    assert error(talk.frame(frame)).code == code
    assert types(talk.update()) == ["session.updated"]


def test_deep_nesting_is_refused_and_harms_nobody():
    talk = Driver()
    deep = "[" * 400 + "]" * 400
    new = talk.frame('{"type":"session.update","session":{"type":"realtime","tracing":' + deep + "}}")
    assert types(new) in (["session.updated"], ["error"])
    assert types(talk.update()) == ["session.updated"]


@pytest.mark.parametrize(
    "event",
    [
        '{"type":"session.update","session":{"type":"realtime","max_output_tokens":%s}}',
        '{"type":"session.update","session":{"type":"realtime","tracing":{"metadata":%s}}}',
        '{"type":"conversation.item.truncate","item_id":"x","content_index":%s,"audio_end_ms":0}',
        '{"type":"conversation.item.truncate","item_id":"x","content_index":0,"audio_end_ms":%s}',
        '{"type":"response.create","response":{"max_output_tokens":%s}}',
        '{"type":"response.create","response":{"metadata":{"a":%s}}}',
        '{"type":"response.create","response":{"input":[{"type":"item_reference","id":%s}]}}',
        '{"type":"input_audio_buffer.append","audio":%s}',
        '{"type":"input_audio_buffer.commit","x":%s}',
        '{"type":%s}',
        '{"event_id":%s,"type":"response.cancel"}',
    ],
)
@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 5_000, "1e999", "NaN", "-Infinity", "1e308"])
def test_a_number_that_means_nothing_is_answered_in_few_words(event: str, number: str):
    talk = Driver()
    new = talk.frame(event % number)
    # What is no number in JSON is read as null, and an option that is null was not given.
    assert types(new) in (["session.updated"], ["error"], ["response.created"])
    if types(new) == ["error"]:
        assert len(error(new).message) < 400
    assert types(talk.update()) == ["session.updated"]


def test_another_voice_after_speech_is_refused_and_the_same_is_taken():
    talk = Driver()
    assert types(talk.update(**audio_out(voice="marin"))) == ["session.updated"]
    talk.full_answer("Hello.")
    assert error(talk.update(**audio_out(voice="cedar"))).code == "cannot_update_voice"
    assert types(talk.update(**audio_out(voice="marin"))) == ["session.updated"]
    refused = error(talk.say("response.create", response={"audio": {"output": {"voice": "cedar"}}}))
    assert refused.code == "cannot_update_voice"


def test_the_input_format_is_fixed_once_sound_has_come_in():
    talk = Driver()
    assert types(talk.update(**audio_in(format={"type": "audio/pcmu"}))) == ["session.updated"]
    talk.append(bytes(800))
    refused = error(talk.update(**audio_in(format={"type": "audio/pcm"})))
    assert (refused.code, refused.param) == ("invalid_value", "session.audio.input.format")


def test_too_much_sound_in_one_append():
    talk = Driver()
    talk.update(**audio_in(turn_detection=None))
    assert error(talk.append(bytes(15 * 1024 * 1024 + 2))).param == "audio"


def variants():
    commit = {"type": "input_audio_buffer.commit"}
    talk = Driver()
    yield "commit_empty", talk, commit
    yield "cancel_not_active", talk, {"type": "response.cancel"}
    session = {"type": "realtime", "modalities": ["audio"]}
    yield "unknown_parameter", talk, {"type": "session.update", "session": session}
    yield "missing_session_type", talk, {"type": "session.update", "session": {}}
    session = {"type": "realtime", **audio_in(format={"type": "audio/pcm", "rate": 16000})}
    yield "rate_16000", talk, {"type": "session.update", "session": session}
    spoken = Driver()
    item_id = spoken.full_answer("Hello.", ms=2650)
    truncate = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 9100}
    yield "truncate_too_long", spoken, truncate
    user = {**truncate, "item_id": spoken.of("conversation.item.added")[0].item.id}
    yield "truncate_no_audio", spoken, user
    session = {"type": "realtime", **audio_out(voice="cedar")}
    yield "cannot_update_voice", spoken, {"type": "session.update", "session": session}
    spoken.say("response.create")
    yield "already_active_response", spoken, {"type": "response.create"}


def test_errors_read_as_the_known_ones_do():
    for name, talk, event in variants():
        known = decode_server_event((VARIANTS / f"error__{name}.json").read_text())
        refused = error(talk.frame(json.dumps(event)))
        response_id = talk.of("response.created")[-1].response.id if talk.of("response.created") else ""
        assert (refused.type, refused.code, refused.param) == (
            known.error.type,
            known.error.code,
            known.error.param,
        ), name
        assert refused.message == known.error.message.replace("resp_A1", response_id), name


def test_the_silence_of_a_clear_buffer_is_not_counted():
    talk = Driver()
    talk.append(sound(0.0, 5000))
    talk.say("input_audio_buffer.clear")
    assert "has 0.00ms" in error(talk.say("input_audio_buffer.commit")).message
