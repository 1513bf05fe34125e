"""What is given is sent whole and in order: at once on an idle line, as soon as it can on a slow one."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.sync.server import ServerConnection as SyncConnection
from websockets.sync.server import serve as serve_in_threads

from app.connection.client import Connection, connect
from app.connection.eventlog import EventLog
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.keep_alive import KeepAlive
from app.connection.outbox import Outbox
from app.connection.services import compatible
from app.protocol.client_events import InputAppend, InputCommit
from tests.connection.loopback import CREATED, playing, run

PATIENCE_S = 10
BIG = 200_000
"""More than all buffers between us and a service that does not read will take, a few times over."""


@asynccontextmanager
async def sending(outbox: Outbox, connection: Connection) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.send_all(connection))
    await asyncio.sleep(0)  # it begins
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        await connection.close()


def append(number: int, size_bytes: int = 960) -> InputAppend:
    return InputAppend(audio=number.to_bytes(4, "little") * (size_bytes // 4))


def numbers(frames: list[str]) -> list[int]:
    heard = [json.loads(frame)["audio"] for frame in frames]
    return [int.from_bytes(b64decode(audio)[:4], "little") for audio in heard]


def test_on_an_idle_line_it_is_on_its_way_before_the_loop_turns_again(tmp_path):
    """Also the test that tells when the library's `send` begins to wait where nothing is to be waited for."""
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def script(connection: SyncConnection) -> None:
        connection.send(CREATED)
        for frame in connection:
            heard.put(str(frame))

    with serve_in_threads(script, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        log = EventLog(tmp_path / "events.jsonl")

        async def talk() -> None:
            outbox = Outbox()
            connection = await connect(compatible(f"ws://127.0.0.1:{port}", None, "m"), log=log)
            async with sending(outbox, connection):
                for number in range(3):
                    outbox.put(append(number))
                    assert numbers([heard.get(timeout=PATIENCE_S)]) == [number]  # the loop stands still meanwhile

        try:
            run(talk())
        finally:
            log.close()
            server.shutdown()
            thread.join(PATIENCE_S)
    assert (tmp_path / "events.jsonl").read_text().count("input_audio_buffer.append") == 3


def test_what_is_given_before_there_is_a_line_goes_first():
    async def talk() -> None:
        heard: list[str] = []
        done = asyncio.Event()

        async def script(connection: ServerConnection) -> None:
            await connection.send(CREATED)
            async for frame in connection:
                heard.append(str(frame))
                if len(heard) == 4:
                    done.set()

        async with playing(script) as server:
            outbox = Outbox()
            outbox.put(append(0))
            outbox.put(append(1))
            connection = await connect(compatible(server.url, None, "m"))
            task = asyncio.create_task(outbox.send_all(connection))
            outbox.put(append(2))  # the task has not begun: nothing may overtake what waits
            await asyncio.sleep(0)
            outbox.put(append(3))
            await done.wait()
            task.cancel()
            await asyncio.wait({task})
            await connection.close()
            assert numbers(heard) == [0, 1, 2, 3]

    run(talk())


def test_a_service_that_reads_late_gets_all_of_it_in_order():
    async def talk() -> None:
        heard: list[str] = []
        may_read, done = asyncio.Event(), asyncio.Event()
        count = 40

        async def script(connection: ServerConnection) -> None:
            await connection.send(CREATED)
            connection.transport.pause_reading()
            await may_read.wait()
            connection.transport.resume_reading()
            async for frame in connection:
                heard.append(str(frame))
                if "commit" in str(frame):
                    done.set()

        async with playing(script) as server:
            outbox = Outbox()
            connection = await connect(compatible(server.url, None, "m"))
            async with sending(outbox, connection):
                for number in range(count):
                    outbox.put(append(number, BIG))
                    await asyncio.sleep(0)
                may_read.set()
                await asyncio.sleep(0)
                outbox.put(append(count))
                outbox.put(InputCommit())
                await done.wait()
            assert numbers(heard[:-1]) == [*range(count), count]

    run(talk())


def test_a_service_that_stops_reading_is_gone_when_what_was_said_has_waited_too_long():
    async def talk() -> None:
        async def script(connection: ServerConnection) -> None:
            await connection.send(CREATED)
            connection.transport.pause_reading()
            await connection.wait_closed()

        async with playing(script) as server:
            outbox = Outbox()
            connection = await connect(compatible(server.url, None, "m"), keep_alive=KeepAlive(None, 0.1))
            async with sending(outbox, connection):
                for number in range(40):
                    outbox.put(append(number, BIG))
                    await asyncio.sleep(0)
                with pytest.raises(ServiceFailure) as caught:
                    async for _ in connection:
                        pass
            assert (caught.value.kind, caught.value.fatal) == (FailureKind.LOST, False)
            assert "no longer takes what is sent, for 0.1 s" in str(caught.value)

    run(talk())


def test_a_service_that_reads_too_slowly_is_gone_though_each_event_gets_through():
    async def talk() -> None:
        gone = asyncio.Event()

        async def script(connection: ServerConnection) -> None:
            await connection.send(CREATED)
            while not gone.is_set():
                await connection.recv()
                await asyncio.sleep(0.01)

        async with playing(script) as server:
            outbox = Outbox()
            connection = await connect(compatible(server.url, None, "m"), keep_alive=KeepAlive(None, 0.3))
            async with sending(outbox, connection):
                for number in range(200):
                    outbox.put(append(number, BIG))
                    await asyncio.sleep(0)
                with pytest.raises(ServiceFailure, match="no longer takes what is sent"):
                    async for _ in connection:
                        pass
                gone.set()

    run(talk())


def test_what_waited_for_the_connection_is_not_too_late():
    async def talk() -> None:
        heard = asyncio.Event()

        async def script(connection: ServerConnection) -> None:
            await connection.send(CREATED)
            await connection.recv()
            heard.set()

        async with playing(script) as server:
            outbox = Outbox()
            outbox.put(append(0))
            await asyncio.sleep(0.1)
            connection = await connect(compatible(server.url, None, "m"), keep_alive=KeepAlive(None, 0.05))
            async with sending(outbox, connection):
                await heard.wait()

    run(talk())


def test_a_line_that_is_gone_is_left_to_its_receiver():
    async def talk() -> None:
        async def script(connection: ServerConnection) -> None:
            await connection.send(CREATED)
            connection.transport.abort()

        async with playing(script) as server:
            outbox = Outbox()
            connection = await connect(compatible(server.url, None, "m"))
            async with sending(outbox, connection):
                for number in range(5):
                    outbox.put(append(number))
                    await asyncio.sleep(0.02)
                assert not connection.is_open
                outbox.put(append(9))

    run(talk())
