"""Does it hear me, do I hear it: a tone, the level, and one's own voice played back."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from app.live.events import Live
from app.live.sound_check import CheckStep
from app.ui.meters.level_meter import SAMPLES_HZ
from app.ui.meters.scale import bar, level_fraction, level_text
from app.ui.painting import LOOKS, StyledLine

_BAR_CELLS = 40

_WORDS = {
    CheckStep.TONE: "You should hear a tone now.",
    CheckStep.RECORDING: "Say something: you are recorded for three seconds. The service hears nothing of it.",
    CheckStep.PLAYING: "This is what the microphone heard.",
    CheckStep.DONE: "Again, or Esc goes on.",
}


_NO_MICROPHONE: Final = "There is no microphone, so only the tone can be played."


class SoundCheckScreen(ModalScreen[None]):
    """Looks and listens; changes nothing."""

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "close", show=False),
        Binding("t", "tone", "play a tone", show=False),
        Binding("r", "record", "record and play back", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    said = query_one("#check-said", Static)
    level = query_one("#check-level", StyledLine)

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live

    def compose(self) -> ComposeResult:
        """Devices, level, what to do, what happens."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "Sound check"
            dialog.border_subtitle = "Esc closes"
            yield Static(f"Microphone: {self._live.microphone_name or 'none'}", markup=False)
            yield StyledLine(id="check-level")
            yield Static(f"Speaker: {self._live.speaker_name or 'none'}", markup=False)
            hears = "Your level moves when you speak." if self._live.microphone_name else _NO_MICROPHONE
            yield Static(hears, id="check-said", markup=False)
            with Horizontal(classes="dialog--ways"):
                yield Button("t  Play a tone", id="tone", compact=True)
                if self._live.microphone_name:
                    yield Button("r  Record me", id="record", compact=True, variant="primary")

    def on_mount(self) -> None:
        """Begin to sample the level."""
        self.set_interval(1 / SAMPLES_HZ, self._sample, name="check level")
        self._sample()

    def show_step(self, step: CheckStep) -> None:
        """What happens now, in words."""
        self.said.update(_WORDS[step])

    def _sample(self) -> None:
        levels = self._live.levels
        if not self._live.microphone_name:
            return
        word = "clip " if levels.clipping else "level"
        label = f"{word} {level_text(levels.input_dbfs)} "
        meter = bar(level_fraction(levels.input_dbfs), min(_BAR_CELLS, self.level.size.width - len(label)))
        self.level.paint([(label, "plain"), (meter, "level")])

    @on(Button.Pressed, "#tone")
    def action_tone(self) -> None:
        """Something to hear."""
        self._live.check_speaker()

    @on(Button.Pressed, "#record")
    def action_record(self) -> None:
        """Something to say."""
        if self._live.microphone_name:
            self._live.check_microphone()
