"""Keys by the names that people give them, and the row of keys that work now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace
from textual.screen import Screen

from app.conversation.status import Status
from app.ui import keys
from app.ui.widgets.key_bar import KeyHint

_NAMES: Final = {
    "escape": "Esc", "space": "Space", "enter": "Enter", "pageup": "PageUp", "pagedown": "PageDown", "home": "Home",
    "end": "End", "slash": "/", "left_square_bracket": "[", "right_square_bracket": "]",
}  # fmt: skip


def key_name(key: str) -> str:
    """A key as people write it: `Space`, `Ctrl+Q`, `F1`, `[`."""
    *modifiers, last = key.split("+")
    if last in _NAMES:
        last = _NAMES[last]
    elif modifiers or (last[:1] == "f" and last[1:].isdigit()):
        last = last.upper()
    elif len(last) > 1:
        last = last.replace("_", " ").capitalize()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), last])


def bound_key(binding_id: str, remapped: Mapping[str, str]) -> str:
    """The key that a binding has, by its name; empty where another binding was given it, or there is none.

    `remapped` is the user's table of binding ids and keys.
    """
    if own := remapped.get(binding_id):
        return key_name(own.split(",")[0].strip())
    default = next((binding.key for binding in keys.EVERY if binding.id == binding_id), "")
    taken = {key.strip() for mapped in remapped.values() for key in mapped.split(",")}
    return "" if not default or default in taken else key_name(default)


def key_hints(screen: Screen[None], status: Status) -> tuple[KeyHint, ...]:
    """What works now, in the order of its worth; help and palette pinned to the end."""
    hints: list[tuple[int, KeyHint]] = []
    pinned: list[KeyHint] = []
    for key, active in screen.active_bindings.items():
        binding = active.binding
        word = keys.hint(binding.id, status)
        name = key_name(key)
        # Textual knows most keys that a text field takes, but not by every name ("slash").
        is_typed = len(name) == 1 and screen.focused is not None and screen.focused.check_consume_key(key, name)
        if not active.enabled or word is None or is_typed:
            continue
        hint = KeyHint(name, word, key, binding.tooltip)
        if binding.id in keys.PINNED:
            pinned.append(replace(hint, shown=hint.shown.replace("Ctrl+", "^"), is_pinned=True))
        elif binding.show:
            hints.append((keys.hint_order(binding.id), hint))
    hints.sort(key=lambda pair: pair[0])
    return (*(hint for _, hint in hints), *pinned)
