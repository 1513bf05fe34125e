"""Server events about answers and tools (protocol reference, section 3); the rest is in `server_events`."""

from __future__ import annotations

from typing import ClassVar

from app.protocol.items import Content, Item, Response
from app.protocol.ranges import Index
from app.protocol.server_base import AboutItem, ServerEventBase


class ResponsePiece(ServerEventBase, frozen=True, kw_only=True):
    """A piece of one item of a response. Key by `item_id`: one response may hold several items."""

    response_id: str = ""
    item_id: str = ""
    output_index: Index = 0


class _Located(ResponsePiece, frozen=True, kw_only=True):
    content_index: Index = 0


# ---------------------------------------------------------------- responses


class ResponseCreated(ServerEventBase, frozen=True, kw_only=True):
    """The assistant begins to answer."""

    TYPE: ClassVar = "response.created"
    response: Response = Response()


class ResponseDone(ServerEventBase, frozen=True, kw_only=True):
    """The answer is generated (not: heard), cancelled, failed or incomplete."""

    TYPE: ClassVar = "response.done"
    response: Response = Response()


class _OutputItem(ServerEventBase, frozen=True, kw_only=True):
    response_id: str = ""
    output_index: Index = 0
    item: Item = Item()


class OutputItemAdded(_OutputItem, frozen=True, kw_only=True):
    """A response got an item."""

    TYPE: ClassVar = "response.output_item.added"


class OutputItemDone(_OutputItem, frozen=True, kw_only=True):
    """An item of a response is complete."""

    TYPE: ClassVar = "response.output_item.done"


class ContentPartAdded(_Located, frozen=True, kw_only=True):
    """An item got a part, of type text or audio."""

    TYPE: ClassVar = "response.content_part.added"
    part: Content = Content()


class ContentPartDone(_Located, frozen=True, kw_only=True):
    """A part is complete."""

    TYPE: ClassVar = "response.content_part.done"
    part: Content = Content()


class OutputTextDelta(_Located, frozen=True, kw_only=True):
    """More written answer."""

    TYPE: ClassVar = "response.output_text.delta"
    delta: str = ""


class OutputTextDone(_Located, frozen=True, kw_only=True):
    """The whole written answer."""

    TYPE: ClassVar = "response.output_text.done"
    text: str = ""


class OutputTranscriptDelta(_Located, frozen=True, kw_only=True):
    """More of the words of the spoken answer."""

    TYPE: ClassVar = "response.output_audio_transcript.delta"
    delta: str = ""


class OutputTranscriptDone(_Located, frozen=True, kw_only=True):
    """All the words of the spoken answer."""

    TYPE: ClassVar = "response.output_audio_transcript.done"
    transcript: str = ""


class OutputAudioDelta(_Located, frozen=True, kw_only=True):
    """More speech: PCM16, mono, 24 kHz. Comes faster than it is heard."""

    TYPE: ClassVar = "response.output_audio.delta"
    delta: bytes = b""


class OutputAudioDone(_Located, frozen=True, kw_only=True):
    """The item's speech is all sent; the end of playback is when one's own buffer is empty."""

    TYPE: ClassVar = "response.output_audio.done"


# ---------------------------------------------------------------- tools


class FunctionArgumentsDelta(ResponsePiece, frozen=True, kw_only=True):
    """More of a function call's arguments."""

    TYPE: ClassVar = "response.function_call_arguments.delta"
    call_id: str = ""
    delta: str = ""


class FunctionArgumentsDone(ResponsePiece, frozen=True, kw_only=True):
    """A function call's arguments, whole."""

    TYPE: ClassVar = "response.function_call_arguments.done"
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class McpListToolsInProgress(AboutItem, frozen=True, kw_only=True):
    """The service asks an MCP server for its tools."""

    TYPE: ClassVar = "mcp_list_tools.in_progress"


class McpListToolsCompleted(AboutItem, frozen=True, kw_only=True):
    """The MCP server's tools are known."""

    TYPE: ClassVar = "mcp_list_tools.completed"


class McpListToolsFailed(AboutItem, frozen=True, kw_only=True):
    """The MCP server did not tell its tools."""

    TYPE: ClassVar = "mcp_list_tools.failed"


class McpArgumentsDelta(ResponsePiece, frozen=True, kw_only=True):
    """More of an MCP call's arguments."""

    TYPE: ClassVar = "response.mcp_call_arguments.delta"
    delta: str = ""


class McpArgumentsDone(ResponsePiece, frozen=True, kw_only=True):
    """An MCP call's arguments, whole."""

    TYPE: ClassVar = "response.mcp_call_arguments.done"
    arguments: str = ""


class _McpCall(AboutItem, frozen=True, kw_only=True):
    output_index: Index = 0


class McpCallInProgress(_McpCall, frozen=True, kw_only=True):
    """The service calls an MCP tool."""

    TYPE: ClassVar = "response.mcp_call.in_progress"


class McpCallCompleted(_McpCall, frozen=True, kw_only=True):
    """The MCP tool answered."""

    TYPE: ClassVar = "response.mcp_call.completed"


class McpCallFailed(_McpCall, frozen=True, kw_only=True):
    """The MCP tool failed."""

    TYPE: ClassVar = "response.mcp_call.failed"
