"""The synthesiser: hibari (Apache-2.0), voice `heart`, the one inside the package; others would be downloaded."""

from __future__ import annotations

import importlib
from typing import Any, Final

import numpy as np

from app.audio.ports import Samples
from app.server.engines.interfaces import EngineUnavailableError
from app.server.engines.speakable_text import spoken_text

RATE_HZ: Final = 24_000

SLOWEST: Final = 0.5
FASTEST: Final = 2.0
"""The model's own range of speed."""

_VOICE: Final = "heart"
_REMEDY: Final = "pip install 'gpt-realtime-tui[local]' (from a clone: pip install '.[local]')."

_SEED: Final = 0
"""Of the breath noise: the same sentence gives the same sound."""

_GAIN: Final = 1.8
"""The voice speaks at -25 dBFS, which is low; this brings it to -20."""

_HIGHEST_PEAK: Final = 0.9
"""A sentence with a sharp peak gets less gain, and is not clipped."""

_WINDOW_FRAMES: Final = RATE_HZ // 200
_SOUND_DB: Final = -60.0
"""A 5 ms window is sound from here up, counted from the loudest; the model's pauses lie near -115."""

_FRONT_FRAMES: Final = RATE_HZ * 10 // 1000
_END_FRAMES: Final = RATE_HZ * 250 // 1000
"""What stays of the pauses, measured 180 to 300 and 260 to 470 ms: the answer begins early, sentences stay apart."""


class HibariSynthesiser:
    """English text to speech, a short sentence in about 15 ms of one core. Implements `Synthesiser`."""

    name: Final = "hibari"

    def __init__(self) -> None:
        self._engine: Any = None

    def load(self) -> None:
        """Import, load and warm up (about 0.5 s). Raises EngineUnavailableError with what to install."""
        if self._engine is not None:
            return
        try:
            library: Any = importlib.import_module("hibari")
        except ImportError as error:
            raise EngineUnavailableError(
                f"The voice is not installed: hibari-tts cannot be loaded ({error}): {_REMEDY}"
            ) from error
        try:
            engine = library.Hibari(voice=_VOICE, threads=1)
            engine("Warm up.", seed=_SEED)
        except Exception as error:  # onnxruntime's own classes have no common base but this
            raise EngineUnavailableError(
                f"The voice's model cannot be loaded ({error}). Install it again: {_REMEDY}"
            ) from error
        self._engine = engine

    def speak(self, sentence: str, *, speed: float = 1.0) -> Samples:
        """The sentence as 24 kHz sound; empty where there is nothing to pronounce (only emoji or signs).

        `speed` is 1.0 for the voice's own pace and is held within 0.5 to 2.0.
        """
        if self._engine is None:
            raise EngineUnavailableError("The voice was asked before it was loaded.")
        text = spoken_text(sentence)
        if not text:
            return np.zeros(0, dtype=np.float32)
        pace = min(max(speed, SLOWEST), FASTEST)
        sound = trim_pauses(np.asarray(self._engine(text, speed=pace, seed=_SEED), dtype=np.float32))
        gain = min(_GAIN, _HIGHEST_PEAK / max(float(np.abs(sound).max(initial=0.0)), 1e-9))
        louder: Samples = sound * np.float32(gain)
        return louder


def trim_pauses(sound: Samples) -> Samples:
    """24 kHz sound with at most 10 ms of pause before and 250 ms after; nothing at all when there is only pause."""
    whole = sound[: sound.size // _WINDOW_FRAMES * _WINDOW_FRAMES].astype(np.float64)
    power = (whole.reshape(-1, _WINDOW_FRAMES) ** 2).mean(axis=1)
    loudest = float(power.max(initial=0.0))
    if loudest == 0.0:
        return sound[:0]
    heard = np.flatnonzero(power >= loudest * 10.0 ** (_SOUND_DB / 10.0))
    start = int(heard[0]) * _WINDOW_FRAMES - _FRONT_FRAMES
    end = (int(heard[-1]) + 1) * _WINDOW_FRAMES + _END_FRAMES
    return sound[max(start, 0) : end]
