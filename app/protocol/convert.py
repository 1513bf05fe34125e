"""JSON objects to and from the protocol's classes: lenient in what comes in, exact in what goes out.

A class of the vocabulary is a `WireObject`, in which every field has a default. From that alone:

- a missing field takes its default;
- a field of the wrong JSON type, or a number outside its range, takes its default too, and what came is kept in
  `extra`;
- every number declares its range (see `ranges`);
- a class may have a method `normalised`, which brings the shapes that services invent into the protocol's own;
- an unknown field is kept in `extra` and written out again, so nothing that a newer service says is lost;
- msgspec's `UNSET` is not written, `None` is written as null: an update can carry only what changed.

msgspec's own decoder refuses a whole message for one wrong field, so it makes the values here and reads none.

Strings are sanitised on the way in. `bytes` are base64 on the wire. What is kept raw is cut where it is nested more
deeply than any event needs to be, so that writing it again cannot fail.
"""

from __future__ import annotations

import base64
import binascii
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import fields

from app.protocol.ranges import Range
from app.protocol.text import sanitise_text

Json: TypeAlias = typing.Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007
"""Any JSON value. A `Union`, since the recursion needs names in quotes that `|` cannot join at run time."""

JsonObject: TypeAlias = dict[str, Json]


class WireObject(Struct, frozen=True, kw_only=True):
    """What every class of the vocabulary is: a value in which every field has a default."""

    extra: JsonObject = {}
    """What came and has no field."""


T = TypeVar("T", bound=WireObject)

MAX_DEPTH: Final = 64
"""Lists and objects within each other, of what is kept raw. Events need about ten."""


class _WrongTypeError(Exception):
    """The JSON value does not fit the field."""


class _Field(Struct, frozen=True):
    name: str
    read: Callable[[Json], Any]


def from_json(cls: type[T], data: JsonObject) -> T:
    """An instance of the class; never fails, see the module's rules."""
    if (normalised := getattr(cls, "normalised", None)) is not None:
        data = normalised(data)
    known: dict[str, Any] = {}
    extra = dict(data)
    for field in _plan(cls):
        if field.name in extra:
            try:
                known[field.name] = field.read(extra[field.name])
            except _WrongTypeError:
                continue
            del extra[field.name]
    if hasattr(cls, "TYPE"):
        extra.pop("type", None)
    return cls(**known, extra=sanitise_json(extra))


def to_json(value: WireObject) -> JsonObject:
    """The JSON object of a value of the vocabulary; its `TYPE`, where it has one, comes first."""
    out: JsonObject = {}
    tag = getattr(value, "TYPE", None)
    if tag is not None:
        out["type"] = tag
    for name in value.__struct_fields__:
        if name != "extra" and (item := getattr(value, name)) is not UNSET:
            out[name] = _write(item)
    return {**out, **{key: item for key, item in value.extra.items() if key not in out}}


def _write(value: object) -> Json:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case tuple():
            return [_write(item) for item in value]
        case list() | dict():
            return value
        case WireObject():
            return to_json(value)
        case _:
            raise TypeError(f"{type(value).__name__} is no part of the vocabulary")


@cache
def range_of(cls: type[WireObject], name: str) -> Range | None:
    """The range that a field of a class of the vocabulary declares; None where it holds no number."""
    hint = typing.get_type_hints(cls, localns={"Json": Json}, include_extras=True)[name]
    for arm in (hint, *typing.get_args(hint)):
        if typing.get_origin(arm) is Annotated:
            found: Range = arm.__metadata__[0]
            return found
    return None


@cache
def _plan(cls: type[WireObject]) -> tuple[_Field, ...]:
    # The name inside the recursive alias is given along.
    hints = typing.get_type_hints(cls, localns={"Json": Json}, include_extras=True)
    plan = []
    for field in fields(cls):
        if field.required:
            raise TypeError(f"{cls.__name__}.{field.name} has no default")
        if field.name != "extra":
            plan.append(_Field(field.name, _reader(hints[field.name])))
    return tuple(plan)


