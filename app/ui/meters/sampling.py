"""What no event tells is sampled, by one timer of the main screen: levels, what has sounded, the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.screen import Screen

from app.audio.capture import Levels
from app.live.events import HeardSoFar, Live
from app.ui.meters.level_meter import SAMPLES_HZ, LevelThrottle

if TYPE_CHECKING:
    from textual.timer import Timer


class Moment(Struct, frozen=True):
    """What is heard at one moment."""

    now_ms: int
    """Since the conversation began."""
    levels: Levels
    heard: HeardSoFar | None
    are_levels_shown: bool
    """They differ enough for the meters to be painted."""


class Sampling:
    """Looks `SAMPLES_HZ` times a second, and along with words where words come."""

    def __init__(
        self,
        screen: Screen[None],
        live: Live,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        show: Callable[[Moment], None],
    ) -> None:
        """`clock` gives seconds and never goes back; `wall_clock` gives the time since the epoch."""
        self._screen, self._live, self._show = screen, live, show
        self._clock, self._wall_clock = clock, wall_clock
        self._throttle = LevelThrottle()
        self._samples, self._sampled_s = 0, float("-inf")
        self.timer: Timer | None = None

    def begin(self, tick: Callable[[float], None]) -> None:
        """Sample from now on, as long as the screen is there; `tick` is told the time once a second."""
        self._tick = tick
        self.timer = self._screen.set_interval(1 / SAMPLES_HZ, self.sample, name="levels and time")

    def along(self) -> None:
        """What words bring into view is painted anyway: sample now rather than cause a painting of its own soon."""
        if self.timer and self._clock() - self._sampled_s > 0.5 / SAMPLES_HZ:
            self.sample()
            self.timer.reset()

    def sample(self) -> None:
        """Look, and have shown what is there."""
        self._sampled_s = self._clock()
        self._samples = (self._samples + 1) % SAMPLES_HZ
        now_s = self._wall_clock()
        if not self._samples:
            self._tick(now_s)
        levels = self._live.levels
        are_shown = self._throttle.is_worth_showing(levels, is_watched=self._screen.app.app_focus)
        now_ms = round(1000 * (now_s - self._live.started_at))
        self._show(Moment(now_ms, levels, self._live.heard_so_far, are_shown))
