"""Quieter at the first sign of the user's voice, before the service has heard it.

The local detector is fast and may be wrong, so what it does is gentle and takes itself back: the service's
`speech_started` silences the assistant for good, its absence restores the volume.
"""

from __future__ import annotations

from typing import Final

DUCK_DB: Final = -12.0
VOICED_MS: Final = 60.0
"""Voice for this long ducks; a click is shorter."""
HOLD_MS: Final = 700.0
"""Without voice for this long, and without the service having heard any, the volume comes back."""


class Ducking:
    """Fed with the voice probability of each captured chunk while the assistant sounds."""

    def __init__(self) -> None:
        self._voiced_ms = 0.0
        self._quiet_ms = 0.0
        self.is_ducked = False

    def heard(self, is_voice: bool, length_ms: float) -> float | None:
        """A chunk of that length; the gain to play with from now on, when it changes."""
        if is_voice:
            self._voiced_ms, self._quiet_ms = self._voiced_ms + length_ms, 0.0
            if not self.is_ducked and self._voiced_ms >= VOICED_MS:
                self.is_ducked = True
                return DUCK_DB
            return None
        self._voiced_ms, self._quiet_ms = 0.0, self._quiet_ms + length_ms
        return self.release() if self.is_ducked and self._quiet_ms >= HOLD_MS else None

    def release(self) -> float | None:
        """Back to full volume, where it was lowered."""
        self._voiced_ms = self._quiet_ms = 0.0
        was_ducked, self.is_ducked = self.is_ducked, False
        return 0.0 if was_ducked else None
