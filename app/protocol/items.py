"""Items of a conversation and the response object (protocol reference, sections 2 and 3.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.protocol.convert import UNSET, Json, JsonObject, Unset
from app.protocol.errors import error_object
from app.protocol.ranges import Seconds, Setting, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One part of a message: input_text, input_audio, input_image, output_text, output_audio.

    Services also write `text` and `audio` for what the assistant says; `is_audio` and `said` take both spellings.
    """

    type: str = ""
    text: str | None | Unset = UNSET
    audio: bytes | None | Unset = UNSET
    transcript: str | None | Unset = UNSET
    image_url: str | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)

    @property
    def is_audio(self) -> bool:
        """Whether the part is speech."""
        return self.type in ("audio", "input_audio", "output_audio")

    @property
    def said(self) -> str:
        """The words of the part, written or transcribed; empty while unknown."""
        return (self.transcript if self.is_audio else self.text) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A message, a function call, its output, or one of the MCP kinds; `type` says which."""

    id: str | Unset = UNSET
    object: str | Unset = UNSET
    type: str = "message"
    status: str | Unset = UNSET
    role: str | Unset = UNSET
    content: tuple[Content, ...] | Unset = UNSET
    phase: str | Unset = UNSET
    name: str | Unset = UNSET
    call_id: str | Unset = UNSET
    arguments: str | Unset = UNSET
    output: str | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)

    @property
    def said(self) -> str:
        """All the words of the item."""
        return " ".join(part.said for part in self.content or () if part.said)


def user_text(item_id: str, text: str) -> Item:
    """A typed turn of the user, to be created under an id of our own choosing."""
    return Item(id=item_id, role="user", content=(Content(type="input_text", text=text),))


def assistant_text(item_id: str, text: str) -> Item:
    """What the assistant said, in writing: its speech cannot be created (section 2)."""
    return Item(id=item_id, role="assistant", content=(Content(type="output_text", text=text),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """What went wrong, in the service's words. `event_id` is the client event that caused it, when it was one."""

    type: str | None | Unset = UNSET
    code: str | None | Unset = UNSET
    message: str | None | Unset = UNSET
    param: str | None | Unset = UNSET
    event_id: str | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDetails:
    """Why a response is not `completed`: reason turn_detected, client_cancelled, max_output_tokens, content_filter."""

    type: str | Unset = UNSET
    reason: str | None | Unset = UNSET
    error: ErrorDetail | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With what is said of a failure where it belongs; other outcomes have a reason and no error."""
        is_failure = data.get("error") or data.get("type") not in ("completed", "cancelled", "incomplete")
        error = error_object(data.get("error"), data) if is_failure else None
        return {**data, "error": error} if error else data


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedTokens:
    """The part of the input that the service had in its cache, by kind."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTokens:
    """Input by kind; `cached_tokens` is part of the others, not added to them (section 5.9)."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    image_tokens: Tokens = 0
    cached_tokens: Tokens = 0
    cached_tokens_details: CachedTokens | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTokens:
    """Output by kind."""

    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a response used. May be missing or empty on failed responses and on other servers."""

    total_tokens: Tokens = 0
    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    input_token_details: InputTokens | None | Unset = UNSET
    output_token_details: OutputTokens | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionUsage:
    """What writing down the user's words used: tokens, or seconds (the whisper family)."""

    type: str = ""
    total_tokens: Tokens | Unset = UNSET
    input_tokens: Tokens | Unset = UNSET
    output_tokens: Tokens | Unset = UNSET
    seconds: Seconds | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer of the assistant. Everything is optional on the wire."""

    id: str = ""
    object: str | Unset = UNSET
    status: str | Unset = UNSET
    status_details: StatusDetails | None | Unset = UNSET
    output: tuple[Item, ...] | Unset = UNSET
    conversation_id: str | None | Unset = UNSET
    output_modalities: tuple[str, ...] | Unset = UNSET
    max_output_tokens: Setting | str | Unset = UNSET
    audio: Json | Unset = UNSET
    usage: Usage | None | Unset = UNSET
    metadata: Json | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """With the reason of a failure in its details, where it was written as words or beside them."""
        details = data.get("status_details")
        if isinstance(details, str | list) and details:
            return {**data, "status_details": {"error": details}}
        if not details and (error := data.get("error")):
            return {**data, "status_details": {"error": error}}
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOptions:
    """What a `response.create` may say: overrides for this one response."""

    output_modalities: tuple[str, ...] | Unset = UNSET
    audio: Json | Unset = UNSET
    instructions: str | Unset = UNSET
    tools: tuple[Json, ...] | Unset = UNSET
    tool_choice: Json | Unset = UNSET
    conversation: str | Unset = UNSET
    input: tuple[Json, ...] | Unset = UNSET
    metadata: Json | Unset = UNSET
    max_output_tokens: Setting | str | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)
