"""What every key does, and what the screen says: made from the bindings as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from app.ui import keys
from app.ui.wording import KeyOf

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Talking", ("talk", "talk_anywhere", "stop", "mode", "threshold_down", "threshold_up", "type", "example")),
    ("The transcript", ("page_up", "page_down", "first", "follow", "search", "search_next", "search_previous",
                        "copy", "copy_all", "export")),
    ("The program", ("settings", "palette", "help", "quit")),
)  # fmt: skip

_STATES: tuple[tuple[str, str], ...] = (
    ("connecting", "the line to the service is being made"),
    ("ready", "nobody talks, and no microphone is open"),
    ("listening", "the microphone is open: speak"),
    ("hearing you", "the service hears speech"),
    ("thinking", "your turn is over, the answer is on its way"),
    ("speaking", "the assistant talks; speak, and it falls silent"),
    ("muted", "you have closed the microphone"),
    ("offline", "there is no connection"),
)


class HelpScreen(ModalScreen[None]):
    """One page; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", "close", show=False)]

    def __init__(self, key_of: KeyOf) -> None:
        super().__init__()
        self._key_of = key_of

    def compose(self) -> ComposeResult:
        """Keys in groups, then the words of the lamp."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "Esc closes"
            yield Static(Content("\n").join(self._lines()), markup=False)

    def _lines(self) -> Iterable[Content]:
        by_id = {binding.id: binding for binding in keys.EVERY}
        for title, ids in _GROUPS:
            yield Content.styled(title, "bold")
            for binding_id in ids:
                yield _row(self._key_of(binding_id), by_id[binding_id].tooltip, "bold $text-accent")
            yield Content("")
        yield Content.styled("What the lamp says", "bold")
        yield Content("  ● the microphone is open    ◌ it is closed")
        for state, meaning in _STATES:
            yield _row(state, meaning, "bold")
        yield Content("")
        yield Content.styled("With the mouse", "bold")
        yield Content("  Hold the lamp to talk, drag the mark ┃ to set the threshold, drag over text to select it,")
        yield Content("  click an interrupted turn to see all of what was not heard.")
        yield Content("")
        yield Content('Every key can be changed in the settings file, in the table [keys]: talk = "ctrl+t".')


def _row(name: str, meaning: str, style: str) -> Content:
    return Content.assemble("  ", Content.styled(f"{name:12}", style), " ", meaning)
