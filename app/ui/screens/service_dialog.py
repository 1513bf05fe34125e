"""The dialog in which the talk is sent on to another service, or to another model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from app.live.service_choice import ServiceChoice

_HELP = "Type to search, or a model's name. Enter goes on there; what was said is carried over as text."
_NOTHING = "No service is set that fits. Set its address and its key, and start again."


def fitting(choices: Sequence[ServiceChoice], words: str) -> tuple[ServiceChoice, ...]:
    """The choices in which all words occur; behind them, where one word is left that no model has, the services that
    could have such a model.
    """
    wanted = words.casefold().split()
    found = [each for each in choices if all(word in _text(each).casefold() for word in wanted)]
    if wanted:
        name = words.split()[-1]
        others = wanted[:-1]
        known = {(each.service, each.model.casefold()) for each in choices}
        found += dict.fromkeys(
            ServiceChoice(each.service, each.label, name, takes_model=True)
            for each in choices
            if each.takes_model
            and (each.service, name.casefold()) not in known
            and all(word in each.label.casefold() for word in others)
            and name.casefold() not in each.label.casefold()
        )
    return tuple(found)


def _text(choice: ServiceChoice) -> str:
    return f"{choice.label} · {choice.model}" if choice.model else choice.label


class ServiceDialog(ModalScreen[ServiceChoice | None]):
    """Returns what was chosen, None when the user thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("down", "move(1)", "next", show=False),
        Binding("up", "move(-1)", "previous", show=False),
    ]
    AUTO_FOCUS = "#search"

    search = query_one("#search", Input)
    options = query_one("#services", OptionList)
    told = query_one("#told", Static)

    def __init__(self, choices: Sequence[ServiceChoice], current: str) -> None:
        """`current`: the label of the service that is talked with."""
        super().__init__()
        self._choices = tuple(choices)
        self._current = current
        self._shown: tuple[ServiceChoice, ...] = ()

    def compose(self) -> ComposeResult:
        """What to search for, and what there is."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = "Service"
            yield Input(placeholder="search", id="search", compact=True)
            yield OptionList(id="services", compact=True)
            yield Static(_HELP, id="told", markup=False)

    def on_mount(self) -> None:
        """All of it, before anything is typed."""
        self._look()

    @on(Input.Changed, "#search")
    def _look(self) -> None:
        self._shown = fitting(self._choices, self.search.value)
        self.options.clear_options()
        self.options.add_options([self._option(each) for each in self._shown])
        self.options.highlighted = 0 if self._shown else None
        self.told.update(_HELP if self._shown else _NOTHING)

    def _option(self, choice: ServiceChoice) -> Text:
        text = Text(_text(choice))
        if choice.label == self._current:
            text.append("  now", "dim")
        return text

    def action_move(self, steps: int) -> None:
        """To the next one, while the keyboard stays in the field."""
        if self._shown:
            self.options.highlighted = ((self.options.highlighted or 0) + steps) % len(self._shown)

    @on(Input.Submitted, "#search")
    def _submitted(self) -> None:
        if self._shown:
            self.dismiss(self._shown[self.options.highlighted or 0])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])

    def action_cancel(self) -> None:
        """Think better of it."""
        self.dismiss(None)
