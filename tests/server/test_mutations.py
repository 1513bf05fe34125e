"""A client that makes mistakes in anything it says is answered with events that can be read, and harms no session."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.protocol.codec import decode_server_event, encode_server_event
from app.protocol.server_events import ErrorEvent
from tests.mutations import mutated
from tests.server.driver import Driver, types

_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
        "idle_timeout_ms": 6000, "create_response": True, "interrupt_response": True}  # fmt: skip
_PCM = {"type": "audio/pcm", "rate": 24_000}
_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
SCRIPT = (
    {
        "type": "session.update",
        "event_id": "e1",
        "session": {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": "Be brief.",
            "max_output_tokens": 100,
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "tool_choice": "auto",
            "audio": {
                "input": {"format": _PCM, "turn_detection": _VAD, "noise_reduction": {"type": "near_field"}},
                "output": {"format": _PCM, "voice": "alloy", "speed": 1.0},
            },
        },
    },
    {"type": "input_audio_buffer.append", "audio": "AAAAAAAA" * 100},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "conversation.item.create", "event_id": "e2", "previous_item_id": "root", "item": {"id": "i1", **_ITEM}},
    {"type": "conversation.item.retrieve", "item_id": "i1"},
    {"type": "conversation.item.truncate", "item_id": "i1", "content_index": 0, "audio_end_ms": 100},
    {
        "type": "response.create",
        "response": {
            "output_modalities": ["text"],
            "max_output_tokens": 10,
            "metadata": {"a": "b"},
            "conversation": "none",
            "input": [_ITEM, {"type": "item_reference", "id": "i1"}],
            "audio": {"output": {"format": _PCM, "voice": "alloy"}},
        },
    },
    {"type": "response.cancel", "response_id": "r1"},
    {"type": "conversation.item.delete", "item_id": "i1"},
)


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_a_client_that_makes_mistakes(chance: Random):
    talk = Driver()
    for frame in mutated(chance, SCRIPT):
        for event in talk.frame(frame):
            if hasattr(event, "TYPE"):
                assert decode_server_event(encode_server_event(event))
            if isinstance(event, ErrorEvent):
                assert len(event.error.message) < 1_000
                json.dumps(event.error.message).encode()
    assert types(talk.update()) == ["session.updated"]
