"""What a session asks of the outside (events to send, work for the engines, the end of the connection), and what the
engines find for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace

from app.audio.ports import Samples
from app.protocol.server_events import ServerEvent, UnknownEvent
from app.server.engines.interfaces import Prompt
from app.server.request_errors import EngineFailure

NewId: TypeAlias = Callable[[str], str]
"""A new identifier that begins with the given word: `new_id("item")` gives `item_...`."""


@dataclass(frozen=True, slots=True, eq=False)
class Recognise:
    """Write down this speech (16 kHz, `language` as a hint); found are the words, '' where nobody speaks."""

    job_id: str
    samples_16k: Samples
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    """Find an answer; found is any number of fragments, then None."""

    job_id: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Speak:
    """Say one sentence at `speed` times the normal rate; found is its sound at 24 kHz."""

    job_id: str
    sentence: str
    speed: float


@dataclass(frozen=True, slots=True)
class CancelJob:
    """The result is not wanted any more; whatever still comes of it is ignored."""

    job_id: str


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """End the connection with this WebSocket close code, after everything before it is sent."""

    code: int
    reason: str


EngineJob: TypeAlias = Recognise | Respond | Speak
Found: TypeAlias = str | Samples | EngineFailure | None
"""What an engine found for a job, or why it could not do it: then nothing more is found."""


@dataclass(frozen=True, slots=True, eq=False)
class JobResult:
    """Something that was found for a job."""

    job_id: str
    found: Found


SessionOutput: TypeAlias = ServerEvent | EngineJob | CancelJob | CloseConnection


class SessionOutbox:
    """Collects, in order, what one call on a session leads to."""

    def __init__(self, new_id: NewId) -> None:
        self._new_id = new_id
        self._waiting: list[SessionOutput] = []

    def say(self, event: ServerEvent) -> None:
        """Send an event, under an `event_id` of its own."""
        if not isinstance(event, UnknownEvent):
            event = replace(event, event_id=self._new_id("event"))
        self._waiting.append(event)

    def put(self, output: EngineJob | CancelJob | CloseConnection) -> None:
        """Ask for something else than an event."""
        self._waiting.append(output)

    def take(self) -> list[SessionOutput]:
        """All that was said and asked since the last call."""
        taken, self._waiting = self._waiting, []
        return taken
