"""The official client package's types, asked about an event on the wire.

Its models allow keys they do not know, so unknown keys are looked for in what was parsed.
"""

from __future__ import annotations

import typing
from functools import cache
from typing import Any

SEEN_BUT_UNDECLARED = frozenset({"obfuscation", "phase", "object", "id", "expires_at"})
"""Keys that services send and the package's models do not have."""


@cache
def server_events() -> dict[str, Any]:
    """The class of each server event. Raises ImportError where the package is not installed."""
    from openai.types import realtime

    union, *_ = typing.get_args(realtime.RealtimeServerEvent)
    return {typing.get_args(one.model_fields["type"].annotation)[0]: one for one in typing.get_args(union)}


@cache
def client_events() -> Any:
    """What validates a client event. Raises ImportError where the package is not installed."""
    import pydantic
    from openai.types import realtime

    return pydantic.TypeAdapter(realtime.RealtimeClientEvent)


def faults(raw: dict[str, Any]) -> list[str]:
    """What the types have against a server event; an empty list for one that is as declared."""
    import pydantic

    kind = raw.get("type")
    if kind not in server_events():
        return [f"{kind}: no such event"]
    try:
        judged = server_events()[kind].model_validate(raw)
    except pydantic.ValidationError as error:
        return [f"{kind}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return [
        f"{kind}: unknown key {key}"
        for key in unknown_keys(judged)
        if key.rpartition(".")[2] not in SEEN_BUT_UNDECLARED
    ]


def unknown_keys(value: Any, path: str = "") -> list[str]:
    """Every key that the parsed model has no field for."""
    import pydantic

    if isinstance(value, list):
        return [key for at, item in enumerate(value) for key in unknown_keys(item, f"{path}[{at}]")]
    if not isinstance(value, pydantic.BaseModel):
        return []
    found = [f"{path}.{key}" for key in (value.model_extra or {})]
    for name in type(value).model_fields:
        found += unknown_keys(getattr(value, name), f"{path}.{name}")
    return found
