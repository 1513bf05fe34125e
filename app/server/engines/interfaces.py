"""What the embedded service asks of its recogniser, its responder and its synthesiser.

Every call blocks and runs in a worker thread; one engine is used by one thread at a time. `load` is called once,
before anything else, and does all that is slow.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from app.audio.ports import Samples


class EngineUnavailableError(Exception):
    """An engine cannot be had here. `str(error)` says why and what to install, for the user."""


class ResponderError(Exception):
    """The responder could not answer. `str(error)` is one or two sentences for the user."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation as text. That of an assistant who was stopped before a word was heard has none."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """All a responder needs to know: how to behave, and what was said so far, oldest first."""

    instructions: str
    messages: tuple[Message, ...]


class ServiceEngine(Protocol):
    """What all three have in common."""

    @property
    def name(self) -> str:
        """For the user and the log."""

    def load(self) -> None:
        """Import, load and warm up. Raises EngineUnavailableError."""


class Recogniser(ServiceEngine, Protocol):
    """Speech to text."""

    def transcribe(self, samples: Samples, *, language: str | None = None) -> str:
        """The words in 16 kHz sound; empty when there is no speech in it. `language` is a hint (ISO 639-1)."""


class Synthesiser(ServiceEngine, Protocol):
    """Text to speech."""

    def speak(self, sentence: str, *, speed: float = 1.0) -> Samples:
        """The sentence as 24 kHz sound; empty where there is nothing to pronounce."""


class Responder(ServiceEngine, Protocol):
    """What to answer."""

    def respond(self, prompt: Prompt) -> Iterator[str]:
        """The answer in fragments, as they come. Closing the iterator cancels. Raises ResponderError."""


def package_folder(name: str) -> Path | None:
    """Where an installed package lies; it is not imported. Models are taken from packages. None where it is missing."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None
