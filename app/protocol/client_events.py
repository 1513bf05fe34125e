"""Client events: the eleven things a client can say (protocol reference, section 2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from app.protocol.convert import UNSET, JsonObject, Unset
from app.protocol.items import Item, ResponseOptions
from app.protocol.ranges import Setting
from app.protocol.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClientEvent:
    """`event_id` is ours; a refusal names it, success never does. Everything but an append carries one."""

    event_id: str | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdate(_ClientEvent):
    """Change what is present in `session`; refused as a whole when one key is wrong."""

    TYPE: ClassVar = "session.update"
    session: Session = Session()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAppend(_ClientEvent):
    """More of the user's sound: PCM16, mono, 24 kHz; at most 15 MiB. Never acknowledged."""

    TYPE: ClassVar = "input_audio_buffer.append"
    audio: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCommit(_ClientEvent):
    """The buffered sound is a turn of the user. Push-to-talk only: under VAD the service commits."""

    TYPE: ClassVar = "input_audio_buffer.commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputClear(_ClientEvent):
    """Throw the buffered sound away."""

    TYPE: ClassVar = "input_audio_buffer.clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCreate(_ClientEvent):
    """Put an item into the conversation, at the end unless `previous_item_id` says after which one."""

    TYPE: ClassVar = "conversation.item.create"
    item: Item = Item()
    previous_item_id: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRetrieve(_ClientEvent):
    """Ask for an item as the service has it."""

    TYPE: ClassVar = "conversation.item.retrieve"
    item_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDelete(_ClientEvent):
    """Take an item out of the conversation."""

    TYPE: ClassVar = "conversation.item.delete"
    item_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTruncate(_ClientEvent):
    """The assistant's item was heard up to `audio_end_ms` and no further (section 5.4)."""

    TYPE: ClassVar = "conversation.item.truncate"
    item_id: str = ""
    content_index: Setting = 0
    audio_end_ms: Setting = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCreate(_ClientEvent):
    """Answer now. Only one response at a time (section 5.7)."""

    TYPE: ClassVar = "response.create"
    response: ResponseOptions | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCancel(_ClientEvent):
    """Stop answering."""

    TYPE: ClassVar = "response.cancel"
    response_id: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputClear(_ClientEvent):
    """Empty the service's own output buffer; means something over WebRTC and SIP only."""

    TYPE: ClassVar = "output_audio_buffer.clear"


ClientEvent: TypeAlias = (
    SessionUpdate
    | InputAppend
    | InputCommit
    | InputClear
    | ItemCreate
    | ItemRetrieve
    | ItemDelete
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | OutputClear
)
"""Everything a client can say in the GA dialect."""
