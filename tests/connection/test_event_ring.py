"""The newest events of the wire in memory: whole, without sound and secrets, bounded."""

from __future__ import annotations

import json
from pathlib import Path

from app.connection.event_ring import MOST_EVENTS, EventRing
from app.connection.eventlog import EventLog


def log_of(ring: EventRing, path: Path | None = None) -> EventLog:
    return EventLog(path, ring=ring)


def test_events_are_told_once_without_secrets() -> None:
    log = log_of(EventRing(lambda: 5.0))
    log.hide(("sk-secret-secret",))
    log.note("connecting with sk-secret-secret")
    log.sent('{"type":"session.update","session":{"api_key":"x","note":"sk-secret-secret"}}')
    log.received(b'{"type":"session.updated"}')
    told = log.events_after(0)
    assert [(each.number, each.sign, each.kind) for each in told] == [
        (0, "·", told[0].kind),
        (1, "→", "session.update"),
        (2, "←", "session.updated"),
    ]
    assert "sk-secret" not in "".join(each.kind + each.detail for each in told)
    assert json.loads(told[2].detail) == {"type": "session.updated"}
    assert log.events_after(3) == ()


def test_sound_is_counted_and_not_kept() -> None:
    ring = EventRing()
    log = log_of(ring)
    frame = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 1_280}, separators=(",", ":"))
    for _ in range(3_000):
        log.sent(frame)
    (run,) = log.events_after(0)
    assert run.kind == "input_audio_buffer.append  × 3,000"
    assert run.number == 2_999
    log.received('{"event_id":"e","type":"response.output_audio.delta","delta":"' + "A" * 9_000 + '"}')
    log.received('{"type":"response.done"}')
    assert [each.number for each in log.events_after(3_000)] == [3_000, 3_001]
    assert all("AAAA" not in each.detail for each in log.events_after(0))


def test_only_the_newest_stay_and_what_is_no_event_is_shown_as_it_is() -> None:
    log = log_of(EventRing())
    for number in range(MOST_EVENTS + 50):
        log.received(json.dumps({"type": "t", "n": number}))
    assert len(log.events_after(0)) == MOST_EVENTS
    log.received("no JSON \x1b[2J")
    log.received(b"\xff\xfe")
    *_, text, binary = log.events_after(0)
    assert (text.kind, "\x1b" in text.detail) == ("unreadable", False)
    assert binary.kind == "unreadable"


def test_the_file_is_written_as_before_beside_it(tmp_path: Path) -> None:
    log = log_of(EventRing(), tmp_path / "log.jsonl")
    log.sent('{"type":"session.update"}')
    log.close()
    log.sent('{"type":"response.create"}')
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    assert len(log.events_after(0)) == 2
