"""How loud the microphone and the speaker are, and how sure the detector is that it hears speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.message import Message
from textual.timer import Timer

from app.audio.capture import Levels
from app.conversation.session import Detection, Mode
from app.conversation.status import State, Status
from app.ui.meters.scale import MARK, bar, cell_at, clamped, fraction_at, level_fraction, level_text, placed, speech_bar
from app.ui.painting import Run, StyledLine
from app.ui.wording import standing_mark

SAMPLES_HZ: Final = 10
"""Words come as often (`app.live.coalescer`): each sample is a wake-up, and each painting one of the whole screen."""

_QUIET_EVERY: Final = 4
"""A room that only hums is painted every so many samples: that is half of what the screen costs at rest."""

_UNWATCHED_EVERY: Final = 5
"""While another window has the keyboard, no more than this."""

_MOVED_DB: Final = 3.0
_MOVED_VOICE: Final = 0.05


class LevelThrottle:
    """Which of the levels, sampled `SAMPLES_HZ` times a second, are worth a painting."""

    def __init__(self) -> None:
        self._samples = 0
        self._shown = Levels()

    def is_worth_showing(self, levels: Levels, *, is_watched: bool) -> bool:
        """Whether to show these now. What is to be seen at once is shown at once, while the screen is watched."""
        self._samples += 1
        if levels == self._shown or (not is_watched and self._samples % _UNWATCHED_EVERY):
            return False
        if self._samples % _QUIET_EVERY and is_watched and not _has_moved(self._shown, levels):
            return False
        self._shown = levels
        return True


def _has_moved(old: Levels, new: Levels) -> bool:
    decibels = max(abs(new.input_dbfs - old.input_dbfs), abs(new.output_dbfs - old.output_dbfs))
    return decibels >= _MOVED_DB or abs(new.voice - old.voice) >= _MOVED_VOICE or new.clipping != old.clipping


_PEAK = "▏"
_MOUSE_STEP, _KEY_STEP = 0.01, 0.05
_TOLD_S: Final = 2.0
_THRESHOLD_CELLS: Final = len("┃ 0.55 ")
_LEAST_BAR: Final = 8
"""Shorter than this, a bar does not make room for the threshold's number."""


def stepped(threshold: float, steps: int) -> float:
    """A threshold so many keys further, from 0 to 1."""
    return round(clamped(threshold + steps * _KEY_STEP), 2)


@dataclass
class ThresholdChanged(Message):
    """The mouse moved the threshold: 0 to 1, in hundredths."""

    value: float


class Meter(StyledLine):
    """A label, perhaps a number, and a bar."""

    CELLS: ClassVar[int]
    """Cells beside the bar and the number: gaps, label and sign."""
    NUMBER_CELLS: ClassVar[int] = 0

    def __init__(self, tooltip: str) -> None:
        super().__init__()
        self.tooltip = tooltip
        self.display = False  # until the width is known
        self._levels = Levels()
        self._bar_cells, self._with_number = 0, False

    def fit(self, bar_cells: int, *, with_number: bool = False) -> None:
        """How wide the bar is, and whether the number stands beside it. Without a bar, it is left out."""
        self._bar_cells, self._with_number = bar_cells, with_number
        self.display = bool(bar_cells)
        self.styles.width = self.CELLS + bar_cells + (self.NUMBER_CELLS if with_number else 0)
        self.draw()

    def show_levels(self, levels: Levels) -> None:
        """The levels now; cheap enough for 10 times a second."""
        self._levels = levels
        self.draw()


class LevelMeter(Meter):
    """`level  -23 dBFS  ██████▌   ▏`: the input level with its peak; `clip` in place of `level` when it was cut off."""

    CELLS, NUMBER_CELLS = 8, 9

    def __init__(self) -> None:
        super().__init__(
            "How loud the microphone is, in dBFS (0 is full scale), with the highest peak of late. "
            "It says clip when the sound was too loud for the card."
        )
        self._has_microphone = False

    def show_status(self, status: Status) -> None:
        """Whether there is a microphone at all."""
        self._has_microphone = status.has_microphone
        self.draw()

    def draw(self) -> None:
        """Label, number, and the bar with its peak."""
        levels, width = self._levels, self._bar_cells
        if not self._has_microphone:
            room = width + self.CELLS - 2 + (self.NUMBER_CELLS if self._with_number else 0)
            self.paint([("  ", "plain"), (f"{'no microphone':<{room}.{room}}", "dim")])
            return
        runs: list[Run] = [("  ", "plain"), ("clip ", "error") if levels.clipping else ("level", "dim"), (" ", "plain")]
        if self._with_number:
            runs += [(level_text(levels.input_dbfs), "plain"), (" ", "plain")]
        level = level_fraction(levels.input_dbfs)
        peak = level_fraction(levels.peak_dbfs)
        filled, at = bar(level, width), cell_at(peak, width)
        if peak > 0.0 and filled[at : at + 1] == " ":
            filled = placed(filled, peak, _PEAK)
            runs += [(filled[:at], "level"), (_PEAK, "peak"), (filled[at + 1 :], "level")]
        else:
            runs.append((filled, "level"))
        self.paint(runs)


