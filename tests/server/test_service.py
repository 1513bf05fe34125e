"""The whole service with its real engines, over the socket: by hand, and with the official client as the judge."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import wave
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from app.audio.pcm import VAD_RATE_HZ, WIRE_RATE_HZ, from_pcm16, resample, to_pcm16
from app.server.engines.choose import open_recogniser, open_synthesiser
from app.server.engines.interfaces import EngineUnavailableError
from app.server.serve import Options, serve

DATA = Path(__file__).parents[1] / "data"
CHUNK_MS = 100

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module", autouse=True)
def _real_engines():
    for engine in (open_recogniser(), open_synthesiser()):
        try:
            engine.load()
        except EngineUnavailableError as error:
            pytest.skip(str(error))


def speech(name: str) -> bytes:
    """A file as the wire's PCM16."""
    with wave.open(str(DATA / name)) as file:
        samples = from_pcm16(file.readframes(file.getnframes()))
        assert file.getframerate() == VAD_RATE_HZ
    return to_pcm16(resample(samples, VAD_RATE_HZ, WIRE_RATE_HZ))


def silence(ms: int) -> bytes:
    return bytes(ms * 48)


@contextlib.asynccontextmanager
async def service(**options):
    listening = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(Options(**options), listening.set_result))
    try:
        yield await listening
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def say(socket, type_: str, **fields) -> None:
    await socket.send(json.dumps({"type": type_, **fields}))


async def until(socket, type_: str) -> list[dict]:
    events = []
    while not events or events[-1]["type"] != type_:
        events.append(json.loads(await asyncio.wait_for(socket.recv(), 30)))
    return events


async def talk(socket, pcm: bytes) -> None:
    """As fast as the socket takes it: turns are found by the time of the sound."""
    for at in range(0, len(pcm), CHUNK_MS * 48):
        await say(socket, "input_audio_buffer.append", audio=base64.b64encode(pcm[at : at + CHUNK_MS * 48]).decode())


def heard_by_the_recogniser(events: list[dict]) -> str:
    pcm = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
    ears = open_recogniser()
    ears.load()
    return ears.transcribe(resample(from_pcm16(pcm), WIRE_RATE_HZ, VAD_RATE_HZ)).lower()


def test_a_spoken_question_is_written_down_and_answered_aloud():
    async def main():
        async with service() as url, connect(url, max_size=None) as socket:
            transcribed = {"type": "realtime", "audio": {"input": {"transcription": {"model": "any"}}}}
            await say(socket, "session.update", session=transcribed)
            await talk(socket, silence(300) + speech("question_joe.wav") + silence(800))
            return await until(socket, "response.done")

    events = asyncio.run(main())
    (written,) = [e["transcript"] for e in events if e["type"].endswith("transcription.completed")]
    assert "times" in written.lower()
    done = events[-1]["response"]
    assert done["status"] == "completed"
    assert "391" in done["output"][0]["content"][0]["transcript"]
    assert done["usage"]["input_token_details"]["audio_tokens"] > 10
    said = heard_by_the_recogniser(events)
    assert "391" in said or "three hundred" in said


def test_a_story_is_interrupted_by_speaking_and_the_new_question_answered():
    async def main():
        async with service() as url, connect(url, max_size=None) as socket:
            await talk(socket, speech("story_joe.wav") + silence(800))
            story = await until(socket, "response.output_audio.delta")
            await talk(socket, speech("stop_joe.wav") + silence(800))
            rest = await until(socket, "response.done")
            while rest[-1]["response"]["status"] == "cancelled":
                rest += await until(socket, "response.done")
            return story + rest

    events = asyncio.run(main())
    kinds = [event["type"] for event in events]
    done = [event["response"] for event in events if event["type"] == "response.done"]
    assert kinds.count("input_audio_buffer.speech_started") >= 2
    # Stories are generated faster than they are told: the first may be complete before the user's voice is there.
    assert done[0]["status"] in ("cancelled", "completed")
    assert done[-1]["status"] == "completed"
    assert "12" in done[-1]["output"][0]["content"][0]["transcript"]


def test_the_official_client_holds_a_conversation():
    openai = pytest.importorskip("openai")

    async def main(connection):
        async def next_of(type_: str):
            async for event in connection:
                assert event.type != "error", event
                if event.type == type_:
                    return event
            raise AssertionError(f"the connection ended before {type_}")

        created = await next_of("session.created")
        assert created.session.model == "judge"
        detection = {"type": "server_vad", "threshold": 0.6, "silence_duration_ms": 400}
        audio = {
            "input": {"turn_detection": detection, "transcription": {"model": "gpt-4o-mini-transcribe"}},
            "output": {"voice": "marin"},
        }
        await connection.session.update(session={"type": "realtime", "audio": audio, "instructions": "Be brief."})
        updated = await next_of("session.updated")
        assert updated.session.audio.input.turn_detection.threshold == 0.6
        assert updated.session.audio.input.turn_detection.prefix_padding_ms == 300

        pcm = speech("question_joe.wav") + silence(700)
        for at in range(0, len(pcm), 4800):
            await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[at : at + 4800]).decode())
        assert (await next_of("input_audio_buffer.speech_started")).item_id
        written = await next_of("conversation.item.input_audio_transcription.completed")
        assert "times" in written.transcript.lower()
        first = await next_of("response.output_audio.delta")
        assert len(base64.b64decode(first.delta)) >= 4800
        done = await next_of("response.done")
        assert done.response.status == "completed"
        assert done.response.usage.output_token_details.audio_tokens > 0

        item_id = done.response.output[0].id
        await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=200)
        assert (await next_of("conversation.item.truncated")).audio_end_ms == 200

        content = [{"type": "input_text", "text": "Please tell me a story."}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        assert (await next_of("conversation.item.done")).item.role == "user"
        await connection.response.create()
        await next_of("response.output_audio.delta")
        await connection.response.cancel()
        done = await next_of("response.done")
        assert (done.response.status, done.response.status_details.reason) == ("cancelled", "client_cancelled")

        await connection.response.create(response={"output_modalities": ["text"]})
        await next_of("response.output_text.delta")
        assert (await next_of("response.done")).response.status == "completed"
        await connection.conversation.item.retrieve(item_id=written.item_id)
        assert (await next_of("conversation.item.retrieved")).item.content[0].transcript == written.transcript
        await connection.conversation.item.delete(item_id=written.item_id)
        assert (await next_of("conversation.item.deleted")).item_id == written.item_id

    async def serve_and_talk():
        async with service(token="secret") as url:
            client = openai.AsyncOpenAI(websocket_base_url=url.removesuffix("/realtime"), api_key="secret")
            async with client, client.realtime.connect(model="judge") as connection:
                await main(connection)

    asyncio.run(serve_and_talk())
