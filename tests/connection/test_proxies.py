"""Which proxy counts, by tables; and real proxies on the loopback interface, which are gone through or named."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connection.client import connect
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.proxies import SYSTEM, Proxy, ProxySettingError, proxy_for
from app.connection.services import Extras, compatible
from tests.connection.loopback import CREATED, playing, run, says
from tests.connection.loopback_proxy import PASSWORD, USER, proxying

WSS, WS = "wss://service.test/v1/realtime", "ws://service.test/v1/realtime"
A, B = "http://a.corp:1", "http://b.corp:2"


@pytest.mark.parametrize(
    ("url", "environ", "variable", "address"),
    [
        (WSS, {}, None, None),
        (WSS, {"HTTPS_PROXY": A}, "HTTPS_PROXY", A),
        (WSS, {"https_proxy": A, "HTTPS_PROXY": B}, "https_proxy", A),
        (WSS, {"https_proxy": "", "HTTPS_PROXY": B}, None, None),
        (WSS, {"https_proxy": "", "ALL_PROXY": B}, "ALL_PROXY", B),
        (WSS, {"HTTP_PROXY": A}, None, None),
        (WSS, {"HTTPS_PROXY": A, "WSS_PROXY": B}, "WSS_PROXY", B),
        (WSS, {"HTTPS_PROXY": A, "SOCKS_PROXY": "b.corp:2"}, "SOCKS_PROXY", "socks5h://b.corp:2"),
        (WSS, {"HTTPS_PROXY": A, "ALL_PROXY": B}, "HTTPS_PROXY", A),
        (WSS, {"ALL_PROXY": A}, "ALL_PROXY", A),
        (WSS, {"all_proxy": A, "ALL_PROXY": B}, "all_proxy", A),
        (WS, {"HTTP_PROXY": A, "ALL_PROXY": B}, "HTTP_PROXY", A),
        (WS, {"HTTP_PROXY": A, "HTTPS_PROXY": B}, "HTTPS_PROXY", B),
        (WS, {"ws_proxy": A, "HTTPS_PROXY": B}, "ws_proxy", A),
        (WS, {"ALL_PROXY": A}, "ALL_PROXY", A),
        ("ws://192.0.2.1/", {"ALL_PROXY": A}, "ALL_PROXY", A),
        ("ws://[2001:db8::1]/", {"ALL_PROXY": A}, "ALL_PROXY", A),
        ("ws://127.0.0.1:8080/", {"ALL_PROXY": A, "HTTP_PROXY": "nonsense:x"}, None, None),
        ("ws://127.9.9.9/", {"ALL_PROXY": A}, None, None),
        ("ws://localhost/", {"ALL_PROXY": A}, None, None),
        ("ws://[::1]/", {"ALL_PROXY": A}, None, None),
    ],
)
def test_the_order_of_the_variables(url: str, environ: dict[str, str], variable: str | None, address: str | None):
    proxy = proxy_for(url, environ)
    assert (proxy and proxy.variable, proxy and proxy.url) == (variable, address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("proxy.corp:3128", "http://proxy.corp:3128"),
        ("proxy.corp", "http://proxy.corp:80"),
        ("10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("me:pass@proxy.corp:3128", "http://me:pass@proxy.corp:3128"),
        ("me@proxy.corp:3128", "http://me:@proxy.corp:3128"),
        (" http://proxy.corp:3128/ ", "http://proxy.corp:3128"),
        ("HTTP://Proxy.Corp:3128", "http://proxy.corp:3128"),
        ("https://proxy.corp", "https://proxy.corp:443"),
        ("socks5://proxy.corp", "socks5://proxy.corp:1080"),
        ("socks5h://proxy.corp:9050", "socks5h://proxy.corp:9050"),
        ("SOCKS5H://proxy.corp:9050", "socks5h://proxy.corp:9050"),
        ("socks4://proxy.corp", "socks4://proxy.corp:1080"),
        ("socks4a://proxy.corp", "socks4a://proxy.corp:1080"),
        ("socks://proxy.corp:1080/", "socks5h://proxy.corp:1080"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://bücher.example:3128", "http://xn--bcher-kva.example:3128"),
    ],
)
def test_how_people_write_a_proxy(text: str, address: str):
    proxy = proxy_for(WSS, {"ALL_PROXY": text})
    assert proxy == Proxy(address, "ALL_PROXY")
    assert "pass" not in repr(proxy) + proxy.place


@pytest.mark.parametrize(
    "text",
    [
        *("http://proxy.corp:abc", "proxy.corp:abc", "http://proxy.corp:99999", "http://proxy.corp:-1", "http://p:0"),
        *("http://", "://", "http://:3128", "http://[::1", "http://a b:3128", "http://a\x07b:3128", "http://a..b:1"),
        *("ftp://proxy.corp:21", "quic://proxy.corp:1", "file:///etc/passwd", "http://proxy.corp:1/path"),
        *("http://proxy.corp:1?x=1", "http://proxy.corp:1#x", "http://u%ff:p@proxy.corp:1", "http://" + "a" * 70),
    ],
)
@pytest.mark.parametrize(("url", "variable"), [(WSS, "HTTPS_PROXY"), (WS, "HTTP_PROXY"), (WS, "all_proxy")])
def test_what_is_no_proxy_is_told_with_its_variable_and_without_its_value(text: str, url: str, variable: str):
    with pytest.raises(ProxySettingError) as caught:
        proxy_for(url, {variable: text})
    assert caught.value.variable == variable
    assert text not in str(caught.value)


@given(st.text(max_size=40), st.sampled_from([WSS, WS]))
def test_any_text_is_a_proxy_or_told(text: str, url: str):
    try:
        proxy = proxy_for(url, {"ALL_PROXY": text, "NO_PROXY": text[::-1]})
    except ProxySettingError:
        return
    assert proxy is None or proxy.place.isprintable()


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_direct"),
    [
        ("*", "service.test", True),
        ("", "service.test", False),
        ("service.test", "service.test", True),
        ("Service.Test", "SERVICE.test", True),
        ("other.test, service.test", "service.test", True),
        ("other.test service.test", "service.test", True),
        ("test", "service.test", True),
        (".test", "service.test", True),
        ("*.test", "service.test", True),
        ("service.test.", "service.test", True),
        ("vice.test", "service.test", False),
        ("a.service.test", "service.test", False),
        ("service.test:443", "service.test", True),
        ("service.test:0443", "service.test", True),
        ("service.test:444", "service.test", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1:443", "192.0.2.1", True),
        ("192.0.2.0/24", "192.0.2.77", True),
        ("192.0.2.9/24", "192.0.2.77", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("192.0.2.0/24", "service.test", False),
        ("2001:db8::/32", "[2001:db8::5]", True),
        ("[2001:db8::5]", "[2001:db8::5]", True),
        ("[2001:db8::5]:443", "[2001:db8::5]", True),
        ("2001:db8::/32", "192.0.2.1", False),
        (",, ,", "service.test", False),
    ],
)
def test_no_proxy(no_proxy: str, host: str, is_direct: bool):
    for name in ("no_proxy", "NO_PROXY"):
        assert (proxy_for(f"wss://{host}/x", {"ALL_PROXY": A, name: no_proxy}) is None) is is_direct


def test_the_proxies_of_the_system_count_where_the_environment_names_none():
    system = {"https": "http://s.corp:8080", "socks": "http://socks.corp:1080", "http": "http://x"}
    assert proxy_for(WSS, {}, {"https": system["https"]}) == Proxy("http://s.corp:8080", SYSTEM)
    assert proxy_for(WSS, {}, system) == Proxy("socks5h://socks.corp:1080", SYSTEM)
    assert proxy_for(WSS, {"ALL_PROXY": A}, system) == Proxy(A, "ALL_PROXY")


# ---------------------------------------------------------------- real ones


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch):
    for kind in ("http", "https", "all", "no", "ws", "wss", "socks"):
        monkeypatch.delenv(f"{kind}_proxy", raising=False)
        monkeypatch.delenv(f"{kind}_proxy".upper(), raising=False)


@pytest.mark.parametrize(
    ("variable", "scheme", "host"),
    [
        ("ALL_PROXY", "http://", "service.test"),
        ("ALL_PROXY", "", "service.test"),
        ("HTTP_PROXY", "http://", "192.0.2.1"),
        ("ALL_PROXY", "socks5h://", "service.test"),
        ("ALL_PROXY", "socks://", "service.test"),
        ("all_proxy", "socks5://", "192.0.2.1"),
    ],
)
@pytest.mark.parametrize("wants_password", [False, True])
def test_the_connection_goes_through_it(monkeypatch, variable: str, scheme: str, host: str, wants_password: bool):
    async def talk() -> None:
        async with playing(says(CREATED)) as server, proxying(server.port, wants_password=wants_password) as proxy:
            user = f"{USER}:{PASSWORD.replace('/', '%2F')}@" if wants_password else ""
            monkeypatch.setenv(variable, f"{scheme}{user}127.0.0.1:{proxy.port}")
            async with await connect(
                compatible(f"ws://{host}:8080/v1/realtime", "k-12345678", extras=Extras(allow_plain=host))
            ) as connection:
                assert connection.created.session.model == "m"
            assert proxy.asked == [f"{host}:8080"]
            assert server.requests[0].headers["Authorization"] == "Bearer k-12345678"

    run(talk())


@pytest.mark.parametrize("scheme", ["http://", "socks5h://"])
@pytest.mark.parametrize(
    ("how", "user"),
    [
        ({"wants_password": True}, ""),
        ({"wants_password": True}, f"{USER}:wr0ngpass@"),
        ({"garbage": b"SSH-2.0-OpenSSH_9.2\r\n"}, f"{USER}:wr0ngpass@"),
        ({"garbage": b"\x05\xff"}, ""),
        ({"garbage": b"\x00" * 2000}, ""),
        ({"garbage": b"HTTP/1.1 200 \x1b[31m\r\n"}, ""),
    ],
)
def test_a_proxy_that_refuses_or_talks_nonsense_is_named(monkeypatch, scheme, how, user):
    async def talk() -> None:
        async with playing(says(CREATED)) as server, proxying(server.port, **how) as proxy:
            monkeypatch.setenv("ALL_PROXY", f"{scheme}{user}127.0.0.1:{proxy.port}")
            with pytest.raises(ServiceFailure) as caught:
                await connect(compatible("ws://service.test/v1/realtime"))
            told = str(caught.value)
            assert caught.value.kind in (FailureKind.UNREACHABLE, FailureKind.TIMEOUT)
            assert f"through the proxy {scheme}127.0.0.1:{proxy.port} that ALL_PROXY names" in told
            assert "wr0ngpass" not in told
            assert told.isprintable()
            assert not server.requests

    run(talk())


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks4a", "socks5", "socks5h"])
def test_a_proxy_that_is_not_there_is_named(monkeypatch, scheme: str):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")

        async def talk() -> None:
            with pytest.raises(ServiceFailure) as caught:
                await connect(compatible("ws://192.0.2.1/v1/realtime"))
            assert f"the proxy {scheme}://127.0.0.1:{port} that ALL_PROXY names: nothing listens" in str(caught.value)

        run(talk())


def test_a_proxy_that_never_answers_is_named(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{silent.getsockname()[1]}")

        async def talk() -> None:
            with pytest.raises(ServiceFailure) as caught:
                await connect(compatible(WS), open_timeout_s=0.2)
            assert caught.value.kind is FailureKind.TIMEOUT
            assert "that ALL_PROXY names" in str(caught.value)

        run(talk())


def test_a_malformed_one_is_a_failure_with_its_name(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.corp:abc")

    async def talk() -> None:
        with pytest.raises(ServiceFailure) as caught:
            await connect(compatible(WS))
        assert "HTTP_PROXY is no address of one" in str(caught.value)
        assert caught.value.fatal

    run(talk())
