"""What every key does, and what the screen says: made from the bindings as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from app.ui.keys import bindings
from app.ui.wording import KeyOf

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Talking", ("talk", "talk_anywhere", "stop", "mode", "threshold_down", "threshold_up", "type", "example",
                 "volume_down", "volume_up", "mute_assistant", "speed_down", "speed_up")),
    ("The transcript", ("turn_up", "turn_down", "turn_times", "say_again", "turn_edit",
                        "page_up", "page_down", "first", "follow", "search", "search_next", "search_previous",
                        "copy", "copy_all", "export")),
    ("The program", ("settings", "devices", "notices", "keys_here", "palette", "help", "suspend", "quit")),
)  # fmt: skip

_STATES: tuple[tuple[str, str], ...] = (
    ("● ◌", "the microphone is open, it is closed"),
    ("connecting", "the line to the service is being made"),
    ("ready", "nobody talks, and no microphone is open"),
    ("listening", "the microphone is open: speak"),
    ("hearing you", "the service hears speech"),
    ("thinking", "your turn is over, the answer is on its way"),
    ("speaking", "the assistant talks; speak, and it falls silent"),
    ("muted", "you have closed the microphone"),
    ("offline", "there is no connection, and the microphone is closed"),
)

_MOUSE: tuple[tuple[str, str], ...] = (
    ("lamp", "a click opens or closes the microphone; held, it is open as long"),
    ("mark ┃", "drag it, and the threshold follows"),
    (
        "transcript",
        "drag over words to select them; a click on the words of an interrupted turn shows all that was not "
        "heard; on the first line of a turn, takes it in hand",
    ),
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
            for title, rows in self._chapters():
                yield Label(title, classes="help--title")
                for name, meaning in rows:
                    with Horizontal(classes="help--row"):
                        yield Label(name, classes="help--name", markup=False)
                        yield Static(meaning, classes="help--meaning", markup=False)

    def _chapters(self) -> Iterable[tuple[str, Iterable[tuple[str, str]]]]:
        by_id = {binding.id: binding for binding in bindings.EVERY}
        for title, ids in _GROUPS:
            yield (
                title,
                [(self._key_of(binding_id), by_id[binding_id].tooltip) for binding_id in ids if binding_id in by_id],
            )
        yield "What the lamp says", _STATES
        yield "With the mouse", _MOUSE
        yield "Other keys", [("[keys]", 'a table in the settings file: talk = "ctrl+t", stop = "f4" and so on')]
