"""Server events: the forty-six things a service can say in the GA dialect (protocol reference, section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from app.protocol.convert import UNSET, Json, JsonObject, Unset
from app.protocol.items import Content, ErrorDetail, Item, Response, TranscriptionUsage
from app.protocol.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerEvent:
    """`event_id` is the service's own; some services leave it out or send null."""

    event_id: str | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Located(_ServerEvent):
    """Where in a response something belongs. Key by `item_id`: one response may hold several items."""

    response_id: str = ""
    item_id: str = ""
    output_index: int = 0
    content_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutItem(_ServerEvent):
    """Something happened to one item."""

    item_id: str = ""


# ---------------------------------------------------------------- session and errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent(_ServerEvent):
    """Something was refused or failed; most errors leave the session open (section 5.5)."""

    TYPE: ClassVar = "error"
    error: ErrorDetail = ErrorDetail()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(_ServerEvent):
    """The first word of the service. Only now is a client connected."""

    TYPE: ClassVar = "session.created"
    session: Session = Session()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdated(_ServerEvent):
    """An update was taken; the whole effective session."""

    TYPE: ClassVar = "session.updated"
    session: Session = Session()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationCreated(_ServerEvent):
    """Sent by the beta dialect and some servers; never to be waited for."""

    TYPE: ClassVar = "conversation.created"
    conversation: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitsUpdated(_ServerEvent):
    """What is left of the quota. Informational."""

    TYPE: ClassVar = "rate_limits.updated"
    rate_limits: tuple[Json, ...] = ()


# ---------------------------------------------------------------- items


@dataclass(frozen=True, slots=True, kw_only=True)
class _CarriesItem(_ServerEvent):
    item: Item = Item()
    previous_item_id: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCreated(_CarriesItem):
    """The beta dialect's and some compatible servers' word for added and done at once."""

    TYPE: ClassVar = "conversation.item.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAdded(_CarriesItem):
    """An item has its place in the conversation; it may still be growing."""

    TYPE: ClassVar = "conversation.item.added"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDone(_CarriesItem):
    """An item is complete."""

    TYPE: ClassVar = "conversation.item.done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRetrieved(_ServerEvent):
    """The answer to a retrieve."""

    TYPE: ClassVar = "conversation.item.retrieved"
    item: Item = Item()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDeleted(_AboutItem):
    """An item is gone from the service's conversation."""

    TYPE: ClassVar = "conversation.item.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTruncated(_AboutItem):
    """The service now knows how much was heard; it forgets the item's transcript."""

    TYPE: ClassVar = "conversation.item.truncated"
    content_index: int = 0
    audio_end_ms: int = 0


# ---------------------------------------------------------------- the user's words


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionDelta(_AboutItem):
    """More of the user's words; may be rewritten by the completed one."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.delta"
    content_index: int = 0
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionCompleted(_AboutItem):
    """The user's words, final. Often comes after the answer has begun (section 5.6)."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.completed"
    content_index: int = 0
    transcript: str = ""
    usage: TranscriptionUsage | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionFailed(_AboutItem):
    """The user's words could not be written down; the speech itself was understood all the same."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.failed"
    content_index: int = 0
    error: ErrorDetail = ErrorDetail()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionSegment(_AboutItem):
    """A stretch by one speaker (diarising models). Seconds."""

    TYPE: ClassVar = "conversation.item.input_audio_transcription.segment"
    content_index: int = 0
    id: str = ""
    text: str = ""
    speaker: str = ""
    start: float = 0.0
    end: float = 0.0


# ---------------------------------------------------------------- the user's sound


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCommitted(_AboutItem):
    """The buffer became a user item, under this id."""

    TYPE: ClassVar = "input_audio_buffer.committed"
    previous_item_id: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCleared(_ServerEvent):
    """The buffer is empty."""

    TYPE: ClassVar = "input_audio_buffer.cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(_AboutItem):
    """The service hears the user. Milliseconds of all sound ever appended, less the prefix padding."""

    TYPE: ClassVar = "input_audio_buffer.speech_started"
    audio_start_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped(_AboutItem):
    """The user's turn is over, as the service judges."""

    TYPE: ClassVar = "input_audio_buffer.speech_stopped"
    audio_end_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTimeoutTriggered(_AboutItem):
    """Nobody spoke for idle_timeout_ms: the service speaks by itself."""

    TYPE: ClassVar = "input_audio_buffer.timeout_triggered"
    audio_start_ms: int = 0
    audio_end_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfReceived(_ServerEvent):
    """A key was pressed on a telephone (SIP)."""

    TYPE: ClassVar = "input_audio_buffer.dtmf_event_received"
    event: str = ""
    received_at: int = 0


