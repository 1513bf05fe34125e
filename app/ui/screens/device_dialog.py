"""The dialog in which microphone and speaker are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import Struct
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

MIC, SPEAKER = "mic", "speaker"
_KINDS: Final = {MIC: "microphone", SPEAKER: "speaker"}
_HELP: Final = "Type to search. Enter takes it, at once, in the middle of a word if need be."


class DeviceChoice(Struct, frozen=True):
    """A device for one of the two, as the setting names it."""

    setting: str
    """`mic` or `speaker`."""
    spec: str
    """A name, `none`, `example`; empty: the system's."""
    is_current: bool = False

    @property
    def text(self) -> str:
        """As the list has it."""
        name = {"": "system default", "none": "none", "example": "the spoken example"}.get(self.spec, self.spec)
        return f"{_KINDS[self.setting]}  {name}"


def device_choices(
    microphones: Sequence[str], speakers: Sequence[str], *, microphone: str, speaker: str
) -> tuple[DeviceChoice, ...]:
    """Everything to choose from; `microphone` and `speaker` are the settings now."""
    found = [DeviceChoice(MIC, spec, spec == microphone) for spec in dict.fromkeys(("", *microphones, "none"))]
    found += [DeviceChoice(SPEAKER, spec, spec == speaker) for spec in dict.fromkeys(("", *speakers, "none"))]
    return tuple(found)


class DeviceDialog(ModalScreen[DeviceChoice | None]):
    """Returns what was chosen, None when the user thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("down", "move(1)", "next", show=False),
        Binding("up", "move(-1)", "previous", show=False),
    ]
    AUTO_FOCUS = "#search"

    search = query_one("#search", Input)
    options = query_one("#devices", OptionList)
    told = query_one("#told", Static)

    def __init__(self, choices: Sequence[DeviceChoice]) -> None:
        super().__init__()
        self._choices = tuple(choices)
        self._shown: tuple[DeviceChoice, ...] = ()

    def compose(self) -> ComposeResult:
        """What to search for, and what there is."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = "Microphone and speaker"
            dialog.border_subtitle = "Esc closes"
            yield Input(placeholder="search", id="search", compact=True)
            yield OptionList(id="devices", compact=True)
            yield Static(_HELP, id="told", markup=False)

    def on_mount(self) -> None:
        """All of it, before anything is typed."""
        self._look()

    @on(Input.Changed, "#search")
    def _look(self) -> None:
        words = self.search.value.casefold().split()
        self._shown = tuple(each for each in self._choices if all(word in each.text.casefold() for word in words))
        self.options.clear_options()
        self.options.add_options([self._option(each) for each in self._shown])
        current = next((at for at, each in enumerate(self._shown) if each.is_current), 0)
        self.options.highlighted = current if self._shown else None
        self.told.update(_HELP if self._shown else "There is no such device.")

    def _option(self, choice: DeviceChoice) -> Text:
        text = Text(choice.text)
        if choice.is_current:
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
