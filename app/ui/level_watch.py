"""Which of the levels are worth a painting. Pure."""

from __future__ import annotations

from typing import Final

from app.audio.capture import Levels

LOOKS_HZ: Final = 10
"""Words come as often (`app.live.coalescer`): each look is a wake-up, and each painting one of the whole screen."""

_QUIET_EVERY: Final = 4
"""A room that only hums is painted every so many looks: that is half of what the screen costs at rest."""

_UNWATCHED_EVERY: Final = 5
"""While another window has the keyboard, no more than this."""

_MOVED_DB: Final = 3.0
_MOVED_VOICE: Final = 0.05


class LevelThrottle:
    """Looks at the levels `LOOKS_HZ` times a second and says when to show them."""

    def __init__(self) -> None:
        self._looks = 0
        self._shown = Levels()

    def look(self, levels: Levels, *, is_watched: bool) -> bool:
        """Whether to show these now. What is to be seen at once is shown at once, while the screen is watched."""
        self._looks += 1
        if levels == self._shown or (not is_watched and self._looks % _UNWATCHED_EVERY):
            return False
        if self._looks % _QUIET_EVERY and is_watched and not _has_moved(self._shown, levels):
            return False
        self._shown = levels
        return True


def _has_moved(old: Levels, new: Levels) -> bool:
    decibels = max(abs(new.input_dbfs - old.input_dbfs), abs(new.output_dbfs - old.output_dbfs))
    return decibels >= _MOVED_DB or abs(new.voice - old.voice) >= _MOVED_VOICE or new.clipping != old.clipping
