"""A number that means nothing costs itself: the event survives, and what came is kept."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, defstruct

from app.protocol.codec import (
    CLIENT_EVENTS,
    SERVER_EVENTS,
    Dialect,
    MalformedEventError,
    decode_client_event,
    decode_server_event,
    encode_server_event,
)
from app.protocol.convert import MAX_DEPTH, WireObject, from_json, range_of
from app.protocol.jsontext import depth_of, read_json
from app.protocol.ranges import LAST_EPOCH_S, MOST_MS, MOST_TOKENS, Range
from app.protocol.server_events import ResponseDone, SessionCreated, SpeechStarted, UnknownEvent

DIGITS_400 = "1" + "0" * 400
DIGITS_5000 = "1" + "0" * 5_000

NO_COUNTS = ["-1", "-0.5", "0.5", "true", "null", '"7"', "[]", "{}", "1e308", "1e999", "-1e999", "NaN", "Infinity",
             str(2**31), str(2**63), str(2**70), str(-(2**70)), DIGITS_400, "-" + DIGITS_400, DIGITS_5000]  # fmt: skip


@pytest.mark.parametrize("number", NO_COUNTS, ids=lambda text: text[:12])
def test_a_count_that_is_none_is_left_out(number: str):
    event = decode_server_event(
        '{"type":"response.done","response":{"id":"r1","status":"completed","usage":'
        f'{{"total_tokens":12,"input_tokens":5,"output_tokens":7,"output_token_details":{{"text_tokens":{number}}}}}}}}}'
    )
    assert isinstance(event, ResponseDone)
    usage = event.response.usage
    assert (usage.total_tokens, usage.input_tokens, usage.output_tokens) == (12, 5, 7)
    assert usage.output_token_details.text_tokens == 0
    assert "text_tokens" in usage.output_token_details.extra
    json.loads(encode_server_event(event))


@pytest.mark.parametrize(
    ("number", "count"), [("0", 0), ("-0.0", 0), ("-0", 0), ("7.0", 7), ("1e3", 1000), (str(MOST_TOKENS), MOST_TOKENS)]
)
def test_a_count_is_kept_however_it_is_written(number: str, count: int):
    event = decode_server_event(f'{{"type":"response.done","response":{{"usage":{{"input_tokens":{number}}}}}}}')
    assert event.response.usage.input_tokens == count


@pytest.mark.parametrize(
    "number", ["-1", str(LAST_EPOCH_S + 1), "1e300", DIGITS_400, DIGITS_5000, "NaN", "true"], ids=lambda text: text[:12]
)
def test_a_moment_that_no_calendar_has_is_unknown(number: str):
    event = decode_server_event(f'{{"type":"session.created","session":{{"model":"m","expires_at":{number}}}}}')
    assert isinstance(event, SessionCreated)
    assert (event.session.model, event.session.expires_at or UNSET) == ("m", UNSET)


@pytest.mark.parametrize(
    "number", ["-1", str(MOST_MS + 1), "1e300", DIGITS_400, DIGITS_5000], ids=lambda text: text[:12]
)
def test_a_place_in_time_that_no_session_has_is_left_out(number: str):
    event = decode_server_event(
        f'{{"type":"input_audio_buffer.speech_started","item_id":"i","audio_start_ms":{number}}}'
    )
    assert isinstance(event, SpeechStarted)
    assert (event.item_id, event.audio_start_ms) == ("i", 0)


def _classes(cls: type, found: dict[type, None]) -> dict[type, None]:
    import typing

    def walk(hint: object) -> None:
        if isinstance(hint, type) and issubclass(hint, WireObject) and hint not in found:
            found[hint] = None
            for inner in typing.get_type_hints(hint, localns={"Json": object}, include_extras=True).values():
                walk(inner)
        for arm in typing.get_args(hint):
            walk(arm)

    walk(cls)
    return found


def test_every_number_of_the_vocabulary_has_a_range():
    found: dict[type, None] = {}
    for cls in (*SERVER_EVENTS.values(), *CLIENT_EVENTS.values()):
        _classes(cls, found)
    bounded = [range_of(cls, name) for cls in found for name in cls.__struct_fields__ if name != "extra"]
    assert sum(isinstance(each, Range) for each in bounded) > 40
    assert all(math.isfinite(each.least) and math.isfinite(each.most) for each in bounded if each)


@pytest.mark.parametrize("kind", [int, float])
def test_a_number_without_a_range_is_a_mistake_of_ours(kind: type):
    Wrong = defstruct("Wrong", [("number", kind, kind(0))], bases=(WireObject,), frozen=True)  # noqa: N806
    with pytest.raises(TypeError, match="declares its range"):
        from_json(Wrong, {})


# ---------------------------------------------------------------- text that is hard to read


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("depth", [MAX_DEPTH, 300])
@pytest.mark.parametrize("kind", ["session.created", "response.done", "error", "brand.new"])
def test_what_is_nested_too_deeply_costs_itself(kind: str, depth: int, dialect: Dialect):
    event = decode_server_event(f'{{"type":"{kind}","event_id":"e","odd":{"[" * depth}{"]" * depth}}}', dialect)
    written = encode_server_event(event)
    assert depth_of(json.loads(written)) <= MAX_DEPTH + 1
    assert '"event_id":"e"' in written


def test_a_frame_nested_beyond_measure_is_no_event():
    with pytest.raises(MalformedEventError, match="not valid JSON"):
        decode_server_event('{"type":"x","odd":' + "[" * 100_000 + "]" * 100_000 + "}")


def test_a_client_that_nests_too_deeply_is_told():
    frame = '{"type":"session.update","session":{"type":"realtime","prompt":' + "[" * 100 + "]" * 100 + "}}"
    with pytest.raises(MalformedEventError, match="nested too deeply"):
        decode_client_event(frame)


@pytest.mark.parametrize(
    "frame",
    ['{"type":"x","n":' + DIGITS_5000 + "}", '{"n":[' + DIGITS_5000 + '],"type":"x"}'],
    ids=["in an object", "in a list"],
)
def test_a_number_of_thousands_of_digits_costs_itself(frame: str):
    event = decode_server_event(frame)
    assert isinstance(event, UnknownEvent)
    assert event.raw["n"] in (None, [None])


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)))
def test_what_json_can_write_is_read(value: object):
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "depth"), [(1, 0), ([], 1), ({}, 1), ([[]], 2), ({"a": [1, {"b": 2}]}, 3), ([[], [[]]], 3)]
)
def test_depth(value: object, depth: int):
    assert depth_of(value) == depth


def test_a_long_text_is_kept_whole():
    text = "x" * 1_000_000
    event = decode_server_event(json.dumps({"type": "response.output_text.delta", "item_id": text, "delta": text}))
    assert (event.item_id, event.delta) == (text, text)
