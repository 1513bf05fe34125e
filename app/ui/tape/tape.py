"""The tape on the screen: both voices of the last minute, and the way from there to a turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Self, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from app.audio.capture import Levels
from app.conversation.status import State, Status
from app.conversation.transcript import Entry, Party
from app.live.events import HeardSoFar
from app.ui.painting import Surface
from app.ui.tape.cells import Kind, Picture, TapeRun, column_ms_for
from app.ui.tape.timeline import Timeline, sound_of
from app.ui.transcript.layout import Clock

_LANES: Final = (Party.USER, Party.ASSISTANT)


class Tape(Widget, can_focus=True):
    """Samples and turns are given to it; it paints what changed, and nothing while nothing does.

    Left and right go from turn to turn while it has the focus, a click goes to the turn there; both post `TurnChosen`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tape--{kind}" for kind in (*get_args(Kind), "here")}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "the turn before", show=False, id="tape_before"),
        Binding("right", "step(1)", "the next turn", show=False, id="tape_next"),
    ]

    @dataclass
    class TurnChosen(Message):
        """The user pointed at a turn."""

        item_id: str

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._timeline = Timeline()
        self._threshold = 0.5
        self._chosen = ""
        self._is_stale = False
        """Something else than sound is to be painted."""
        self._surface: Surface | None = None
        self._rows: tuple[tuple[TapeRun, ...], ...] = ()
        """As Textual has them, or is going to."""
        self._strips: dict[int, Strip] = {}
        self.tooltip = (
            "Both voices of the last minute. A bar counted as speech, a dot came near the threshold; "
            "├ ┤ is the wait for an answer, ╳ an interruption, ░ what was never heard. "
            "Click goes to the turn, so do ← and → after Tab."
        )

    # ---------------------------------------------------------------- what is told

    def sample(self, now_ms: int, levels: Levels, heard: HeardSoFar | None) -> None:
        """What is heard at this moment of the conversation; cheap enough for 10 times a second."""
        has_moved = self._timeline.sample(now_ms, sound_of(levels, self._threshold))
        has_begun = heard is not None and heard.heard_ms > 0 and self._timeline.hear(heard.item_id)
        if has_moved or has_begun or self._is_stale:
            self._draw()

    def show_status(self, status: Status) -> None:
        """The threshold, and whether there is a line."""
        self._threshold = max(0.01, status.settings.threshold)
        self._is_stale |= self._timeline.line(is_lost=status.state in (State.RECONNECTING, State.OFFLINE))

    def put(self, entry: Entry) -> None:
        """An entry is new or has changed; seen with the next sample, however many come before."""
        self._is_stale |= self._timeline.put(entry)

    def take_out(self, item_id: str) -> None:
        """An entry is gone."""
        self._is_stale |= self._timeline.take_out(item_id)

    # ---------------------------------------------------------------- what the user points at

    def on_click(self, event: events.Click) -> None:
        """To the turn there."""
        event.stop()
        lane = _LANES[event.y] if event.y < len(_LANES) else None
        if turn := self._picture().turn_at(event.x, lane):
            self._choose(turn.item_id)

    def action_step(self, step: int) -> None:
        """To the turn before or after the one pointed at; at first to the newest."""
        items = [turn.item_id for turn in self._picture().turns]
        if not items:
            return
        at = items.index(self._chosen) + step if self._chosen in items else len(items) - 1
        self._choose(items[min(max(at, 0), len(items) - 1)])

    def on_blur(self) -> None:
        """Nothing is pointed at any more."""
        self._chosen = ""
        self._draw()

    def _choose(self, item_id: str) -> None:
        self._chosen = item_id
        self._draw()
        self.post_message(self.TurnChosen(item_id))

    # ---------------------------------------------------------------- painting

    def _picture(self) -> Picture:
        return Picture(self._timeline, self.size.width, self._chosen)

    def _draw(self) -> None:
        """Have Textual paint the cells that are others."""
        self._is_stale = False
        height = self.size.height
        if not height:  # there is no room for it
            return
        rows = self._picture().rows(self._clock)[:height]
        before, self._rows = self._rows, rows
        if len(before) != len(rows):
            self._strips.clear()
            super().refresh()
            return
        regions = []
        for y, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self._strips.pop(y, None)
                start, end = changed_columns(old, new)
                regions.append(Region(start, y, end - start, 1))
        if regions:
            super().refresh(*regions)

    def on_resize(self, event: events.Resize) -> None:
        """Textual tells of another size: another scale."""
        self._timeline.set_column(column_ms_for(event.size.width))
        self._rows = ()
        self._draw()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual's way to say that anything may be different."""
        self._forget_looks()
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def notify_style_update(self) -> None:
        """Textual tells that styles are others, by a theme for instance."""
        self._forget_looks()
        super().notify_style_update()

    def _forget_looks(self) -> None:
        self._surface = None
        self._strips = {}

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual paints."""
        if not self._looked_up().is_plain:
            return super().render_lines(crop)
        return [self.render_line(y, is_finished=True).crop(crop.x, crop.right) for y in crop.line_range]

    def render_line(self, y: int, *, is_finished: bool = False) -> Strip:
        """One row; unfinished for Textual's own way, which is for where there is a border."""
        surface = self._looked_up()
        if y not in self._strips:
            runs = self._rows[y] if y < len(self._rows) else ()
            row = Strip([Segment(text, self._look(kind, surface, is_here=here)) for text, kind, here in runs])
            self._strips[y] = row.adjust_cell_length(self.size.width, surface.style)
        return surface.finished(self._strips[y]) if is_finished else self._strips[y]

    def _looked_up(self) -> Surface:
        if self._surface is None:
            self._surface = Surface(self)
        return self._surface

    def _look(self, kind: Kind, surface: Surface, *, is_here: bool) -> Style:
        name = f"{kind}-here" if is_here else kind
        if name not in surface.looks:
            look = surface.style if kind == "blank" else self.get_component_rich_style(f"tape--{kind}")
            surface.looks[name] = self._pointed_at(look) if is_here else look
        return surface.looks[name]

    def _pointed_at(self, look: Style) -> Style:
        here = self.get_component_rich_style("tape--here")
        return look + Style(bgcolor=here.bgcolor, underline=here.underline)


def changed_columns(old: tuple[TapeRun, ...], new: tuple[TapeRun, ...]) -> tuple[int, int]:
    """From which cell to which (not included) a row has to be painted to become another; each cell is a character."""
    before, after = _cells(old), _cells(new)
    length = max(len(before), len(after))
    if len(before) != len(after):
        return 0, length
    others = [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    return (others[0], others[-1] + 1) if others else (0, 0)


def _cells(runs: tuple[TapeRun, ...]) -> list[tuple[str, Kind, bool]]:
    return [(letter, kind, is_here) for text, kind, is_here in runs for letter in text]
