"""What went wrong with an answer or a request, in words for the user; nothing where it is as it should be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.protocol.benign import BUSY, is_benign
from app.protocol.items import ErrorDetail, Item, Response
from app.protocol.text import one_line

_LONGEST_ARGUMENTS = 80


def concerns_answer(error: ErrorDetail) -> bool:
    """Whether an error that names no event of ours is, for all that it says, about the answer that was asked for.

    Not where it names a field, or the kind of request, of which something else is made.
    """
    if error.event_id:
        return False
    if error.param:
        return error.param.startswith("response")
    code, words = error.code or "", error.message or ""
    is_late = is_benign(error) and code != BUSY
    return not (is_late or code.startswith(_OF_OTHERS) or _OTHERS.search(words))


_OF_OTHERS = ("input_audio", "item_", "session_", "unknown_event")
_OTHERS = re.compile(r"(?i)\bsession\b|transcri|input_audio|\bitem\b|truncat|\bbuffer\b")


def failure_note(response: Response) -> str:
    """Why a response failed or was cut; empty when it was neither."""
    details = response.status_details or None
    match response.status:
        case "failed":
            error = (details.error if details else None) or None
            words = one_line((error.message or error.code or error.type or "") if error else "")
            return f"The service could not answer: {words}" if words else "The service could not answer."
        case "incomplete":
            reason = (details.reason or "") if details else ""
            return {
                "max_output_tokens": "The answer was cut at the limit of output tokens.",
                "content_filter": "The answer was cut by the service's content filter.",
            }.get(reason, "The answer is incomplete.")
        case _:
            return ""


def outcome_note(response: Response, others: Sequence[Item], *, has_words: bool, is_stopped: bool) -> str:
    """What is to be said of an answer that is over.

    `others`: its items that are no message. `is_stopped`: the user, or the user's voice, ended it.
    """
    if note := failure_note(response):
        return note
    details = response.status_details or None
    reason = one_line((details.reason or "") if details else "")
    if is_stopped or (response.status == "cancelled" and reason in ("turn_detected", "client_cancelled")):
        return ""
    if note := " ".join(filter(None, (_call_note(item, has_words=has_words) for item in others))):
        return note
    if response.status == "cancelled":
        return f"The answer was cancelled by the service{f': {reason}' if reason else ''}."
    if has_words:
        return ""
    if response.status in ("completed", "in_progress") or not response.status:
        return "The service answered nothing."
    return f"The service answered nothing and calls that “{one_line(response.status)}”."


def _call_note(item: Item, *, has_words: bool) -> str:
    name = one_line(item.name or "") or "without a name"
    match item.type:
        case "function_call":
            what = one_line(item.arguments or "")
            what = what if len(what) <= _LONGEST_ARGUMENTS else f"{what[:_LONGEST_ARGUMENTS]}…"
            return f"The service wanted to call the function {name}({what}), which this program does not offer."
        case "mcp_approval_request":
            return f"The service asks for approval to use the tool {name}, which this program cannot give."
        case "mcp_call":
            return "" if has_words else f"The service used the tool {name} and said nothing of it."
        case "message" | "function_call_output" | "mcp_list_tools":
            return ""
        case kind:
            return f"The answer holds something that this program does not know: {one_line(kind)}."
