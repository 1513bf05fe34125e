"""Before the recogniser: is there anything in the sound that could be speech, and where may a long one be cut."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from app.audio.ports import Samples

RATE_HZ: Final = 16_000
"""What recognisers hear."""

LONGEST_FRAMES: Final = 20 * RATE_HZ
"""A piece is never longer."""

_EARLIEST_CUT_FRAMES: Final = 12 * RATE_HZ
"""The cut is looked for between here and `LONGEST_FRAMES`: long enough to hold a pause between words."""

_WINDOW_FRAMES: Final = RATE_HZ * 30 // 1000
_PAUSE_WINDOWS: Final = 5
"""150 ms: shorter dips lie within words, before a "t" or a "p"."""

_SILENT_DBFS: Final = -60.0
"""The loudest 30 ms of audible speech is far above it, the noise of a good sound card below."""

_EVEN_DB: Final = 3.0
"""30 ms windows of hiss or hum differ by about 1 dB, those of speech by more than 10."""


def has_contrast(samples: Samples) -> bool:
    """Whether this could be speech: as long as a word (150 ms), audible, and no even noise. 16 kHz, of any length."""
    levels = _levels_db(samples)
    if levels.size < _PAUSE_WINDOWS or levels.max() < _SILENT_DBFS:
        return False
    low, high = np.percentile(levels, (5, 95))
    return bool(high - low >= _EVEN_DB)


def segments(samples: Samples, longest_frames: int = LONGEST_FRAMES) -> list[Samples]:
    """The sound cut into pieces of at most `longest_frames`, each cut in the quietest 150 ms of a stretch of time.

    Nothing is left out: the pieces joined are the sound.
    """
    found: list[Samples] = []
    rest = samples
    while rest.size > longest_frames:
        earliest = longest_frames * _EARLIEST_CUT_FRAMES // LONGEST_FRAMES
        levels = _levels_db(rest[earliest:longest_frames])
        if levels.size < _PAUSE_WINDOWS:
            cut = longest_frames
        else:
            loudest = np.lib.stride_tricks.sliding_window_view(levels, _PAUSE_WINDOWS).max(axis=1)
            cut = earliest + (int(loudest.argmin()) * 2 + _PAUSE_WINDOWS) * _WINDOW_FRAMES // 2
        found.append(rest[:cut])
        rest = rest[cut:]
    return [*found, rest] if rest.size else found


def _levels_db(samples: Samples) -> npt.NDArray[np.float64]:
    """The level of each whole 30 ms."""
    windows = samples[: samples.size // _WINDOW_FRAMES * _WINDOW_FRAMES].astype(np.float64).reshape(-1, _WINDOW_FRAMES)
    levels: npt.NDArray[np.float64] = 10.0 * np.log10((windows**2).mean(axis=1) + 1e-12)
    return levels
