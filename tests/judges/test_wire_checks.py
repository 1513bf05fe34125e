"""The checks of a conversation on the wire: one that went well passes them all, and each fault fails the one it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.judges.verdicts import Verdict
from tests.judges.wire import Line, Message
from tests.judges.wire_checks import check_lines

SAMPLES = Path(__file__).parents[1] / "data" / "sample-events"
SOUND = base64.b64encode(bytes(48 * 1000)).decode()
"""A second of it."""


def sample(name: str, **fields) -> dict:
    """An event as the service says it, with other values of the conversation that is judged."""
    return {**json.loads(next(SAMPLES.glob(f"ga*/{name}.json")).read_text()), **fields}


def response(status: str, details: dict | None, item_id: str) -> dict:
    event = sample("response.done")
    content = [{"type": "output_audio", "transcript": "Hello."}]
    item = {"id": item_id, "object": "realtime.item", "type": "message", "role": "assistant", "content": content}
    event["response"] = {**event["response"], "status": status, "status_details": details, "output": [item]}
    return event


def conversation() -> list[Message]:
    """Two answers: one is cut after half a second, by voice and by hand, and one is complete."""
    heard = [("service", sample("input_audio_buffer.committed", item_id="u1"))]
    heard += [("service", sample("conversation.item.input_audio_transcription.completed", transcript="Hello?"))]
    cut = {"item_id": "a1", "content_index": 0, "audio_end_ms": 500}
    first = [
        ("service", sample("response.output_audio.delta", item_id="a1", delta=SOUND)),
        ("client", {"type": "response.cancel"}),
        ("client", {"type": "conversation.item.truncate", **cut}),
        ("service", sample("conversation.item.truncated", **cut)),
        ("service", response("cancelled", {"type": "cancelled", "reason": "turn_detected"}, "a1")),
        ("service", response("cancelled", {"type": "cancelled", "reason": "client_cancelled"}, "a1")),
    ]
    second = [
        ("service", sample("response.output_audio.delta", item_id="a2", delta=SOUND)),
        ("service", response("completed", None, "a2")),
    ]
    return [Message(at * 0.25, sender, event) for at, (sender, event) in enumerate([*heard, *first, *second])]


def failed(messages: list[Message], closed_by: str | None = "client: 1000") -> list[str]:
    """The names of the checks that fail."""
    verdict = Verdict("test")
    check_lines(verdict, [Line("/v1/realtime", {}, messages, closed_by)], cancels=True, truncates=True)
    return [one.name.removeprefix("wire: ") for one in verdict.failed]


def test_a_conversation_that_went_well_passes():
    assert failed(conversation()) == []


def changed(kind: str, **fields) -> list[Message]:
    return [Message(m.at_s, m.sender, {**m.event, **fields}) if m.kind == kind else m for m in conversation()]


def without(kind: str, at: int = 0) -> list[Message]:
    gone = [m for m in conversation() if m.kind == kind][at]
    return [m for m in conversation() if m.event != gone.event]


@pytest.mark.parametrize(
    ("messages", "names"),
    [
        (changed("conversation.item.truncate", audio_end_ms=1200), ["what was not heard is cut off, at a sane place"]),
        (changed("conversation.item.truncate", audio_end_ms=-1), ["what was not heard is cut off, at a sane place"]),
        (without("conversation.item.truncated"), ["what was not heard is cut off, at a sane place"]),
        (without("conversation.item.truncate"), ["what was not heard is cut off, at a sane place"]),
        (without("response.output_audio.delta", 1), ["every completed answer has words and sound"]),
        (without("response.done", 0), ["speaking cancels an answer"]),
        (without("response.done", 1), ["the program cancels an answer"]),
        (without("response.cancel"), ["the program cancels an answer"]),
        (
            without("conversation.item.input_audio_transcription.completed"),
            ["all that is spoken is written down"],
        ),
        (
            changed("input_audio_buffer.committed", colour="red"),
            ["all that the service says is as the official types declare it"],
        ),
        (
            [*conversation(), Message(9.0, "service", sample("error"))],
            ["the service refuses nothing"],
        ),
    ],
)
def test_a_fault_fails_its_check(messages: list[Message], names: list[str]):
    assert failed(messages) == names


@pytest.mark.parametrize("closed_by", [None, "service: 1011 internal error", "client: 1006"])
def test_an_end_that_is_none_fails(closed_by: str | None):
    assert failed(conversation(), closed_by) == ["the program hangs up in good order"]
