"""Whether a client event has the shape that the protocol gives it, and whether an item that it makes is accepted.

The vocabulary keeps what does not fit in `extra`, at every level; that is what is looked at here. What a setting means
(ranges, closed sets) is checked where it is used.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from app.protocol import client_events as cl
from app.protocol.codec import CLIENT_EVENTS, MalformedEventError, decode_client_event
from app.protocol.convert import Json, WireObject, range_of
from app.protocol.items import Content, ErrorDetail, Item
from app.protocol.jsontext import read_json
from app.protocol.server_events import UnknownEvent
from app.protocol.session import SemanticVad, ServerVad
from app.protocol.text import one_line
from app.server.limits import MAX_APPEND_BYTES, MAX_TEXT_CHARACTERS
from app.server.request_errors import (
    RefusedError,
    invalid_value,
    missing,
    not_supported,
    out_of_range,
    too_long,
    unknown_parameter,
    wrong_type,
)

REQUIRED: Final[dict[type, tuple[str, ...]]] = {
    cl.SessionUpdate: ("session",),
    cl.InputAppend: ("audio",),
    cl.ItemCreate: ("item",),
    cl.ItemRetrieve: ("item_id",),
    cl.ItemDelete: ("item_id",),
    cl.ItemTruncate: ("item_id", "content_index", "audio_end_ms"),
}

ALLOWED_BEYOND: Final[dict[str, frozenset[str]]] = {
    "session": frozenset({"parallel_tool_calls", "reasoning"}),
    "session.audio.input.transcription": frozenset({"languages", "keywords", "delay"}),
    "session.audio.input.noise_reduction": frozenset({"strength"}),
    "response": frozenset({"parallel_tool_calls", "reasoning", "prompt"}),
}
"""Keys of the protocol that the vocabulary has no field for, by place. Kept and given back, without effect here."""

_JSON_WORDS: Final[dict[type, str]] = {
    bool: "a boolean", int: "an integer", float: "a decimal number", str: "a string", list: "an array",
    dict: "an object", type(None): "null",
}  # fmt: skip


class UnreadableError(RefusedError):
    """A frame that is no event of a client. `event_id` is the client's, where one could be read."""

    def __init__(self, code: str, message: str, param: str | None = None, event_id: str | None = None) -> None:
        super().__init__(code, message, param)
        self.event_id = event_id


def read_event(frame: str | bytes) -> cl.ClientEvent:
    """The client event of a frame. Raises UnreadableError (section 2, "Framing"); the connection stays open."""
    try:
        event = decode_client_event(frame)
    except MalformedEventError as error:
        raise _unreadable(frame, error) from error
    if isinstance(event, UnknownEvent):
        refused = not_supported("type", one_line(event.type, 80), tuple(CLIENT_EVENTS))
        raise UnreadableError("invalid_value", str(refused), "type", _event_id(event.raw))
    return event


def _unreadable(frame: str | bytes, error: MalformedEventError) -> UnreadableError:
    if isinstance(frame, bytes):
        return UnreadableError("invalid_event", "Binary frames are not supported: send each event as one text frame.")
    try:
        data = read_json(frame)
    except (ValueError, RecursionError):
        return UnreadableError("invalid_json", "The frame could not be parsed as JSON.")
    if not isinstance(data, dict):
        return UnreadableError("invalid_event", "An event must be a JSON object.")
    if "type" not in data:
        return UnreadableError("missing_required_parameter", str(missing("type")), "type", _event_id(data))
    return UnreadableError("invalid_event", f"The event cannot be read: {error}.", None, _event_id(data))


def _event_id(raw: dict[str, Json]) -> str | None:
    event_id = raw.get("event_id")
    return one_line(event_id, 512) if isinstance(event_id, str) else None


def error_detail(error: RefusedError, event_id: str | None) -> ErrorDetail:
    """What stands in the `error` event: the refusal and the client's own event id."""
    return replace(error.detail, event_id=event_id)


def check_shape(event: cl.ClientEvent, frame: str | bytes) -> None:
    """Raises RefusedError for the first key that is unknown, of the wrong type, or missing."""
    check_values(event, "")
    names = REQUIRED.get(type(event), ())
    absent = type(event)()
    if any(getattr(event, name) == getattr(absent, name) for name in names):  # perhaps not there: only the frame knows
        there = read_json(frame if isinstance(frame, str) else frame.decode())
        for name in names:
            if not isinstance(there, dict) or name not in there:
                raise missing(name)


