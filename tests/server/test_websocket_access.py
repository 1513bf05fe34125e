"""Who may reach the service: tokens, and the names under which this machine may be addressed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.server.engine_threads import Engines
from app.server.websocket_listener import (
    MAX_CLIENTS,
    TokenError,
    WebSocketListener,
    is_addressed,
    is_this_machine,
    token_for,
)
from tests.server.test_websocket_listener import FakeRecogniser, FakeResponder, FakeSynthesiser, said, service


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("my.localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.5", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("myname", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, is_here: bool):
    assert is_this_machine(host) is is_here
    token, is_made = token_for(host, None)
    assert is_made is not is_here
    assert (token is None) is is_here
    assert token is None or len(token) >= 32
    assert token_for(host, "mine") == ("mine", False)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("token", ["", " ", "two words", "sch\u00f6n", "a\nb"])
def test_a_token_that_guards_nothing_is_refused(host: str, token: str):
    with pytest.raises(TokenError, match=r"REALTIME_SERVE_TOKEN|letters and digits"):
        token_for(host, token)


@pytest.mark.parametrize(
    ("header", "host", "is_ours"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1:8765", "127.0.0.1", True),
        ("localhost:8765", "127.0.0.1", True),
        ("[::1]:8765", "127.0.0.1", True),
        ("LocalHost.:1", "localhost", True),
        ("mybox:8765", "mybox", True),
        ("evil.example", "127.0.0.1", False),
        ("evil.example:8765", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("localhost.evil.example", "localhost", False),
        ("evil.example@127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1@evil.example", "127.0.0.1", False),
        ("127.0.0.1/evil.example", "127.0.0.1", False),
        ("127.0.0.1, evil.example", "127.0.0.1", False),
        ("192.168.1.5", "127.0.0.1", False),
        ("::1", "127.0.0.1", False),
        ("2130706433", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        (":8765", "127.0.0.1", False),
    ],
)
def test_which_host_headers_are_ours(header: str, host: str, is_ours: bool):
    assert is_addressed(header, host) is is_ours


@given(st.text(), st.text())
def test_any_header_is_judged(header: str, host: str):
    assert is_addressed(header, host) in (True, False)


def asked(port: int, *headers: str) -> bytes:
    lines = [
        "GET /v1/realtime HTTP/1.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Host: 127.0.0.1"], 101),
        (["Host: localhost:9"], 101),
        (["Host: evil.example"], 403),
        (["Host: evil.example:80"], 403),
        (["Host: 127.0.0.1", "Host: evil.example"], 403),
        ([], 403),
        (["Host: 127.0.0.1", "Origin: http://127.0.0.1"], 403),
        (["Host: evil.example", "Authorization: Bearer t"], 403),
    ],
)
def test_a_web_page_that_took_our_address_is_refused(headers: list[str], status: int):
    async def main() -> None:
        async with service() as url:
            port = int(url.split(":")[2].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(asked(port, *headers))
            first = await asyncio.wait_for(reader.readline(), 10)
            assert first.split()[1] == str(status).encode()
            if status == 403 and "Origin" not in str(headers):
                body = await asyncio.wait_for(reader.read(), 10)
                assert b"Connect to localhost or 127.0.0.1." in body
            writer.close()

    asyncio.run(main())


def test_it_does_not_listen_to_others_without_a_token():
    async def main() -> None:
        listener = WebSocketListener(Engines(FakeRecogniser(), FakeResponder(), FakeSynthesiser()))
        with pytest.raises(ValueError, match="without a token"):
            await listener.open("0.0.0.0", 0)

    asyncio.run(main())


def test_there_is_room_for_so_many_clients_and_again_when_one_leaves():
    async def main() -> None:
        async with service() as url:
            inside = [await connect(url) for _ in range(MAX_CLIENTS)]
            for socket in inside:
                await said(socket)
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == 503
            assert b"End one, then try again." in refused.value.response.body
            await inside.pop().close()
            async with connect(url) as socket:
                assert (await said(socket))["type"] == "session.created"
            for socket in inside:
                await socket.close()

    asyncio.run(main())
