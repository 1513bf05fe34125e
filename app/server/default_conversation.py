"""The conversation as the service remembers it: items in order, and what the assistant was really heard to say."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from app.audio.pcm import WIRE_RATE_HZ, frames_to_ms
from app.protocol.items import Content, Item
from app.protocol.text import one_line
from app.server.engines.interfaces import Message
from app.server.limits import MAX_CONVERSATION_CHARACTERS, MAX_ITEMS, MAX_KEPT_SOUND_BYTES
from app.server.request_errors import RefusedError, invalid_value, no_such_item
from app.server.token_usage import heard_tokens, text_tokens
from app.server.transcription import TurnTranscript


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """A sentence of the assistant, the white space behind it included, and how long it sounds, in 24 kHz frames."""

    text: str
    frames: int


@dataclass(slots=True, eq=False)
class StoredItem:
    """One item with all that the service knows of it."""

    item: Item
    """As the client is told of it, without the user's sound and words."""
    transcript: TurnTranscript | None = None
    """The words of the user's sound; None where there is none."""
    audio: bytes = b""
    """The user's sound in the wire's format; empty again once it is forgotten."""
    audio_ms: int = 0
    sentences: list[SpokenSentence] = field(default_factory=list)
    """What the assistant spoke, sentence by sentence."""
    heard_ms: int | None = None
    """Where the client says that listening ended; None: never cut."""
    is_dismissed: bool = False
    """Cut by hand, while nobody spoke: the user does not want this answer, however little of it was heard."""
    put_in_characters: int = 0
    """How much text of the client's it was when it came into the conversation."""

    @property
    def item_id(self) -> str:
        """The item's id; every stored has one."""
        return self.item.id or ""

    @property
    def spoken_ms(self) -> int:
        """How much sound of the assistant there is, as far as it was heard."""
        spoken = frames_to_ms(sum(sentence.frames for sentence in self.sentences), WIRE_RATE_HZ)
        return spoken if self.heard_ms is None else min(spoken, self.heard_ms)

    def heard_text(self) -> str:
        """What the assistant said, up to where it was heard: whole sentences, and of the one that was cut as many
        words as the part of it that sounded.
        """
        heard = ""
        left = sum(sentence.frames for sentence in self.sentences)
        if self.heard_ms is not None:
            left = min(left, self.heard_ms * WIRE_RATE_HZ // 1000)
        for sentence in self.sentences:
            if left < sentence.frames:
                words = sentence.text.split()
                heard += " ".join(words[: len(words) * left // sentence.frames])
                break
            heard += sentence.text
            left -= sentence.frames
        return heard.strip()

    def client_item(self) -> Item:
        """The item as a retrieve gives it: with the user's sound and words, and only what was heard of an answer."""
        if self.transcript is not None:
            part = Content(type="input_audio", transcript=self.transcript.text, audio=self.audio or None)
            others = tuple(part for part in self.item.content or () if not part.is_audio)
            return replace(self.item, content=(*others, part))
        if self.heard_ms is not None:
            return replace(self.item, content=(Content(type="output_audio", transcript=self.heard_text()),))
        return self.item

    def written(self) -> str:
        """The text of the item, without what was spoken by the user."""
        return " ".join(part.said for part in self.item.content or () if part.said and part.type != "input_audio")

    def characters(self) -> int:
        """How much text the client put into it."""
        return len(self.written()) + len(self.item.output or "") + len(self.item.arguments or "")

    def message(self) -> Message | None:
        """The item for the responder; None where it says nothing that one could answer to."""
        match self.item.type, self.item.role:
            case "message", "user" | "system" as role:
                known = self.transcript.text if self.transcript is not None else None
                text = " ".join(filter(None, [self.written(), known]))
                # An utterance without words is one all the same: the responder may ask to repeat it.
                return Message("system" if role == "system" else "user", text) if text or known == "" else None
            case "message", _:
                text = self.heard_text() if self.sentences else self.written()
                # Not a word was heard, but what was asked before is not to be answered again.
                return Message("assistant", text) if text or self.is_dismissed else None
            case _:
                return None

    def tokens(self) -> tuple[int, int]:
        """Text and audio tokens of reading the item. The assistant's own speech is re-read as text (section 5.9)."""
        text = self.heard_text() if self.sentences else self.written()
        written = text_tokens(text) + text_tokens(self.item.output or "") + text_tokens(self.item.arguments or "")
        return written, heard_tokens(self.audio_ms)


class DefaultConversation:
    """The items of the default conversation, oldest first."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self._items: list[StoredItem] = []
        self._characters = 0  # of all that the client put in
        self._sound_bytes = 0

    def items(self) -> tuple[StoredItem, ...]:
        """All of them, as they are now."""
        return tuple(self._items)

    def last_id(self) -> str | None:
        """The id of the newest item."""
        return self._items[-1].item_id if self._items else None

    def append(self, stored: StoredItem) -> str | None:
        """Put an item at the end; the id of the one before it."""
        return self._put(len(self._items), stored)

    def insert(self, stored: StoredItem, previous_item_id: str | None) -> str | None:
        """Put an item after the named one, at the start ("root") or at the end (None); the id of the one before it.

        Raises RefusedError for an id that is taken, for a previous item that is not there, and beyond the limits.
        """
        self._check_room(stored)
        if self.find(stored.item_id) is not None:
            message = f"Error adding item: an item with id '{stored.item_id}' already exists."
            raise RefusedError("item_create_duplicate_item_id", message, "item.id")
        if previous_item_id is None:
            return self.append(stored)
        if previous_item_id == "root":
            return self._put(0, stored)
        before = self.find(previous_item_id)
        if before is None:
            message = f"Error adding item: the previous item with id '{one_line(previous_item_id, 80)}' does not exist."
            raise invalid_value("previous_item_id", message)
        return self._put(self._items.index(before) + 1, stored)

    def _put(self, at: int, added: StoredItem) -> str | None:
        """Keep no more sound than the limit: of the oldest items only the words stay."""
        self._items.insert(at, added)
        added.put_in_characters = added.characters()
        self._characters += added.put_in_characters
        self._sound_bytes += len(added.audio)
        for stored in self._items:
            if self._sound_bytes <= MAX_KEPT_SOUND_BYTES:
                break
            if stored is not added:
                self._sound_bytes -= len(stored.audio)
                stored.audio = b""
        return self._items[at - 1].item_id if at else None

    def _check_room(self, stored: StoredItem) -> None:
        if len(self._items) >= MAX_ITEMS:
            message = f"The conversation has {MAX_ITEMS} items, and no more can be added. Delete some, or begin anew."
            raise RefusedError("too_many_items", message, "item")
        if self._characters + stored.characters() > MAX_CONVERSATION_CHARACTERS:
            message = (
                f"The texts of the conversation would have more than {MAX_CONVERSATION_CHARACTERS} characters. "
                "Delete some items, or begin anew."
            )
            raise RefusedError("conversation_too_long", message, "item")

    def find(self, item_id: str) -> StoredItem | None:
        """The item of that id."""
        return next((stored for stored in self._items if stored.item_id == item_id), None)

    def retrieve(self, item_id: str) -> StoredItem:
        """The item of that id. Raises RefusedError."""
        return self._existing(item_id, "retrieve")

    def _existing(self, item_id: str, verb: str) -> StoredItem:
        if (stored := self.find(item_id)) is None:
            raise no_such_item(verb, item_id)
        return stored

    def delete(self, item_id: str) -> None:
        """Take the item out. Raises RefusedError."""
        stored = self._existing(item_id, "delete")
        self._items.remove(stored)
        self._characters -= stored.put_in_characters
        self._sound_bytes -= len(stored.audio)

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int, *, by_hand: bool) -> None:
        """The assistant's speech was heard up to there (section 5.4); `by_hand`: nobody spoke. Raises RefusedError."""
        stored = self._existing(item_id, "truncate")
        if not stored.sentences:
            raise RefusedError(None, "Only model output audio messages can be truncated")
        if content_index != 0:
            raise invalid_value("content_index", f"The item has no content part {content_index}.")
        if audio_end_ms < 0:
            raise invalid_value("audio_end_ms", "A position cannot be negative.")
        if audio_end_ms > stored.spoken_ms:
            message = f"Audio content of {stored.spoken_ms}ms is already shorter than {audio_end_ms}ms"
            raise RefusedError("invalid_value", message)
        stored.heard_ms = audio_end_ms
        stored.is_dismissed = stored.is_dismissed or by_hand
