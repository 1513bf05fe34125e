"""The strip that answers: does it hear me, whose turn is it, what can I press."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Final

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from app.audio.capture import Levels
from app.ui.keys.situation import Situation
from app.ui.meters.lamp import Lamp
from app.ui.meters.level_meter import LevelMeter, OutputMeter, VoiceMeter
from app.ui.painting import LOOKS

_LEVEL, _VOICE, _OUTPUT = LevelMeter.CELLS, VoiceMeter.CELLS, OutputMeter.CELLS
_LEVEL_NUMBER, _VOICE_NUMBER = LevelMeter.NUMBER_CELLS, VoiceMeter.NUMBER_CELLS
_OUTPUT_NUMBER = OutputMeter.NUMBER_CELLS
_LEVEL_BAR, _VOICE_BAR, _OUTPUT_BAR = 6, 8, 5
"""The narrowest bars worth looking at."""

_WIDEST_BAR: Final = 40


class Plan(Struct, frozen=True):
    """What of the strip there is room for. A bar of 0 cells: the meter is left out."""

    level_bar: int = 0
    voice_bar: int = 0
    output_bar: int = 0
    with_level_number: bool = False
    with_voice_number: bool = False
    with_output_number: bool = False


def plan(width: int, talk_cells: int, stop_cells: int) -> Plan:
    """Give the meters room in the order of their worth; what remains lengthens the bars, 2 : 2 : 1.

    Lamp, word and talk key always; then the level, the voice, their numbers, the output, its number. Where there
    is no room for the level beside the stop key, the row is the lamp's and the keys' alone: other rows of the screen
    may be gone.
    """
    left = width - talk_cells
    if left < stop_cells + _LEVEL + _LEVEL_BAR:
        return Plan()
    bars = (_LEVEL + _LEVEL_BAR, _VOICE + _VOICE_BAR)
    wanted = (*bars, _LEVEL_NUMBER, _VOICE_NUMBER, _OUTPUT + _OUTPUT_BAR, _OUTPUT_NUMBER)
    given = [False] * len(wanted)
    for at, cells in enumerate(wanted):
        if cells > left:
            break
        left -= cells
        given[at] = True
    _, voice, level_number, voice_number, output, output_number = given
    share = left // (2 + 2 * voice + output)
    return Plan(
        level_bar=min(_WIDEST_BAR, _LEVEL_BAR + 2 * share),
        voice_bar=min(_WIDEST_BAR, _VOICE_BAR + 2 * share) if voice else 0,
        output_bar=min(_WIDEST_BAR // 2, _OUTPUT_BAR + share) if output else 0,
        with_level_number=level_number,
        with_voice_number=voice_number,
        with_output_number=output_number,
    )


class TalkStrip(Horizontal):
    """Lamp, level, voice and output in one row, fit to its width.

    Posts `TalkPressed` and `TalkReleased` (lamp), `ThresholdChanged` (voice). No clock runs here but one timer while
    a word waits, and the lamp's while connecting: levels are given by whoever samples them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = LOOKS

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds and never goes back."""
        super().__init__()
        self.lamp = Lamp(clock)
        self.level = LevelMeter()
        self.voice = VoiceMeter()
        self.output = OutputMeter()

    def compose(self) -> ComposeResult:
        """The parts, from left to right."""
        yield self.lamp
        yield self.level
        yield self.voice
        yield self.output

    def on_resize(self, event: events.Resize) -> None:
        """Share out the new width."""
        self._fit(event.size.width)

    def show(self, now: Situation) -> None:
        """State, microphone, what the keys mean, threshold and its acknowledgement."""
        cells = self.lamp.talk_cells
        self.lamp.show(now)
        if self.lamp.talk_cells != cells:
            self._fit(self.size.width)
        self.level.show_status(now.status)
        self.voice.show_status(now.status)

    def show_levels(self, levels: Levels) -> None:
        """The levels now; cheap enough for 10 times a second."""
        self.level.show_levels(levels)
        self.voice.show_levels(levels)
        self.output.show_levels(levels)

    def show_volume(self, volume: int, *, is_muted: bool) -> None:
        """What the assistant's volume is set to, in percent."""
        self.output.show_volume(volume, is_muted=is_muted)

    def show_keys(self, talk: str, stop: str) -> None:
        """The talk key and the stop key as they are bound, in words: `Space`, `Esc`."""
        self.lamp.show_keys(talk, stop)
        self._fit(self.size.width)

    def flash_heard(self) -> None:
        """Say HEARD for 400 ms: the interruption was recognised."""
        self.lamp.flash_heard()

    def _fit(self, width: int) -> None:
        shape = plan(width, self.lamp.talk_cells, self.lamp.stop_cells)
        self.lamp.show_stop(not shape.level_bar)
        self.lamp.styles.width = self.lamp.talk_cells if shape.level_bar else "1fr"
        self.level.fit(shape.level_bar, with_number=shape.with_level_number)
        self.voice.fit(shape.voice_bar, with_number=shape.with_voice_number)
        self.output.fit(shape.output_bar, with_number=shape.with_output_number)