def _reader(hint: Any) -> Callable[[Json], Any]:
    """The function that turns a JSON value into what the annotation says, or raises _WrongTypeError."""
    origin = typing.get_origin(hint)
    if origin is Annotated:
        kind, within = typing.get_args(hint)
        return _range_reader(_NUMBERS[kind], within)
    if origin in (typing.Union, types.UnionType):
        return _union_reader([arm for arm in typing.get_args(hint) if arm is not UnsetType])
    if origin is tuple:
        return _tuple_reader(_reader(typing.get_args(hint)[0]))
    if origin in (dict, list) or hint is Any:
        return sanitise_json
    if hint in _PRIMITIVE:
        return _PRIMITIVE[hint]
    if hint in _NUMBERS:
        raise TypeError("a number of the vocabulary declares its range: see app.protocol.ranges")
    return _object_reader(hint)


def _range_reader(reader: Callable[[Json], Any], within: Range) -> Callable[[Json], Any]:
    def read(value: Json) -> Any:
        number = reader(value)
        if number not in within:
            raise _WrongTypeError
        return number

    return read


def _union_reader(arms: list[Any]) -> Callable[[Json], Any]:
    if str in arms and any(typing.get_origin(arm) is dict for arm in arms):  # an annotation of `Json`: anything fits
        return sanitise_json
    tagged = {arm.TYPE: arm for arm in arms if hasattr(arm, "TYPE")}
    readers = [_reader(arm) for arm in arms if not hasattr(arm, "TYPE")]

    def read(value: Json) -> Any:
        if isinstance(value, dict) and (cls := tagged.get(str(value.get("type")))):
            return from_json(cls, value)
        for reader in readers:
            try:
                return reader(value)
            except _WrongTypeError:
                continue
        raise _WrongTypeError

    return read


def _tuple_reader(reader: Callable[[Json], Any]) -> Callable[[Json], Any]:
    def read(value: Json) -> Any:
        if not isinstance(value, list):
            raise _WrongTypeError
        return tuple(reader(item) for item in value)

    return read


def _object_reader(cls: type[WireObject]) -> Callable[[Json], Any]:
    def read(value: Json) -> Any:
        if not isinstance(value, dict):
            raise _WrongTypeError
        return from_json(cls, value)

    return read


def _read_str(value: Json) -> str:
    if not isinstance(value, str):
        raise _WrongTypeError
    return sanitise_text(value)


def _read_int(value: Json) -> int:
    if isinstance(value, float) and value.is_integer():  # some servers count in floats
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _WrongTypeError
    return value


def _read_float(value: Json) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _WrongTypeError
    try:
        return float(value)
    except OverflowError as error:
        raise _WrongTypeError from error


def _read_bool(value: Json) -> bool:
    if not isinstance(value, bool):
        raise _WrongTypeError
    return value


def _read_null(value: Json) -> None:
    if value is not None:
        raise _WrongTypeError


def _read_bytes(value: Json) -> bytes:
    if not isinstance(value, str):
        raise _WrongTypeError
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        pass
    try:
        return base64.b64decode(_usual_base64(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _WrongTypeError from error


def _usual_base64(value: str) -> str:
    """From the variants of RFC 4648 and MIME (the alphabet for URLs, no padding, line breaks) and from data URLs."""
    if value.startswith("data:"):
        value = value.partition(",")[2]
    value = "".join(value.split()).translate(_URL_ALPHABET).rstrip("=")
    return value + "=" * (-len(value) % 4)


def sanitise_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Raw JSON with its strings sanitised; what is nested more deeply than `depth` is null."""
    match value:
        case str():
            return sanitise_text(value)
        case list() | dict() if not depth:
            return None
        case list():
            return [sanitise_json(item, depth - 1) for item in value]
        case dict():
            return {sanitise_text(key): sanitise_json(item, depth - 1) for key, item in value.items()}
        case _:
            return value


_URL_ALPHABET: Final = str.maketrans("-_", "+/")

_NUMBERS: Final[dict[Any, Callable[[Json], Any]]] = {int: _read_int, float: _read_float}
_PRIMITIVE: Final[dict[Any, Callable[[Json], Any]]] = {
    str: _read_str,
    bool: _read_bool,
    bytes: _read_bytes,
    type(None): _read_null,
}
