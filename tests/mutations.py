"""Conversations as a service might send them by mistake: the sample events, in scripts, each changed a little.

Pure: chance is passed in, so that a property shrinks what it finds and the long script repeats it from a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

SAMPLES: Final = Path(__file__).parent / "data" / "sample-events"


def _sample(name: str, **changes: object) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return {**event, **changes}


_BEGIN: Final = [_sample("ga/session.created"), _sample("ga/session.updated")]
_ITEM: Final = {"item_id": "item_asst1", "response_id": "resp_A1"}
_ANSWER: Final = [
    _sample("ga/response.created"),
    _sample("ga/response.output_item.added"),
    _sample("ga/response.content_part.added"),
    _sample("ga/response.output_audio_transcript.delta", **_ITEM),
    _sample("ga/response.output_audio.delta", **_ITEM),
    _sample("ga/response.output_audio.done", **_ITEM),
    _sample("ga/response.output_audio_transcript.done", **_ITEM),
    _sample("ga/response.content_part.done"),
    _sample("ga/response.output_item.done"),
    _sample("ga/response.done"),
    _sample("ga/rate_limits.updated"),
]
_TURN: Final = [
    _sample("ga/input_audio_buffer.speech_started"),
    _sample("ga/input_audio_buffer.speech_stopped"),
    _sample("ga/input_audio_buffer.committed"),
    _sample("ga/conversation.item.added"),
    _sample("ga/conversation.item.done"),
    _sample("ga/conversation.item.input_audio_transcription.delta"),
    _sample("ga/conversation.item.input_audio_transcription.completed"),
]

SCRIPTS: Final[tuple[tuple[dict[str, Any], ...], ...]] = (
    (*_BEGIN, *_TURN, *_ANSWER),
    (*_BEGIN, *_ANSWER, *_TURN),
    (
        *_BEGIN,
        _sample("ga/response.created"),
        _sample("ga/response.output_text.delta", **_ITEM),
        _sample("ga/response.output_text.done", **_ITEM),
        _sample("ga-variants/response.done__text_only"),
    ),
    *((*_BEGIN, *_TURN, _sample(f"ga-variants/{path.stem}")) for path in sorted(SAMPLES.glob("ga-variants/*.json"))),
    *((*_BEGIN, _sample(f"ga/{path.stem}"), *_ANSWER) for path in sorted(SAMPLES.glob("ga/*.json"))),
)
"""Whole conversations, each as the service's side of it."""

LONG: Final = "x" * 100_000
ODD: Final[tuple[str, ...]] = (
    *("null", "true", "false", "0", "-1", "1.5", "-0.0", "1e308", "-1e308", "1e999", "NaN", "Infinity", "-Infinity"),
    *(str(2**31), str(2**53 + 1), str(2**70), str(-(2**70)), "1" + "0" * 400, "-1" + "0" * 5_000, "1794990000"),
    *('""', '" "', '"x"', '"-1"', '"\\u001b[2J\\u0007\\u202e"', '"\\ud800"', '"\\u0000"', f'"{LONG}"', '"item_asst1"'),
    *(
        "[]",
        "{}",
        "[null]",
        "[[]]",
        '{"a":1}',
        '{"message":"\\u001b]0;x\\u0007"}',
        '["a","b"]',
        '{"error":{"error":"x"}}',
    ),
    *("[" * depth + "]" * depth for depth in (60, 300, 900)),
    *('{"a":' * depth + "1" + "}" * depth for depth in (60, 300)),
)
"""JSON values that belong nowhere, as text: some of them only text can say."""

_HOLE: Final = "\x00hole\x00"


def mutated(chance: Random, script: tuple[dict[str, Any], ...] | None = None) -> list[str]:
    """The frames of a script with one to six things wrong."""
    events = list(script if script is not None else chance.choice(SCRIPTS))
    frames = [json.dumps(event) for event in events]
    for _ in range(chance.randint(1, 6)):
        if not frames:
            break
        at = chance.randrange(len(frames))
        chance.choice(_WRONGS)(chance, frames, at)
    return frames


def _value_replaced(chance: Random, frames: list[str], at: int) -> None:
    event = _object(frames[at])
    places = list(_places(event, ())) if event is not None else []
    if event is None or not places:
        return
    numbers = [place for place in places if isinstance(_at(event, place), int | float)]
    *way, last = chance.choice(numbers if numbers and chance.random() < 0.4 else places)
    _at(event, tuple(way))[last] = _HOLE
    frames[at] = json.dumps(event).replace(json.dumps(_HOLE), chance.choice(ODD), 1)


def _field_dropped(chance: Random, frames: list[str], at: int) -> None:
    event = _object(frames[at])
    places = [place for place in _places(event, ()) if isinstance(place[-1], str)] if event is not None else []
    if event is None or not places:
        return
    *way, last = chance.choice(places)
    del _at(event, tuple(way))[last]
    frames[at] = json.dumps(event)


def _field_added(chance: Random, frames: list[str], at: int) -> None:
    event = _object(frames[at])
    if event is not None:
        name = chance.choice(["error", "usage", "response", "item", "delta", "message", "\x1b[2J", "extra", "type"])
        frames[at] = json.dumps({**event, name: _HOLE}).replace(json.dumps(_HOLE), chance.choice(ODD), 1)


def _repeated(chance: Random, frames: list[str], at: int) -> None:
    frames[at:at] = [frames[at]] * chance.choice([1, 1, 1, 30])


def _dropped(chance: Random, frames: list[str], at: int) -> None:
    del frames[at]


def _moved(chance: Random, frames: list[str], at: int) -> None:
    frames.insert(chance.randrange(len(frames)), frames.pop(at))


def _truncated(chance: Random, frames: list[str], at: int) -> None:
    frames[at] = frames[at][: chance.randrange(len(frames[at]) + 1)]


def _renamed(chance: Random, frames: list[str], at: int) -> None:
    event, other = _object(frames[at]), _object(chance.choice(frames))
    if event is not None and other is not None:
        frames[at] = json.dumps({**event, "type": other.get("type")})


def _other_event(chance: Random, frames: list[str], at: int) -> None:
    frames.insert(at, json.dumps(chance.choice(chance.choice(SCRIPTS))))


_WRONGS: Final[tuple[Callable[[Random, list[str], int], None], ...]] = (
    *(_value_replaced,) * 6,
    *(_field_dropped, _field_dropped, _field_added, _repeated, _dropped, _moved, _truncated, _renamed, _other_event),
)
"""What goes wrong, the likely several times."""


def _object(frame: str) -> dict[str, Any] | None:
    try:
        found = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _at(event: dict[str, Any], way: tuple[str | int, ...]) -> Any:
    place: Any = event
    for step in way:
        place = place[step]
    return place


def _places(value: object, way: tuple[str | int, ...], depth: int = 12) -> list[tuple[str | int, ...]]:
    """The way to everything within the event."""
    inner: list[tuple[str | int, object]] = []
    if depth and isinstance(value, dict):
        inner = list(value.items())
    elif depth and isinstance(value, list):
        inner = list(enumerate(value))[:20]
    found: list[tuple[str | int, ...]] = []
    for step, each in inner:
        found += [(*way, step), *_places(each, (*way, step), depth - 1)]
    return found
