"""What the row of keys shows, from the bindings that work now."""

from __future__ import annotations

from textual.binding import Binding
from textual.screen import Screen

from app.conversation.status import Status
from app.ui import keys
from app.ui.widgets.key_bar import KeyHint

_NAMES = {"escape": "Esc", "space": "Space", "enter": "Enter", "pageup": "PageUp", "pagedown": "PageDown",
          "home": "Home", "end": "End", "slash": "/", "left_square_bracket": "[", "right_square_bracket": "]"}  # fmt: skip


def key_name(key: str) -> str:
    """A key as people write it: `Space`, `Ctrl+Q`, `F1`, `[`."""
    *modifiers, last = key.split("+")
    if last in _NAMES:
        last = _NAMES[last]
    elif modifiers or (last[0] == "f" and last[1:].isdigit()):
        last = last.upper()
    elif len(last) > 1:
        last = last.replace("_", " ").capitalize()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), last])


def bound_keys(screen: Screen[object], binding_id: str) -> list[str]:
    """The keys of a binding as they are bound now; none where it is not bound (or not here)."""
    return [key for key, active in screen.active_bindings.items() if active.binding.id == binding_id]


def shown_key(screen: Screen[object], binding_id: str) -> str:
    """The first of them as people write it; the default where nothing is bound."""
    bound = bound_keys(screen, binding_id)
    default = next((b.key for b in (*keys.BINDINGS, keys.QUIT, keys.TALK_ANYWHERE) if b.id == binding_id), "")
    return key_name(bound[0] if bound else default) if bound or default else ""


def key_hints(screen: Screen[object], status: Status) -> tuple[KeyHint, ...]:
    """The hints in their order, the palette last."""
    hints: list[tuple[int, KeyHint]] = []
    palette: list[KeyHint] = []
    for key, active in screen.active_bindings.items():
        binding: Binding = active.binding
        if binding.action == "command_palette":
            palette = [KeyHint(key_name(key), "palette", key, "Every command, by name")]
        word = keys.hint(binding.id, status)
        if binding.show and active.enabled and word is not None:
            hints.append((keys.hint_order(binding.id), KeyHint(key_name(key), word, key, binding.tooltip)))
    hints.sort(key=lambda pair: pair[0])
    return (*(hint for _, hint in hints), *palette[:1])
