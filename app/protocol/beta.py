"""The beta dialect at the edge: one table, read in both directions (protocol reference, sections 3.1 and 4).

Beta is flat where GA is nested and has other names for what the assistant says. It lives on in compatible
servers only. What the table does not name passes through unchanged, so unknown fields survive here too.
"""

from __future__ import annotations

from typing import Final

from app.protocol.convert import Json, JsonObject

EVENT_NAMES: Final = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "transcription_session.updated": "session.updated",
}
"""Beta name -> GA name of server events; the others are the same in both."""


class NamesHeard:
    """Which of its two names a service gives to each event. Some say everything twice, for old clients and for new
    ones: the name that comes first is the one that counts.
    """

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}

    def is_echo(self, kind: str) -> bool:
        """Whether an event of this type is the same again, under its other name."""
        name = EVENT_NAMES.get(kind, kind)
        return name in _ANSWER_NAMES and self._name_of.setdefault(name, kind) != kind


_ANSWER_NAMES: Final = frozenset(name for name in EVENT_NAMES.values() if name.startswith("response."))

SESSION_PATHS: Final = {
    "modalities": ("output_modalities",),
    "max_response_output_tokens": ("max_output_tokens",),
    "input_audio_format": ("audio", "input", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "output_audio_format": ("audio", "output", "format"),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
}
"""Beta key -> GA path, in the session and in the options of a response."""

RESPONSE_PATHS: Final = {
    key: SESSION_PATHS[key] for key in ("modalities", "output_audio_format", "voice", "max_response_output_tokens")
}
"""The same for the response object, which has no input side."""

FORMATS: Final = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
CONTENT_TYPES: Final = {"text": "output_text", "audio": "output_audio"}

_FORMAT_KEYS: Final = ("input_audio_format", "output_audio_format")


def server_event_to_ga(event: JsonObject) -> JsonObject:
    """The same event as a GA service would have sent it."""
    kind = str(event.get("type"))
    out = {**event, "type": EVENT_NAMES[kind]} if kind in EVENT_NAMES else dict(event)
    if isinstance(session := event.get("session"), dict):
        family = "transcription" if kind.startswith("transcription_session") else "realtime"
        out["session"] = {"type": family, **_nest(session, SESSION_PATHS)}
    if isinstance(response := event.get("response"), dict):
        nested = _nest(response, RESPONSE_PATHS)
        if isinstance(items := nested.get("output"), list):
            nested["output"] = [_item_to_ga(item) for item in items]
        out["response"] = nested
    if "item" in event:
        out["item"] = _item_to_ga(event["item"])
    return out


def with_flat_session_nested(event: JsonObject) -> JsonObject:
    """The event with what its session says in beta's way put where GA has it, unless GA's place says something too.

    Some services are asked in one dialect and tell their session in the other, or in both.
    """
    session = event.get("session")
    if not isinstance(session, dict) or session.keys().isdisjoint(SESSION_PATHS):
        return event
    flat = {key: value for key, value in session.items() if key in SESSION_PATHS}
    nested = {key: value for key, value in session.items() if key not in SESSION_PATHS}
    return {**event, "session": _laid_over(_nest(flat, SESSION_PATHS), nested)}


def _laid_over(below: JsonObject, above: JsonObject) -> JsonObject:
    out = {**below, **above}
    for key in below.keys() & above.keys():
        low, high = below[key], above[key]
        if isinstance(low, dict) and isinstance(high, dict):
            out[key] = _laid_over(low, high)
    return out


def client_event_from_ga(event: JsonObject) -> JsonObject:
    """The same event as a beta service understands it."""
    out = dict(event)
    if isinstance(session := event.get("session"), dict):
        out["session"] = _flatten({key: value for key, value in session.items() if key != "type"})
    if isinstance(response := event.get("response"), dict):
        out["response"] = _flatten(response)
    if isinstance(item := event.get("item"), dict):
        out["item"] = _item_from_ga(item)
    return out


def _nest(flat: JsonObject, paths: dict[str, tuple[str, ...]]) -> JsonObject:
    out: JsonObject = {}
    for key, value in flat.items():
        if key not in paths:
            out[key] = value
            continue
        place = out
        *above, last = paths[key]
        for step in above:
            inner = place.setdefault(step, {})
            assert isinstance(inner, dict)  # only this function puts the steps in
            place = inner
        place[last] = _value_to_ga(key, value)
    return out


def _flatten(nested: JsonObject) -> JsonObject:
    out: JsonObject = {}
    taken = {path[0] for path in SESSION_PATHS.values()}
    for key, path in SESSION_PATHS.items():
        place: Json = nested
        for step in path:
            place = place.get(step, _ABSENT) if isinstance(place, dict) else _ABSENT
        if place is not _ABSENT:
            out[key] = _value_from_ga(key, place)
    return {**{key: value for key, value in nested.items() if key not in taken}, **out}


_ABSENT: Final[JsonObject] = {"absent": None}


def _value_to_ga(key: str, value: Json) -> Json:
    if key in _FORMAT_KEYS and isinstance(value, str):
        kind = FORMATS.get(value, value)
        return {"type": kind, "rate": 24_000} if kind == "audio/pcm" else {"type": kind}
    if key == "modalities" and isinstance(value, list):
        return ["audio"] if "audio" in value else value  # GA's audio means audio with its transcript
    return value


def _value_from_ga(key: str, value: Json) -> Json:
    if key in _FORMAT_KEYS and isinstance(value, dict):
        back = {ga: old for old, ga in FORMATS.items()}
        return back.get(str(value.get("type")), "pcm16")
    if key == "modalities" and value == ["audio"]:
        return ["audio", "text"]  # audio alone is refused
    return value


def _item_to_ga(item: Json) -> Json:
    return _map_content(item, CONTENT_TYPES)


def _item_from_ga(item: JsonObject) -> Json:
    return _map_content(item, {ga: old for old, ga in CONTENT_TYPES.items()})


def _map_content(item: Json, names: dict[str, str]) -> Json:
    if not isinstance(item, dict) or not isinstance(parts := item.get("content"), list):
        return item
    return {**item, "content": [_renamed(part, names) for part in parts]}


def _renamed(part: Json, names: dict[str, str]) -> Json:
    if not isinstance(part, dict) or not isinstance(kind := part.get("type"), str):
        return part
    return {**part, "type": names.get(kind, kind)}
