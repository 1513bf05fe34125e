"""What a service does wrong, as a user sees it: said once, kept in the transcript, told by the exit status."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from app.connection.failures import FailureKind
from app.connection.services import Service, compatible
from app.exit_status import LOST, REFUSED
from app.protocol.codec import Dialect
from tests.connection.failure_rows import HOUR, KEY, ROWS, Row, at_server
from tests.connection.loopback import CREATED, Script, answered, converses, error, event
from tests.live.plain_talk import NEVER_MS, PlainTalk, talk_over

_REFUSALS = frozenset(FailureKind) - {FailureKind.TLS, FailureKind.PROTOCOL, FailureKind.UNREACHABLE}


@pytest.mark.parametrize("row", [row for row in ROWS if row.fatal], ids=lambda row: row.name)
def test_what_cannot_be_mended_ends_at_once_with_its_reason(row: Row):
    talk = talk_over(row, "Hello.")
    assert talk.status == (REFUSED if row.kind in _REFUSALS else LOST)
    assert all(part in talk.remarks[-1] for part in row.says)
    assert talk.err.count(talk.remarks[-1]) == 1
    assert KEY not in talk.all


# ---------------------------------------------------------------- errors in the middle

ANSWER = answered("Good ", "day.")
PLACE = {"response_id": "r1", "item_id": "a1"}


def done(status: str, **fields: object) -> str:
    return event("response.done", response={"id": "r1", "status": status, **fields})


def failed(details: object) -> tuple[str, ...]:
    return event("response.created", response={"id": "r1"}), done("failed", status_details=details)


@dataclass(frozen=True)
class Case:
    """A service that does this when it is asked for an answer, and what is to come of it."""

    name: str
    script: Script
    said: tuple[str, ...] = ()
    """Each stands once on standard error or in a turn's line, and nothing else does that alarms."""
    status: int = 0
    answer: str = "assistant: Good day."
    unsaid: tuple[str, ...] = field(default=())
    timeout_ms: int = NEVER_MS


CALL = {"id": "f1", "type": "function_call", "name": "open", "arguments": "{}"}
TPM = {"type": "tokens", "code": "rate_limit_exceeded", "message": "Rate limit reached for gpt-x: 40000 TPM."}

