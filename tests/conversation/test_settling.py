"""Settings: whole at the start, then only what changed, one update at a time, put back where refused (section 4.3).

What a service says of them, and what it refuses of several, is in test_what_is_so.py.
"""

from __future__ import annotations

import pytest

from app.conversation.negotiation import SETTINGS_TIMEOUT_MS
from app.conversation.session import Detection, Mode, SessionSettings
from app.conversation.status import State
from app.protocol.client_events import SessionUpdate
from app.protocol.convert import to_json
from app.protocol.server_events import SessionCreated, SessionUpdated
from app.protocol.session import Session
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, least

OTHER = SessionSettings(
    mode=Mode.PUSH_TO_TALK,
    detection=Detection.SEMANTIC_VAD,
    threshold=0.7,
    prefix_padding_ms=200,
    silence_ms=700,
    idle_timeout_ms=6000,
    eagerness="low",
    create_response=False,
    interrupt_response=False,
    voice="cedar",
    speed=1.2,
    instructions="Be brief.",
    output="text",
    transcription_model="whisper-1",
    language="de",
    transcription_prompt="Names: Ann.",
    transcription_keywords="Ann, Bob",
    transcription_delay="low",
    logprobs=True,
    noise_reduction="near_field",
    noise_reduction_strength=0.5,
    max_output_tokens=800,
    truncation="retention_ratio",
    retention_ratio=0.6,
    retention_tokens=4000,
    reasoning_effort="low",
    tracing="support",
    prompt_id="pmpt_1",
    prompt_version="2",
    prompt_variables='{"city": "Bern"}',
)


def updates(talk: Talk) -> list[dict]:
    return [to_json(event.session) for event in talk.said(SessionUpdate)]


def waiting(settings: SessionSettings = HANDS_FREE, **options) -> Talk:
    """Connected, the settings on their way."""
    talk = Talk(settings, ready=False, **options)
    talk(talk.conversation.connected(SessionCreated(session=Session(type="realtime", model="m", expires_at=99)), 0))
    return talk


# ---------------------------------------------------------------- the first update


def test_first_update_is_whole():
    assert updates(waiting()) == [
        {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": "",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "noise_reduction": None,
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 500,
                        "create_response": True,
                        "interrupt_response": True,
                    },
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0},
            },
        }
    ]


@pytest.mark.parametrize(
    ("settings", "detection"),
    [
        (PUSH_TO_TALK, None),
        (
            least(HANDS_FREE, detection=Detection.SEMANTIC_VAD, eagerness="high"),
            {"type": "semantic_vad", "eagerness": "high", "create_response": True, "interrupt_response": True},
        ),
    ],
)
def test_turn_detection_by_mode(settings, detection):
    assert updates(waiting(settings))[0]["audio"]["input"]["turn_detection"] == detection


def test_no_transcription_is_said_by_null():
    session = updates(waiting(least(HANDS_FREE, transcription_model=None)))[0]
    assert session["audio"]["input"]["transcription"] is None


def test_status_tells_what_the_service_told():
    status = waiting().conversation.status
    assert (status.model, status.expires_at, status.state) == ("m", 99, State.CONNECTING)


# ---------------------------------------------------------------- no answer


def test_service_that_never_acknowledges():
    talk = waiting()
    assert talk.conversation.deadline_ms == SETTINGS_TIMEOUT_MS
    talk.later(SETTINGS_TIMEOUT_MS - 1).tick()
    assert talk.state is State.CONNECTING
    talk.later(1).tick()
    assert talk.state is State.LISTENING
    assert talk.notices == ["The service did not confirm the settings; it may be using its own."]
    talk.change(speed=1.1)
    talk.change(speed=1.2)
    assert len(updates(talk)) == 2
    talk.later(SETTINGS_TIMEOUT_MS).tick()
    assert updates(talk)[2:] == [{"type": "realtime", "audio": {"output": {"speed": 1.2}}}]
    assert talk.notices == []


def test_acknowledgement_of_nothing_is_nothing():
    talk = Talk(ready=False)
    talk.hear(SessionUpdated())
    assert talk.state is State.CONNECTING


# ---------------------------------------------------------------- changes


PLACES = {
    **dict.fromkeys(("voice", "speed"), ("audio", "output")),
    "instructions": ("instructions",),
    "output": ("output_modalities",),
    **dict.fromkeys(
        ("transcription_model", "language", "transcription_prompt", "transcription_keywords", "transcription_delay"),
        ("audio", "input", "transcription"),
    ),
    **dict.fromkeys(("noise_reduction", "noise_reduction_strength"), ("audio", "input", "noise_reduction")),
    "max_output_tokens": ("max_output_tokens",),
    **dict.fromkeys(("truncation", "retention_ratio", "retention_tokens"), ("truncation",)),
    "reasoning_effort": ("reasoning",),
    "tracing": ("tracing",),
    "logprobs": ("include",),
    **dict.fromkeys(("prompt_id", "prompt_version", "prompt_variables"), ("prompt",)),
}
"""Where a setting stands in an update, but for those of turn detection."""

HELD = least(OTHER, mode=Mode.HANDS_FREE, detection=Detection.SERVER_VAD)


