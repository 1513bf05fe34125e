"""The highest sample of late, and whether the card cut it off."""

from __future__ import annotations

from typing import Final

from app.audio.pcm import FLOOR_DBFS, to_dbfs

_HOLD_MS: Final = 1500.0
"""So long the peak stands and a clipping is shown."""

_DECAY_DB_PER_S: Final = 20.0
"""So fast the peak sinks after that."""

_CLIPPING: Final = 0.999
"""From here on a sample is taken for cut off by the card."""


class PeakMeter:
    """Keeps when the highest sample was, and works out what to show when somebody looks."""

    def __init__(self) -> None:
        self._highest = (FLOOR_DBFS, float("-inf"))
        self._clipped_ms = float("-inf")

    def measure(self, amplitude: float, now_ms: float) -> None:
        """The largest sample (full scale 1.0) of the sound that came until now."""
        loudest = to_dbfs(amplitude)
        if loudest >= self.peak_dbfs(now_ms):
            self._highest = (loudest, now_ms)
        if amplitude >= _CLIPPING:
            self._clipped_ms = now_ms

    def peak_dbfs(self, now_ms: float) -> float:
        """The highest of late: it stands for 1.5 s, then sinks until a sample is higher."""
        peak, since_ms = self._highest
        sinking_ms = max(0.0, now_ms - since_ms - _HOLD_MS)
        return max(FLOOR_DBFS, peak - sinking_ms * _DECAY_DB_PER_S / 1000)

    def is_clipping(self, now_ms: float) -> bool:
        """Whether a sample was at full scale within the last 1.5 s."""
        return now_ms - self._clipped_ms <= _HOLD_MS
