"""The keys of the conversation, once: what they are called, where they show, and what they mean now."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace
from textual.binding import Binding
from textual.screen import Screen

from app.conversation.session import Mode
from app.ui.keys.key_bar import KeyHint
from app.ui.keys.situation import Situation, stop_word, talk_word

TALK_ANYWHERE: Final = Binding(
    "f9", "talk", "open or close the microphone", id="talk_anywhere", show=False, priority=True,
    tooltip="The talk key, from anywhere: while typing, too",
)  # fmt: skip
SUSPENDING: Final = () if sys.platform == "win32" else (
    Binding("ctrl+z", "suspend_program", "suspend", id="suspend", show=False, priority=True,
            tooltip="Back to the shell, with microphone and speaker closed; `fg` comes back"),
)  # fmt: skip
KEYS_HERE: Final = Binding("question_mark", "keys_here", "the keys of where you are", id="keys_here", key_display="?",
                           show=False, priority=True, tooltip="What every key does here and now")  # fmt: skip
QUIT: Final = Binding(
    "ctrl+q", "quit", "quit", id="quit", show=False, priority=True, tooltip="End the program; everything said is kept"
)

BINDINGS: Final[tuple[Binding, ...]] = (
    Binding("space", "talk", "open or close the microphone", id="talk",
            tooltip="Open or close the microphone; in push-to-talk begin and end your turn"),
    Binding("escape", "stop", "interrupt the assistant", id="stop",
            tooltip="Silence the assistant; close a panel or an input first"),
    Binding("r", "reconnect", "connect now", id="reconnect",
            tooltip="Connect again now, after the connection was lost"),
    Binding("x", "example", "speak the example", id="example",
            tooltip="Speak the example's next question into the conversation"),
    Binding("m", "mode", "hands-free or push-to-talk", id="mode",
            tooltip="Change between hands-free and push-to-talk"),
    Binding("left_square_bracket", "threshold(-1)", "threshold down", id="threshold_down", key_display="[",
            tooltip="VAD threshold down by 0.05: softer sounds count as speech"),
    Binding("right_square_bracket", "threshold(1)", "threshold up", id="threshold_up", key_display="]",
            tooltip="VAD threshold up by 0.05: only surer sounds count as speech"),
    Binding("minus", "volume(-1)", "assistant softer", id="volume_down", key_display="-",
            tooltip="The assistant's volume down by 5 %; it is remembered"),
    Binding("plus", "volume(1)", "assistant louder", id="volume_up", key_display="+",
            tooltip="The assistant's volume up by 5 %; it is remembered"),
    Binding("equals_sign", "volume(1)", "assistant louder", id="volume_up_unshifted", show=False,
            tooltip="The assistant's volume up by 5 %, without Shift"),
    Binding("M", "mute_assistant", "mute the assistant", id="mute_assistant",
            tooltip="Let the assistant not be heard, or be heard again; it is remembered"),
    Binding("less_than_sign", "speed(-1)", "assistant slower", id="speed_down", key_display="<",
            tooltip="The assistant speaks more slowly by 0.05"),
    Binding("greater_than_sign", "speed(1)", "assistant faster", id="speed_up", key_display=">",
            tooltip="The assistant speaks faster by 0.05"),
    Binding("i", "type", "type to the assistant", id="type", tooltip="Write to the assistant in this conversation"),
    Binding("enter", "type", "type to the assistant", id="type_enter", show=False,
            tooltip="Write to the assistant in this conversation"),
    Binding("slash", "search", "search the transcript", id="search", key_display="/",
            tooltip="Find words in the transcript"),
    Binding("n", "search_step(1)", "next match", id="search_next", tooltip="Go to the next place found"),
    Binding("N", "search_step(-1)", "previous match", id="search_previous",
            tooltip="Go to the place found before this one"),
    Binding("d", "devices", "microphone and speaker", id="devices", show=False,
            tooltip="Choose another microphone or speaker"),
    Binding("s", "settings", "settings", id="settings", tooltip="Open or close the settings panel"),
    Binding("e", "export", "export", id="export", tooltip="Write the conversation to a file"),
    Binding("c", "copy", "copy the turn", id="copy", show=False,
            tooltip="Copy what is selected, or else the last turn in view"),
    Binding("v", "say_again", "say the turn again", id="say_again", show=False,
            tooltip="Let the turn in hand, or else the last one in view, be heard again; Esc stops it"),
    Binding("C", "copy_all", "copy everything", id="copy_all", show=False, tooltip="Copy the whole conversation"),
    Binding("pageup", "page(-1)", "page up", id="page_up", show=False, tooltip="A page up in the transcript"),
    Binding("pagedown", "page(1)", "page down", id="page_down", show=False, tooltip="A page down in the transcript"),
    Binding("home", "first", "to the beginning", id="first", show=False, tooltip="To the beginning of the transcript"),
    Binding("end", "follow", "follow the end", id="follow", show=False,
            tooltip="To the end of the transcript, and stay there"),
    Binding("E", "app.notices", "notices and events", id="notices", show=False,
            tooltip="Everything that was told in passing; behind Tab, the events of the wire"),
    Binding("f1", "help", "help", id="help", tooltip="What every key does"),
)  # fmt: skip

TURN_BINDINGS: Final[tuple[Binding, ...]] = (
    Binding("up", "turn(-1)", "turn above", id="turn_up", show=False,
            tooltip="Take the turn above in hand; Esc leaves it"),
    Binding("down", "turn(1)", "turn below", id="turn_down", show=False,
            tooltip="Take the turn below in hand; Esc leaves it"),
    Binding("enter", "times", "times of the turn", id="turn_times", show=False,
            tooltip="Of the turn in hand, show how long the answer took, part by part, or hide it"),
    Binding("t", "edit_turn", "edit the turn and send it again", id="turn_edit", show=False,
            tooltip="Write what you said in the turn in hand into the line, to be changed and sent again"),
)  # fmt: skip
"""Of the transcript: they work while it has the keyboard."""

PALETTE: Final = Binding("ctrl+p", "command_palette", "palette", id="palette", show=False, priority=True,
                         tooltip="Every command, by name")  # fmt: skip

EVERY: Final = (*BINDINGS, *TURN_BINDINGS, TALK_ANYWHERE, KEYS_HERE, QUIT, *SUSPENDING, PALETTE)

_HINT_ORDER: Final = (
    "talk", "talk_anywhere", "stop", "reconnect", "turn_times", "say_again", "turn_edit", "copy", "example",
    "search_next", "search_previous", "mode", "threshold_down", "threshold_up", "type", "settings", "search", "export",
    "volume_down", "volume_up", "mute_assistant", "speed_down", "speed_up", "help",
)  # fmt: skip
"""In the row of keys, from the left; what there is no room for falls off at the right."""

PINNED: Final = frozenset({"help", "palette"})
"""At the right end of the row of keys, always: from there one finds the rest."""

_OF_TURN: Final = frozenset({"turn_times", "say_again", "turn_edit", "copy"})
"""Shown while a turn is in hand."""

_LABELS: Final[Mapping[str, str]] = {
    "stop": "interrupt",
    "turn_times": "times",
    "say_again": "say again",
    "turn_edit": "edit",
    "copy": "copy",
    "reconnect": "connect now",
    "example": "example",
    "search_next": "next",
    "search_previous": "previous",
    "threshold_down": "",  # one word for both brackets
    "threshold_up": "threshold",
    "volume_down": "",
    "volume_up": "volume",
    "mute_assistant": "mute assistant",
    "speed_down": "",
    "speed_up": "speed",
    "type": "type",
    "search": "search",
    "settings": "settings",
    "export": "export",
    "help": "help",
    "palette": "palette",
}


def talk_keys(remapped: Mapping[str, str]) -> frozenset[str]:
    """Every key that talks, by name or character. `remapped` is the user's table of binding ids and keys."""
    bound = [remapped.get(binding.id or "") or binding.key for binding in EVERY if binding.action == "talk"]
    return frozenset(key.strip() for keys in bound for key in keys.split(","))


