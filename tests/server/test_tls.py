"""The service behind a certificate: reached by wss alone; what cannot be used is said in a sentence."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage

from app.server.serve import Options, serve
from app.server.tls import is_key_open_to_others, server_tls

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")


def made(folder, name, *more):
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
         *(more or ("-nodes",))],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return made(tmp_path_factory.mktemp("tls"), "one")


def test_a_client_comes_in_by_wss_and_not_by_ws(pair):
    async def main():
        listening = asyncio.get_running_loop().create_future()
        options = Options(tls=server_tls(*pair), loads_sound=False)
        serving = asyncio.create_task(serve(options, listening.set_result))
        url = await listening
        assert url.startswith("wss://127.0.0.1:")
        async with connect(url, ssl=ssl.create_default_context(cafile=pair[0])) as socket:
            assert "session.created" in await socket.recv()
        with pytest.raises((InvalidMessage, ConnectionError)):
            await connect(url.replace("wss:", "ws:"))
        serving.cancel()
        await asyncio.wait({serving})

    asyncio.run(main())


def test_one_file_may_hold_both(pair, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(pair[0].read_bytes() + pair[1].read_bytes())
    assert server_tls(both, None)


def test_what_cannot_be_used_is_said(pair, tmp_path):
    text = tmp_path / "text.pem"
    text.write_text("hello")
    other = made(tmp_path, "other")
    locked = made(tmp_path, "locked", "-passout", "pass:secret")
    for certificate, key, why in (
        (tmp_path / "none.pem", pair[1], "certificate .* cannot be read: No such file"),
        (pair[0], tmp_path / "none.key", "key .* cannot be read: No such file"),
        (text, pair[1], "must be PEM"),
        (pair[0], None, "must be PEM"),
        (pair[0], other[1], "does not belong"),
        (*locked, "without a password"),
    ):
        with pytest.raises(ValueError, match=why):
            server_tls(certificate, key)


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True)])
def test_a_key_that_others_can_read_is_noticed(pair, mode, is_open):
    pair[1].chmod(mode)
    assert is_key_open_to_others(pair[1]) is is_open
