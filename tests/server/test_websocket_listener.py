"""The socket: who may come in, the first word, and a clean end. Engines are small fakes behind the ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.server.engine_threads import Engines
from app.server.engines.interfaces import EngineUnavailableError, ResponderError
from app.server.websocket_listener import WebSocketListener, new_id


class FakeRecogniser:
    name = "recogniser"

    def load(self):
        pass

    def transcribe(self, samples, *, language=None):
        return "Hello."


class MissingRecogniser(FakeRecogniser):
    def load(self):
        raise EngineUnavailableError("No recogniser. Install it.")


class FakeSynthesiser:
    name = "synthesiser"

    def load(self):
        pass

    def speak(self, sentence, *, speed=1.0):
        return np.full(24_000, 0.1, dtype=np.float32)


class SlowSynthesiser(FakeSynthesiser):
    """Speaks one sentence, then waits until it is let go."""

    def __init__(self):
        self.spoken = 0
        self.go = threading.Event()

    def speak(self, sentence, *, speed=1.0):
        self.spoken += 1
        if self.spoken > 1:
            assert self.go.wait(10)
        return super().speak(sentence)


class FakeResponder:
    name = "responder"

    def load(self):
        pass

    def respond(self, prompt):
        yield "Yes. "
        yield "And so on."


class BrokenResponder(FakeResponder):
    def __init__(self, error):
        self.error = error

    def respond(self, prompt):
        yield "Well. "
        raise self.error


class EndlessResponder(FakeResponder):
    """Speaks until it is closed."""

    def __init__(self):
        self.closed = threading.Event()

    def respond(self, prompt):
        try:
            while True:
                yield "On and on. "
        finally:
            self.closed.set()


class WaitingResponder(FakeResponder):
    """Waits for a fragment that never comes, until it is closed from another thread."""

    def __init__(self):
        self.asked = threading.Event()
        self.closed = threading.Event()

    def respond(self, prompt):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        self.asked.set()
        assert self.closed.wait(10)
        raise StopIteration

    def close(self):
        self.closed.set()


@contextlib.asynccontextmanager
async def service(recogniser=None, responder=None, synthesiser=None, token=None, **limits):
    engines = Engines(recogniser or FakeRecogniser(), responder or FakeResponder(), synthesiser or FakeSynthesiser())
    listener = WebSocketListener(engines, token, **limits)
    engines.start()
    try:
        yield f"ws://127.0.0.1:{await listener.open('127.0.0.1', 0)}/v1/realtime"
    finally:
        await listener.close()
        await engines.close()


async def said(socket) -> dict:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def until(socket, type_: str) -> list[dict]:
    """The events up to the first of the type."""
    events = [await said(socket)]
    while events[-1]["type"] != type_:
        events.append(await said(socket))
    return events


async def say(socket, type_: str, **fields) -> None:
    await socket.send(json.dumps({"type": type_, **fields}))


async def ask(socket, **response) -> None:
    content = [{"type": "input_text", "text": "Hello?"}]
    await say(socket, "conversation.item.create", item={"type": "message", "role": "user", "content": content})
    await say(socket, "response.create", response=response)


def test_the_first_word_names_the_model():
    async def main():
        async with service() as url, connect(f"{url}?model=mine") as one, connect(url) as other:
            assert (await said(one))["session"]["model"] == "mine"
            created = await said(other)
            assert (created["type"], created["session"]["model"]) == ("session.created", "embedded")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/v1/realtime", {"Authorization": "Bearer secret"}, None, None),
        ("/v1/realtime", {"api-key": "secret"}, None, None),
        ("/v1/realtime?model=x", {"Authorization": "bearer secret"}, None, None),
        ("/v1/realtime", {}, 401, "invalid_api_key"),
        ("/v1/realtime", {"Authorization": "Bearer other"}, 401, "invalid_api_key"),
        ("/v1/realtime", {"Authorization": "secret"}, 401, "invalid_api_key"),
        ("/elsewhere", {"api-key": "secret"}, 404, "not_found"),
        ("/v1/realtime", {"api-key": "secret", "Origin": "http://example.com"}, 403, None),
    ],
)
def test_who_may_come_in(path, headers, status, code):
    async def main():
        async with service(token="secret") as url:
            address = url.removesuffix("/v1/realtime") + path
            if status is None:
                async with connect(address, additional_headers=headers) as socket:
                    assert (await said(socket))["type"] == "session.created"
                return
            with pytest.raises(InvalidStatus) as refused:
                async with connect(address, additional_headers=headers):
                    pass
            assert refused.value.response.status_code == status
            if code is not None:
                assert refused.value.response.headers["Content-Type"] == "application/json"
                assert json.loads(refused.value.response.body)["error"]["code"] == code

    asyncio.run(main())


def test_a_typed_turn_is_answered_aloud():
    async def main():
        async with service() as url, connect(url) as socket:
            await ask(socket)
            events = await until(socket, "response.done")
            assert events[-1]["response"]["status"] == "completed"
            assert events[-1]["response"]["output"][0]["content"][0]["transcript"] == "Yes. And so on."
            assert sum(event["type"] == "response.output_audio.delta" for event in events) >= 10

    asyncio.run(main())


def test_the_first_sentence_is_on_the_wire_before_the_second_is_spoken_and_a_cancel_is_seen():
    async def main():
        synthesiser = SlowSynthesiser()
        async with service(synthesiser=synthesiser) as url, connect(url) as socket:
            await ask(socket)
            await until(socket, "response.output_audio.delta")
            await say(socket, "response.cancel")
            done = (await until(socket, "response.done"))[-1]["response"]
            assert done["status"] == "cancelled"
            assert done["output"][0]["content"][0]["transcript"] == "Yes. "
            synthesiser.go.set()
            await ask(socket)
            assert (await until(socket, "response.done"))[-1]["response"]["status"] == "completed"

    asyncio.run(main())


def test_a_cancelled_responder_is_closed():
    async def main():
        responder = EndlessResponder()
        async with service(responder=responder) as url, connect(url) as socket:
            await ask(socket)
            await until(socket, "response.output_audio.delta")
            await say(socket, "response.cancel")
            await until(socket, "response.done")
            assert await asyncio.to_thread(responder.closed.wait, 10)

    asyncio.run(main())


def test_a_responder_that_waits_is_closed_when_its_client_leaves():
    async def main():
        responder = WaitingResponder()
        async with service(responder=responder) as url:
            async with connect(url) as socket:
                await ask(socket)
                assert await asyncio.to_thread(responder.asked.wait, 10)
            assert await asyncio.to_thread(responder.closed.wait, 10)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        (ResponderError("The model is away. Start it."), "responder_failed", "The model is away. Start it."),
        (RuntimeError("secret"), "engine_failed", "This could not be answered: the engine failed. Please try again."),
    ],
)
def test_a_responder_that_fails(wrong, code, message):
    async def main():
        async with service(responder=BrokenResponder(wrong)) as url, connect(url) as socket:
            await ask(socket, output_modalities=["text"])
            events = await until(socket, "response.done")
            (told,) = [event["error"] for event in events if event["type"] == "error"]
            assert (told["type"], told["code"], told["message"]) == ("server_error", code, message)
            assert events[-1]["response"]["status"] == "failed"

    asyncio.run(main())


def test_without_ears_typed_turns_are_answered():
    async def main():
        async with service(recogniser=MissingRecogniser()) as url, connect(url) as socket:
            await say(
                socket, "session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}}
            )
            loud = json.dumps({"type": "input_audio_buffer.append", "audio": "f38A" * 40_000})
            await socket.send(loud)
            part = {"type": "input_audio", "audio": "f38A" * 8000, "transcript": "Hello."}
            item = {"type": "message", "role": "user", "content": [part]}
            await say(socket, "conversation.item.create", item=item)
            await say(socket, "response.create")
            assert (await until(socket, "response.done"))[-1]["response"]["status"] == "completed"

    asyncio.run(main())


def test_several_clients_at_once():
    async def one(url):
        async with connect(url) as socket:
            for _ in range(3):
                await ask(socket)
                assert (await until(socket, "response.done"))[-1]["response"]["status"] == "completed"

    async def main():
        async with service() as url:
            await asyncio.gather(*(one(url) for _ in range(4)))

    asyncio.run(main())


def test_minutes_of_sound_in_one_frame():
    async def main():
        async with service() as url, connect(url) as socket:
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 4_000_000}))
            await say(socket, "session.update", session={"type": "realtime"})
            assert (await until(socket, "session.updated"))[-1]["type"] == "session.updated"

    asyncio.run(main())


def test_the_end_of_the_service_is_told_and_leaves_no_thread():
    async def main():
        async with service(responder=EndlessResponder()) as url:
            socket = await connect(url)
            await ask(socket)
            await until(socket, "response.output_audio.delta")
        with pytest.raises(ConnectionClosed) as closed:
            await until(socket, "never")
        assert closed.value.rcvd.code == 1001

    asyncio.run(main())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("realtime-")]


def test_ids_fit_the_limit_for_items_and_differ():
    made = {new_id("item") for _ in range(1000)}
    assert len(made) == 1000
    assert max(map(len, made)) <= 32


class SlowToLoad(FakeSynthesiser):
    def __init__(self):
        super().__init__()
        self.is_loaded = False

    def load(self):
        self.is_loaded = True


def test_ears_and_mouth_that_nobody_needs_are_not_loaded():
    async def look():
        engines = Engines(FakeRecogniser(), FakeResponder(), SlowToLoad())
        engines.start(sound=False)
        await engines.responder.ready()
        before = engines.synthesiser.engine.is_loaded
        await engines.synthesiser.ready()
        await engines.close()
        return before, engines.synthesiser.engine.is_loaded

    assert asyncio.run(look()) == (False, True)


def test_a_session_at_its_limit_is_told_and_closed():
    async def main():
        async with service(session_limit_s=0) as url, connect(url) as socket:
            created = json.loads(await socket.recv())
            assert created["session"]["expires_at"] <= time.time() + 1
            assert json.loads(await socket.recv())["error"]["code"] == "session_expired"
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1001
            assert "maximum duration of 0 seconds" in socket.close_reason

    asyncio.run(main())
