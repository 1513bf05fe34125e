"""No secret of ours comes back from a service, in whatever event, and no word is lost for it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connection.cleaning import without_secrets_of
from app.connection.client import connect
from app.connection.failures import ServiceFailure
from app.connection.services import Service, azure, compatible, embedded, openai
from app.protocol.codec import Dialect, decode_server_event
from app.protocol.server_events import ErrorEvent, OutputAudioDelta, ServerEvent
from app.redaction import Redaction
from tests.connection.loopback import CREATED, error, http, playing, run, says

KEY = "k3y-0123456789abcdef0123456789"
PASSWORD = "pa55-wörd/9876"
BASIC = base64.b64encode(f"me:{PASSWORD}".encode()).decode()


def services(port: int) -> dict[str, Service]:
    user = "me:pa55-w%C3%B6rd%2F9876"
    return {
        "azure": azure(f"http://127.0.0.1:{port}", KEY, "voice"),
        "openai": openai(KEY, f"http://127.0.0.1:{port}/v1"),
        "key": compatible(f"ws://127.0.0.1:{port}/x", KEY),
        "query": compatible(f"ws://127.0.0.1:{port}/x?model=m&api-key={KEY}"),
        "password": compatible(f"ws://{user}@127.0.0.1:{port}/x"),
        "embedded": embedded(f"ws://127.0.0.1:{port}/x", KEY),
    }


ECHOES = [
    f"Incorrect key: api-key={KEY}",
    f"Got headers: Authorization: Bearer {KEY}; Basic {BASIC}",
    f"user me with {PASSWORD}",
    f"{BASIC} and {base64.b64encode(KEY.encode()).decode()}",
    f"/x?api-key={KEY}&model=m, me:pa55-w%C3%B6rd%2F9876@",
]


def has_secret(name: str, text: str) -> bool:
    """Whether the text holds what this service was told."""
    if name == "password":
        return any(secret in text for secret in (PASSWORD, BASIC, "pa55-w%C3%B6rd%2F9876"))
    return any(secret in text for secret in (KEY, base64.b64encode(KEY.encode()).decode()[:-4]))


def of_both(text: str) -> dict[str, Any]:
    return {"type": "session.created", "session": {"id": text, "instructions": text, "model": text}}


def events(text: str) -> list[dict[str, Any]]:
    part = {"type": "text", "text": text, "transcript": text}
    item = {"id": text, "type": "message", "role": "assistant", "content": [part], "name": text, "output": text}
    failed = {"status": "failed", "status_details": {"error": {"message": text, "code": text}}, "output": [item]}
    return [
        {"type": "error", "error": {"message": text, "code": text, "param": text, "type": text}},
        {"type": "error", "error": text, "code": text},
        {"type": "response.output_audio_transcript.delta", "delta": text, "item_id": text},
        {"type": "response.output_text.done", "text": text},
        {"type": "conversation.item.input_audio_transcription.completed", "transcript": text},
        {"type": "conversation.item.input_audio_transcription.failed", "error": {"message": text}},
        {"type": "conversation.item.added", "item": item},
        {"type": "response.done", "response": failed},
        {"type": "service.log", "lines": [text, {text: text}]},
        {"type": text},
    ]


@pytest.mark.parametrize("name", services(1))
def test_no_event_of_a_session_brings_a_secret_back(name: str):
    async def talk() -> None:
        frames = [json.dumps(event) for echo in ECHOES for event in events(echo)]
        async with playing(says(json.dumps(of_both(ECHOES[1])), *frames)) as server:
            heard: list[ServerEvent] = []
            async with await connect(services(server.port)[name]) as line:
                assert not has_secret(name, repr(line.created))
                async for event in line:
                    heard.append(event)
                    if len(heard) == len(frames):
                        break
        assert not has_secret(name, repr(heard))
        assert any(isinstance(event, ErrorEvent) and "…" in (event.error.message or "") for event in heard)

    run(talk())


async def end_of(service: Service) -> ServiceFailure:
    try:
        async for _ in await connect(service):
            continue
    except ServiceFailure as failure:
        return failure
    raise AssertionError("no end")


@pytest.mark.parametrize("name", services(1))
@pytest.mark.parametrize("echo", ECHOES)
def test_no_refusal_brings_a_secret_back(name: str, echo: str):
    answers = [
        http(401, json.dumps({"error": {"message": echo}}).encode()),
        http(500, f"<html><title>{echo}</title>".encode()),
        http(302, b"", Location=f"http://127.0.0.1:1/?{KEY}"),
    ]
    scripts = [
        says(error("invalid_request_error", "invalid_api_key", echo), code=3000, reason=echo[:120]),
        says(CREATED, code=4001, reason=echo[:100]),
        says(CREATED, error("server_error", None, echo), code=1011),
    ]

    async def talk() -> None:
        for script, answer in [*((says(CREATED), each) for each in answers), *((each, None) for each in scripts)]:
            async with playing(script, answer) as server:
                failure = await end_of(services(server.port)[name])
                assert not has_secret(name, f"{failure} {failure.words} {failure.signal}")

    run(talk())


def test_a_reason_that_was_cut_within_the_key():
    clean = without_secrets_of(Redaction([KEY]))
    assert clean({"type": "error", "error": {"message": f"bad key {KEY[:17]}"}})["error"] == {"message": "bad key …"}


def test_what_is_left_out_of_a_text_joins_no_key():
    frame = json.dumps({"type": "error", "error": {"message": f"bad {KEY[:9]}\u202e\x1b{KEY[9:]}"}})
    event = decode_server_event(frame, clean=without_secrets_of(Redaction([KEY])))
    assert isinstance(event, ErrorEvent)
    assert event.error.message == "bad …"


def test_sound_stays_as_it_is():
    frame = json.dumps({"type": "response.output_audio.delta", "delta": "AAEC" * 2_000, "item_id": "item_1"})
    event = decode_server_event(frame, clean=without_secrets_of(Redaction(["AAECAAEC"])))
    assert isinstance(event, OutputAudioDelta)
    assert event.delta == b"\x00\x01\x02" * 2_000


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200))
def test_what_is_said_stays_word_for_word(said: str):
    clean = without_secrets_of(Redaction([KEY, "test", "hello"]))
    frame = json.dumps({"type": "response.output_text.delta", "delta": said})
    assert decode_server_event(frame, clean=clean) == decode_server_event(frame)


@pytest.mark.parametrize("dialect", Dialect)
def test_an_event_nested_without_end_is_no_event(dialect: Dialect):
    frame = '{"type":"x","a":' + "[" * 480 + "]" * 480 + "}"
    try:
        decode_server_event(frame, dialect, without_secrets_of(Redaction([KEY])))
    except Exception as refused:
        assert type(refused).__name__ == "MalformedEventError"  # noqa: PT017  # either will do
