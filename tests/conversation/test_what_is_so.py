"""What the service accepted is what the status tells, setting by setting; and a refusal costs what it names alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from app.conversation.conversation import Conversation
from app.conversation.effects import Notice, Send
from app.conversation.session import Detection, Mode, SessionSettings
from app.conversation.session_fields import (
    CARRIERS,
    PATHS,
    agrees,
    applies,
    named_units,
    reported,
    told_by,
    unit_of,
    units,
)
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State
from app.protocol.capabilities import SessionCapabilities, knows_reasoning
from app.protocol.client_events import SessionUpdate
from app.protocol.codec import decode_server_event
from app.protocol.convert import JsonObject, from_json, to_json
from app.protocol.items import ErrorDetail
from app.protocol.server_events import ErrorEvent, SessionCreated, SessionUpdated
from app.protocol.session import Session
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, HandVoice, Talk, least
from tests.conversation.test_settling import HELD, updates, waiting

FULL = least(HELD, reasoning_effort=None)


class Service:
    """A service that has some settings and refuses some, told by their paths."""

    def __init__(self, refuses: frozenset[str] = frozenset(), *, names_them: bool = True, **echo: Any) -> None:
        self.refuses, self.names_them = refuses, names_them
        self.session: JsonObject = {"type": "realtime", "model": "m", "audio": {"input": {}, "output": {}}}
        self.updates = 0
        self.echo = echo

    def answer(self, update: SessionUpdate) -> ErrorEvent | SessionUpdated:
        self.updates += 1
        change = to_json(update.session)
        for path in sorted(self.refuses):
            if has(change, path):
                param = f"session.{path}" if self.names_them else None
                return ErrorEvent(
                    error=ErrorDetail(
                        type="invalid_request_error",
                        code="invalid_value",
                        message="Not here.",
                        param=param,
                        event_id=update.event_id,
                    )
                )
        lay(self.session, change)
        return SessionUpdated(session=from_json(Session, self.session))


def has(data: Any, path: str) -> bool:
    for step in path.split("."):
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True


def lay(below: JsonObject, above: JsonObject) -> None:
    for key, value in above.items():
        if key == "turn_detection" or not isinstance(value, dict) or not isinstance(below.get(key), dict):
            below[key] = value
        else:
            lay(below[key], value)


def held(service: Service, wanted: SessionSettings, **options: Any) -> tuple[Conversation, list[str]]:
    """A conversation after all that the service had to say, and its notices."""
    conversation = Conversation(wanted, HandVoice(), seed="t", **options)
    effects = conversation.connected(SessionCreated(session=from_json(Session, service.session)), 0)
    notices = []
    while effects:
        notices += [effect.text for effect in effects if isinstance(effect, Notice)]
        asked = [effect.event for effect in effects if isinstance(effect, Send)]
        effects = []
        for event in asked:
            if isinstance(event, SessionUpdate):
                effects += conversation.receive(service.answer(event), 0)
    return conversation, notices


def places(unit: str) -> set[str]:
    return {PATHS[name] for name in (unit, *told_by(unit)) if name != "mode"}


REFUSABLE = sorted(path for unit, path in PATHS.items() if unit not in ("type", "mode", "truncation"))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(REFUSABLE)), st.booleans(), st.sampled_from([FULL, HANDS_FREE, PUSH_TO_TALK]))
def test_whatever_is_refused_all_else_is_asked_for_and_the_status_tells_what_is_so(refused, names_them, wanted):
    service = Service(frozenset(refused), names_them=names_them)
    conversation, _ = held(service, wanted)
    status = conversation.status
    assert status.state is not State.CONNECTING
    assert service.updates <= 2 * len(PATHS)
    said = reported(from_json(Session, service.session))
    for name, standing in status.standings.items():
        unit = unit_of(name, status.settings)
        if standing.standing is Standing.AGREED:
            assert agrees(name, getattr(status.settings, name), said[name])
        is_minded = not refused.isdisjoint(places(unit) | places(CARRIERS.get(unit, unit)))
        if unit in units(wanted, {}) and not is_minded and PATHS[name] not in refused:
            assert has(service.session, PATHS[unit]) or getattr(wanted, name) is None, name
            assert standing.standing is Standing.AGREED, (name, standing)
        if PATHS[unit] in refused and unit in units(wanted, {}) and standing.standing is not Standing.AGREED:
            assert standing.standing in (Standing.REFUSED, Standing.UNKNOWN, Standing.LEFT)
    assert not status.waiting


# ---------------------------------------------------------------- compared

SERVER_VAD = {"type": "server_vad", "threshold": 0.8, "silence_duration_ms": 500, "prefix_padding_ms": 300}


def session(**audio: Any) -> JsonObject:
    return {"type": "realtime", "audio": audio}


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        (session(output={"voice": "alloy"}), "voice", "alloy"),
        (session(output={"voice": {"id": "voice_1"}}), "voice", "voice_1"),
        (session(output={}), "voice", UNSET),
        (session(output={"voice": None}), "voice", None),
        (session(output={"speed": 1}), "speed", 1.0),
        (session(output={"speed": "fast"}), "speed", UNSET),
        (session(output={"speed": 10**400}), "speed", UNSET),
        (session(input={"turn_detection": {"type": "server_vad", "threshold": -(10**400)}}), "threshold", UNSET),
        (session(input={"turn_detection": {"type": "server_vad", "silence_duration_ms": 2**80}}), "silence_ms", UNSET),
        (session(input={"turn_detection": {"type": "server_vad", "idle_timeout_ms": 10**30}}), "idle_timeout_ms", None),
        ({"type": "realtime", "max_output_tokens": 10**400}, "max_output_tokens", None),
        (session(input={"turn_detection": None}), "mode", Mode.PUSH_TO_TALK),
        (session(input={"turn_detection": {"type": "none"}}), "mode", Mode.PUSH_TO_TALK),
        (session(input={"turn_detection": {}}), "mode", UNSET),
        (session(input={}), "mode", UNSET),
        (session(input={"turn_detection": SERVER_VAD}), "mode", Mode.HANDS_FREE),
        (session(input={"turn_detection": SERVER_VAD}), "threshold", 0.8),
        (session(input={"turn_detection": SERVER_VAD}), "idle_timeout_ms", None),
        (session(input={"turn_detection": {"type": "azure_semantic_vad"}}), "detection", "azure_semantic_vad"),
        (session(input={"turn_detection": {"type": "azure_semantic_vad"}}), "mode", Mode.HANDS_FREE),
        (session(input={"transcription": None}), "transcription_model", None),
        (session(input={"transcription": {}}), "transcription_model", UNSET),
        (session(input={"transcription": {"model": "w", "language": "de"}}), "language", "de"),
        (session(input={"transcription": {"model": "w", "languages": ["de", "en"]}}), "language", "de, en"),
        (session(input={"transcription": {"model": "w"}}), "language", None),
        (session(input={"noise_reduction": None}), "noise_reduction", None),
        (session(input={"noise_reduction": {"type": "far_field", "strength": 1}}), "noise_reduction", "far_field"),
        ({"output_modalities": ["audio", "text"]}, "output", "audio"),
        ({"output_modalities": ["text"]}, "output", "text"),
        ({"output_modalities": []}, "output", UNSET),
        ({"max_output_tokens": "inf"}, "max_output_tokens", None),
        ({"max_output_tokens": 100}, "max_output_tokens", 100),
        ({"truncation": {"type": "retention_ratio", "retention_ratio": 0.8}}, "truncation", "retention_ratio"),
        ({"truncation": {"type": "retention_ratio", "retention_ratio": 0.8}}, "retention_ratio", 0.8),
        ({"truncation": "disabled"}, "truncation", "disabled"),
        ({"reasoning": {"effort": "low"}}, "reasoning_effort", "low"),
        ({"tracing": "auto"}, "tracing", "auto"),
        ({"tracing": {"workflow_name": "w"}}, "tracing", "w"),
        ({"tracing": None}, "tracing", None),
        ({"include": ["item.input_audio_transcription.logprobs"]}, "logprobs", True),
        ({"include": None}, "logprobs", False),
        ({"prompt": {"id": "p", "version": "1"}}, "prompt_version", "1"),
        ({"prompt": None}, "prompt_id", None),
        ({}, "prompt_id", UNSET),
        # told in beta's way
        ({"voice": "alloy"}, "voice", "alloy"),
        ({"modalities": ["text", "audio"]}, "output", "audio"),
        ({"turn_detection": None}, "mode", Mode.PUSH_TO_TALK),
        ({"turn_detection": SERVER_VAD}, "silence_ms", 500),
        ({"voice": "alloy", "audio": {"output": {"voice": "cedar"}}}, "voice", "cedar"),
        ({"voice": "alloy", "audio": "loud"}, "voice", UNSET),
    ],
)
def test_what_a_service_says(said, name, value):
    import json

    event = decode_server_event(json.dumps({"type": "session.updated", "session": said}))
    assert isinstance(event, SessionUpdated)
    assert reported(event.session).get(name, UNSET) == value


@pytest.mark.parametrize(
    ("name", "wanted", "found", "is_so"),
    [
        ("threshold", 0.8, 0.800000011920929, True),
        ("threshold", 0.8, 0.5, False),
        ("silence_ms", 500, 500.0, True),
        ("silence_ms", 500, 200, False),
        ("create_response", True, 1, True),
        ("create_response", True, None, False),
        ("voice", "cedar", "Cedar", True),
        ("voice", "cedar", "alloy", False),
        ("instructions", "Be brief. ", "Be brief.", True),
        ("transcription_model", "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15", True),
        ("transcription_model", "whisper-1", "whisper-10", False),
        ("idle_timeout_ms", None, 6000, False),
        ("idle_timeout_ms", None, None, True),
    ],
)
def test_agreement(name, wanted, found, is_so):
    assert agrees(name, wanted, found) is is_so


def told(talk: Talk, said: JsonObject) -> Talk:
    talk.hear(SessionUpdated(session=from_json(Session, said)))
    return talk


def test_a_service_that_has_it_otherwise():
    talk = told(
        waiting(least(HANDS_FREE, voice="cedar", threshold=0.8)), session(output={"voice": "alloy", "speed": 1})
    )
    standings = talk.conversation.status.standings
    assert standings["voice"] == SettingStanding(Standing.DIFFERENT, "alloy")
    assert standings["threshold"] == SettingStanding(Standing.UNKNOWN)
    assert standings["speed"] == SettingStanding(Standing.AGREED, 1.0)
    assert talk.notices == ["The service has settings of its own: voice alloy, not cedar."]


def test_a_service_that_says_nearly_nothing_ticks_nothing():
    talk = told(waiting(), {"type": "realtime"})
    standings = talk.conversation.status.standings
    assert {each.standing for each in standings.values()} == {Standing.UNKNOWN, Standing.LEFT}
    assert standings["voice"].standing is Standing.UNKNOWN
    assert standings["reasoning_effort"].standing is Standing.LEFT
    assert talk.notices == []


def test_what_it_said_at_first_counts_until_it_is_asked():
    talk = Talk(HANDS_FREE, ready=False)
    created = from_json(Session, session(output={"voice": "alloy"}))
    talk(talk.conversation.connected(SessionCreated(session=created), 0))
    assert talk.conversation.status.standings["voice"] == SettingStanding(Standing.WAITING, "alloy")
    told(talk, {})
    assert talk.conversation.status.standings["voice"] == SettingStanding(Standing.UNKNOWN)


def test_a_service_that_changes_its_mind_is_believed():
    talk = Talk()
    told(talk, session(output={"speed": 1.25}))
    assert talk.conversation.status.standings["speed"] == SettingStanding(Standing.DIFFERENT, 1.25)


@pytest.mark.parametrize(
    ("wanted", "detection", "words"),
    [
        (PUSH_TO_TALK, {"type": "server_vad"}, "goes on finding the end of your turn by itself"),
        (HANDS_FREE, None, "in push-to-talk (m) you end it"),
    ],
)
def test_another_way_of_taking_turns_is_told_with_what_it_means(wanted, detection, words):
    talk = told(waiting(wanted), session(input={"turn_detection": detection}))
    assert words in talk.notices[-1]
    assert talk.conversation.status.settings.mode is wanted.mode


# ---------------------------------------------------------------- refused

ASKED = frozenset(units(FULL, {}))


@pytest.mark.parametrize(
    ("param", "message", "names"),
    [
        ("session.audio.output.speed", "", {"speed"}),
        ("audio.output.speed", "", {"speed"}),
        ("session.turn_detection.threshold", "", {"threshold"}),
        ("session.audio.input.turn_detection.silence_duration_ms", "", {"silence_ms"}),
        ("voice", "", {"voice"}),
        ("session.voice", "", {"voice"}),
        ("modalities", "", {"output"}),
        ("session.output_modalities[0]", "", {"output"}),
        ("input_audio_format", "", {"input_format"}),
        ("session.audio.input.format.rate", "", {"input_format"}),
        ("session.truncation.retention_ratio", "", {"truncation"}),
        ("session.truncation", "", {"truncation", "retention_tokens"}),
        ("session.audio.input.transcription.keywords[1]", "", {"transcription_keywords"}),
        ("session.audio.input.transcription.languages", "", {"language"}),
        ("session.type", "", {"type"}),
        ("session.include[0]", "", {"logprobs"}),
        ("session", "", set()),
        ("", "Unknown parameter: 'session.audio.output.speed'.", {"speed"}),
        ("", "Unknown parameter: session.tracing", {"tracing"}),
        ("", "Unsupported option: 'max_output_tokens'", {"max_output_tokens"}),
        ("", "Invalid modalities. Supported combinations are: ['text'] and ['audio'].", set()),
        ("", "No.", set()),
        ("response.output_modalities", "", set()),
        (
            "session.audio.input.noise_reduction",
            "",
            {"noise_reduction", "noise_reduction_strength"},
        ),
    ],
)
def test_which_setting_an_error_names(param, message, names):
    assert named_units(ErrorDetail(param=param, message=message), ASKED) == names


def test_a_refused_speed_costs_the_speed_alone():
    wanted = least(HANDS_FREE, voice="cedar", speed=1.2, output="text")
    talk = waiting(wanted)
    before = updates(talk)[0]
    talk.refuse(talk.sent[0], "unknown_parameter", "Unknown parameter: 'session.audio.output.speed'.")
    after = updates(talk)[-1]
    del before["audio"]["output"]["speed"]
    assert after == before
    assert talk.notices == []
    talk.acknowledge()
    assert talk.notices == ["The service refused speed: Unknown parameter: 'session.audio.output.speed'."]
    assert talk.state is State.LISTENING
    speed = talk.conversation.status.standings["speed"]
    assert (speed.standing, speed.refused) == (Standing.REFUSED, 1.2)


def test_a_refused_voice_leaves_a_written_conversation_written():
    talk = waiting(least(HANDS_FREE, output="text"))
    talk.refuse(talk.sent[0], message="Unsupported voice: 'session.audio.output.voice'")
    assert updates(talk)[-1]["output_modalities"] == ["text"]
    assert talk.conversation.status.settings.output == "text"


def test_a_refused_setting_is_asked_for_again_only_when_it_is_another():
    talk = waiting()
    talk.refuse(talk.sent[0], "unknown_parameter", "Unknown parameter: 'session.audio.output.speed'.")
    talk.acknowledge()
    talk.change(threshold=0.6)
    assert "output" not in updates(talk)[-1]["audio"]
    talk.acknowledge()
    talk.change(speed=1.2)
    assert updates(talk)[-1] == {"type": "realtime", "audio": {"output": {"speed": 1.2}}}


@pytest.mark.parametrize(
    ("error", "is_about_it"),
    [
        ({"param": "session.audio.output.speed"}, True),
        ({"code": "cannot_update_voice"}, True),
        ({"message": "Unknown parameter: 'session.voice'"}, True),
        ({"param": "response.audio"}, False),
        ({"code": "rate_limit_exceeded", "message": "Slow down."}, False),
        ({}, False),
    ],
)
def test_an_error_that_names_no_event_is_the_updates_where_it_plainly_is(error, is_about_it):
    talk = Talk()
    talk.change(speed=1.2, voice="cedar")
    talk.hear(ErrorEvent(error=ErrorDetail(type="invalid_request_error", **error)))
    assert talk.wire == (["session.update"] if is_about_it else [])


def test_a_service_that_knows_no_updates_is_asked_once():
    talk = waiting()
    message = "Invalid value: 'session.update'. Supported values are: 'response.create'."
    error = ErrorDetail(type="invalid_request_error", code="invalid_value", message=message, param="type")
    talk.hear(ErrorEvent(error=error))
    assert talk.wire == []
    assert talk.state is State.LISTENING
    assert talk.notices[0] == f"The service refused the settings and uses its own: {message}"


def test_a_service_that_does_not_know_the_kind_of_session():
    """One of beta, that is spoken to in GA."""
    talk = waiting()
    before = updates(talk)[0]
    talk.refuse(talk.sent[0], "unknown_parameter", "Unknown parameter: 'session.type'.")
    assert updates(talk)[-1] == {name: value for name, value in before.items() if name != "type"}


def test_a_refused_way_of_finding_turns_gives_way_to_the_usual_one():
    talk = waiting(least(HANDS_FREE, detection=Detection.SEMANTIC_VAD, interrupt_response=False))
    talk.refuse(talk.sent[0], message="Invalid value for 'session.audio.input.turn_detection.type'.")
    talk.acknowledge()
    detection = updates(talk)[-1]["audio"]["input"]["turn_detection"]
    assert (detection["type"], detection["interrupt_response"]) == ("server_vad", False)


def test_push_to_talk_that_is_refused_opens_no_microphone():
    talk = Talk()
    talk.talk_key()
    talk.change(mode=Mode.PUSH_TO_TALK)
    talk.refuse(talk.said(SessionUpdate)[-1], message="Not without turn detection.")
    assert talk.conversation.status.settings.mode is Mode.PUSH_TO_TALK
    assert not talk.conversation.status.is_microphone_open
    assert "goes on finding the end of your turn" in talk.notices[-1]


# ---------------------------------------------------------------- what is asked for at all

LEAST = SessionCapabilities(is_told_least=True)


def first_update(wanted: SessionSettings, **options: Any) -> JsonObject:
    conversation = Conversation(wanted, HandVoice(), seed="t", **options)
    effects = conversation.connected(SessionCreated(), 0)
    return next(to_json(effect.event.session) for effect in effects if isinstance(effect, Send))


def test_a_service_that_is_told_the_least():
    chosen = frozenset({"speed"})
    update = first_update(least(HANDS_FREE, speed=1.2), capabilities=LEAST, chosen=chosen)
    assert update == {
        "type": "realtime",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "turn_detection": {"type": "server_vad"},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1.2},
        },
    }


def test_a_service_that_is_told_the_least_is_told_what_is_changed():
    conversation = Conversation(HANDS_FREE, HandVoice(), seed="t", capabilities=LEAST)
    talk = Talk(ready=False)
    talk.conversation = conversation
    talk(conversation.connected(SessionCreated(), 0))
    talk.acknowledge()
    talk.change(threshold=0.7)
    assert updates(talk)[-1]["audio"]["input"]["turn_detection"] == {"type": "server_vad", "threshold": 0.7}
    talk.acknowledge()
    assert len(updates(talk)) == 2


def test_what_a_service_must_be_told_all_the_same():
    path = "audio.input.turn_detection.create_response"
    update = first_update(
        HANDS_FREE, capabilities=SessionCapabilities(is_told_least=True, always_told=frozenset({path}))
    )
    assert update["audio"]["input"]["turn_detection"]["create_response"] is True


def test_what_a_service_lacks_is_left_out_and_told():
    lacks = SessionCapabilities(lacks=frozenset({"truncation"}))
    service = Service()
    conversation, notices = held(
        service, least(HANDS_FREE, truncation="disabled"), capabilities=lacks, chosen=frozenset({"truncation"})
    )
    assert "truncation" not in service.session
    assert conversation.status.standings["truncation"].standing is Standing.LACKING
    assert "no truncation; that is left out" in notices[0]


@pytest.mark.parametrize(
    ("model", "reasons"),
    [
        ("gpt-realtime", False),
        ("gpt-realtime-2025-08-28", False),
        ("gpt-realtime-mini", False),
        ("gpt-realtime-mini-2025-12-15", False),
        ("gpt-realtime-1.5", False),
        ("gpt-4o-realtime-preview-2025-06-03", False),
        ("gpt-4o-mini-realtime-preview", False),
        ("gpt-realtime-2", True),
        ("gpt-realtime-2.1", True),
        ("gpt-realtime-2.1-mini", True),
        ("my-deployment", True),
        ("", True),
    ],
)
def test_which_models_reason(model, reasons):
    assert knows_reasoning(model) is reasons


def test_reasoning_is_not_asked_of_a_model_that_has_none():
    talk = Talk(least(HANDS_FREE, reasoning_effort="low"), model="gpt-realtime-1.5")
    assert "reasoning" not in updates(talk)[0]
    assert talk.conversation.status.standings["reasoning_effort"].standing is Standing.LACKING


def test_a_custom_voice_is_an_object():
    assert updates(waiting(least(HANDS_FREE, voice="voice_123")))[0]["audio"]["output"]["voice"] == {"id": "voice_123"}


def test_tracing_that_is_on_cannot_be_changed():
    talk = Talk(least(HANDS_FREE, tracing="auto"))
    assert talk.conversation.status.fixed == {"tracing"}
    talk.change(tracing=None, speed=1.2)
    assert updates(talk)[-1] == {"type": "realtime", "audio": {"output": {"speed": 1.2}}}
    assert talk.conversation.status.settings.tracing == "auto"
    assert talk.notices == ["Tracing that is on cannot be changed; begin a new session for it."]


def test_every_setting_has_a_place_on_the_wire():
    assert set(SessionSettings.__struct_fields__) <= PATHS.keys()
    assert all(applies(name, FULL) or name == "eagerness" for name in SessionSettings.__struct_fields__)
