"""Every declared event decodes to its own type and comes back as it was; what nobody knows survives."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from app.protocol.client_events import InputAppend, ItemTruncate, SessionUpdate
from app.protocol.codec import (
    CLIENT_EVENTS,
    SERVER_EVENTS,
    Dialect,
    MalformedEventError,
    decode_client_event,
    decode_server_event,
    encode_client_event,
    encode_server_event,
)
from app.protocol.convert import WireObject, from_json, to_json
from app.protocol.server_events import ErrorEvent, OutputAudioDelta, SessionCreated, SpeechStarted, UnknownEvent
from app.protocol.session import AudioInput, ServerVad, Session, SessionAudio

SAMPLES = Path(__file__).parent.parent / "data" / "sample-events"
GA = sorted(path for kind in ("ga", "ga-variants", "compatible") for path in SAMPLES.glob(f"{kind}/*.json"))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("path", GA, ids=lambda path: path.stem)
def test_ga_sample_survives_unchanged(path: Path):
    raw = json.loads(path.read_text())
    event = decode_server_event(path.read_text())
    assert type(event) is SERVER_EVENTS[raw["type"]]
    assert json.loads(encode_server_event(event)) == raw


def test_every_server_event_has_a_sample():
    assert {json.loads(path.read_text())["type"] for path in GA} == set(SERVER_EVENTS)
    assert len(SERVER_EVENTS) == 48
    assert len(CLIENT_EVENTS) == 11


@pytest.mark.parametrize("path", GA, ids=lambda path: path.stem)
def test_ga_samples_leave_nothing_unread_that_the_client_uses(path: Path):
    event = decode_server_event(path.read_text())
    allowed = {"obfuscation", "logprobs", "languages", "parallel_tool_calls", "reasoning", "usage", "close"}
    assert set(event.extra) <= allowed, event.extra


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("beta/*.json")), ids=lambda path: path.stem)
def test_beta_sample_becomes_a_ga_event(path: Path):
    raw = json.loads(path.read_text())
    event = decode_server_event(path.read_text(), Dialect.BETA)
    assert not isinstance(event, UnknownEvent)
    assert event.event_id == raw["event_id"]
    for key in ("item_id", "response_id", "delta", "transcript", "text"):
        if key in raw and not isinstance(event, OutputAudioDelta):
            assert getattr(event, key) == raw[key]


def test_beta_session_is_nested():
    event = decode_server_event((SAMPLES / "beta/session.created.json").read_text(), Dialect.BETA)
    assert isinstance(event, SessionCreated)
    assert event.session.voice == "alloy"
    assert event.session.output_modalities == ("audio",)
    assert isinstance(event.session.turn_detection, ServerVad)
    assert event.session.turn_detection.silence_duration_ms == 200
    assert event.session.audio.input.format.type == "audio/pcm"
    assert event.session.extra["temperature"] == 0.8


def test_a_ga_update_is_flat_in_beta():
    update = SessionUpdate(
        event_id="e1",
        session=Session(
            type="realtime",
            output_modalities=("audio",),
            instructions="Be brief.",
            audio=SessionAudio(input=AudioInput(turn_detection=None)),
        ),
    )
    assert json.loads(encode_client_event(update, Dialect.BETA)) == {
        "type": "session.update",
        "event_id": "e1",
        "session": {"instructions": "Be brief.", "modalities": ["audio", "text"], "turn_detection": None},
    }


def test_an_update_carries_only_what_is_set_and_null_is_something():
    update = SessionUpdate(session=Session(type="realtime", audio=SessionAudio(input=AudioInput(turn_detection=None))))
    assert json.loads(encode_client_event(update)) == {
        "type": "session.update",
        "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
    }


def test_audio_is_bytes_inside_and_base64_outside():
    assert json.loads(encode_client_event(InputAppend(audio=b"\x00\x01"))) == {
        "type": "input_audio_buffer.append",
        "audio": "AAE=",
    }
    event = decode_server_event('{"type":"response.output_audio.delta","item_id":"i","delta":"AAE="}')
    assert isinstance(event, OutputAudioDelta)
    assert event.delta == b"\x00\x01"


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('"x"', "object"),
        ("{}", "type"),
        ('{"type": 3}', "type"),
        ('{"type": []}', "type"),
        (b"\xff", "binary"),
        (b"\x00", "JSON"),
        ('{"type":"x","deep":' + "[" * 3000 + "]" * 3000 + "}", "."),
    ],
)
def test_what_is_no_event_is_refused(frame: str | bytes, why: str):
    with pytest.raises(MalformedEventError, match=why):
        decode_server_event(frame)


def test_an_event_in_a_binary_frame_is_an_event():
    frame = '{"type":"response.output_text.delta","delta":"größe"}'
    assert decode_server_event(frame.encode()) == decode_server_event(frame)


@pytest.mark.parametrize("kind", sorted(SERVER_EVENTS))
@settings(max_examples=15)
@given(data=st.dictionaries(st.text(max_size=10), json_values, max_size=4), wrong=json_values)
def test_no_value_of_any_field_raises_and_nothing_is_lost(kind: str, data: dict, wrong: object):
    cls = SERVER_EVENTS[kind]
    for name in cls.__struct_fields__:
        if name != "extra":
            event = decode_server_event(json.dumps({**data, "type": kind, name: wrong}))
            assert type(event) is cls
            assert name in json.loads(encode_server_event(event)) or wrong is UNSET


@given(st.dictionaries(st.text(max_size=10), json_values, max_size=4))
def test_an_unknown_event_is_kept_whole(data: dict):
    event = decode_server_event(json.dumps({**data, "type": "brand.new"}))
    assert isinstance(event, UnknownEvent)
    assert event.type == "brand.new"
    assert len(event.raw) <= len(data) + 1


def test_unknown_and_mistyped_fields_are_kept_in_extra():
    event = decode_server_event(
        '{"type":"input_audio_buffer.speech_started","item_id":7,"audio_start_ms":120.0,"new":[1,"\\u001b[2J"]}'
    )
    assert event == SpeechStarted(item_id="", audio_start_ms=120, extra={"item_id": 7, "new": [1, "[2J"]})


@pytest.mark.parametrize("kind", sorted(CLIENT_EVENTS))
def test_every_client_event_comes_back_from_its_frame(kind: str):
    event = CLIENT_EVENTS[kind](event_id="e9")
    assert decode_client_event(encode_client_event(event)) == event


def test_a_truncation_names_what_was_heard():
    event = ItemTruncate(event_id="e2", item_id="item_1", audio_end_ms=1480)
    assert to_json(event) == {
        "type": "conversation.item.truncate",
        "event_id": "e2",
        "item_id": "item_1",
        "content_index": 0,
        "audio_end_ms": 1480,
    }


def test_null_where_an_object_is_usual():
    event = decode_server_event('{"type":"error","event_id":null,"error":null}')
    assert isinstance(event, ErrorEvent)
    assert event.error.message is UNSET


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_no_number_comes_back_as_broken_json(number: str):
    event = decode_server_event(f'{{"type":"x","v":{number}}}')
    assert json.loads(encode_server_event(event)) == {"type": "x", "v": None}


def test_a_class_with_a_required_field_is_a_mistake_of_ours():
    class Wrong(WireObject, frozen=True, kw_only=True):
        needed: str

    with pytest.raises(TypeError, match="needed"):
        from_json(Wrong, {})


@given(st.binary(max_size=2000), st.sampled_from(list(Dialect)))
def test_the_short_way_of_microphone_sound_says_the_same(audio, dialect):
    event = InputAppend(audio=audio)
    assert json.loads(encode_client_event(event, dialect)) == to_json(event)
    named = InputAppend(audio=audio, event_id="e1", extra={"x": 1})
    assert json.loads(encode_client_event(named, dialect)) == to_json(named)


SOUND = bytes(range(248, 256)) + b"\xfb\xff"


@pytest.mark.parametrize(
    "written",
    [
        base64.b64encode(SOUND).decode(),
        base64.b64encode(SOUND).decode().rstrip("="),
        base64.urlsafe_b64encode(SOUND).decode(),
        base64.urlsafe_b64encode(SOUND).decode().rstrip("="),
        base64.encodebytes(SOUND).decode(),
        "\r\n".join(base64.b64encode(SOUND).decode()),
        f"data:audio/pcm;rate=24000;base64,{base64.b64encode(SOUND).decode()}",
    ],
    ids=["standard", "unpadded", "for URLs", "for URLs, unpadded", "lines", "every letter a line", "a data URL"],
)
def test_the_variants_of_base64(written: str):
    event = decode_server_event(json.dumps({"type": "response.output_audio.delta", "delta": written}))
    assert isinstance(event, OutputAudioDelta)
    assert event.delta == SOUND


@pytest.mark.parametrize("written", ["A", "AAAAA", "ä", "AA=A", "AA.A", "data:", "?"])
def test_what_is_no_base64_is_no_sound(written: str):
    event = decode_server_event(json.dumps({"type": "response.output_audio.delta", "delta": written}))
    assert isinstance(event, OutputAudioDelta)
    assert event.delta == b""
