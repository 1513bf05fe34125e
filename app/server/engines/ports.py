"""What the embedded service asks of its ears, its mind and its mouth.

Every call blocks and runs in a worker thread; one engine is used by one thread at a time. `load` is called once,
before anything else, and does all that is slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono sound, shape (frames,), full scale is -1.0 to 1.0."""


class EngineUnavailableError(Exception):
    """An engine cannot be had here. `str(error)` says why and what to install, for the user."""


class ResponderError(Exception):
    """The responder could not answer. `str(error)` is one or two sentences for the user."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation as text."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """All a responder needs to know: how to behave, and what was said so far, oldest first."""

    instructions: str
    messages: tuple[Message, ...]


class Recogniser(Protocol):
    """The ears: speech to text."""

    @property
    def name(self) -> str:
        """For the user and the log."""

    def load(self) -> None:
        """Import, load and warm up. Raises EngineUnavailableError."""

    def transcribe(self, samples: Samples, *, language: str | None = None) -> str:
        """The words in 16 kHz sound; empty when there is no speech in it. `language` is a hint (ISO 639-1)."""


class Synthesiser(Protocol):
    """The mouth: text to speech."""

    @property
    def name(self) -> str:
        """For the user and the log."""

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that are there; the first is used."""

    def load(self) -> None:
        """Import, load and warm up. Raises EngineUnavailableError."""

    def speak(self, sentence: str, *, speed: float = 1.0) -> Samples:
        """The sentence as 24 kHz sound; empty where there is nothing to pronounce."""


class Responder(Protocol):
    """The mind: what to answer."""

    @property
    def name(self) -> str:
        """For the user and the log."""

    def load(self) -> None:
        """Prepare. Raises EngineUnavailableError."""

    def respond(self, prompt: Prompt) -> Iterator[str]:
        """The answer in fragments, as they come. Closing the iterator cancels. Raises ResponderError."""
