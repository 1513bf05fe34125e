"""Server events: the things a service can say in the GA dialect (protocol reference, section 3).

Those about answers and tools are in `response_events`, and found here as well.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from app.protocol.beta import with_flat_session_nested
from app.protocol.convert import Json, JsonObject, WireObject
from app.protocol.errors import error_object
from app.protocol.items import ErrorDetail, Item, RateLimit, TranscriptionUsage
from app.protocol.ranges import EpochSeconds, Index, LogProbability, Milliseconds, Seconds
from app.protocol.response_events import (
    ContentPartAdded as ContentPartAdded,
)
from app.protocol.response_events import (
    ContentPartDone as ContentPartDone,
)
from app.protocol.response_events import (
    FunctionArgumentsDelta as FunctionArgumentsDelta,
)
from app.protocol.response_events import (
    FunctionArgumentsDone as FunctionArgumentsDone,
)
from app.protocol.response_events import (
    McpArgumentsDelta as McpArgumentsDelta,
)
from app.protocol.response_events import (
    McpArgumentsDone as McpArgumentsDone,
)
from app.protocol.response_events import (
    McpCallCompleted as McpCallCompleted,
)
from app.protocol.response_events import (
    McpCallFailed as McpCallFailed,
)
from app.protocol.response_events import (
    McpCallInProgress as McpCallInProgress,
)
from app.protocol.response_events import (
    McpListToolsCompleted as McpListToolsCompleted,
)
from app.protocol.response_events import (
    McpListToolsFailed as McpListToolsFailed,
)
from app.protocol.response_events import (
    McpListToolsInProgress as McpListToolsInProgress,
)
from app.protocol.response_events import (
    OutputAudioDelta as OutputAudioDelta,
)
from app.protocol.response_events import (
    OutputAudioDone as OutputAudioDone,
)
from app.protocol.response_events import (
    OutputItemAdded as OutputItemAdded,
)
from app.protocol.response_events import (
    OutputItemDone as OutputItemDone,
)
from app.protocol.response_events import (
    OutputTextDelta as OutputTextDelta,
)
from app.protocol.response_events import (
    OutputTextDone as OutputTextDone,
)
from app.protocol.response_events import (
    OutputTranscriptDelta as OutputTranscriptDelta,
)
from app.protocol.response_events import (
    OutputTranscriptDone as OutputTranscriptDone,
)
from app.protocol.response_events import (
    ResponseCreated as ResponseCreated,
)
from app.protocol.response_events import (
    ResponseDone as ResponseDone,
)
from app.protocol.server_base import AboutItem, ServerEventBase
from app.protocol.session import Session

# ---------------------------------------------------------------- session and errors


class ErrorEvent(ServerEventBase, frozen=True, kw_only=True):
    """Something was refused or failed; most errors leave the session open (section 5.5)."""

    TYPE: ClassVar = "error"
    error: ErrorDetail = ErrorDetail()

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With everything that is said of the error in its object."""
        error = error_object(data.get("error"), data)
        return {**data, "error": error} if error else data


class WarningEvent(ServerEventBase, frozen=True, kw_only=True):
    """Something that the service thinks its user should know, of services that make a difference to errors."""

    TYPE: ClassVar = "warning"
    warning: ErrorDetail = ErrorDetail()

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With everything that is said of it in its object."""
        warning = error_object(data.get("warning"), {key: data[key] for key in data if key != "warning"})
        return {**data, "warning": warning} if warning else data


class SessionCreated(ServerEventBase, frozen=True, kw_only=True):
    """The first word of the service. Only now is a client connected."""

    TYPE: ClassVar = "session.created"
    session: Session = Session()

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With a session that is told in beta's way, whatever dialect was agreed on."""
        return with_flat_session_nested(data)


class SessionUpdated(ServerEventBase, frozen=True, kw_only=True):
    """An update was taken; the whole effective session."""

    TYPE: ClassVar = "session.updated"
    session: Session = Session()

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With a session that is told in beta's way, whatever dialect was agreed on."""
        return with_flat_session_nested(data)


class ConversationCreated(ServerEventBase, frozen=True, kw_only=True):
    """Sent by the beta dialect and some servers; never to be waited for."""

    TYPE: ClassVar = "conversation.created"
    conversation: Json = None


class RateLimitsUpdated(ServerEventBase, frozen=True, kw_only=True):
    """What is left of the quota. Informational."""

    TYPE: ClassVar = "rate_limits.updated"
    rate_limits: tuple[RateLimit, ...] = ()


# ---------------------------------------------------------------- items


class _CarriesItem(ServerEventBase, frozen=True, kw_only=True):
    item: Item = Item()
    previous_item_id: str | None | UnsetType = UNSET


class ItemCreated(_CarriesItem, frozen=True, kw_only=True):
    """The beta dialect's and some compatible servers' word for added and done at once."""

    TYPE: ClassVar = "conversation.item.created"


class ItemAdded(_CarriesItem, frozen=True, kw_only=True):
    """An item has its place in the conversation; it may still be growing."""

    TYPE: ClassVar = "conversation.item.added"


class ItemDone(_CarriesItem, frozen=True, kw_only=True):
    """An item is complete."""

    TYPE: ClassVar = "conversation.item.done"


class ItemRetrieved(ServerEventBase, frozen=True, kw_only=True):
    """The answer to a retrieve."""

    TYPE: ClassVar = "conversation.item.retrieved"
    item: Item = Item()


class ItemDeleted(AboutItem, frozen=True, kw_only=True):
    """An item is gone from the service's conversation."""

    TYPE: ClassVar = "conversation.item.deleted"


