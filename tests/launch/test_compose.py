"""From settings to a conversation: what the parts are given."""

from __future__ import annotations

from typing import Any

import pytest

from app.launch.compose import answer_timeout_ms
from app.settings import Settings

CHAT = "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("fields", "timeout_ms"),
    [
        ({"service": "local"}, 20_000),
        ({"service": "local", "responder": CHAT}, 130_000),  # it may be loading its model
        ({"service": "local", "responder": CHAT, "answer_timeout_s": 5}, 5_000),
        ({"service": "ws://127.0.0.1:1/v1/realtime", "responder": CHAT}, 20_000),
    ],
)
def test_how_long_an_answer_is_waited_for(fields: dict[str, Any], timeout_ms: int):
    assert answer_timeout_ms(Settings(**fields)) == timeout_ms
