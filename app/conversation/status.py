"""What there is to say about the conversation at one moment, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from app.conversation.session import RefusedSetting, SessionSettings
from app.conversation.usage import UsageTotals


class State(StrEnum):
    """The word on the screen. Exactly these."""

    CONNECTING = "connecting"
    READY = "ready"
    """Nobody talks and no microphone is open: push-to-talk at rest, or no microphone at all."""
    LISTENING = "listening"
    HEARING = "hearing you"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"
    """Hands-free, with the microphone closed by the user."""
    RECONNECTING = "reconnecting"
    """The line broke and is made again; what the user says meanwhile is kept."""
    OFFLINE = "offline"


class Status(Struct, frozen=True):
    """Everything that the status line, the meter and the settings panel show, apart from sound levels."""

    state: State = State.CONNECTING
    settings: SessionSettings = field(default_factory=SessionSettings)
    """As the user wants them."""
    unacknowledged: frozenset[str] = frozenset()
    """Names of the settings that the service has not confirmed yet."""
    refused: Mapping[str, RefusedSetting] = field(default_factory=dict)
    """Names of the settings that were changed in vain, until they are changed again."""
    has_microphone: bool = False
    is_microphone_open: bool = False
    is_response_active: bool = False
    has_asked: bool = False
    """The user asked for an answer: typed, or ended a turn in push-to-talk."""
    is_voice_fixed: bool = False
    """The assistant has spoken: the service refuses another voice in this session."""
    model: str = ""
    expires_at: int | None = None
    """When the service ends the session, in epoch seconds."""
    answered_ms: int | None = None
    """How long the last answer took, see transcript.Latency."""
    median_answered_ms: int | None = None
    retry_in_s: int | None = None
    """While the line is to be made again: in so many seconds. 0: it is being made."""
    usage: UsageTotals = field(default_factory=UsageTotals)
