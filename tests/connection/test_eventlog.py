"""The log holds every event and neither sound nor secrets; its own troubles never reach the talk."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connection.eventlog import EventLog, EventLogError

NOON = datetime(2026, 11, 24, 13, 0, 0, 5_000, timezone(timedelta(hours=1)))
SOUND = base64.b64encode(bytes(4_801)).decode()


def written(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_both_directions_with_time_and_without_sound(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    log = EventLog(path, now=lambda: NOON)
    log.sent(json.dumps({"type": "input_audio_buffer.append", "audio": SOUND}))
    log.received(json.dumps({"type": "response.output_audio.delta", "delta": SOUND, "item_id": "i"}))
    log.received(json.dumps({"type": "response.audio.delta", "delta": SOUND}))
    log.received(json.dumps({"type": "response.output_text.delta", "delta": "words stay"}))
    content = [
        {"type": "input_audio", "audio": SOUND},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
    ]
    log.sent(json.dumps({"type": "conversation.item.create", "item": {"content": content}}))
    updated = {"type": "session.updated", "session": {"audio": {"input": {"format": None}}}}
    log.received(json.dumps(updated))
    log.received(b"\xff\x00")
    log.received("{broken \x1b[31m")
    log.note("closed\nby us")
    log.close()
    log.sent("{}")  # after the end: dropped
    log.close()
    lines = written(path)
    assert {line.pop("time") for line in lines} == {"2026-11-24T12:00:00.005Z"}
    gone = "[4801 bytes of audio]"
    assert lines == [
        {"direction": "sent", "event": {"type": "input_audio_buffer.append", "audio": gone}},
        {"direction": "received", "event": {"type": "response.output_audio.delta", "delta": gone, "item_id": "i"}},
        {"direction": "received", "event": {"type": "response.audio.delta", "delta": gone}},
        {"direction": "received", "event": {"type": "response.output_text.delta", "delta": "words stay"}},
        {
            "direction": "sent",
            "event": {
                "type": "conversation.item.create",
                "item": {
                    "content": [
                        {"type": "input_audio", "audio": gone},
                        {"type": "input_image", "image_url": "[3 bytes of data]"},
                    ]
                },
            },
        },
        {
            "direction": "received",
            "event": {"type": "session.updated", "session": {"audio": {"input": {"format": None}}}},
        },
        {"direction": "received", "binary_bytes": 2},
        {"direction": "received", "unreadable": "{broken [31m"},
        {"note": "closed by us"},
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"session": {"client_secret": {"value": "hushhush"}}},
        {"session": {"tools": [{"type": "mcp", "authorization": "hushhush"}]}},
        {"session": {"tools": [{"type": "mcp", "headers": {"X-Token": "hushhush"}}]}},
        {"Authorization": "Bearer hushhush"},
        {"api-key": "hushhush"},
        {"error": {"message": "Incorrect API key provided: sk-hushhush"}},
        {"error": {"message": "got Bearer hushhush"}, "more": "after it, and a long rest"},
        {"error": {"message": "got Bearer hush.hush-hush"}, "more": ["after it, and a long rest"]},
        {"error": {"message": "the key is hushhush"}},
        {"hushhush": {"sk-hushhush": 1}},
    ],
)
def test_secrets_are_removed(tmp_path: Path, event: dict):
    log = EventLog(tmp_path / "log")
    log.hide(("hushhush",))
    log.received(json.dumps(event))
    log.note("refused hushhush")
    log.close()
    assert "hush" not in (tmp_path / "log").read_text()
    assert len(written(tmp_path / "log")) == 2


@pytest.mark.parametrize("depth", [60, 200, 300, 330, 400, 500, 900, 990, 100_000])
def test_however_deep_it_is_something_is_written(tmp_path: Path, depth: int):
    log = EventLog(tmp_path / "log")
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        log.received('{"type":"x","deep":' + opening * depth + "1" + closing * depth + "}")
    log.received('{"type":"y","number":1' + "0" * 5_000 + "}")
    log.close()
    lines = written(tmp_path / "log")
    assert all({"event", "unreadable"} & line.keys() for line in lines)
    assert lines[2]["event"] == {"type": "y", "number": None}


@given(st.lists(st.text(), max_size=5))
def test_every_line_is_one_harmless_json_object(tmp_path_factory: pytest.TempPathFactory, frames: list[str]):
    path = tmp_path_factory.mktemp("log") / "log"
    log = EventLog(path)
    for frame in frames:
        log.received(frame)
        log.sent(json.dumps({"type": frame}))
    log.close()
    raw = path.read_bytes()
    assert raw.count(b"\n") == 2 * len(frames)
    assert all(byte == 0x0A or 0x20 <= byte < 0x7F for byte in raw)
    assert [line["event"]["type"] for line in written(path)[1::2]] == frames


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_file_is_private_and_appended_to(tmp_path: Path):
    path = tmp_path / "log"
    path.write_text('{"time":"old"}\n')
    path.chmod(0o644)
    log = EventLog(path)
    log.note("new")
    log.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line.get("note") for line in written(path)] == [None, "new"]
    EventLog(tmp_path / "fresh").close()
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")
@pytest.mark.parametrize("is_read", [False, True])
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path, is_read: bool):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    with pytest.raises(EventLogError, match="it is a named pipe and no file"):
        EventLog(path)
    if reader is not None:
        os.close(reader)


def test_a_file_that_cannot_be_opened_is_one_sentence(tmp_path: Path):
    with pytest.raises(EventLogError) as caught:
        EventLog(tmp_path / "missing" / "log")
    assert "missing" in str(caught.value)
    assert str(caught.value).endswith("name another file.")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux")
def test_a_full_disk_ends_the_log_once_and_tells_it(tmp_path: Path):
    told: list[str] = []
    log = EventLog(Path("/dev/full"))
    log.tell_failure_to(told.append)
    for _ in range(3):
        log.sent("{}")
    log.close()
    assert len(told) == 1
    assert "/dev/full" in told[0]


def test_the_clock_is_utc(tmp_path: Path):
    before = datetime.now(UTC)
    log = EventLog(tmp_path / "log")
    log.note("x")
    log.close()
    stamp = datetime.fromisoformat(written(tmp_path / "log")[0]["time"])
    assert before - timedelta(seconds=1) <= stamp <= datetime.now(UTC)