@pytest.mark.parametrize("name", SessionSettings.__struct_fields__)
def test_update_carries_only_what_changed(name):
    old = least(HELD, tracing=None)  # what is traced cannot be changed
    if name == "eagerness":
        old = least(old, detection=Detection.SEMANTIC_VAD)
    wanted = getattr(HANDS_FREE if name not in ("mode", "detection", "tracing") else OTHER, name)
    talk = Talk(old)
    talk.change(**{name: wanted})
    session = updates(talk)[-1]
    assert session.pop("type") == "realtime"
    for step in PLACES.get(name, ("audio", "input", "turn_detection")):
        assert list(session) == [step]
        session = session[step]


def test_what_is_cleared_is_cleared_by_null():
    """A service that merges an object would keep what is merely left out."""
    talk = Talk(HELD)
    cleared = {
        name: None
        for name in SessionSettings.__struct_fields__
        if getattr(HANDS_FREE, name) is None and name not in ("tracing", "noise_reduction")
    }
    talk.change(**cleared)
    session = updates(talk)[-1]
    assert session["audio"]["input"]["turn_detection"]["idle_timeout_ms"] is None
    assert session["audio"]["input"]["transcription"] == {
        "model": "whisper-1",
        "language": None,
        "prompt": None,
        "keywords": None,
        "delay": None,
    }
    assert session["audio"]["input"]["noise_reduction"] == {"type": "near_field", "strength": None}
    assert session["max_output_tokens"] == "inf"
    assert session["reasoning"] is None
    assert session["prompt"] is None
    assert session["truncation"] == {"type": "retention_ratio", "retention_ratio": 0.6}


def test_what_no_service_has_unless_told_is_not_told():
    """Not every service knows these fields, and each has its own way without them."""
    assert (
        not {"max_output_tokens", "truncation", "reasoning", "tracing", "include", "prompt"}
        & updates(waiting())[0].keys()
    )


def test_one_update_is_in_flight_and_later_changes_go_out_together():
    talk = Talk()
    for threshold in (0.55, 0.6, 0.65):
        talk.change(threshold=threshold)
    talk.change(speed=1.2)
    assert len(updates(talk)) == 2
    assert talk.conversation.status.waiting == {"threshold", "speed"}
    talk.acknowledge()
    last = updates(talk)[-1]
    assert last["audio"]["input"]["turn_detection"]["threshold"] == 0.65
    assert last["audio"]["output"] == {"speed": 1.2}
    assert talk.conversation.status.waiting == {"threshold", "speed"}
    talk.acknowledge()
    assert talk.conversation.status.waiting == frozenset()
    assert len(updates(talk)) == 3


def test_change_and_back_while_in_flight_is_sent_back():
    talk = Talk()
    talk.change(speed=1.2)
    talk.change(speed=1.0)
    assert talk.conversation.status.waiting == frozenset()
    talk.acknowledge()
    assert updates(talk)[-1] == {"type": "realtime", "audio": {"output": {"speed": 1.0}}}


def test_change_to_the_same_sends_nothing():
    talk = Talk()
    talk.change(speed=1.0)
    assert talk.step == []


def test_change_before_the_service_is_ready_goes_out_once_it_is():
    talk = waiting()
    talk.change(speed=1.2)
    assert talk.wire == []
    talk.acknowledge()
    assert updates(talk)[-1] == {"type": "realtime", "audio": {"output": {"speed": 1.2}}}


def test_refused_change_is_put_back_with_a_notice():
    talk = Talk()
    talk.change(noise_reduction="far_field")
    talk.refuse(talk.sent[0], message="Not here.")
    assert talk.notices == ["The service refused noise reduction, which is as before: Not here."]
    assert talk.conversation.status.settings == HANDS_FREE
    assert talk.conversation.status.standings["noise_reduction"].refused == "far_field"
    assert talk.conversation.status.waiting == frozenset()
    assert talk.wire == []


def test_refused_change_that_was_changed_again_is_sent_anew():
    talk = Talk()
    talk.change(speed=1.2)
    refused = talk.sent[0]
    talk.change(speed=1.3)
    talk.refuse(refused)
    assert talk.conversation.status.settings.speed == 1.3
    assert updates(talk)[-1] == {"type": "realtime", "audio": {"output": {"speed": 1.3}}}


def test_refusal_of_something_else_leaves_the_update_in_flight():
    talk = Talk()
    talk.change(speed=1.2)
    talk.refuse(None)
    assert talk.conversation.status.waiting == {"speed"}


def test_other_voice_before_speech_is_sent():
    talk = Talk()
    talk.change(voice="cedar")
    assert updates(talk)[-1] == {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}


def test_other_voice_after_speech_is_refused_with_a_notice():
    talk = Talk()
    assert not talk.conversation.status.is_voice_fixed
    talk.answer(done=True)
    assert talk.conversation.status.is_voice_fixed
    talk.change(voice="cedar")
    assert talk.wire == []
    assert len(talk.notices) == 1
    assert talk.conversation.status.settings.voice == "marin"


def test_voice_is_left_out_of_later_updates():
    talk = Talk()
    talk.answer(done=True)
    talk.change(instructions="Be brief.", output="text")
    assert updates(talk)[-1] == {"type": "realtime", "output_modalities": ["text"], "instructions": "Be brief."}


def test_until_it_is_acknowledged_the_old_rule_of_interruption_holds():
    talk = Talk()
    talk.answer()
    talk.change(interrupt_response=False)
    talk.user_speaks()
    assert talk.flushes == 1
