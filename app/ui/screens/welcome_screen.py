"""What somebody should know who starts the program for the first time and has set nothing."""

from __future__ import annotations

from enum import Enum, auto
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Static

from app.live.events import Live
from app.ui.meters.level_meter import SAMPLES_HZ
from app.ui.meters.scale import bar, level_fraction, level_text
from app.ui.painting import LOOKS, StyledLine
from app.ui.transcript.wrapping import shown
from app.ui.wording import KeyOf

_BAR_CELLS: Final = 30


class Begin(Enum):
    """How the user goes on from the welcome."""

    TALKING = auto()
    TYPING = auto()
    CHECKING_SOUND = auto()


class WelcomeScreen(ModalScreen[Begin]):
    """Once. The line is made behind it meanwhile, with the microphone closed until the user goes on."""

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "begin('TALKING')", "begin", show=False),
        Binding("k", "begin('CHECKING_SOUND')", "check the sound", show=False),
        Binding("i", "begin('TYPING')", "type", show=False),
        Binding("f1", "help", "every key", show=False),
    ]

    level = query_one("#welcome-level", StyledLine)
    notice = query_one("#welcome-notice", Static)

    def __init__(self, live: Live, key_of: KeyOf) -> None:
        super().__init__()
        self._live, self._key_of = live, key_of

    def compose(self) -> ComposeResult:
        """Where one is, how to talk, how to get another service, and what was told last."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Welcome"
            dialog.border_subtitle = "Enter begins"
            yield Static(Content("\n").join(self._of_talking()), markup=False)
            yield StyledLine(id="welcome-level")
            yield Static(Content("\n").join(self._of_services()), markup=False)
            yield Static(id="welcome-notice", markup=False)

    def on_mount(self) -> None:
        """Begin to sample the level."""
        self.notice.display = False
        self.level.display = bool(self._live.microphone_name)
        if self.level.display:
            self.set_interval(1 / SAMPLES_HZ, self._sample, name="welcome level")

    def show_notice(self, text: str) -> None:
        """The newest notice, in the place of a toast, which would cover what is to be read here."""
        self.notice.update(Content.assemble("\n", Content.styled("▌ ", "$text-warning"), shown(text)))
        self.notice.display = True

    def action_begin(self, how: str) -> None:
        """Go on."""
        self.dismiss(Begin[how])

    def action_help(self) -> None:
        """What every key does."""
        from app.ui.screens.help_screen import HelpScreen

        self.app.push_screen(HelpScreen(self._key_of))

    def _sample(self) -> None:
        levels = self._live.levels
        label = f"  level {level_text(levels.input_dbfs)} "
        meter = bar(level_fraction(levels.input_dbfs), min(_BAR_CELLS, self.level.size.width - len(label)))
        self.level.paint([(label, "plain"), (meter, "level")])

    def _of_talking(self) -> list[Content]:
        talk, type_key, example = (self._key(name) for name in ("talk", "type", "example"))
        service = Content.assemble("You talk with the ", Content.styled(self._live.service_label, "bold"), ".")
        if self._live.microphone_name:
            how = Content.assemble(
                "Enter opens the microphone, then just speak. ", talk, " closes and opens it, ", type_key, " types."
            )
            sound = f"Microphone: {self._live.microphone_name}. It is closed; its level moves when you speak:"
        else:
            how = Content.assemble("After Enter, ", example, " speaks the example; ", type_key, " types.")
            sound = "No microphone was found."
        return [service, Content(""), how, Content(self._loudspeaker()), Content(sound)]

    def _of_services(self) -> list[Content]:
        return [
            Content(""),
            Content("For another service set, in the environment or in a file .env, either"),
            Content("  AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, AZURE_OPENAI_DEPLOYMENT"),
            Content("or"),
            Content("  OPENAI_API_KEY"),
            Content(""),
            Content.assemble(self._strong("k"), " checks the sound, ", self._key("help"), " shows every key."),
        ]

    def _key(self, binding_id: str) -> Content:
        return self._strong(self._key_of(binding_id))

    def _strong(self, text: str) -> Content:
        return Content.styled(text, "bold $text-accent")

    def _loudspeaker(self) -> str:
        name = self._live.speaker_name
        has_one = name not in ("", "none")
        return f"Loudspeaker: {name}." if has_one else "No loudspeaker was found: answers can only be read."
