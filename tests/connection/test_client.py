"""The client against a real socket: every way to refuse, every way to end, and what goes over the wire."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection

from app import __version__
from app.connection.client import Connection, connect
from app.connection.eventlog import EventLog
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.keep_alive import KeepAlive
from app.connection.services import Service, azure, compatible, embedded, openai
from app.protocol.client_events import InputCommit, SessionUpdate
from app.protocol.codec import Dialect
from app.protocol.server_events import ErrorEvent, OutputTextDelta, ServerEvent, SessionUpdated, UnknownEvent
from app.protocol.session import PCM24, AudioInput, Session, SessionAudio
from tests.connection.loopback import CREATED, error, http, playing, run, says

KEY = "k3y-0123456789abcdef"
K = FailureKind
DELTA = json.dumps({"type": "response.output_text.delta", "delta": "hi"})


def at(url: str) -> Service:
    return compatible(url, KEY, "m")


async def refusal(service: Service, **options: float) -> ServiceFailure:
    with pytest.raises(ServiceFailure) as caught:
        await connect(service, **options)
    return caught.value


async def all_of(connection: Connection, into: list[ServerEvent]) -> None:
    async for event in connection:
        into.append(event)  # noqa: PERF401  # what came before a failure is kept


# ---------------------------------------------------------------- the greeting


@pytest.mark.parametrize(
    ("make", "path", "header"),
    [
        (lambda port: azure(f"http://127.0.0.1:{port}", KEY, "my voice"), "/openai/v1/realtime?model=my%20voice",
         ("api-key", KEY)),
        (lambda port: azure(f"http://127.0.0.1:{port}", KEY, "v", legacy_preview=True),
         "/openai/realtime?api-version=2025-04-01-preview&deployment=v", ("api-key", KEY)),
        (lambda port: openai(KEY, f"http://127.0.0.1:{port}/v1", "m"), "/v1/realtime?model=m",
         ("Authorization", f"Bearer {KEY}")),
        (lambda port: compatible(f"ws://127.0.0.1:{port}/x?intent=y", KEY, "m"), "/x?intent=y&model=m",
         ("Authorization", f"Bearer {KEY}")),
        (lambda port: compatible(f"ws://me:pass@127.0.0.1:{port}/x"), "/x", ("Authorization", "Basic bWU6cGFzcw==")),
        (lambda port: embedded(f"ws://127.0.0.1:{port}/v1/realtime", KEY), "/v1/realtime",
         ("Authorization", f"Bearer {KEY}")),
    ],
)  # fmt: skip
def test_path_and_headers(make, path: str, header: tuple[str, str]):
    async def talk() -> None:
        async with playing(says(CREATED)) as server:
            async with await connect(make(server.port)) as connection:
                assert connection.created.session.model == "m"
            request = server.requests[0]
            assert request.path == path
            assert request.headers.get_all(header[0]) == [header[1]]
            assert request.headers["User-Agent"] == f"gpt-realtime-tui/{__version__}"
            assert "OpenAI-Beta" not in request.headers
            assert "Sec-WebSocket-Extensions" not in request.headers

    run(talk())


def test_this_machine_is_reached_past_any_proxy(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "ws_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nobody there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def talk() -> None:
        async with playing(says(CREATED)) as server, await connect(at(server.url)):
            assert len(server.requests) == 1

    run(talk())


@pytest.mark.parametrize("dialect", Dialect)
def test_the_dialect_is_translated_both_ways(dialect: Dialect):
    heard: list[dict] = []
    delta = "response.text.delta" if dialect is Dialect.BETA else "response.output_text.delta"

    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        heard.append(json.loads(await peer.recv()))
        await peer.send(json.dumps({"type": delta, "delta": "hi"}))
        await peer.wait_closed()

    async def talk() -> None:
        async with (
            playing(script) as server,
            await connect(compatible(server.url, dialect=dialect)) as connection,
        ):
            await connection.send(
                SessionUpdate(session=Session(type="realtime", audio=SessionAudio(input=AudioInput(format=PCM24))))
            )
            async for event in connection:
                assert isinstance(event, OutputTextDelta)
                break

    run(talk())
    sent = heard[0]["session"]
    assert sent == (
        {"input_audio_format": "pcm16"}
        if dialect is Dialect.BETA
        else {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24_000}}}}
    )


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, b'{"error":{"code":"OpperationNotSupported","message":"Not realtime."}}', K.MODEL_UNKNOWN,
         "Not realtime."),
        (401, b'{"error":{"code":"401","message":"Access denied."}}', K.KEY_REFUSED, "Access denied."),
        (401, b"", K.KEY_REFUSED, "Unauthorized"),
        (403, b"<html><title>Blocked</title></html>", K.PERMISSION, "Blocked"),
        (404, b'{"error":{"code":"DeploymentNotFound","message":"Gone."}}', K.MODEL_UNKNOWN, "Gone."),
        (429, b'{"error":{"code":"429","message":"Slow down."}}', K.RATE_LIMITED, "Slow down."),
        (503, b"busy", K.OVERLOADED, "busy"),
        (200, b"hello", K.PROTOCOL, "hello"),
    ],
)  # fmt: skip
def test_refused_by_http(status: int, body: bytes, kind: FailureKind, said: str):
    async def talk() -> None:
        async with playing(says(), http(status, body)) as server:
            failure = await refusal(azure(f"http://127.0.0.1:{server.port}", KEY, "v"))
        assert (failure.kind, failure.words) == (kind, said)
        assert f"HTTP {status}" in str(failure)

    run(talk())


def test_a_redirect_is_not_followed_with_the_key():
    async def talk() -> None:
        async with playing(says(CREATED)) as elsewhere, playing(says(), http(307, Location=elsewhere.url)) as server:
            failure = await refusal(azure(f"http://127.0.0.1:{server.port}", KEY, "v"))
            assert elsewhere.requests == []
            assert len(server.requests) == 1
        assert failure.kind is K.REFUSED
        assert "AZURE_OPENAI_ENDPOINT" in str(failure)

    run(talk())


@pytest.mark.parametrize(
    ("kind_word", "code", "close", "kind", "fatal"),
    [
        ("invalid_request_error", "invalid_api_key", 3000, K.KEY_REFUSED, True),
        ("invalid_request_error", "invalid_model", 4000, K.MODEL_UNKNOWN, True),
        ("invalid_request_error", "beta_api_shape_disabled", 4000, K.REFUSED, True),
        ("invalid_request_error", "model_not_found", 4004, K.MODEL_UNKNOWN, True),
        ("insufficient_quota", "credit_balance_exhausted", 1013, K.QUOTA, True),
        ("server_error", None, 1011, K.OVERLOADED, False),
    ],
)
@pytest.mark.parametrize("swallowed", [False, True], ids=["error event", "close only"])
def test_refused_after_the_upgrade(kind_word: str, code: str | None, close: int, kind, fatal, swallowed: bool):
    frames = [] if swallowed else [error(kind_word, code, "So it is.")]

    async def talk() -> None:
        async with playing(says(*frames, code=close, reason=f"{kind_word}.{code}")) as server:
            failure = await refusal(at(server.url))
        assert (failure.kind, failure.fatal) == (kind, fatal)
        assert failure.words == (f"{kind_word}.{code}" if swallowed else "So it is.")

    run(talk())


def test_an_error_that_loses_nothing_is_no_refusal():
    async def talk() -> None:
        frames = [error("invalid_request_error", "input_audio_buffer_commit_empty", "Empty."), CREATED]
        async with playing(says(*frames)) as server, await connect(at(server.url)) as connection:
            assert connection.created.session.model == "m"

    run(talk())


@pytest.mark.parametrize("code", [1000, 1001])
def test_closed_politely_before_the_session(code: int):
    async def talk() -> None:
        async with playing(says(code=code)) as server:
            failure = await refusal(at(server.url))
        assert failure.kind is K.LOST
        assert "before the session began" in str(failure)

    run(talk())


def test_let_in_and_then_nothing_that_is_an_event():
    async def talk() -> None:
        async with playing(says("{broken", "[]")) as server:
            failure = await refusal(at(server.url), open_timeout_s=0.5)
        assert failure.kind is K.TIMEOUT
        assert "what it sent was not understood" in str(failure)

    run(talk())


def test_let_in_and_then_silence():
    async def talk() -> None:
        async with playing(says()) as server:
            failure = await refusal(at(server.url), open_timeout_s=0.2)
        assert failure.kind is K.TIMEOUT
        assert "began no session" in str(failure)

    run(talk())


def test_a_port_where_nobody_answers_the_upgrade():
    async def talk() -> None:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            failure = await refusal(at(f"ws://127.0.0.1:{deaf.getsockname()[1]}/"), open_timeout_s=0.2)
        assert failure.kind is K.TIMEOUT

    run(talk())


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def talk() -> None:
        failure = await refusal(at(f"ws://127.0.0.1:{port}/"))
        assert failure.kind is K.UNREACHABLE
        assert "nothing listens" in str(failure)
        assert not failure.fatal

    run(talk())


@pytest.mark.parametrize(
    ("scheme", "answer", "kind"),
    [
        ("ws", b"", K.UNREACHABLE),
        ("ws", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", K.PROTOCOL),
        ("wss", b"", K.UNREACHABLE),
        ("wss", b"HTTP/1.1 400 Bad Request\r\n\r\n", K.TLS),
    ],
)
def test_what_is_no_web_server(scheme: str, answer: bytes, kind: FailureKind):
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async def talk() -> None:
        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            failure = await refusal(at(f"{scheme}://127.0.0.1:{port}/"))
        assert failure.kind is kind
        assert failure.words
        assert "REALTIME_SERVICE" in str(failure)

    run(talk())


# ---------------------------------------------------------------- a session


def test_frames_that_are_no_event_are_skipped_and_noted(tmp_path: Path):
    path = tmp_path / "events"
    frames = [DELTA, b"\x00\x01", "{broken", "[]", '{"no":"type"}', '{"type":"future.event","x":1}', DELTA]
    events: list[ServerEvent] = []

    async def talk() -> None:
        log = EventLog(path)
        async with (
            playing(says(*frames[:2], CREATED, *frames[2:])) as server,
            await connect(at(server.url), log=log) as connection,
        ):
            async for event in connection:
                events.append(event)
                if len(events) == 3:
                    break
            await connection.send(InputCommit(event_id="e1"))
        log.close()

    run(talk())
    assert [type(event) for event in events] == [OutputTextDelta, UnknownEvent, OutputTextDelta]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    notes = [line["note"] for line in lines if "note" in line]
    assert notes[0].startswith("connecting to ws://127.0.0.1")
    assert sum(note.startswith("skipped a frame") for note in notes) == 4
    assert notes[-3:] == [
        "frames that were no events and were skipped: 4",
        "events of types that are not known here: future.event (1)",
        "closed by us",
    ]
    assert [line["event"] for line in lines if line.get("direction") == "sent"] == [
        {"type": "input_audio_buffer.commit", "event_id": "e1"}
    ]
    assert KEY not in path.read_text()


@pytest.mark.parametrize("is_early", [True, False])
def test_a_skipped_frame_is_told_once(is_early: bool):
    told: list[str] = []
    frames = ["{broken", CREATED, DELTA] if is_early else [CREATED, "{broken", "[]", DELTA]

    async def talk() -> None:
        async with playing(says(*frames)) as server, await connect(at(server.url)) as connection:
            connection.tell_skipped_to(lambda: told.append("skipped"))
            assert bool(told) == is_early
            async for _ in connection:
                break

    run(talk())
    assert told == ["skipped"]


def test_a_frame_beyond_the_librarys_usual_limit():
    big = json.dumps({"type": "session.updated", "session": {"type": "realtime", "instructions": "x" * 3_000_000}})

    async def talk() -> None:
        async with playing(says(CREATED, big)) as server, await connect(at(server.url)) as connection:
            async for event in connection:
                assert isinstance(event, SessionUpdated)
                break

    run(talk())


@pytest.mark.parametrize(
    ("frames", "code", "reason", "kind", "words"),
    [
        ([], 1000, "", K.LOST, ""),
        ([], 1001, "", K.LOST, ""),
        ([], 1001, "Your session hit the maximum duration of 60 minutes.", K.EXPIRED, None),
        ([error("invalid_request_error", "session_expired", "Over.")], 1001, "", K.EXPIRED, "Over."),
        ([error("invalid_request_error", "session_expired", "Over."), DELTA], 1001, "", K.EXPIRED, "Over."),
        ([error("insufficient_quota", "x", "Empty.")], 1013, "", K.QUOTA, "Empty."),
        ([error("odd", "odd", "Odd.")], 1011, "", K.LOST, "Odd."),
        ([error("odd", "odd", "Long ago."), DELTA], 1011, "internal error", K.LOST, "internal error"),
        ([error("x", "response_cancel_not_active", "Late.")], 1011, "", K.LOST, ""),
        ([], 4004, "", K.MODEL_UNKNOWN, ""),
    ],
)
def test_an_end_we_did_not_ask_for_is_a_failure(frames, code: int, reason: str, kind: FailureKind, words: str | None):
    events: list[ServerEvent] = []

    async def talk() -> None:
        async with (
            playing(says(CREATED, *frames, code=code, reason=reason)) as server,
            await connect(at(server.url)) as connection,
        ):
            with pytest.raises(ServiceFailure) as caught:
                await all_of(connection, events)
            with pytest.raises(ServiceFailure):
                await connection.send(InputCommit())
        assert (caught.value.kind, caught.value.words) == (kind, reason if words is None else words)
        assert f"close code {code}" in str(caught.value)

    run(talk())
    assert len(events) == len(frames)
    assert all(isinstance(event, ErrorEvent | OutputTextDelta) for event in events)


def test_a_line_that_breaks():
    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        peer.transport.abort()

    async def talk() -> None:
        async with playing(script) as server, await connect(at(server.url)) as connection:
            with pytest.raises(ServiceFailure) as caught:
                await all_of(connection, [])
        assert caught.value.kind is K.LOST
        assert not caught.value.fatal

    run(talk())


@pytest.mark.parametrize("raw", [b"\x81\x02\xff\xfe", b"\xf1\x00"], ids=["no UTF-8", "reserved bits"])
def test_a_service_that_breaks_the_framing(raw: bytes):
    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        peer.transport.write(raw)
        await peer.wait_closed()

    async def talk() -> None:
        async with playing(script) as server, await connect(at(server.url)) as connection:
            with pytest.raises(ServiceFailure) as caught:
                await all_of(connection, [])
        assert caught.value.kind is K.PROTOCOL

    run(talk())


def test_a_dead_line_is_noticed_by_pings():
    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        peer.transport.pause_reading()  # never sees a ping
        await peer.wait_closed()

    async def talk() -> None:
        async with playing(script) as server:
            async with await connect(at(server.url), keep_alive=KeepAlive(0.05, 0.05)) as connection:
                with pytest.raises(ServiceFailure) as caught:
                    await all_of(connection, [])
            assert (caught.value.kind, caught.value.fatal) == (K.LOST, False)
            assert "no longer answers, for 0.05 s" in str(caught.value)

    run(talk())


def test_whatever_comes_shows_that_the_service_lives():
    """A pong that waits behind a long answer is late, and nobody is gone."""
    count = 20

    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        peer.transport.pause_reading()  # never sees a ping
        for _ in range(count):
            await asyncio.sleep(0.02)
            await peer.send(error("server_error", None, "still here"))
        await peer.wait_closed()

    async def talk() -> None:
        async with playing(script) as server:
            heard: list[ServerEvent] = []
            async with await connect(at(server.url), keep_alive=KeepAlive(0.05, 0.1)) as connection:
                with pytest.raises(ServiceFailure, match="no longer answers"):
                    await all_of(connection, heard)
            assert len(heard) == count

    run(talk())


@pytest.mark.parametrize("keep_alive", [KeepAlive(None, 0.05), KeepAlive(0.05, None)])
def test_without_pings_or_a_limit_silence_is_no_end(keep_alive: KeepAlive):
    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        peer.transport.pause_reading()
        await asyncio.sleep(0.3)
        await peer.send(error("server_error", None, "still here"))
        peer.transport.resume_reading()
        await peer.wait_closed()

    async def talk() -> None:
        async with playing(script) as server, await connect(at(server.url), keep_alive=keep_alive) as connection:
            async for event in connection:
                assert isinstance(event, ErrorEvent)
                break

    run(talk())


def test_the_round_trip_is_told_again_and_again():
    async def talk() -> None:
        told: asyncio.Queue[float] = asyncio.Queue()
        async with (
            playing(says(CREATED)) as server,
            await connect(at(server.url), keep_alive=KeepAlive(0.01, 10)) as connection,
        ):
            listening = asyncio.create_task(all_of(connection, []))
            connection.tell_round_trip_to(told.put_nowait)
            first = await told.get()
            later: list[float] = []
            connection.tell_round_trip_to(later.append)
            assert len(later) == 1  # what is known is told at once
            assert 0 <= first < 10
            connection.tell_round_trip_to(told.put_nowait)
            for _ in range(3):
                await told.get()
            await connection.close()
            await listening

    run(talk())


def test_a_session_that_does_not_name_its_model_has_the_one_that_was_asked_for():
    async def talk() -> None:
        created = '{"type":"session.created","session":{"type":"realtime"}}'
        async with playing(says(created)) as server, await connect(compatible(server.url, None, "mine")) as connection:
            assert connection.created.session.model == "mine"

    run(talk())


# ---------------------------------------------------------------- our own end


def test_our_close_ends_the_iteration_without_a_failure():
    async def talk() -> None:
        async with playing(says(CREATED)) as server:
            connection = await connect(at(server.url))
            listening = asyncio.create_task(all_of(connection, []))
            await connection.close()
            await listening
            await connection.send(InputCommit())  # too late, and nobody to tell
            await connection.close()

    run(talk())


def test_a_service_that_neither_reads_nor_says_goodbye_does_not_hold_us():
    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        peer.transport.pause_reading()
        await peer.wait_closed()

    async def talk() -> None:
        async with playing(script) as server:
            connection = await connect(at(server.url))
            flood = asyncio.create_task(
                connection.send(SessionUpdate(session=Session(type="realtime", instructions="x" * 30_000_000)))
            )
            await asyncio.sleep(0)  # the write has begun, and is stuck for good
            await connection.close()
            await flood

    run(talk())


def test_giving_up_while_connecting_leaves_no_connection_behind():
    let_in = asyncio.Event()
    gone = asyncio.Event()

    async def script(peer: ServerConnection) -> None:
        let_in.set()
        await peer.wait_closed()
        gone.set()

    async def talk() -> None:
        async with playing(script) as server:
            attempt = asyncio.create_task(connect(at(server.url)))
            await let_in.wait()
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
            await gone.wait()

    run(talk())