def hint_word(binding_id: str | None, now: Situation) -> str | None:
    """What a key means now, in a word or two; None: nothing that is worth a place in the row of keys."""
    match binding_id:
        case "talk" | "talk_anywhere":
            return talk_word(now)
        case "stop":
            return stop_word(now)
        case "mode":
            return (Mode.HANDS_FREE if now.is_push_to_talk else Mode.PUSH_TO_TALK).value
        case "threshold_down" | "threshold_up":
            return _LABELS[binding_id] if now.has_threshold else None
        case str() if binding_id in _OF_TURN:
            return _LABELS[binding_id] if now.has_turn else None
        case None:
            return None
        case _:
            return _LABELS.get(binding_id)


_NAMES: Final = {
    "escape": "Esc", "space": "Space", "enter": "Enter", "pageup": "PageUp", "pagedown": "PageDown", "home": "Home",
    "end": "End",
}  # fmt: skip


_CHARACTERS: Final = {
    "space": " ", "slash": "/", "left_square_bracket": "[", "right_square_bracket": "]", "question_mark": "?",
    "minus": "-", "plus": "+", "equals_sign": "=", "less_than_sign": "<", "greater_than_sign": ">",
}  # fmt: skip
"""Keys that are characters by another name, by which a text field does not know them."""


def key_name(key: str) -> str:
    """A key as people write it: `Space`, `Ctrl+Q`, `F1`, `[`."""
    *modifiers, last = key.split("+")
    if name := _NAMES.get(last) or _CHARACTERS.get(last):
        last = name
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
    default = next((binding.key for binding in EVERY if binding.id == binding_id), "")
    taken = {key.strip() for mapped in remapped.values() for key in mapped.split(",")}
    return "" if not default or default in taken else key_name(default)


def is_typed(screen: Screen[Any], key: str) -> bool:
    """What has the keyboard takes this key as a character."""
    character = _CHARACTERS.get(key, key)
    return len(character) == 1 and screen.focused is not None and screen.focused.check_consume_key(key, character)


def talk_binding(screen: Screen[None], remapped: Mapping[str, str]) -> str:
    """The id of the binding that talks now: while a text is written, only the one that works everywhere does."""
    keys = remapped.get("talk", "space").split(",")
    return "talk_anywhere" if any(is_typed(screen, key.strip()) for key in keys) else "talk"


def key_hints(screen: Screen[None], now: Situation, remapped: Mapping[str, str]) -> tuple[KeyHint, ...]:
    """What works now, in the order of its worth; help and palette pinned to the end."""
    talking = talk_binding(screen, remapped)
    hints: list[tuple[int, KeyHint]] = []
    pinned: list[KeyHint] = []
    for key, active in screen.active_bindings.items():
        binding = active.binding
        word = hint_word(binding.id, now)
        if not active.enabled or word is None or is_typed(screen, key):
            continue
        hint = KeyHint(key_name(key), word, key, binding.tooltip)
        if binding.id in PINNED:
            pinned.append(replace(hint, shown=hint.shown.replace("Ctrl+", "^"), is_pinned=True))
        elif binding.id == talking or binding.id in _OF_TURN or (binding.show and binding.id != "talk"):
            order = _HINT_ORDER.index(binding.id) if binding.id in _HINT_ORDER else len(_HINT_ORDER)
            hints.append((order, hint))
    hints.sort(key=lambda pair: pair[0])
    return (*(hint for _, hint in hints), *pinned)
