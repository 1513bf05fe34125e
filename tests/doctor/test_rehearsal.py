"""A short conversation with a service: what it takes, whether it answers and writes down, and what it says if not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from app.connection.client import connect
from app.connection.services import compatible
from app.conversation.session import SessionSettings
from app.doctor.finding import Finding, Level, Step
from app.doctor.rehearsal import ANSWER, SETTINGS_TAKEN, TRANSCRIPTION, rehearse, rehearsed
from tests.connection.loopback import CREATED, error, playing, run
from tests.conversation.driver import PRICES

CREATED_2 = CREATED.replace('"m"', '"gpt-realtime-2.1"')
USAGE = {"input_tokens": 120, "output_tokens": 9, "output_token_details": {"text_tokens": 9}}


class Scripted:
    """A service that answers everything, but for what `instead` says of a type of event."""

    def __init__(self, instead: dict[str, Callable[[dict[str, Any]], list[dict[str, Any] | str]]]) -> None:
        self.instead = instead
        self.heard: list[dict[str, Any]] = []

    async def __call__(self, peer: ServerConnection) -> None:
        await peer.send(CREATED_2)
        async for frame in peer:
            event = json.loads(frame)
            self.heard.append(event)
            answers = self.instead.get(event["type"], self.usual)(event)
            for answer in answers:
                await peer.send(answer if isinstance(answer, str) else json.dumps(answer))

    def usual(self, event: dict[str, Any]) -> list[dict[str, Any] | str]:
        match event["type"]:
            case "session.update":
                return [{"type": "session.updated", "session": event["session"]}]
            case "input_audio_buffer.commit":
                about = {"item_id": "u1"}
                kind = "conversation.item.input_audio_transcription.completed"
                return [
                    {"type": "input_audio_buffer.committed", **about},
                    {"type": kind, "transcript": "How much is 19 times 12?", **about},
                ]
            case "response.create":
                about = {"response_id": "r1", "item_id": "a1"}
                return [
                    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
                    {"type": "response.output_text.delta", "delta": "It is five.", **about},
                    {"type": "response.done", "response": {"id": "r1", "status": "completed", "usage": USAGE}},
                ]
            case _:
                return []


def found(instead: dict[str, Any] | None = None, **changes: Any) -> tuple[dict[str, Finding], Scripted, list[str]]:
    """Findings by check, the service, and the steps that were told."""
    script, findings, steps = Scripted(instead or {}), {}, []

    async def talk() -> None:
        async with playing(script) as server, await connect(compatible(server.url, None, "m")) as line:
            settings = rehearsed(SessionSettings(**changes), in_writing=True)
            async for each in rehearse(line, settings, PRICES, "Look there."):
                if isinstance(each, Step):
                    steps.append(each.check)
                else:
                    findings[each.check] = each

    run(talk())
    return findings, script, steps


def test_a_service_that_does_all_of_it():
    findings, script, steps = found()
    assert steps == list(findings) == [SETTINGS_TAKEN, ANSWER, TRANSCRIPTION]
    assert {finding.level for finding in findings.values()} == {Level.OK}
    assert findings[SETTINGS_TAKEN].text == "All of them."
    assert findings[ANSWER].text.startswith('"What is two plus three?" "It is five." in 0.')
    assert findings[ANSWER].text.endswith("; 129 tokens, $0.001.")
    assert findings[TRANSCRIPTION].text == (
        '"How much is nineteen times twelve?" was written down as "How much is 19 times 12?".'
    )
    session = next(event for event in script.heard if event["type"] == "session.update")["session"]
    assert session["output_modalities"] == ["text"]
    assert session["audio"]["input"]["turn_detection"] is None
    appended = sum(len(event["audio"]) for event in script.heard if event["type"] == "input_audio_buffer.append")
    assert appended * 3 / 4 / 48_000 > 1.5  # seconds of speech


def failing(event: dict[str, Any]) -> list[dict[str, Any] | str]:
    details = {"type": "failed", "error": {"code": "server_error", "message": "The model sleeps."}}
    response = {"id": "r1", "status": "failed", "status_details": details}
    return [
        {"type": "response.created", "response": {"id": "r1"}},
        {"type": "response.done", "response": response},
    ]


def refusing(event: dict[str, Any]) -> list[dict[str, Any] | str]:
    refused = json.loads(error("invalid_request_error", "invalid_value", "Not like this."))
    refused["error"]["event_id"] = event["event_id"]
    return [refused]


def test_an_answer_that_fails_is_a_problem_in_the_services_words():
    findings, _, _ = found({"response.create": failing})
    assert findings[ANSWER].level is Level.PROBLEM
    assert "The model sleeps." in findings[ANSWER].text
    assert findings[ANSWER].remedy == "Look there."
    assert findings[TRANSCRIPTION].level is Level.OK


def unwritten(event: dict[str, Any]) -> list[dict[str, Any] | str]:
    kind = "conversation.item.input_audio_transcription.failed"
    return [
        {"type": "input_audio_buffer.committed", "item_id": "u1"},
        {"type": kind, "item_id": "u1", "error": {"message": "No such deployment."}},
    ]


def test_words_that_are_not_written_down_are_a_problem():
    findings, _, _ = found({"input_audio_buffer.commit": unwritten})
    assert findings[TRANSCRIPTION].level is Level.PROBLEM
    assert "No such deployment." in findings[TRANSCRIPTION].text
    assert "REALTIME_TRANSCRIPTION_MODEL" in findings[TRANSCRIPTION].remedy


def otherwise(event: dict[str, Any]) -> list[dict[str, Any] | str]:
    kind = "conversation.item.input_audio_transcription.completed"
    return [
        {"type": "input_audio_buffer.committed", "item_id": "u1"},
        {"type": kind, "item_id": "u1", "transcript": "Danke fürs Zuschauen!"},
    ]


def test_words_that_are_others_are_noted():
    findings, _, _ = found({"input_audio_buffer.commit": otherwise})
    assert findings[TRANSCRIPTION].level is Level.NOTE
    assert "Danke fürs Zuschauen!" in findings[TRANSCRIPTION].text


def test_where_nobody_writes_down_nothing_is_spoken():
    findings, script, _ = found(transcription_model=None)
    assert findings[TRANSCRIPTION].level is Level.NOTE
    assert not any(event["type"] == "input_audio_buffer.append" for event in script.heard)


def test_a_service_that_refuses_settings_is_noted_in_its_words():
    findings, _, _ = found({"session.update": refusing})
    assert findings[SETTINGS_TAKEN].level is Level.NOTE
    assert "Not like this." in findings[SETTINGS_TAKEN].text
    assert findings[ANSWER].level is Level.OK


@pytest.mark.parametrize("is_written", [True, False])
def test_the_settings_of_it(is_written: bool):
    settings = rehearsed(SessionSettings(output="audio", voice="cedar"), in_writing=is_written)
    assert (settings.output, settings.voice) == ("text" if is_written else "audio", "cedar")
