"""The keys of where one is: what works here and now, made from the bindings that are active."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from msgspec import Struct
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Label, Static

from app.ui.keys.bindings import key_name

_NAMES: Final = {
    "MainScreen": "The conversation",
    "SettingsPanel": "Settings",
    "SettingRow": "Settings",
    "Tape": "The tape",
    "LineInput": "The line",
    "Input": "The line",
    "TextArea": "The text",
    "OptionList": "The list",
}


class KeyGroup(Struct, frozen=True):
    """The keys of one place, with what they do."""

    title: str
    rows: tuple[tuple[str, str], ...]


def key_groups(active: Mapping[str, ActiveBinding]) -> tuple[KeyGroup, ...]:
    """From what has the keyboard outwards; keys that do the same stand together."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for key, (node, binding, enabled, tooltip) in active.items():
        meaning = tooltip or binding.tooltip or binding.description
        if enabled and meaning and not binding.system:
            rows = groups.setdefault(_title(node), {})
            rows.setdefault((binding.action, meaning), []).append(key_name(key))
    return tuple(
        KeyGroup(title, tuple((" ".join(keys), meaning) for (_, meaning), keys in rows.items()))
        for title, rows in groups.items()
    )


def _title(node: DOMNode) -> str:
    if isinstance(node, App):
        return "Everywhere"
    names = [kind.__name__ for kind in type(node).__mro__]
    named = next((_NAMES[name] for name in names if name in _NAMES), None)
    return named or ("Here" if isinstance(node, Screen) else "What has the keyboard")


class KeysScreen(ModalScreen[None]):
    """Any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,space", "dismiss", "close", show=False)
    ]

    def __init__(self, groups: Iterable[KeyGroup]) -> None:
        super().__init__()
        self._groups = tuple(groups)

    def compose(self) -> ComposeResult:
        """A group below the other."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Keys here"
            dialog.border_subtitle = "Esc closes"
            for group in self._groups:
                yield Label(group.title, classes="help--title")
                for name, meaning in group.rows:
                    with Horizontal(classes="help--row"):
                        yield Label(name, classes="help--name", markup=False)
                        yield Static(meaning, classes="help--meaning", markup=False)