class ItemTruncated(AboutItem, frozen=True, kw_only=True):
    """The service now knows how much was heard; it forgets the item's transcript."""

    TYPE: ClassVar = "conversation.item.truncated"
    content_index: Index = 0
    audio_end_ms: Milliseconds = 0


# ---------------------------------------------------------------- the user's words


class TranscriptionDelta(AboutItem, frozen=True, kw_only=True):
    """More of the user's words; may be rewritten by the completed one."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.delta"
    content_index: Index = 0
    delta: str = ""


class TranscriptionUpdated(AboutItem, frozen=True, kw_only=True):
    """All of the user's words so far, as some compatible servers tell them in the place of deltas."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.updated"
    content_index: Index = 0
    transcript: str = ""


class TokenLogprob(WireObject, frozen=True, kw_only=True):
    """How sure the writer of the user's words was of a piece of them. Sent where `include` asked for it."""

    token: str = ""
    logprob: LogProbability = 0.0


class TranscriptionCompleted(AboutItem, frozen=True, kw_only=True):
    """The user's words, final. Often comes after the answer has begun (section 5.6)."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.completed"
    content_index: Index = 0
    transcript: str = ""
    usage: TranscriptionUsage | None | UnsetType = UNSET
    logprobs: tuple[TokenLogprob, ...] | None | UnsetType = UNSET


class TranscriptionFailed(AboutItem, frozen=True, kw_only=True):
    """The user's words could not be written down; the speech itself was understood all the same."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.failed"
    content_index: Index = 0
    error: ErrorDetail = ErrorDetail()

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With everything that is said of the error in its object; the event's own id is no client's."""
        error = error_object(data.get("error"), {key: data[key] for key in data if key != "event_id"})
        return {**data, "error": error} if error else data


class TranscriptionSegment(AboutItem, frozen=True, kw_only=True):
    """A stretch by one speaker (diarising models). Seconds."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.segment"
    content_index: Index = 0
    id: str = ""
    text: str = ""
    speaker: str = ""
    start: Seconds = 0.0
    end: Seconds = 0.0


# ---------------------------------------------------------------- the user's sound


class InputCommitted(AboutItem, frozen=True, kw_only=True):
    """The buffer became a user item, under this id."""

    TYPE: ClassVar = "input_audio_buffer.committed"
    previous_item_id: str | None | UnsetType = UNSET


class InputCleared(ServerEventBase, frozen=True, kw_only=True):
    """The buffer is empty."""

    TYPE: ClassVar = "input_audio_buffer.cleared"


class SpeechStarted(AboutItem, frozen=True, kw_only=True):
    """The service hears the user. Milliseconds of all sound ever appended, less the prefix padding."""

    TYPE: ClassVar = "input_audio_buffer.speech_started"
    audio_start_ms: Milliseconds = 0


class SpeechStopped(AboutItem, frozen=True, kw_only=True):
    """The user's turn is over, as the service judges."""

    TYPE: ClassVar = "input_audio_buffer.speech_stopped"
    audio_end_ms: Milliseconds = 0


class InputTimeoutTriggered(AboutItem, frozen=True, kw_only=True):
    """Nobody spoke for idle_timeout_ms: the service speaks by itself."""

    TYPE: ClassVar = "input_audio_buffer.timeout_triggered"
    audio_start_ms: Milliseconds = 0
    audio_end_ms: Milliseconds = 0


class DtmfReceived(ServerEventBase, frozen=True, kw_only=True):
    """A key was pressed on a telephone (SIP)."""

    TYPE: ClassVar = "input_audio_buffer.dtmf_event_received"
    event: str = ""
    received_at: EpochSeconds = 0


# ---------------------------------------------------------------- the service's own output buffer (WebRTC, SIP)


class _AboutResponse(ServerEventBase, frozen=True, kw_only=True):
    response_id: str = ""


class OutputStarted(_AboutResponse, frozen=True, kw_only=True):
    """The service began to play."""

    TYPE: ClassVar = "output_audio_buffer.started"


class OutputStopped(_AboutResponse, frozen=True, kw_only=True):
    """The service has played all."""

    TYPE: ClassVar = "output_audio_buffer.stopped"


class OutputCleared(_AboutResponse, frozen=True, kw_only=True):
    """The service stopped playing."""

    TYPE: ClassVar = "output_audio_buffer.cleared"


# ---------------------------------------------------------------- what we do not know


class UnknownEvent(Struct, frozen=True):
    """An event of a type that this program does not know, whole. Kept for the log, otherwise ignored."""

    type: str
    raw: JsonObject


ServerEvent: TypeAlias = (
    ErrorEvent
    | WarningEvent
    | SessionCreated
    | SessionUpdated
    | ConversationCreated
    | RateLimitsUpdated
    | ItemCreated
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | ItemTruncated
    | TranscriptionDelta
    | TranscriptionUpdated
    | TranscriptionCompleted
    | TranscriptionFailed
    | TranscriptionSegment
    | InputCommitted
    | InputCleared
    | SpeechStarted
    | SpeechStopped
    | InputTimeoutTriggered
    | DtmfReceived
    | OutputStarted
    | OutputStopped
    | OutputCleared
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | OutputTranscriptDelta
    | OutputTranscriptDone
    | OutputAudioDelta
    | OutputAudioDone
    | FunctionArgumentsDelta
    | FunctionArgumentsDone
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
    | McpArgumentsDelta
    | McpArgumentsDone
    | McpCallInProgress
    | McpCallCompleted
    | McpCallFailed
    | UnknownEvent
)
"""Everything a service can say, and what nobody knows yet."""
