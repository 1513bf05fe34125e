"""A service that says so much and then nothing: the program ends by itself, says what was, and not with success."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.e2e.program import realtime, recording

pytestmark = pytest.mark.timeout(180)

CREATED = {"type": "session.created", "session": {"type": "realtime", "model": "m"}}
UPDATED = {"type": "session.updated", "session": {"type": "realtime", "model": "m"}}
BEGUN = {"type": "response.created", "response": {"id": "r1", "status": "in_progress", "output": []}}
PLACE = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 0}
WORDS = {"type": "response.output_text.delta", **PLACE, "delta": "It is"}
WHOLE = {"type": "response.output_text.done", **PLACE, "text": "It is"}
CALL = {"id": "f1", "type": "function_call", "name": "clock", "arguments": "{}", "call_id": "c1"}


def done(**response: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": "r1", "output": [], **response}}


Script = dict[str, list[dict[str, Any]]]
"""What is said when a client event of this type comes; `open`: when the client comes."""


def run(
    folder: Path, script: Script, *arguments: str, typed: str = "", once: bool = False
) -> tuple[int, list[str], str]:
    """`once`: each answer of the script is given only once."""
    left = {kind: list(events) for kind, events in script.items()}

    def talk(socket: ServerConnection) -> None:
        def say(kind: str) -> None:
            for event in left.get(kind, []):
                refusal = event.get("refuses")
                error = {"type": "error", "error": {**(refusal or {}), "event_id": heard.get("event_id")}}
                socket.send(json.dumps(error if refusal else event))
            if once:
                left.pop(kind, None)

        try:
            heard: dict[str, Any] = {}
            say("open")
            for frame in socket:
                heard = json.loads(frame)
                say(heard["type"])
        except ConnectionClosed:
            pass

    server = serve(talk, "127.0.0.1", 0, close_timeout=0.5)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1/realtime"
        env = {"REALTIME_ANSWER_TIMEOUT_S": "2", "REALTIME_SERVICE": url}
        arguments = arguments or ("--text-only",)
        result = realtime("--plain", "--no-greeting", *arguments, folder=folder, typed=typed, env=env)
    finally:
        server.shutdown()
        thread.join()
    assert "Traceback" not in result.err
    return result.status, result.lines, result.err


READY: Script = {"open": [CREATED], "session.update": [UPDATED]}


def answered(*events: dict[str, Any]) -> Script:
    return READY | {"response.create": list(events)}


NOT_BEGUN = "The service did not answer for 2 s."
BEGAN = "assistant: [The service began an answer and sent nothing for 2 s; the answer counts as over.]"
NOTHING = "assistant: [The service answered nothing.]"
UNWANTED = "assistant: [The service wanted to call the function clock({}), which this program does not offer.]"


@pytest.mark.matrix(2)
@pytest.mark.parametrize(
    ("script", "status", "line", "sentence"),
    [
        (READY, 5, "", NOT_BEGUN),
        ({"open": [CREATED]}, 5, "", NOT_BEGUN),
        (answered(BEGUN), 5, BEGAN, ""),
        (answered({"type": "response.created"}), 5, BEGAN, ""),
        (answered(BEGUN, {"type": "response.done"}), 5, NOTHING, ""),
        (answered({"type": "response.done"}), 5, NOTHING, ""),
        (answered(BEGUN, done(status="completed")), 5, NOTHING, ""),
        (answered(done(status="completed")), 5, NOTHING, ""),
        (answered(BEGUN, done(id="r2")), 5, NOTHING, ""),
        (answered(BEGUN, BEGUN), 5, BEGAN, ""),
        (answered(BEGUN, done(status="completed", output=[CALL])), 5, UNWANTED, ""),
        (answered(BEGUN, done(status="cancelled")), 5, "assistant: [The answer was cancelled by the service.]", ""),
        (answered(BEGUN, done(status="failed")), 3, "", "The service could not answer."),
        (answered({"refuses": {"message": "No money."}}), 3, "", "The service gave no answer: No money."),
        (
            answered({"refuses": {"code": "conversation_already_has_active_response", "message": "Busy."}}),
            3,
            "",
            "The service gave no answer: Busy.",
        ),
        (
            answered(BEGUN, WORDS),
            0,
            "assistant: It is [The service broke off its answer and sent nothing for 2 s; the answer counts as over.]",
            "",
        ),
        (answered(WORDS, WHOLE, done()), 0, "assistant: It is", ""),
    ],
)  # fmt: skip
def test_a_service_that_falls_silent_ends_nothing_with_success(
    tmp_path: Path, script: Script, status: int, line: str, sentence: str
):
    """Both questions go out, each with its line."""
    got, lines, err = run(tmp_path, script, typed="What time is it?\nAnd now?\n")
    assert got == status, err
    answer = [line] if line else []
    assert lines[:1] == ["you: What time is it?"]
    assert lines.count("you: And now?") == 1
    assert lines[1 : 1 + len(answer)] == answer
    assert sentence in err
    assert err.count(sentence) >= 1


def test_words_that_are_never_written_down_hold_nothing_up(tmp_path: Path):
    item = {"item_id": "u1", "previous_item_id": None}
    spoken = [
        {"type": "input_audio_buffer.speech_started", "item_id": "u1", "audio_start_ms": 0},
        {"type": "input_audio_buffer.speech_stopped", "item_id": "u1", "audio_end_ms": 500},
        {"type": "input_audio_buffer.committed", **item},
        BEGUN,
        WORDS,
        done(status="completed"),
    ]
    script = READY | {"input_audio_buffer.append": spoken}
    microphone = recording(tmp_path / "question.wav", "stop_joe.wav")
    status, lines, err = run(tmp_path, script, "--text-only", "--mic", str(microphone), once=True)
    assert (status, lines) == (0, ["you: [not written down: the service sent no words]", "assistant: It is"]), err


def _mute(_: Path) -> Script:
    return READY


def _endless(_: Path) -> Script:
    return READY | {"input_audio_buffer.append": [{"type": "input_audio_buffer.speech_started", "item_id": "u1"}]}


def _stopped(_: Path) -> Script:
    heard = [{"type": f"input_audio_buffer.speech_{what}", "item_id": "u1"} for what in ("started", "stopped")]
    return READY | {"input_audio_buffer.append": heard}


@pytest.mark.matrix(2)
@pytest.mark.parametrize(
    ("made", "arguments", "status", "lines"),
    [
        (_mute, (), 5, []),
        (_endless, (), 5, ["you: [not written down: the service sent no words]"]),
        (_stopped, (), 5, ["you: [not written down: the service sent no words]"]),
        (_mute, ("--mode", "push-to-talk"), 5, []),
    ],
)
def test_a_service_that_falls_silent_while_a_recording_is_spoken(
    tmp_path: Path, made: Callable[[Path], Script], arguments: tuple[str, ...], status: int, lines: list[str]
):
    microphone = recording(tmp_path / "question.wav", "stop_joe.wav")
    got, said, err = run(tmp_path, made(tmp_path), "--text-only", "--mic", str(microphone), *arguments, once=True)
    assert (got, said) == (status, lines), err


def test_a_service_that_never_says_its_first_word(tmp_path: Path):
    status, lines, err = run(tmp_path, {}, typed="What time is it?\n")
    assert (status, lines) == (5, []), err
