"""What is started before anything else is loaded."""

from __future__ import annotations

import json

import pytest

from app.launch.embedded import serve_options, start_service
from app.server.serve import Options, told_by_parent
from app.settings import Settings


@pytest.mark.parametrize(
    "settings",
    [
        Settings(service="ws://127.0.0.1:9/v1/realtime"),
        Settings(service="openai"),
        Settings(service="azure"),
        Settings(openai_api_key="sk-test"),
    ],
)
def test_no_service_is_started_where_another_one_is_named(settings, tmp_path):
    assert start_service(settings, tmp_path / "log", is_written=True) is None
    assert not (tmp_path / "log").exists()


def test_the_embedded_service_is_started(tmp_path):
    child = start_service(Settings(service="local"), tmp_path / "log", is_written=True)
    assert child is not None
    child.kill()
    assert child.process.returncode is not None


def test_the_embedded_service_is_started_without_a_log_where_none_can_be_written(tmp_path):
    child = start_service(Settings(service="local"), tmp_path / "missing" / "log", is_written=True)
    assert child is not None
    child.kill()


def test_the_service_is_told_what_is_set():
    settings = Settings(
        recogniser="whisper",
        responder="http://me:pass@h/v1",
        responder_model="m",
        responder_key="k",
        session_limit_s=20,
    )
    told = serve_options(settings, is_written=True)
    assert told_by_parent(json.dumps({**told, "token": "t"}).encode()) == Options(
        token="t",
        recogniser="whisper",
        responder="http://me:pass@h/v1",
        responder_model="m",
        responder_key="k",
        session_limit_s=20,
        parent_watch=True,
        loads_sound=False,
    )


@pytest.mark.parametrize("line", [b"", b"hello\n", b"[]\n", b'{"colour": 1}\n', b"\xff\n", b"[" * 100_000])
def test_what_no_parent_says_is_refused(line):
    with pytest.raises(ValueError, match="`realtime serve` runs the service alone"):
        told_by_parent(line)
