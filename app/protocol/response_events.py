"""Server events about answers and tools (protocol reference, section 3); the rest is in `server_events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.protocol.items import Content, Item, Response
from app.protocol.ranges import Index
from app.protocol.server_base import AboutItem, ServerEventBase


@dataclass(frozen=True, slots=True, kw_only=True)
class _Located(ServerEventBase):
    """Where in a response something belongs. Key by `item_id`: one response may hold several items."""

    response_id: str = ""
    item_id: str = ""
    output_index: Index = 0
    content_index: Index = 0


# ---------------------------------------------------------------- responses


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCreated(ServerEventBase):
    """The assistant begins to answer."""

    TYPE: ClassVar = "response.created"
    response: Response = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDone(ServerEventBase):
    """The answer is generated (not: heard), cancelled, failed or incomplete."""

    TYPE: ClassVar = "response.done"
    response: Response = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class _OutputItem(ServerEventBase):
    response_id: str = ""
    output_index: Index = 0
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
class FunctionArgumentsDelta(ServerEventBase):
    """More of a function call's arguments."""

    TYPE: ClassVar = "response.function_call_arguments.delta"
    response_id: str = ""
    item_id: str = ""
    output_index: Index = 0
    call_id: str = ""
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArgumentsDone(ServerEventBase):
    """A function call's arguments, whole."""

    TYPE: ClassVar = "response.function_call_arguments.done"
    response_id: str = ""
    item_id: str = ""
    output_index: Index = 0
    call_id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsInProgress(AboutItem):
    """The service asks an MCP server for its tools."""

    TYPE: ClassVar = "mcp_list_tools.in_progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsCompleted(AboutItem):
    """The MCP server's tools are known."""

    TYPE: ClassVar = "mcp_list_tools.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsFailed(AboutItem):
    """The MCP server did not tell its tools."""

    TYPE: ClassVar = "mcp_list_tools.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpArgumentsDelta(ServerEventBase):
    """More of an MCP call's arguments."""

    TYPE: ClassVar = "response.mcp_call_arguments.delta"
    response_id: str = ""
    item_id: str = ""
    output_index: Index = 0
    delta: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class McpArgumentsDone(ServerEventBase):
    """An MCP call's arguments, whole."""

    TYPE: ClassVar = "response.mcp_call_arguments.done"
    response_id: str = ""
    item_id: str = ""
    output_index: Index = 0
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _McpCall(AboutItem):
    output_index: Index = 0


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
