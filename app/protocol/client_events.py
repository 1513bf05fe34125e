"""Client events: the eleven things a client can say (protocol reference, section 2)."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from app.protocol.convert import JsonObject, WireObject
from app.protocol.items import Item, ResponseOptions
from app.protocol.ranges import Setting
from app.protocol.session import Session


class _ClientEvent(WireObject, frozen=True, kw_only=True):
    """`event_id` is ours; a refusal names it, success never does. Everything but an append carries one."""

    event_id: str | UnsetType = UNSET


class SessionUpdate(_ClientEvent, frozen=True, kw_only=True):
    """Change what is present in `session`; refused as a whole when one key is wrong."""

    TYPE: ClassVar = "session.update"
    session: Session = Session()


class InputAppend(_ClientEvent, frozen=True, kw_only=True):
    """More of the user's sound: PCM16, mono, 24 kHz; at most 15 MiB. Never acknowledged."""

    TYPE: ClassVar = "input_audio_buffer.append"
    audio: bytes = b""


class InputCommit(_ClientEvent, frozen=True, kw_only=True):
    """The buffered sound is a turn of the user. Push-to-talk only: under VAD the service commits."""

    TYPE: ClassVar = "input_audio_buffer.commit"


class InputClear(_ClientEvent, frozen=True, kw_only=True):
    """Throw the buffered sound away."""

    TYPE: ClassVar = "input_audio_buffer.clear"


class ItemCreate(_ClientEvent, frozen=True, kw_only=True):
    """Put an item into the conversation, at the end unless `previous_item_id` says after which one."""

    TYPE: ClassVar = "conversation.item.create"
    item: Item = Item()
    previous_item_id: str | None | UnsetType = UNSET


class ItemRetrieve(_ClientEvent, frozen=True, kw_only=True):
    """Ask for an item as the service has it."""

    TYPE: ClassVar = "conversation.item.retrieve"
    item_id: str = ""


class ItemDelete(_ClientEvent, frozen=True, kw_only=True):
    """Take an item out of the conversation."""

    TYPE: ClassVar = "conversation.item.delete"
    item_id: str = ""


class ItemTruncate(_ClientEvent, frozen=True, kw_only=True):
    """The assistant's item was heard up to `audio_end_ms` and no further (section 5.4)."""

    TYPE: ClassVar = "conversation.item.truncate"
    item_id: str = ""
    content_index: Setting = 0
    audio_end_ms: Setting = 0


class ResponseCreate(_ClientEvent, frozen=True, kw_only=True):
    """Answer now. Only one response at a time (section 5.7)."""

    TYPE: ClassVar = "response.create"
    response: ResponseOptions | UnsetType = UNSET

    @staticmethod
    def normalised(data: JsonObject) -> JsonObject:
        """Without options where they are null."""
        return {key: value for key, value in data.items() if key != "response" or value is not None}


class ResponseCancel(_ClientEvent, frozen=True, kw_only=True):
    """Stop answering."""

    TYPE: ClassVar = "response.cancel"
    response_id: str | UnsetType = UNSET


class OutputClear(_ClientEvent, frozen=True, kw_only=True):
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
