"""What the wire says about conversations, whatever the program that held them believes."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable

from tests.judges.verdicts import Verdict
from tests.judges.wire import Line, Message
from tests.official_types import faults

_BYTES_PER_MS = 48
_JITTER_MS = 400
"""By so much the program's idea of what was played may differ from the time that has passed on the wire."""
_TOO_LATE = "response_cancel_not_active"
"""Programs that cancel what the service has just cancelled for the user's voice know this answer, and live with it."""
_CLEAN = ("1000", "1001", "1005")


def check_lines(verdict: Verdict, lines: list[Line], *, cancels: bool, truncates: bool) -> None:
    """All that can be said of a program's connections. `cancels`, `truncates`: what it is known to do."""
    sent = [message for line in lines for message in line.of("service")]
    errors = [m.event["error"] for m in sent if m.kind == "error"]
    refused = [f"{error['code']}: {error['message']}" for error in errors if error["code"] != _TOO_LATE]
    late = f"{len(errors) - len(refused)} times too late to cancel" if len(errors) > len(refused) else ""
    verdict.check("wire: the service refuses nothing", bool(sent) and not refused, "; ".join(refused) or late)
    found = sorted({fault for message in sent for fault in faults(message.event)})
    told = "; ".join(found) or f"{len(sent)} events of {len({m.kind for m in sent})} kinds"
    verdict.check("wire: all that the service says is as the official types declare it", bool(sent) and not found, told)
    for line in lines:
        _check_answers(verdict, line)
        ended = line.closed_by is not None and line.closed_by.startswith("client: ")
        clean = ended and any(code in (line.closed_by or "") for code in _CLEAN)
        verdict.check("wire: the program hangs up in good order", clean, line.closed_by)
    if truncates:
        _check_truncations(verdict, lines)
    _check_cancelled(verdict, lines, asked=cancels)


def _check_answers(verdict: Verdict, line: Line) -> None:
    """Each answer that was completed has its words, and its sound; and the user's words are written down."""
    done = [m.event["response"] for m in line.of("service", "response.done")]
    ends = Counter(response["status"] for response in done)
    audio = _audio_ms(line.of("service", "response.output_audio.delta"))
    silent = [
        item["id"]
        for response in done
        if response["status"] == "completed"
        for item in response["output"]
        if not audio.get(item["id"]) or not item["content"][0].get("transcript")
    ]
    told = ", ".join(f"{number} {status}" for status, number in sorted(ends.items()))
    verdict.check("wire: every completed answer has words and sound", ends["completed"] > 0 and not silent, told)
    words = [m.event["transcript"] for m in line.of("service", "conversation.item.input_audio_transcription.completed")]
    spoken = line.of("service", "input_audio_buffer.committed")
    verdict.check(
        "wire: all that is spoken is written down", bool(spoken) and len(words) == len(spoken), " | ".join(words)
    )


def _audio_ms(deltas: Iterable[Message]) -> dict[str, float]:
    """Milliseconds of sound by item."""
    found: dict[str, float] = {}
    for message in deltas:
        size = len(base64.b64decode(message.event["delta"]))
        found[message.event["item_id"]] = found.get(message.event["item_id"], 0.0) + size / _BYTES_PER_MS
    return found


def _check_truncations(verdict: Verdict, lines: list[Line]) -> None:
    told, right = [], True
    for line in lines:
        confirmed = {
            (m.event["item_id"], m.event["audio_end_ms"]) for m in line.of("service", "conversation.item.truncated")
        }
        for wish in line.of("client", "conversation.item.truncate"):
            item_id, end_ms = wish.event["item_id"], wish.event["audio_end_ms"]
            of_item = [
                m
                for m in line.of("service", "response.output_audio.delta")
                if m.at_s <= wish.at_s and m.event["item_id"] == item_id
            ]
            had_ms = _audio_ms(of_item).get(item_id, 0.0)
            passed_ms = (wish.at_s - of_item[0].at_s) * 1000 if of_item else 0.0
            told.append(f"{end_ms} ms of {had_ms:.0f} sent, {passed_ms:.0f} after the first")
            right &= 0 <= end_ms <= min(had_ms + 1, passed_ms + _JITTER_MS) and (item_id, end_ms) in confirmed
    verdict.check(
        "wire: what was not heard is cut off, at a sane place", right and bool(told), "; ".join(told) or "never"
    )


def _check_cancelled(verdict: Verdict, lines: list[Line], *, asked: bool) -> None:
    cancelled = [
        m.event["response"]["status_details"]["reason"]
        for line in lines
        for m in line.of("service", "response.done")
        if m.event["response"]["status"] == "cancelled"
    ]
    wishes = sum(len(line.of("client", "response.cancel")) for line in lines)
    told = f"asked for {wishes} times; ended as {', '.join(cancelled) or 'none'}"
    verdict.check("wire: speaking cancels an answer", "turn_detected" in cancelled, told)
    if asked:
        verdict.check("wire: the program cancels an answer", bool(wishes) and "client_cancelled" in cancelled, told)