# ---------------------------------------------------------------- the service's own output buffer (WebRTC, SIP)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutResponse(_ServerEvent):
    response_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputStarted(_AboutResponse):
    """The service began to play."""

    TYPE: ClassVar = "output_audio_buffer.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputStopped(_AboutResponse):
    """The service has played all."""

    TYPE: ClassVar = "output_audio_buffer.stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputCleared(_AboutResponse):
    """The service stopped playing."""

    TYPE: ClassVar = "output_audio_buffer.cleared"


# ---------------------------------------------------------------- responses


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCreated(_ServerEvent):
    """The assistant begins to answer."""

    TYPE: ClassVar = "response.created"
    response: Response = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDone(_ServerEvent):
    """The answer is generated (not: heard), cancelled, failed or incomplete."""

    TYPE: ClassVar = "response.done"
    response: Response = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class _OutputItem(_ServerEvent):
    response_id: str = ""
    output_index: int = 0
    item: Item = Item()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputItemAdded(_OutputItem):
    """A response got an item."""

    TYPE: ClassVar = "response.output_item.added"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputItemDone(_OutputItem):
    """An item of a response is complete."""

    TYPE: ClassVar = "response.output_item.done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPartAdded(_Located):
    """An item got a part, of type text or audio."""

    TYPE: ClassVar = "response.content_part.added"
    part: Content = Content()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPartDone(_Located):
    """A part is complete."""

    TYPE: ClassVar = "response.content_part.done"
    part: Content = Content()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTextDelta(_Located):
    """More written answer."""

    TYPE: ClassVar = "response.output_text.delta"
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTextDone(_Located):
    """The whole written answer."""

    TYPE: ClassVar = "response.output_text.done"
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTranscriptDelta(_Located):
    """More of the words of the spoken answer."""

    TYPE: ClassVar = "response.output_audio_transcript.delta"
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTranscriptDone(_Located):
    """All the words of the spoken answer."""

    TYPE: ClassVar = "response.output_audio_transcript.done"
    transcript: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAudioDelta(_Located):
    """More speech: PCM16, mono, 24 kHz. Comes faster than it is heard."""

    TYPE: ClassVar = "response.output_audio.delta"
    delta: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAudioDone(_Located):
    """The item's speech is all sent; the end of playback is when one's own buffer is empty."""

    TYPE: ClassVar = "response.output_audio.done"


# ---------------------------------------------------------------- tools


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArgumentsDelta(_ServerEvent):
    """More of a function call's arguments."""

    TYPE: ClassVar = "response.function_call_arguments.delta"
    response_id: str = ""
    item_id: str = ""
    output_index: int = 0
    call_id: str = ""
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArgumentsDone(_ServerEvent):
    """A function call's arguments, whole."""

    TYPE: ClassVar = "response.function_call_arguments.done"
    response_id: str = ""
    item_id: str = ""
    output_index: int = 0
    call_id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsInProgress(_AboutItem):
    """The service asks an MCP server for its tools."""

    TYPE: ClassVar = "mcp_list_tools.in_progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsCompleted(_AboutItem):
    """The MCP server's tools are known."""

    TYPE: ClassVar = "mcp_list_tools.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsFailed(_AboutItem):
    """The MCP server did not tell its tools."""

    TYPE: ClassVar = "mcp_list_tools.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpArgumentsDelta(_ServerEvent):
    """More of an MCP call's arguments."""

    TYPE: ClassVar = "response.mcp_call_arguments.delta"
    response_id: str = ""
    item_id: str = ""
    output_index: int = 0
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpArgumentsDone(_ServerEvent):
    """An MCP call's arguments, whole."""

    TYPE: ClassVar = "response.mcp_call_arguments.done"
    response_id: str = ""
    item_id: str = ""
    output_index: int = 0
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _McpCall(_AboutItem):
    output_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCallInProgress(_McpCall):
    """The service calls an MCP tool."""

    TYPE: ClassVar = "response.mcp_call.in_progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCallCompleted(_McpCall):
    """The MCP tool answered."""

    TYPE: ClassVar = "response.mcp_call.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpCallFailed(_McpCall):
    """The MCP tool failed."""

    TYPE: ClassVar = "response.mcp_call.failed"


# ---------------------------------------------------------------- what we do not know


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event of a type that this program does not know, whole. Kept for the log, otherwise ignored."""

    type: str
    raw: JsonObject


ServerEvent: TypeAlias = (
    ErrorEvent
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
