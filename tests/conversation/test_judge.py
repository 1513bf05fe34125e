"""The official client package judges what we say and what we take for the service's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.connection.families import OF_BETA
from app.conversation.session import Detection, Mode
from app.conversation.status import State
from app.protocol.client_events import ClientEvent, SessionUpdate
from app.protocol.codec import CLIENT_EVENTS, Dialect, encode_client_event
from app.protocol.server_events import SessionCreated
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, least
from tests.official_types import client_events, faults, unknown_keys

pytest.importorskip("openai.types.realtime", reason="the official client package is not installed")

SAMPLES = Path(__file__).parent.parent / "data" / "sample-events"
GA = sorted([*SAMPLES.glob("ga/*.json"), *SAMPLES.glob("ga-variants/*.json")])
NOT_SENT = {
    "conversation.item.retrieve",
    "conversation.item.delete",
    "output_audio_buffer.clear",  # WebRTC and SIP only
}


def scenario() -> list[ClientEvent]:
    """Everything that a conversation can say."""
    voice = Talk(least(HANDS_FREE, instructions="Be brief.", language="en", idle_timeout_ms=6000), greets=True)
    voice.speak(40)
    voice.answer()
    voice.heard(a1=300)
    voice.type("wait")
    voice.ended("r1", "cancelled")
    voice.microphone(False)

    keys = Talk(least(PUSH_TO_TALK, noise_reduction="far_field", transcription_model=None, output="text", speed=1.2))
    for ms in (400, 40):
        keys.talk_key()
        keys.speak(ms)
        keys.talk_key()
        keys.later(20).capture()

    changed = Talk()
    changes: list[dict[str, Any]] = [
        {"detection": Detection.SEMANTIC_VAD, "eagerness": "low"},
        {"detection": Detection.SERVER_VAD, "idle_timeout_ms": 8000},
        {"idle_timeout_ms": None},
        {"mode": Mode.PUSH_TO_TALK},
        {"transcription_model": None},
        {"transcription_model": "whisper-1", "language": "de"},
        {"noise_reduction": "near_field"},
        {"noise_reduction": None},
        {"voice": "cedar", "speed": 0.9, "instructions": "Hm.", "output": "text"},
        {"voice": "voice_1", "max_output_tokens": 800, "truncation": "disabled"},
        {"max_output_tokens": None, "truncation": "retention_ratio", "retention_ratio": 0.6, "retention_tokens": 4000},
        {"retention_tokens": None, "reasoning_effort": "xhigh", "logprobs": True},
        {"transcription_model": "gpt-transcribe", "transcription_keywords": "Ann, Bob", "language": "de, en"},
        {"transcription_prompt": "Names.", "transcription_delay": "low", "language": "de"},
        {"noise_reduction": "far_field", "noise_reduction_strength": 0.5},
        {"prompt_id": "pmpt_1", "prompt_version": "2", "prompt_variables": '{"city": "Bern"}'},
        {"prompt_id": None, "prompt_version": None, "prompt_variables": None, "reasoning_effort": None},
        {"transcription_prompt": None, "transcription_keywords": None, "transcription_delay": None, "language": None},
        {"noise_reduction_strength": None, "logprobs": False, "truncation": "auto"},
        {"tracing": "support"},
    ]
    for change in changes:
        changed.change(**change)
        changed.acknowledge()

    refused = Talk(least(HANDS_FREE, instructions="Be brief."), ready=False)
    refused(refused.conversation.connected(SessionCreated(), 0))
    while refused.state is State.CONNECTING:  # every part alone, until nothing is left
        refused.refuse(refused.said(SessionUpdate)[-1])
    traced = Talk(least(HANDS_FREE, tracing="auto"))
    return [event for talk in (voice, keys, changed, refused, traced) for event in talk.all_sent]


def test_scenario_says_everything_there_is_to_say():
    assert {event.TYPE for event in scenario()} == set(CLIENT_EVENTS) - NOT_SENT
    creations = [event for event in scenario() if event.TYPE == "response.create"]
    assert {bool(event.response) for event in creations} == {True, False}


def test_every_client_event_is_valid_and_has_no_unknown_key():
    for event in scenario():
        raw = json.loads(encode_client_event(event))
        judged = client_events().validate_python(raw)
        assert judged.type == event.TYPE
        assert unknown_keys(judged, event.TYPE) == []
        assert judged.model_dump(mode="json", exclude_unset=True) == raw


def test_every_update_in_the_beta_dialect_is_valid_and_has_no_unknown_key():
    beta = pytest.importorskip("openai.types.beta.realtime", reason="the official client package is not installed")
    pydantic = pytest.importorskip("pydantic")
    judge = pydantic.TypeAdapter(beta.RealtimeClientEvent)
    talk = Talk(least(HANDS_FREE, instructions="Be brief.", language="en", idle_timeout_ms=6000), capabilities=OF_BETA)
    changes: list[dict[str, Any]] = [
        {"detection": Detection.SEMANTIC_VAD, "eagerness": "low"},
        {"mode": Mode.PUSH_TO_TALK, "max_output_tokens": 800, "transcription_prompt": "Names."},
        {"max_output_tokens": None, "tracing": "auto", "truncation": "disabled", "reasoning_effort": "low"},
        {"speed": 1.2, "voice": "alloy", "output": "text", "noise_reduction": "far_field", "prompt_id": "p"},
        {"language": None, "transcription_prompt": None, "voice": "voice_1"},
    ]
    for change in changes:
        talk.change(**change)
        talk.acknowledge()
    updates = talk.said(SessionUpdate)
    assert len(updates) == 1 + len(changes)
    for event in updates:
        raw = json.loads(encode_client_event(event, Dialect.BETA))
        judged = judge.validate_python(raw)
        assert judged.type == event.TYPE
        assert unknown_keys(judged, event.TYPE) == []


def test_judge_sees_unknown_keys():
    raw = {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn": 1}}}}
    assert unknown_keys(client_events().validate_python(raw)) == [".session.audio.input.turn"]


@pytest.mark.parametrize("path", GA, ids=lambda path: path.stem)
def test_ga_sample_is_valid(path: Path):
    assert faults(json.loads(path.read_text())) == []


@pytest.mark.parametrize(
    "change",
    [{"type": "session.changed"}, {"item_id": None}, {"audio_start_ms": "now"}, {"colour": "red"}],
    ids=lambda change: next(iter(change)),
)
def test_the_types_find_what_they_do_not_declare(change: dict[str, Any]):
    good = json.loads((SAMPLES / "ga" / "input_audio_buffer.speech_started.json").read_text())
    assert faults(good) == []
    (found,) = faults({**good, **change})
    assert next(iter(change)) in found or found.endswith("no such event")
