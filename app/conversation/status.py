"""What there is to say about the conversation at one moment, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from app.conversation.session import SessionSettings
from app.conversation.standing import SettingStanding, Standing
from app.conversation.usage import Spending


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


class NearLimit(Struct, frozen=True):
    """A limit of the service that is nearly reached."""

    name: str
    """What is counted: requests, tokens."""
    remaining: int
    resets_in_s: int | None = None
    """As it was told; None where it was not."""


class Status(Struct, frozen=True):
    """Everything that the header, the meters and the settings panel show, apart from sound levels."""

    state: State = State.CONNECTING
    settings: SessionSettings = field(default_factory=SessionSettings)
    """As the user wants them."""
    standings: Mapping[str, SettingStanding] = field(default_factory=dict)
    """How each of them stands with the service, of those that decide anything now."""
    has_microphone: bool = False
    is_microphone_open: bool = False
    is_response_active: bool = False
    has_asked: bool = False
    """The user asked for an answer: typed, or ended a turn in push-to-talk."""
    is_voice_fixed: bool = False
    """The assistant has spoken: the service refuses another voice in this session."""
    fixed: frozenset[str] = frozenset()
    """Other settings that only a new session can change."""
    model: str = ""
    expires_at: int | None = None
    """When the service ends the session, in epoch seconds."""
    answered_ms: int | None = None
    """How long the last answer took, see transcript.Latency."""
    median_answered_ms: int | None = None
    spending: Spending = Spending()
    """Of the whole conversation, over all its sessions."""
    budget_usd: float | None = None
    """What it may cost."""
    near_limit: NearLimit | None = None
    """The service's limit that is nearly reached."""
    round_trip_ms: int | None = None
    """How long a ping and its answer took last; None where it is not measured."""
    retry_in_s: int | None = None
    """While the line is to be made again: in so many seconds. 0: it is being made."""

    @property
    def waiting(self) -> frozenset[str]:
        """Names of the settings of which the service has not answered yet."""
        return frozenset(name for name, of in self.standings.items() if of.standing is Standing.WAITING)