def check_values(value: object, path: str) -> None:
    """As `check_shape`, of a part of an event that stands at `path`. Walks the vocabulary and raw JSON alike."""
    match value:
        case tuple() | list():
            for at, item in enumerate(value):
                check_values(item, f"{path}[{at}]")
        case dict():
            for key, item in value.items():
                check_values(item, _join(path, str(key)))
        case WireObject():
            names = set(value.__struct_fields__) - {"extra"}
            for key, item in value.extra.items():
                if key in names:
                    raise _out_of_range(type(value), key, path, item) or _wrong_type(_join(path, key), item)
                if key not in ALLOWED_BEYOND.get(path, ()):
                    raise unknown_parameter(_join(path, one_line(key, 80)))
                check_values(item, _join(path, key))
            for name in names:
                check_values(getattr(value, name), _join(path, name))
        case _:
            pass


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _out_of_range(cls: type[WireObject], name: str, path: str, value: Json) -> RefusedError | None:
    """What to say of a number that its field cannot hold; None where it is not for its size."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    within = range_of(cls, name)
    if within is None or value in within:
        return None
    return out_of_range(_join(path, name), value, within.least, within.most)


def _wrong_type(path: str, value: Json) -> RefusedError:
    if path == "audio" and isinstance(value, str):
        return invalid_value(
            path, "Invalid 'audio'. Expected base64-encoded audio bytes but got a value that is not base64."
        )
    if path.endswith(".turn_detection") and isinstance(value, dict):
        return not_supported(f"{path}.type", value.get("type"), (ServerVad.TYPE, SemanticVad.TYPE))
    return wrong_type(path, f": got {_JSON_WORDS[type(value)]} instead")


MAX_ID_CHARACTERS: Final = 32
"""The longest id that a client may choose for an item."""

_TYPES: Final = ("message", "function_call", "function_call_output")
_CONTENT: Final[dict[str, tuple[str, ...]]] = {
    "user": ("input_text", "input_audio"),
    "system": ("input_text",),
    "assistant": ("output_text", "text"),
}


def accepted(item: Item, new_id: str, path: str = "item") -> Item:
    """The item as it is remembered, completed, under an id, and in the words of the GA protocol. Raises RefusedError.

    Pictures and MCP items are refused, since nothing here can see or call them; the assistant's speech is, since no
    service lets a client put it in.
    """
    if item.id is not UNSET and not item.id:
        raise invalid_value(f"{path}.id", "An item's id cannot be empty.")
    if item.id is not UNSET and len(item.id) > MAX_ID_CHARACTERS:
        raise too_long(f"{path}.id", MAX_ID_CHARACTERS, len(item.id))
    if item.type not in _TYPES:
        raise not_supported(f"{path}.type", item.type, _TYPES)
    if item.type == "message":
        _check_message(item, path)
    else:
        needed = ("name", "arguments") if item.type == "function_call" else ("call_id", "output")
        for name in needed:
            if getattr(item, name) is UNSET:
                raise missing(f"{path}.{name}")
        for name in ("name", "arguments", "call_id", "output"):
            _check_length(getattr(item, name), f"{path}.{name}")
    if (sound_bytes := len(sound_of(item))) > MAX_APPEND_BYTES:
        message = f"The sound of an item may have at most {MAX_APPEND_BYTES} bytes, and this has {sound_bytes}."
        raise invalid_value(f"{path}.content", message)
    content = item.content if item.content is UNSET else tuple(map(_renamed, item.content))
    return replace(item, id=item.id or new_id, object="realtime.item", status="completed", content=content)


def _renamed(part: Content) -> Content:
    """What the assistant said is `text` in the beta protocol, and clients keep writing that."""
    return replace(part, type="output_text") if part.type == "text" else part


def _check_message(item: Item, path: str) -> None:
    if item.role is UNSET:
        raise missing(f"{path}.role")
    if item.role not in _CONTENT:
        raise not_supported(f"{path}.role", item.role, tuple(_CONTENT))
    if item.content is UNSET:
        raise missing(f"{path}.content")
    for at, part in enumerate(item.content):
        _check_part(part, f"{path}.content[{at}]", _CONTENT[item.role])


def _check_part(part: Content, path: str, allowed: tuple[str, ...]) -> None:
    if not part.type:
        raise missing(f"{path}.type")
    if part.type not in allowed:
        raise not_supported(f"{path}.type", part.type, allowed)
    needed = "audio" if part.is_audio else "text"
    value = getattr(part, needed)
    if value is UNSET:
        raise missing(f"{path}.{needed}")
    if value is None:
        raise wrong_type(f"{path}.{needed}", ": got null instead")
    for name in ("text", "transcript"):
        _check_length(getattr(part, name), f"{path}.{name}")


def _check_length(text: object, path: str) -> None:
    if isinstance(text, str) and len(text) > MAX_TEXT_CHARACTERS:
        raise too_long(path, MAX_TEXT_CHARACTERS, len(text))


def sound_of(item: Item) -> bytes:
    """The user's sound in the item, in the wire's format; b"" where there is none."""
    return b"".join(part.audio or b"" for part in item.content or () if part.type == "input_audio")


def without_sound(item: Item) -> Item:
    """The item as events tell of it: sound is not sent back, and its words are not known yet."""
    if item.content is UNSET:
        return item
    parts = tuple(
        Content(type="input_audio", transcript=part.transcript or None) if part.is_audio else part
        for part in item.content
    )
    return replace(item, content=parts)