class VoiceMeter(Meter):
    """`speech 0.82 ┃ 0.55 ██████┃███▌   ✓`: the probability of speech and, on the same scale, the threshold.

    What lies beyond the threshold counts as speech: the label then says so. After the bar stands how the threshold
    stands with the service (`standing_mark`); nothing where the service is not the one who decides. Where there is no
    room for the threshold's number, it stands for a moment in place of the label after it was moved.
    """

    CELLS, NUMBER_CELLS = 11, 5

    def __init__(self) -> None:
        super().__init__(
            "How likely it is speech, from 0 to 1. What passes the threshold ┃ counts as speech. "
            "Click, drag or turn the wheel to move the threshold."
        )
        self._threshold: float | None = None
        self._told_for: Timer | None = None
        """It runs while the threshold's number stands in place of the label."""
        self._sign: Run = (" ", "dim")
        self._is_dragged = False

    def show_status(self, status: Status) -> None:
        """The threshold, and whether the service has it."""
        settings = status.settings
        if not self._is_dragged and settings.threshold != self._threshold:  # meanwhile it is older than the hand
            if self._threshold is not None:
                self._tell()
            self._threshold = settings.threshold
        if (
            settings.mode is Mode.PUSH_TO_TALK
            or settings.detection is not Detection.SERVER_VAD
            or status.state in (State.CONNECTING, State.RECONNECTING, State.OFFLINE)
        ):
            self._sign = (" ", "dim")
        else:
            standing = status.standings.get("threshold")
            self._sign = standing_mark(standing.standing) if standing else (" ", "dim")
        self.draw()

    @property
    def is_speech(self) -> bool:
        """Whether it counts as speech now."""
        return self._levels.voice >= self.threshold

    @property
    def threshold(self) -> float:
        """From which probability on it counts as speech."""
        return 0.5 if self._threshold is None else self._threshold

    @property
    def bar_start(self) -> int:
        """The bar's first column."""
        number = self.NUMBER_CELLS if self._with_number else 0
        return 2 + 6 + 1 + number + (_THRESHOLD_CELLS if self._has_threshold_number else 0)

    @property
    def _has_threshold_number(self) -> bool:
        return self._with_number and self._bar_cells >= _THRESHOLD_CELLS + _LEAST_BAR

    @property
    def _shown_bar_cells(self) -> int:
        return self._bar_cells - (_THRESHOLD_CELLS if self._has_threshold_number else 0)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Move the threshold here, and follow the mouse."""
        if event.button == 1 and event.x >= self.bar_start:
            self._is_dragged = True
            self.capture_mouse()
            self._move_to(fraction_at(event.x - self.bar_start, self._shown_bar_cells))
            event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse while it is held."""
        if self._is_dragged:
            self._move_to(fraction_at(event.x - self.bar_start, self._shown_bar_cells))
            event.stop()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The threshold stays where it is."""
        if self._is_dragged:
            event.stop()
            self.release_mouse()
            self._is_dragged = False

    def on_mouse_release(self) -> None:
        """The mouse was taken away."""
        self._is_dragged = False

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """One hundredth up."""
        event.stop()
        self._move_to(self.threshold + _MOUSE_STEP)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """One hundredth down."""
        event.stop()
        self._move_to(self.threshold - _MOUSE_STEP)

    def _move_to(self, value: float) -> None:
        value = round(min(1.0, max(0.0, value)), 2)
        if value != self._threshold:
            # Shown before anyone has answered: the mark must follow the hand.
            self._threshold = value
            self._tell()
            self.draw()
            self.post_message(ThresholdChanged(value))

    def draw(self) -> None:
        """Label, numbers, and the bar with the threshold in it."""
        below, mark, above = speech_bar(self._levels.voice, self.threshold, self._shown_bar_cells)
        is_speech, figure = self.is_speech, f"{MARK} {self.threshold:.2f}"
        label: Run = ("speech", "accent") if is_speech else ("voice ", "dim")
        if self._told_for is not None and not self._has_threshold_number:
            label = (figure, "strong")
        runs: list[Run] = [("  ", "plain"), label, (" ", "plain")]
        if self._with_number:
            runs.append((f"{self._levels.voice:.2f} ", "accent" if is_speech else "plain"))
        if self._has_threshold_number:
            runs.append((f"{figure} ", "plain" if self._told_for is None else "strong"))
        runs += [(below, "voice"), (mark, "peak"), (above, "speech"), (" ", "plain"), self._sign]
        self.paint(runs)

    def tell_unseen(self, threshold: float) -> None:
        """Say in passing what was chosen, where there is no room for the meter."""
        if not self.display:
            self.notify(f"Threshold {threshold:.2f}", timeout=_TOLD_S)

    def _tell(self) -> None:
        """Show the number for a moment where it has no place of its own."""
        if self._told_for is not None:
            self._told_for.stop()
        self._told_for = self.set_timer(_TOLD_S, self._end_telling, name="threshold")

    def _end_telling(self) -> None:
        self._told_for = None
        self.draw()


class OutputMeter(Meter):
    """`out  80 % ███▌`: the assistant's volume, `muted` where it is, and how loud the speaker is."""

    CELLS, NUMBER_CELLS = 6, 6

    def __init__(self) -> None:
        super().__init__("How loud the assistant is at the speaker, and the volume it is set to.")
        self._volume, self._is_muted = 100, False

    def show_volume(self, volume: int, *, is_muted: bool) -> None:
        """What it is set to."""
        self._volume, self._is_muted = volume, is_muted
        self.draw()

    def draw(self) -> None:
        """Label, number, and the bar."""
        filled = bar(level_fraction(self._levels.output_dbfs), self._bar_cells)
        number: Run = (" muted", "warning") if self._is_muted else (f" {self._volume:>3} %", "plain")
        label: Run = ("out", "dim")
        if not self._with_number:
            number = ("", "plain")
            label = ("off", "warning") if self._is_muted else label
        self.paint([("  ", "plain"), label, number, (" ", "plain"), (filled, "output")])
