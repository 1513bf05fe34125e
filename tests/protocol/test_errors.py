"""Whatever shape a service gives its error, its words and its code arrive."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol.codec import Dialect, MalformedEventError, decode_server_event
from app.protocol.server_events import ErrorEvent, ResponseDone, TranscriptionFailed, UnknownEvent, WarningEvent

ERRORS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    (
        "words for the object, the code beside them",
        {"error": "Model whisper-large is not available", "code": "model_not_found"},
        {"message": "Model whisper-large is not available", "code": "model_not_found"},
    ),
    ("all outside", {"message": "M", "code": "c", "param": "p"}, {"message": "M", "code": "c", "param": "p"}),
    ("null within", {"error": None, "message": "M", "code": "c"}, {"message": "M", "code": "c"}),
    ("empty within", {"error": {}, "message": "M"}, {"message": "M"}),
    ("empty words within", {"error": {"message": ""}, "message": "M"}, {"message": "M"}),
    ("whose event, outside", {"error": "M", "event_id": "ours"}, {"message": "M", "event_id": "ours"}),
    ("its own event's id", {"error": {"message": "M"}, "event_id": "theirs"}, {"message": "M"}),
    ("the code outside", {"error": {"message": "M"}, "code": "c"}, {"message": "M", "code": "c"}),
    ("the code inside counts", {"error": {"message": "M", "code": "in"}, "code": "out"}, {"code": "in"}),
    ("a number for a code", {"error": {"message": "M", "code": 404}}, {"message": "M", "code": "404"}),
    ("a number for an error", {"error": 404}, {"code": "404"}),
    ("a status", {"error": {"status_code": 503, "detail": "M"}}, {"message": "M", "code": "503"}),
    ("detail outside", {"detail": "Not authenticated"}, {"message": "Not authenticated"}),
    ("detail inside", {"error": {"detail": "M"}}, {"message": "M"}),
    ("a web framework's", {"detail": [{"loc": ["query"], "msg": "field required"}]}, {"message": "field required"}),
    ("a list", {"error": [{"message": "a", "code": "c"}, {"message": "b"}]}, {"message": "a; b", "code": "c"}),
    ("a list of words", {"error": ["a", "b", "a"]}, {"message": "a; b"}),
    ("errors", {"errors": [{"message": "a"}]}, {"message": "a"}),
    ("twice", {"error": {"error": {"message": "M", "code": "c"}}}, {"message": "M", "code": "c"}),
    ("three times", {"error": {"error": {"error": "M"}}}, {"message": "M"}),
    ("words in an object", {"error": {"message": {"text": "M"}}}, {"message": "M"}),
    ("an object as words", {"error": '{"message": "M", "code": "c"}'}, {"message": "M", "code": "c"}),
    (
        "an object as the message",
        {"error": {"message": '{"error": {"message": "M", "code": "c"}}', "code": None}},
        {"message": "M", "code": "c"},
    ),
    ("a quote in an object as words", {"error": '{"message": "It\\u0027s"}'}, {"message": "It's"}),
    (
        "what may hide a secret stays as it is",
        {"error": '{"message": "k\\u002dy"}'},
        {"message": '{"message": "k\\u002dy"}'},
    ),
    ("braces that are no object", {"error": {"message": "{so it is}"}}, {"message": "{so it is}"}),
    ("an object without words", {"error": {"message": '{"x": 1}'}}, {"message": '{"x": 1}'}),
    ("an inner error", {"error": {"innererror": {"code": "c"}, "message": {}}}, {"code": "c"}),
    ("a type alone", {"error": {"type": "server_error"}}, {"message": "server_error", "type": "server_error"}),
    ("names that nobody knows", {"error": {"foo": "bar"}}, {"message": '{"foo": "bar"}'}),
    ("control characters", {"error": "a\x1b]0;b\x07c"}, {"message": "a]0;bc"}),
]


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(("event", "expected"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_the_words_of_an_error_event(event: dict[str, Any], expected: dict[str, str], dialect: Dialect):
    decoded = decode_server_event(json.dumps({"type": "error", **event}), dialect)
    assert isinstance(decoded, ErrorEvent)
    assert {name: getattr(decoded.error, name) for name in expected} == expected
    if "event_id" not in expected:
        assert not decoded.error.event_id


@pytest.mark.parametrize("error", [None, {}, [], "", " ", True, [[]]])
def test_an_error_that_says_nothing_says_nothing(error: object):
    decoded = decode_server_event(json.dumps({"type": "error", "error": error}))
    assert isinstance(decoded, ErrorEvent)
    assert not decoded.error.code


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("frame", "message", "kind"),
    [
        ({"message": "Forbidden", "connectionId": "x", "requestId": "y"}, "Forbidden", None),
        ({"error": {"message": "M", "type": "invalid_request_error"}}, "M", "invalid_request_error"),
        ({"error": "just words"}, "just words", None),
        ({"detail": "Not authenticated"}, "Not authenticated", None),
        ({"type": "server_error", "message": "busy"}, "busy", "server_error"),
        ({"type": "response.error", "error": {"message": "M"}}, "M", None),
        ({"type": "RuntimeException", "message": "M"}, "M", "RuntimeException"),
    ],
)
def test_an_error_that_does_not_call_itself_one(
    frame: dict[str, Any], message: str, kind: str | None, dialect: Dialect
):
    decoded = decode_server_event(json.dumps(frame), dialect)
    assert isinstance(decoded, ErrorEvent)
    assert (decoded.error.message, decoded.error.type or None) == (message, kind)


@pytest.mark.parametrize(
    "frame", [{"hello": "world"}, {"type": 3, "text": "x"}, {"type": None}, {"data": {"error": 1}}]
)
def test_a_frame_without_a_type_and_without_an_error_is_no_event(frame: dict[str, Any]):
    for dialect in Dialect:
        with pytest.raises(MalformedEventError, match="no type"):
            decode_server_event(json.dumps(frame), dialect)


def test_an_unknown_event_with_words_is_no_error():
    assert isinstance(decode_server_event('{"type":"status","message":"slow"}'), UnknownEvent)


@pytest.mark.parametrize(
    "frame",
    [{"warning": {"message": "M", "code": "c"}}, {"message": "M", "code": "c"}, {"warning": "M", "code": "c"}],
)
def test_the_words_of_a_warning(frame: dict[str, Any]):
    decoded = decode_server_event(json.dumps({"type": "warning", **frame}))
    assert isinstance(decoded, WarningEvent)
    assert (decoded.warning.message, decoded.warning.code) == ("M", "c")


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [("words", "words", None), ({"message": "M", "code": "c"}, "M", "c"), ({"error": {"message": "M"}}, "M", None)],
)
def test_the_words_of_a_failed_transcription(error: object, message: str, code: str | None):
    kind = "conversation.item.input_audio_transcription.failed"
    decoded = decode_server_event(json.dumps({"type": kind, "event_id": "e", "item_id": "u1", "error": error}))
    assert isinstance(decoded, TranscriptionFailed)
    assert (decoded.item_id, decoded.error.message, decoded.error.code or None) == ("u1", message, code)
    assert not decoded.error.event_id


@pytest.mark.parametrize(
    ("response", "message", "code"),
    [
        ({"status_details": {"type": "failed", "error": {"message": "M", "code": "c"}}}, "M", "c"),
        ({"status_details": {"type": "failed", "error": "words"}}, "words", None),
        ({"status_details": {"type": "failed", "reason": "why"}}, "why", None),
        ({"status_details": {"message": "M", "code": "c"}}, "M", "c"),
        ({"status_details": "words"}, "words", None),
        ({"status_details": [{"message": "a"}, {"message": "b"}]}, "a; b", None),
        ({"error": {"message": "M"}}, "M", None),
        ({"status_details": None, "error": "words"}, "words", None),
    ],
)
def test_the_words_of_a_failed_response(response: dict[str, Any], message: str, code: str | None):
    frame = {"type": "response.done", "response": {"id": "r1", "status": "failed", **response}}
    decoded = decode_server_event(json.dumps(frame))
    assert isinstance(decoded, ResponseDone)
    error = decoded.response.status_details.error
    assert (error.message, error.code or None) == (message, code)


@pytest.mark.parametrize("reason", ["turn_detected", "client_cancelled"])
def test_a_cancelled_response_has_a_reason_and_no_error(reason: str):
    details = {"type": "cancelled", "reason": reason}
    decoded = decode_server_event(json.dumps({"type": "response.done", "response": {"status_details": details}}))
    assert decoded.response.status_details.reason == reason
    assert not decoded.response.status_details.error


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "type", "errors", "x"]), inner)
    ),
    max_leaves=12,
)


@given(json_values, json_values, st.sampled_from(["error", "x.error", "response.done", None]))
def test_no_shape_of_an_error_raises(error: object, outside: object, kind: str | None):
    frame = {"error": error, "message": outside, "response": {"status_details": error, "error": outside}}
    try:
        decode_server_event(json.dumps({**frame, **({"type": kind} if kind else {})}))
    except MalformedEventError:
        assert kind is None
