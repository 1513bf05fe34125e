"""The dialect of a service that nobody knows is found out from what it says first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from app.connection.client import connect
from app.connection.services import compatible
from app.connection.spoken import BETA_FOUND, SpokenDialect
from app.protocol.client_events import SessionUpdate
from app.protocol.dialect import Dialect
from app.protocol.server_events import ErrorEvent, OutputAudioDelta, OutputTranscriptDelta, SessionUpdated
from app.protocol.session import AudioOutput, Session, SessionAudio
from tests.connection.loopback import playing, run, says

UPDATE = SessionUpdate(
    event_id="evt_1",
    session=Session(
        type="realtime", output_modalities=("audio",), audio=SessionAudio(output=AudioOutput(voice="marin"))
    ),
)
GA, BETA = Dialect.GA, Dialect.BETA


def created(**session: Any) -> str:
    return json.dumps({"type": "session.created", "session": session})


BARE = created(id="sess_1", model="m")
FLAT = created(id="sess_1", modalities=["audio", "text"], voice="alloy", input_audio_format="pcm16")
NESTED = created(type="realtime", output_modalities=["audio"], audio={"output": {"voice": "marin"}})


def event(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


@pytest.mark.parametrize(
    ("frames", "reading", "writing", "is_told"),
    [
        ([BARE], GA, GA, False),
        ([NESTED], GA, GA, False),
        ([FLAT], BETA, BETA, True),
        ([FLAT.encode()], BETA, BETA, True),
        ([BARE, event("session.updated", session={"voice": "alloy", "temperature": 0.8})], BETA, BETA, True),
        ([BARE, event("response.audio.delta", delta="AAE=")], BETA, BETA, True),
        ([BARE, event("response.output_audio.delta", delta="AAE=")], GA, GA, False),
        ([NESTED, event("response.audio_transcript.delta", delta="a")], BETA, GA, True),  # some mix the two
        ([BARE, event("conversation.item.added"), event("response.text.delta", delta="a")], BETA, BETA, True),
        ([BARE, event("response.output_text.delta"), event("response.audio.delta")], GA, GA, False),
        (["{", "[]", b"\xff", event("session.created", session=None)], GA, GA, False),
        ([event("session.created", session={"voice": ["x"], "turn_detection": None})], BETA, BETA, True),
    ],
)
def test_what_tells(frames: list[str | bytes], reading: Dialect, writing: Dialect, is_told: bool):
    spoken = SpokenDialect(None)
    assert [spoken.learn(frame) for frame in frames] == [None] * len(frames)
    assert spoken.reading is reading
    assert ("output_modalities" in spoken.written(UPDATE)) is (writing is GA)
    assert spoken.is_beta_found is is_told


@pytest.mark.parametrize("known", list(Dialect))
def test_what_is_known_is_not_found_out(known: Dialect):
    spoken = SpokenDialect(known)
    for frame in (FLAT, NESTED, event("response.audio.delta"), event("response.output_audio.delta")):
        spoken.learn(frame)
    assert spoken.reading is known
    assert not spoken.is_beta_found


@pytest.mark.parametrize(
    ("error", "is_of_shape"),
    [
        ({"code": "unknown_parameter", "param": "session.type"}, True),
        ({"code": "unknown_parameter", "param": "session.audio"}, True),
        ({"type": "invalid_request_error", "param": "session.output_modalities"}, True),
        ({"code": "missing_required_parameter", "param": "session.type"}, False),
        ({"code": "unknown_parameter", "param": "session.audio.output.speed"}, False),
        ({"code": "invalid_value", "param": "session.voice"}, False),
        ({}, False),
    ],
)
def test_a_refused_shape_is_told_from_a_refused_field(error: dict[str, str], is_of_shape: bool):
    spoken = SpokenDialect(None)
    assert spoken.learn(event("error", error=error)) is None  # nothing of ours is under way
    spoken.written(UPDATE)
    again = spoken.learn(event("error", error=error))
    assert (again is not None) is is_of_shape
    if again is not None:
        session = json.loads(again)["session"]
        assert session == {"modalities": ["audio", "text"], "voice": "marin"}
        assert spoken.learn(event("error", error=error)) is None  # once


SHAPE = {"code": "unknown_parameter", "param": "session.audio"}


@pytest.mark.parametrize(
    ("answer", "is_said_again"),
    [
        (None, True),
        (event("session.updated", session={"id": "s"}), False),
        (event("session.updated", session={"type": "realtime", "audio": {}}), False),
        (event("error", error={"event_id": "evt_1", "code": "invalid_value", "param": "session.voice"}), False),
        (event("error", error={"code": "invalid_value", "param": "session.audio.output.speed"}), False),
        (event("error", error={"event_id": "evt_0", "code": "invalid_value", "param": "item.id"}), True),
        (event("error", error={"code": "response_cancel_not_active"}), True),
        (event("rate_limits.updated", rate_limits=[]), True),
    ],
)
def test_an_update_that_was_answered_is_not_said_again(answer: str | None, is_said_again: bool):
    spoken = SpokenDialect(None)
    spoken.written(UPDATE)
    if answer is not None:
        assert spoken.learn(answer) is None
    assert (spoken.learn(event("error", error=SHAPE)) is not None) is is_said_again


def test_a_refused_shape_of_another_event_is_no_answer_to_the_update():
    spoken = SpokenDialect(None)
    spoken.written(UPDATE)
    assert spoken.learn(event("error", error={**SHAPE, "event_id": "evt_0"})) is None
    assert spoken.learn(event("error", error={**SHAPE, "event_id": "evt_1"})) is not None


def test_a_service_that_refuses_the_shape_is_told_again_and_the_user_of_it():
    got: list[Any] = []

    async def script(socket: ServerConnection) -> None:
        await socket.send(BARE)
        async for frame in socket:
            session = json.loads(frame)["session"]
            got.append(session)
            if "type" in session:
                await socket.send(event("error", error={"code": "unknown_parameter", "param": "session.type"}))
            else:
                await socket.send(event("session.updated", session=session))
                await socket.send(event("response.audio_transcript.delta", item_id="i", delta="hello"))

    async def talk() -> None:
        told: list[str] = []
        async with playing(script) as server, await connect(compatible(server.url)) as connection:
            connection.tell_dialect_to(told.append)
            await connection.send(UPDATE)
            events = []
            async for each in connection:
                events.append(each)
                if isinstance(each, OutputTranscriptDelta):
                    break
        assert [type(each) for each in events] == [SessionUpdated, OutputTranscriptDelta]
        assert not any(isinstance(each, ErrorEvent) for each in events)
        assert got[1] == {"modalities": ["audio", "text"], "voice": "marin"}
        assert told == [BETA_FOUND]

    run(talk())


def test_a_flat_first_word_in_a_binary_frame_is_enough():
    async def talk() -> None:
        told: list[str] = []
        delta = event("response.audio.delta", item_id="i", delta="AAE=")
        script = says(FLAT.encode(), delta.encode())
        async with playing(script) as server, await connect(compatible(server.url)) as connection:
            assert connection.created.session.voice == "alloy"
            connection.tell_dialect_to(told.append)  # also where it was found before
            first = await anext(aiter(connection))
        assert isinstance(first, OutputAudioDelta)
        assert first.delta == b"\x00\x01"
        assert told == [BETA_FOUND]

    run(talk())


def test_a_service_that_greets_with_the_conversation_alone_has_begun():
    async def talk() -> None:
        script = says(event("conversation.created", conversation={"id": "c"}))
        async with playing(script) as server, await connect(compatible(server.url)) as connection:
            assert connection.is_open

    run(talk())
