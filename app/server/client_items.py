"""Items that a client makes: which ones are taken, and in what form they are remembered."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from app.protocol.items import Content, Item
from app.server.limits import MAX_APPEND_BYTES, MAX_TEXT_CHARACTERS
from app.server.refusals import RefusedError, invalid_value, missing, not_supported, too_long

MAX_ID_CHARACTERS: Final = 32
"""The longest id that a client may choose for an item."""

_TYPES: Final = ("message", "function_call", "function_call_output")
_CONTENT: Final[dict[str, tuple[str, ...]]] = {
    "user": ("input_text", "input_audio"),
    "system": ("input_text",),
    "assistant": ("output_text", "text"),
}


def accepted(item: Item, new_id: str, path: str = "item") -> Item:
    """The item as it is remembered, completed and under an id. Raises RefusedError.

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
    return replace(item, id=item.id or new_id, object="realtime.item", status="completed")


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
        raise RefusedError("invalid_type", f"Invalid type for '{path}.{needed}': got null instead.", f"{path}.{needed}")
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
