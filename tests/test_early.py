"""What is started before anything else is loaded."""

from __future__ import annotations

import pytest

from app.early import serve_options, start_service
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


def test_where_it_cannot_be_started_the_conversation_will_say_why(tmp_path):
    assert start_service(Settings(service="local"), tmp_path / "missing" / "log", is_written=True) is None


@pytest.mark.parametrize(
    ("settings", "is_written", "options"),
    [
        (Settings(), False, ("--recogniser", "auto", "--responder", "builtin")),
        (Settings(recogniser="whisper"), True, ("--recogniser", "whisper", "--responder", "builtin", "--written")),
        (
            Settings(responder="http://127.0.0.1:1/v1", responder_model="m"),
            False,
            ("--recogniser", "auto", "--responder", "http://127.0.0.1:1/v1", "--responder-model", "m"),
        ),
    ],
)
def test_the_service_is_told_what_is_set(settings, is_written, options):
    assert serve_options(settings, is_written=is_written) == options