CASES = (
    # -------- an answer that fails
    Case("too many tokens a minute", converses(*failed({"type": "failed", "error": TPM})),
         ("Rate limit reached for gpt-x: 40000 TPM. That means: more was asked for",), REFUSED, ""),
    Case("a failure in words", converses(*failed("boom in words")), ("boom in words",), REFUSED, ""),
    Case("a failure as a list", converses(*failed([{"message": "boom"}, {"message": "bang"}])),
         ("boom; bang",), REFUSED, ""),
    Case("a failure under names that nobody knows", converses(*failed({"cause": {"why": "boom"}})),
         ("The service could not answer",), REFUSED, ""),
    Case("a failure with a code alone", converses(*failed({"error": {"code": 503}})),
         ("The service could not answer: 503",), REFUSED, ""),
    Case("a failure that says nothing", converses(*failed(None)), ("The service could not answer.",), REFUSED, ""),
    Case("an end that nobody knows", converses(event("response.created", response={"id": "r1"}), done("exploded")),
         ("exploded",), LOST, ""),
    Case("nothing after the beginning", converses(event("response.created", response={"id": "r1"})),
         ("began an answer and sent nothing for 0.3 s",), LOST, "", timeout_ms=300),
    Case("nothing at all", converses(), ("did not answer for 0.3 s",), LOST, "", timeout_ms=300),
    Case("an end without the response", converses(event("response.created", response={"id": "r1"}),
                                                  event("response.done")), (), LOST, ""),
    Case("a call of a function that nobody offered",
         converses(event("response.created", response={"id": "r1"}),
                   done("completed", output=[CALL])),
         ("wanted to call the function open({})",), LOST, ""),
    # -------- an error in the place of an answer
    Case("an error that names the request",
         converses(event("error", error={"message": "No.", "code": "odd", "event_id": "{event_id}"})),
         ("The service gave no answer: No.",), REFUSED, ""),
    Case("an error that names nothing", converses(event("error", error={"message": "No.", "code": "odd"})),
         ("The service gave no answer: No.",), REFUSED, ""),
    Case("an error of the account", converses(error("insufficient_quota", "insufficient_quota", "Empty.")),
         ("The service gave no answer: Empty. That means: no credit or quota is left",), REFUSED, ""),
    Case("an error in words, the code beside them",
         converses(event("error", error="Model X is not available", code="model_not_found"), *ANSWER),
         ("Model X is not available. That means: a model",)),
    Case("an error that is about something else",
         converses(event("error", error={"message": "Bad item.", "code": "item_not_found"}), *ANSWER), ("Bad item.",)),
    Case("an error about a field of the session",
         converses(event("error", error={"message": "Bad field.", "param": "session.tools"}), *ANSWER),
         ("Bad field.",)),
    Case("an error before the settings are confirmed",
         converses(*ANSWER, greeting=(CREATED, error("server_error", "odd", "Early."))), ("Early.",)),
    Case("an answer all the same, after an error", converses(event("error", error={"message": "Oh."}), *ANSWER),
         ("Oh.",)),
    Case("an error that repeats the key", converses(error("x", "y", f"You said {KEY}, did you?"), *ANSWER),
         ("You said …, did you?",), unsaid=(KEY,)),
    Case("an error with control characters", converses(error("x", "y", "A\x1b]0;B\x07C\nD"), *ANSWER), ("A]0;BC D",)),
    *(
        Case(f"{code}, which loses nothing", converses(error("invalid_request_error", code, "Late."), *ANSWER),
             unsaid=("Late.",))
        for code in ("response_cancel_not_active", "input_audio_buffer_commit_empty", "item_create_duplicate_item_id",
                     "item_truncate_invalid_item_id")
    ),
    Case("a truncation past what there is",
         converses(error("x", "invalid_value", "Audio content of 900ms is already shorter than 1200ms"), *ANSWER),
         unsaid=("shorter",)),
    Case("the hour, told and not kept", converses(error("x", "session_expired", HOUR), *ANSWER), (HOUR,)),
    # -------- what others do otherwise
    Case("a warning", converses(event("warning", warning={"message": "The voice was replaced."}), *ANSWER),
         ("The service warns: The voice was replaced.",)),
    Case("a warning in words", converses(event("warning", message="Slow today."), *ANSWER),
         ("The service warns: Slow today.",)),
    Case("warnings of nothing", converses(event("warning"), event("warning", warning=None), *ANSWER)),
    Case("a transcription that fails", converses(
        event("conversation.item.input_audio_transcription.failed", item_id="u9",
              error={"code": "model_not_found", "message": "No whisper."}), *ANSWER),
        ("What you say cannot be written down: a model that was asked for is not there.", "No whisper.")),
    Case("pings", converses(event("ping"), ANSWER[0], event("ping", timestamp=1), *ANSWER[1:], event("ping"))),
    Case("events in binary frames", converses(*(frame.encode() for frame in ANSWER), greeting=(CREATED.encode(),))),
    Case("types of tomorrow", converses(event("response.output_text.delta.v2", **PLACE, delta="Bad day."),
                                        event("localai.loaded"), event("rate_limits.updated", rate_limits="x"),
                                        *ANSWER), unsaid=("Bad day.",)),
    Case("no index, no item, no part", converses(
        event("response.created", response={"id": "r1"}), event("response.output_text.delta", **PLACE, delta="Good "),
        event("response.output_text.delta", **PLACE, delta="day."), done("completed", usage={}))),
    Case("ids that are missing too", converses(
        event("response.created"), event("response.output_text.delta", item_id="a1", delta="Good day."),
        event("response.done", response={"status": "completed"}))),
    Case("items that are only created", converses(
        event("response.created", response={"id": "r1"}),
        event("conversation.item.created", item={"id": "a1", "type": "message", "role": "assistant", "content": []}),
        *ANSWER[1:])),
    Case("indexes as decimals", converses(
        ANSWER[0], event("response.output_text.delta", **PLACE, output_index=0.0, content_index=0.0, delta="Good day."),
        ANSWER[-1])),
    Case("words after their whole", converses(*ANSWER[:-1], event("response.output_text.delta", **PLACE, delta="day."),
                                              ANSWER[-1])),
    Case("a count of 400 digits", converses(
        *ANSWER[:-1], done("completed", usage={"output_tokens": 7}).replace("7", "1" + "0" * 400))),
    Case("frames that are no events", converses("{broken", "[]", b"\xff\xfe\x00", *ANSWER), ("not understood",)),
    Case("the user's words, all of them each time", converses(
        *(event("conversation.item.input_audio_transcription.updated", item_id="u9", transcript=so_far)
          for so_far in ("What", "What is", "What is it?")),
        event("conversation.item.input_audio_transcription.completed", item_id="u9", transcript="What is it?"),
        *ANSWER), ("you: What is it?",)),
)  # fmt: skip


