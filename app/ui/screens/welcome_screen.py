"""What somebody should know who starts the program for the first time and has set nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from app.ui.wording import KeyOf


class WelcomeScreen(ModalScreen[bool]):
    """Once; the conversation begins behind it meanwhile. Its result: whether a sound check is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,space", "dismiss(False)", "close", show=False),
        Binding("k", "dismiss(True)", "check the sound", show=False),
    ]

    def __init__(self, service: str, microphone: str, speaker: str, key_of: KeyOf) -> None:
        super().__init__()
        self._service, self._microphone, self._speaker, self._key_of = service, microphone, speaker, key_of

    def compose(self) -> ComposeResult:
        """Where one is, how to talk, how to get another service."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Welcome"
            dialog.border_subtitle = "Enter begins"
            yield Static(Content("\n").join(self._lines()), markup=False)

    def _lines(self) -> list[Content]:
        strong = "bold $text-accent"
        talk, type_key, example = (Content.styled(self._key_of(name), strong) for name in ("talk", "type", "example"))
        if self._microphone:
            how = Content.assemble(
                "Just speak. ", talk, " closes and opens the microphone, ", type_key, " types instead."
            )
            sound = f"Microphone: {self._microphone}; its level moves below when you speak."
        else:
            how = Content.assemble("Press ", example, " to hear the example, or ", type_key, " to type.")
            sound = "No microphone was found."
        return [
            Content.assemble("You talk with the ", Content.styled(self._service, "bold"), "."),
            Content(""),
            how,
            Content(sound),
            Content(self._loudspeaker()),
            Content(""),
            Content("For another service set, in the environment or in a file .env, either"),
            Content("  AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, AZURE_OPENAI_DEPLOYMENT"),
            Content("or"),
            Content("  OPENAI_API_KEY"),
            Content(""),
            Content.assemble(
                Content.styled("k", strong),
                " checks the sound, ",
                Content.styled(self._key_of("help"), strong),
                " shows every key.",
            ),
        ]

    def _loudspeaker(self) -> str:
        has_one = self._speaker not in ("", "none")
        return f"Loudspeaker: {self._speaker}." if has_one else "No loudspeaker was found: answers can only be read."
