"""One response as the client sees it: its events, in the order of the protocol reference, section 5.6."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from app.audio.pcm import WIRE_RATE_HZ
from app.audio.ports import Samples
from app.protocol import server_events as sv
from app.protocol.items import Content, Item, Response, StatusDetails, Usage
from app.server.default_conversation import DefaultConversation, SpokenSentence, StoredItem
from app.server.session_outputs import SessionOutbox
from app.server.session_settings import ResponseSettings
from app.server.token_usage import CHARACTERS_PER_TOKEN, response_usage, spoken_tokens, text_tokens

DELTA_MS: Final = 120
"""Sound in one audio delta."""


class ResponseWriter:
    """Writes one response and its one item on the wire.

    The item comes into being with its first words, not with the response: an answer that is cancelled or fails
    before that leaves nothing behind.
    """

    def __init__(
        self,
        out: SessionOutbox,
        conversation: DefaultConversation,
        response_id: str,
        item_id: str,
        settings: ResponseSettings,
    ) -> None:
        self._out = out
        self._conversation = conversation
        self._settings = settings
        self._response_id = response_id
        item = Item(
            id=item_id, object="realtime.item", type="message", status="in_progress", role="assistant", content=()
        )
        self._stored = StoredItem(item)
        self._previous_id: str | None = None
        self._begun = False
        self._text = ""

    @property
    def spoken_ms(self) -> int:
        """Sound sent so far, whether heard or not."""
        return sum(sentence.frames for sentence in self._stored.sentences) * 1000 // WIRE_RATE_HZ

    def open(self) -> None:
        """The response exists."""
        self._out.say(sv.ResponseCreated(response=self._response("in_progress", None, None)))

    def write(self, text: str) -> bool:
        """More of a written answer. False when the token limit is reached; what was beyond it is left out."""
        whole = self._fitting_text(text)
        if whole:
            self._begin()
            self._text += whole
            self._out.say(sv.OutputTextDelta(response_id=self._response_id, item_id=self._id, delta=whole))
        return whole == text

    def speak(self, sentence: str, samples_24k: Samples) -> bool:
        """One more spoken sentence, the white space behind it included: its words, then its sound. False when the
        token limit is reached.
        """
        words, sound = self._fitting_speech(sentence, samples_24k)
        if words or sound.size:
            self._begin()
            self._text += words
            response_id, item_id = self._response_id, self._id
            self._out.say(sv.OutputTranscriptDelta(response_id=response_id, item_id=item_id, delta=words))
            form = self._settings.form
            data = form.encode(sound)
            frames = len(data) // form.bytes_per_frame * WIRE_RATE_HZ // form.rate_hz
            self._stored.sentences.append(SpokenSentence(words, frames))
            size = DELTA_MS * form.bytes_per_ms
            for at in range(0, len(data), size):
                part = data[at : at + size]
                self._out.say(sv.OutputAudioDelta(response_id=response_id, item_id=item_id, delta=part))
        return words == sentence

    def close(self, status: str, details: StatusDetails | None, usage: Usage | None) -> None:
        """The response is over, with the item complete only where the response is."""
        if self._begun:
            self._finish_item("completed" if status == "completed" else "incomplete")
        self._out.say(sv.ResponseDone(response=self._response(status, details, usage)))

    def usage(self, input_text: int, input_audio: int) -> Usage:
        """What the response has used so far, given the tokens of what it answers to."""
        return response_usage(input_text, input_audio, text_tokens(self._text), spoken_tokens(self.spoken_ms))

    # ------------------------------------------------------------ the item

    @property
    def _id(self) -> str:
        return self._stored.item_id

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        item, part = self._stored.item, self._part("")
        self._out.say(sv.OutputItemAdded(response_id=self._response_id, item=item))
        if self._settings.in_conversation:
            self._previous_id = self._conversation.append(self._stored)
            self._out.say(sv.ItemAdded(item=item, previous_item_id=self._previous_id))
        self._out.say(sv.ContentPartAdded(response_id=self._response_id, item_id=self._id, part=part))

    def _finish_item(self, status: str) -> None:
        response_id, item_id = self._response_id, self._id
        if self._settings.aloud:
            self._out.say(sv.OutputAudioDone(response_id=response_id, item_id=item_id))
            self._out.say(sv.OutputTranscriptDone(response_id=response_id, item_id=item_id, transcript=self._text))
            content = Content(type="output_audio", transcript=self._text)
        else:
            self._out.say(sv.OutputTextDone(response_id=response_id, item_id=item_id, text=self._text))
            content = Content(type="output_text", text=self._text)
        self._out.say(sv.ContentPartDone(response_id=response_id, item_id=item_id, part=self._part(self._text)))
        item = self._stored.item = replace(self._stored.item, status=status, content=(content,))
        if self._settings.in_conversation:
            self._out.say(sv.ItemDone(item=item, previous_item_id=self._previous_id))
        self._out.say(sv.OutputItemDone(response_id=self._response_id, item=item))

    def _part(self, text: str) -> Content:
        # A part is of type text or audio, though the item's content is output_text or output_audio (section 3.2).
        return Content(type="audio", transcript=text) if self._settings.aloud else Content(type="text", text=text)

    def _response(self, status: str, details: StatusDetails | None, usage: Usage | None) -> Response:
        done = self._begun and status != "in_progress"
        return Response(
            id=self._response_id,
            object="realtime.response",
            status=status,
            status_details=details,
            output=(self._stored.item,) if done else (),
            conversation_id=self._conversation.id if self._settings.in_conversation else None,
            output_modalities=("audio",) if self._settings.aloud else ("text",),
            max_output_tokens=self._settings.max_output_tokens or "inf",
            audio=self._settings.audio_json() if self._settings.aloud else UNSET,
            usage=usage,
            metadata=self._settings.metadata,
        )

    # ------------------------------------------------------------ the token limit

    def _fitting_text(self, text: str) -> str:
        limit = self._settings.max_output_tokens
        if limit is None:
            return text
        return text[: max(0, limit * CHARACTERS_PER_TOKEN - len(self._text))]

    def _fitting_speech(self, sentence: str, samples_24k: Samples) -> tuple[str, Samples]:
        """The sentence and its sound, both shortened by the same share where they would pass the limit."""
        limit = self._settings.max_output_tokens
        if limit is None:
            return sentence, samples_24k
        spoken_ms = self.spoken_ms + samples_24k.size * 1000 // WIRE_RATE_HZ
        before = text_tokens(self._text) + spoken_tokens(self.spoken_ms)
        after = text_tokens(self._text + sentence) + spoken_tokens(spoken_ms)
        if after <= limit:
            return sentence, samples_24k
        share = max(0, limit - before) / max(1, after - before)
        words = sentence.split()
        return " ".join(words[: int(len(words) * share)]), samples_24k[: int(samples_24k.size * share)]