def at_beta(port: int) -> Service:
    return compatible(f"ws://127.0.0.1:{port}/v1/realtime", KEY, "m", dialect=Dialect.BETA)


@pytest.mark.parametrize("is_old_first", [True, False])
def test_words_that_are_said_under_the_old_name_and_the_new_one_are_there_once(is_old_first: bool):
    """Nothing but the name tells that it is the same again: the assistant may well say a word twice."""

    def both(kind: str, **fields: object) -> list[str]:
        names = [kind.replace("output_", ""), kind] if is_old_first else [kind, kind.replace("output_", "")]
        return [event(name, **PLACE, **fields) for name in names]

    answer = [ANSWER[0], *both("response.output_text.delta", delta="ha "), *both("response.output_text.delta",
              delta="ha"), *both("response.output_text.done", text="ha ha"), ANSWER[-1]]  # fmt: skip
    talk = talk_over(Row("twice", at_beta, converses(*answer), FailureKind.LOST, False), "Hello.")
    assert talk.out == ["you: Hello.", "assistant: ha ha"]
    assert talk.status == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_slip_of_a_service(case: Case):
    talk = talk_over(Row(case.name, at_server, case.script, FailureKind.LOST, False), "Hello.",
                     timeout_ms=case.timeout_ms)  # fmt: skip
    assert talk.status == case.status, talk
    lines = [*talk.out, *talk.err]
    for words in case.said:
        assert sum(words in line for line in lines) == 1, talk
    for words in case.unsaid:
        assert words not in talk.all, talk
    assert [line for line in talk.out if line.startswith("assistant: ")] in ([case.answer], [], [*talk.out[-1:]]), talk
    assert not case.answer or talk.out.count(case.answer) == 1, talk
    assert "\x1b" not in talk.all
    assert_calm(talk, case)


def assert_calm(talk: PlainTalk, case: Case) -> None:
    """Nothing is said but the usual and what the case is about."""
    usual = ("service: ", "connected; ")
    odd = [line for line in talk.err if not line.startswith(usual) and not any(said in line for said in case.said)]
    assert odd == []


def test_what_was_said_of_an_error_stays_in_the_transcript_between_the_turns():
    script = converses(*ANSWER[:2], event("error", error={"message": "It hurts."}), *ANSWER[2:])
    talk = talk_over(Row("x", at_server, script, FailureKind.LOST, False), "Hello.")
    assert [str(entry.speaker) for entry in talk.entries] == ["you", "assistant", "realtime"]
    assert talk.remarks == ["The service says: It hurts."]
    assert json.loads(CREATED)["type"] == "session.created"
