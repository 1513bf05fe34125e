"""The spoken example: what a user might say, as five short clips that come with the program.

Spoken by the piper voice `joe` (its recordings are CC0); 16 kHz, mono, 16 bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.audio.ports import Samples
from app.audio.wav import read_wav

_FOLDER: Final = Path(__file__).parent / "example"


@dataclass(frozen=True, slots=True)
class Clip:
    """One thing said by the example's user."""

    text: str
    path: Path
    interrupts: bool
    """Meant to be said while the assistant still speaks."""


CLIPS: Final = (
    Clip("Hello! My name is Robin. What can you do?", _FOLDER / "1_hello.wav", interrupts=False),
    Clip("How much is nineteen times twelve?", _FOLDER / "2_sum.wav", interrupts=False),
    Clip("Please tell me a story.", _FOLDER / "3_story.wav", interrupts=False),
    Clip("Stop, please. What day is it today?", _FOLDER / "4_interrupt.wav", interrupts=True),
    Clip("Thanks. Can you still remember my name?", _FOLDER / "5_name.wav", interrupts=False),
)


def load(clip: Clip) -> tuple[Samples, int]:
    """The clip's sound and its rate in Hz. Raises NotASoundFileError where the package is damaged."""
    return read_wav(clip.path)
