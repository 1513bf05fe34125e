"""Text frames to events and back, in either dialect.

Inside the program only the GA vocabulary exists; the beta dialect is translated here (see `beta`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final, get_args

from msgspec import UNSET

from app.protocol import beta
from app.protocol.client_events import ClientEvent, InputAppend
from app.protocol.convert import MAX_DEPTH, JsonObject, from_json, sanitise_json, to_json
from app.protocol.dialect import Dialect as Dialect
from app.protocol.errors import as_error_event
from app.protocol.jsontext import depth_of, read_json
from app.protocol.server_events import ServerEvent, UnknownEvent
from app.protocol.text import sanitise_text


class MalformedEventError(Exception):
    """A frame that is no event at all: not JSON, not an object, without a type, or not text."""


SERVER_EVENTS: Final[dict[str, type]] = {cls.TYPE: cls for cls in get_args(ServerEvent) if cls is not UnknownEvent}
CLIENT_EVENTS: Final[dict[str, type]] = {cls.TYPE: cls for cls in get_args(ClientEvent)}


def decode_server_event(
    frame: str | bytes,
    dialect: Dialect = Dialect.GA,
    clean: Callable[[JsonObject], JsonObject] | None = None,
    names: beta.NamesHeard | None = None,
) -> ServerEvent:
    """What a service said. Raises MalformedEventError; a type we do not know becomes an UnknownEvent.

    `clean` is given the whole event, in GA, before anything is made of it: what it leaves out is nowhere. `names`, of
    one connection: what a service of the beta dialect says again under a GA name is an UnknownEvent, too.
    """
    data = _cut(read_event(frame))
    if dialect is Dialect.BETA:
        if names is not None and names.is_echo(str(data.get("type"))):
            return UnknownEvent(sanitise_text(str(data["type"])), {})
        data = beta.server_event_to_ga(data)
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in SERVER_EVENTS:
        data = as_error_event(data) or data
    if clean is not None:
        try:
            data = clean(data)
        except RecursionError as error:
            raise MalformedEventError("nested too deeply") from error
    event: ServerEvent = _typed(SERVER_EVENTS, data)
    return event


def read_event(frame: str | bytes) -> JsonObject:
    """A frame of a service as JSON. Some send their events in binary frames. Raises MalformedEventError."""
    if isinstance(frame, bytes):
        try:
            frame = frame.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedEventError("a binary frame that is no text") from error
    return _load(frame)


def decode_client_event(frame: str | bytes) -> ClientEvent | UnknownEvent:
    """What a client said to the embedded service (GA only). Raises MalformedEventError."""
    data = _load(frame)
    if depth_of(data) > MAX_DEPTH:
        raise MalformedEventError("nested too deeply")
    event: ClientEvent | UnknownEvent = _typed(CLIENT_EVENTS, data)
    return event


def encode_client_event(event: ClientEvent, dialect: Dialect = Dialect.GA) -> str:
    """The text frame of what we say."""
    if type(event) is InputAppend and event.event_id is UNSET and not event.extra:  # fifty a second, the same in both
        return f'{{"type":"{InputAppend.TYPE}","audio":"{base64.b64encode(event.audio).decode()}"}}'
    data = to_json(event)
    if dialect is Dialect.BETA and not isinstance(event, InputAppend):
        data = beta.client_event_from_ga(data)
    return _dump(data)


def encode_server_event(event: ServerEvent) -> str:
    """The text frame of what the embedded service says."""
    return _dump(event.raw if isinstance(event, UnknownEvent) else to_json(event))


def _load(frame: str | bytes) -> JsonObject:
    if isinstance(frame, bytes):
        raise MalformedEventError("a binary frame; events are text")
    try:
        data = read_json(frame)
    except (ValueError, RecursionError) as error:
        raise MalformedEventError("not valid JSON") from error
    if not isinstance(data, dict):
        raise MalformedEventError("not a JSON object")
    return data


def _cut(data: JsonObject) -> JsonObject:
    """Without what is nested so deeply that going through it could fail."""
    if depth_of(data) <= MAX_DEPTH:
        return data
    cut: JsonObject = sanitise_json(data)
    return cut


def _typed(classes: dict[str, type], data: JsonObject) -> Any:
    kind = data.get("type")
    if not isinstance(kind, str):
        raise MalformedEventError("no type")
    if cls := classes.get(kind):
        return from_json(cls, data)
    return UnknownEvent(sanitise_text(kind), sanitise_json(data))


def _dump(data: JsonObject) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
