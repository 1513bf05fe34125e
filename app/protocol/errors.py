"""What services say when something fails, whatever shape they give it, as the protocol's own error object.

The protocol has one: `{"type":"error","error":{"type","code","message","param","event_id"}}`. Gateways and compatible
servers write words where an object belongs, the code beside it, lists, objects within objects, the names that web
frameworks use, or leave out the type. The words are the evidence that a user has: none is dropped for its shape.
"""

from __future__ import annotations

import json
import re
from typing import Final

from app.protocol.convert import Json, JsonObject, sanitise_json
from app.protocol.jsontext import read_json

ERROR: Final = "error"

_INNER: Final = ("error", "errors", "err", "exception", "inner_error", "innererror")
_WORDS: Final = ("message", "msg", "detail", "details", "error_message", "error_description", "description", "reason",
                 "text", "title")  # fmt: skip
"""Where words stand, the most telling first."""
_FACTS: Final = {
    "code": ("code", "error_code", "errorCode", "status_code", "statusCode"),
    "type": ("type", "error_type"),
    "param": ("param",),
    "event_id": ("event_id",),
}
"""What programs read, and under which names it stands."""
_DEPTH: Final = 8
_MOST: Final = 20
_ODD_CHARS: Final = 300


def error_object(said: Json, around: JsonObject) -> Json:
    """The error object of what stands where one belongs, in the object `around`, which may hold what is missing.

    An object of the protocol's own shape comes back as it was; null does where nothing is said at all.
    """
    outside = {key: value for key, value in around.items() if key not in ("type", ERROR)}  # the event's own type
    if isinstance(said, dict) and isinstance(words := said.get("message"), str) and words.strip():
        found: JsonObject = {**_facts(said), "message": words}
        if inner := _written_in(words, _DEPTH):  # a gateway passes on as words what it was given
            found = {**inner, **_facts(said), "message": inner.get("message", words)}
            said = {**said, "message": ""}
    else:
        found = _found(said, _DEPTH)
    # Whose event it answers stands outside only where there is no inside.
    names = ("code", "param") if isinstance(said, dict) else ("code", "param", "event_id")
    for key, fact in _found(outside, _DEPTH).items():
        if key in names or (key in ("message", "type") and "message" not in found):
            found.setdefault(key, fact)
    if not found.keys() & {"message", "code"}:
        if "type" in found:
            found["message"] = found["type"]
        elif isinstance(said, dict) and any(said.values()):  # under names that nobody knows
            found["message"] = json.dumps(sanitise_json(said, _DEPTH), ensure_ascii=False)[:_ODD_CHARS]
        else:
            return said
    given = said if isinstance(said, dict) else {}
    filled = {key: fact for key, fact in found.items() if not given.get(key) or not isinstance(given[key], str)}
    return {**given, **filled}


def as_error_event(data: JsonObject) -> JsonObject | None:
    """The error event that a frame of no known type is, told by its words; None where it is none."""
    kind = data.get("type")
    if isinstance(kind, str):
        if not kind.lower().endswith((ERROR, "exception")):
            return None
    elif not any(key in data for key in (*_INNER, "message", "detail", "code")):
        return None
    error = error_object(data.get(ERROR), data)
    if not isinstance(error, dict):
        return None
    if isinstance(kind, str) and "." not in kind:  # a type of errors, in the place of the event's
        error = {**error, "type": error.get("type") or kind}
    return {**data, "type": ERROR, ERROR: error}


def _found(value: Json, depth: int) -> JsonObject:
    """Message, code, type, param and event id, wherever they stand."""
    if depth == 0:
        return {}
    match value:
        case str() if value.strip():
            return _written_in(value, depth) or {"message": value}
        case int() | float() if not isinstance(value, bool):
            return {"code": str(value)[:40]}
        case list():
            return _joined([_found(each, depth - 1) for each in value[:_MOST] if isinstance(each, str | dict)])
        case dict():
            return _found_in_object(value, depth)
        case _:
            return {}


_NEEDLESS_ESCAPE: Final = re.compile(r"\\(?:/|u(?!00(?:2[267]|3[CEce])))")
"""Of more than quotes and angle brackets: read, it could show a secret that has been looked for in vain."""


def _written_in(words: str, depth: int) -> JsonObject:
    """What an error object says that stands as text in the place of words; nothing where there is none."""
    if not (words.lstrip().startswith("{") and words.rstrip().endswith("}")) or _NEEDLESS_ESCAPE.search(words):
        return {}
    try:
        inner = read_json(words)
    except (ValueError, RecursionError):
        return {}
    return _found_in_object(inner, depth - 1) if isinstance(inner, dict) and depth > 1 else {}


def _found_in_object(value: JsonObject, depth: int) -> JsonObject:
    found = _facts(value)
    for key in (*_INNER, *_WORDS):
        found = {**_found(value.get(key), depth - 1), **found}
    return found


def _facts(value: JsonObject) -> JsonObject:
    """What stands in this very object for programs, as strings and under the protocol's names."""
    found: JsonObject = {}
    for name, spellings in _FACTS.items():
        for spelling in reversed(spellings):
            fact = value.get(spelling)
            if isinstance(fact, int | float) and not isinstance(fact, bool):
                found[name] = str(fact)[:40]
            elif isinstance(fact, str) and fact:
                found[name] = fact
    return found


def _joined(several: list[JsonObject]) -> JsonObject:
    found: JsonObject = {}
    for each in several:
        found = {**each, **found}
    if words := [said for each in several if isinstance(said := each.get("message"), str)]:
        found["message"] = "; ".join(dict.fromkeys(words))
    return found
