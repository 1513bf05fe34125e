"""Items of a conversation and the response object (protocol reference, sections 2 and 3.4)."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from app.protocol.convert import Json, JsonObject, WireObject
from app.protocol.errors import error_object
from app.protocol.ranges import Quantity, Seconds, Setting, Tokens


class Content(WireObject, frozen=True, kw_only=True):
    """One part of a message: input_text, input_audio, input_image, output_text, output_audio.

    Services also write `text` and `audio` for what the assistant says; `is_audio` and `said` take both spellings.
    """

    type: str = ""
    text: str | None | UnsetType = UNSET
    audio: bytes | None | UnsetType = UNSET
    transcript: str | None | UnsetType = UNSET
    image_url: str | None | UnsetType = UNSET

    @property
    def is_audio(self) -> bool:
        """Whether the part is speech."""
        return self.type in ("audio", "input_audio", "output_audio")

    @property
    def said(self) -> str:
        """The words of the part, written or transcribed; empty while unknown."""
        return (self.transcript if self.is_audio else self.text) or ""


class Item(WireObject, frozen=True, kw_only=True):
    """A message, a function call, its output, or one of the MCP kinds; `type` says which."""

    id: str | UnsetType = UNSET
    object: str | UnsetType = UNSET
    type: str = "message"
    status: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    content: tuple[Content, ...] | UnsetType = UNSET
    phase: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    call_id: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    output: str | UnsetType = UNSET

    @property
    def said(self) -> str:
        """All the words of the item."""
        return " ".join(part.said for part in self.content or () if part.said)


def user_text(item_id: str, text: str) -> Item:
    """A typed turn of the user, to be created under an id of our own choosing."""
    return Item(id=item_id, role="user", content=(Content(type="input_text", text=text),))


def system_text(item_id: str, text: str) -> Item:
    """Something that the assistant is to know, and that nobody said."""
    return Item(id=item_id, role="system", content=(Content(type="input_text", text=text),))


def assistant_text(item_id: str, text: str) -> Item:
    """What the assistant said, in writing: its speech cannot be created (section 2)."""
    return Item(id=item_id, role="assistant", content=(Content(type="output_text", text=text),))


class ErrorDetail(WireObject, frozen=True, kw_only=True):
    """What went wrong, in the service's words. `event_id` is the client event that caused it, when it was one."""

    type: str | None | UnsetType = UNSET
    code: str | None | UnsetType = UNSET
    message: str | None | UnsetType = UNSET
    param: str | None | UnsetType = UNSET
    event_id: str | None | UnsetType = UNSET


class StatusDetails(WireObject, frozen=True, kw_only=True):
    """Why a response is not `completed`: reason turn_detected, client_cancelled, max_output_tokens, content_filter."""

    type: str | UnsetType = UNSET
    reason: str | None | UnsetType = UNSET
    error: ErrorDetail | None | UnsetType = UNSET

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With what is said of a failure where it belongs; other outcomes have a reason and no error."""
        is_failure = data.get("error") or data.get("type") not in ("completed", "cancelled", "incomplete")
        error = error_object(data.get("error"), data) if is_failure else None
        return {**data, "error": error} if error else data


class CachedTokens(WireObject, frozen=True, kw_only=True):
    """The part of the input that the service had in its cache, by kind."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0


class InputTokens(WireObject, frozen=True, kw_only=True):
    """Input by kind; `cached_tokens` is part of the others, not added to them (section 5.9)."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0
    cached_tokens: Tokens = 0
    cached_tokens_details: CachedTokens | None | UnsetType = UNSET


class OutputTokens(WireObject, frozen=True, kw_only=True):
    """Output by kind."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0


class Usage(WireObject, frozen=True, kw_only=True):
    """What a response used. May be missing or empty on failed responses and on other servers."""

    total_tokens: Tokens = 0
    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    input_token_details: InputTokens | None | UnsetType = UNSET
    output_token_details: OutputTokens | None | UnsetType = UNSET


class TranscribedTokens(WireObject, frozen=True, kw_only=True):
    """What a transcription had as its input, by kind."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0


class TranscriptionUsage(WireObject, frozen=True, kw_only=True):
    """What writing down the user's words used: tokens, or seconds (the whisper family)."""

    type: str = ""
    total_tokens: Tokens | UnsetType = UNSET
    input_tokens: Tokens | UnsetType = UNSET
    output_tokens: Tokens | UnsetType = UNSET
    input_token_details: TranscribedTokens | None | UnsetType = UNSET
    seconds: Seconds | UnsetType = UNSET


class RateLimit(WireObject, frozen=True, kw_only=True):
    """What is left of one of the service's limits, and in how long it is whole again."""

    name: str = ""
    limit: Quantity | UnsetType = UNSET
    remaining: Quantity | UnsetType = UNSET
    reset_seconds: Seconds | UnsetType = UNSET


class Response(WireObject, frozen=True, kw_only=True):
    """One answer of the assistant. Everything is optional on the wire."""

    id: str = ""
    object: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    status_details: StatusDetails | None | UnsetType = UNSET
    output: tuple[Item, ...] | UnsetType = UNSET
    conversation_id: str | None | UnsetType = UNSET
    output_modalities: tuple[str, ...] | UnsetType = UNSET
    max_output_tokens: Setting | str | UnsetType = UNSET
    audio: Json | UnsetType = UNSET
    usage: Usage | None | UnsetType = UNSET
    metadata: Json | UnsetType = UNSET

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With the reason of a failure in its details, where it was written as words or beside them."""
        details = data.get("status_details")
        if isinstance(details, str | list) and details:
            return {**data, "status_details": {"error": details}}
        if not details and (error := data.get("error")):
            return {**data, "status_details": {"error": error}}
        return data


class ResponseOptions(WireObject, frozen=True, kw_only=True):
    """What a `response.create` may say: overrides for this one response."""

    output_modalities: tuple[str, ...] | UnsetType = UNSET
    audio: Json | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    tools: tuple[Json, ...] | UnsetType = UNSET
    tool_choice: Json | UnsetType = UNSET
    conversation: str | UnsetType = UNSET
    input: tuple[Json, ...] | UnsetType = UNSET
    metadata: Json | UnsetType = UNSET
    max_output_tokens: Setting | str | UnsetType = UNSET

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """Without what is null: clients write every option, given or not, and that is none (livekit-agents 1.8)."""
        return {key: value for key, value in data.items() if value is not None}
