"""A bounded ring of samples between one writer and one reader, without a lock."""

from __future__ import annotations

import numpy as np

from app.audio.ports import Samples


class SampleRing:
    """What an audio callback writes into and a worker reads from, or the other way round.

    Sound because only the writer moves `_written` and only the reader moves `_taken`, each after its copying is
    done. Nothing is allocated by `write`.
    """

    def __init__(self, capacity_frames: int) -> None:
        """`capacity_frames` is how much may wait before more is refused."""
        self._store: Samples = np.zeros(capacity_frames, dtype=np.float32)
        self._written = 0
        self._taken = 0

    def write(self, samples: Samples) -> int:
        """Append what there is room for (the writer's side). Returns how many frames were lost for want of it."""
        size = self._store.size
        taking = min(samples.size, size - (self._written - self._taken))
        at = self._written % size
        first = min(taking, size - at)
        self._store[at : at + first] = samples[:first]
        self._store[: taking - first] = samples[first:taking]
        self._written += taking
        return samples.size - taking

    def read(self, frames: int | None = None) -> Samples:
        """Take up to `frames`, or all there is (the reader's side); a new array, possibly empty."""
        size = self._store.size
        waiting = self._written - self._taken
        taking = waiting if frames is None else min(frames, waiting)
        at = self._taken % size
        first = min(taking, size - at)
        taken = np.concatenate([self._store[at : at + first], self._store[: taking - first]])
        self._taken += taking
        return taken
