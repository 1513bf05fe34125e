"""One session of the embedded realtime service, without sockets, threads, clock or engines.

What a client says, what the engines found and what time it is go in; events to send and work for the engines come
out, in order. Nothing that a client says makes it raise: what is wrong is answered with an `error` event.

Times (`now`) are seconds of any one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, assert_never

from app.audio.ports import Samples
from app.audio.vad import VoiceDetector, open_detector
from app.protocol.client_events import (
    ClientEvent,
    InputAppend,
    InputClear,
    InputCommit,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    ItemTruncate,
    OutputClear,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from app.protocol.convert import Json, from_json
from app.protocol.items import Item, ResponseOptions
from app.protocol.server_events import (
    ErrorEvent,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    SessionCreated,
    SessionUpdated,
)
from app.protocol.session import SemanticVad, ServerVad
from app.server.answer_settings import answer_settings
from app.server.client_items import accepted, sound_of, without_sound
from app.server.conversation import Conversation, Entry
from app.server.hearing import Hearing, Words
from app.server.jobs import CloseConnection, NewId, Outbox, Output
from app.server.limits import MAX_PARTS, MAX_SILENT_EVENT_CHARACTERS
from app.server.listening import Listening
from app.server.refusals import Failure, RefusedError, invalid_value
from app.server.responses import Responses
from app.server.settings import first_session, updated
from app.server.validation import UnreadableError, check_shape, check_values, error_detail, read_event

MAX_SESSION_S: Final = 60 * 60
"""The longest a session may last (protocol reference, section 6)."""

_EXPIRED: Final = "Your session hit the maximum duration of 60 minutes."
_GOING_AWAY: Final = 1001


class RealtimeSession:
    """One client's session. Call `start` first; for every job that comes out give its result back, once."""

    def __init__(
        self,
        model: str,
        expires_at: int,
        now: float,
        new_id: NewId,
        detector: Callable[[], VoiceDetector] = open_detector,
        *,
        drafts: bool = False,
    ) -> None:
        """`expires_at`: when the session will end, in epoch seconds, for the client's eyes only. `drafts`: the
        responder may be asked in vain, so an answer can begin before a pause is known to be the end of a turn.
        """
        self._out = Outbox(new_id)
        self._new_id = new_id
        self._session = first_session(new_id("sess"), model, expires_at)
        self._conversation = Conversation(new_id("conv"))
        self._hearing = Hearing(self._out, new_id)
        self._responses = Responses(self._out, new_id, self._conversation)
        self._listening = Listening(
            self._out,
            new_id,
            self._conversation,
            self._hearing,
            detector,
            self._session,
            on_speech=self._user_speaks,
            on_turn=self._answer_turn,
        )
        self._drafts = drafts
        self._ends_at = now + MAX_SESSION_S
        self._idle_at: float | None = None
        self._ended = False

    def start(self) -> list[Output]:
        """The first word of the service: `session.created`."""
        self._out.say(SessionCreated(session=self._session))
        return self._out.take()

    def receive(self, frame: str | bytes, now: float) -> list[Output]:
        """What a frame from the client leads to."""
        if self._ended:
            return []
        event_id: str | None = None
        try:
            _check_structure(frame)
            event = read_event(frame)
            event_id = event.event_id if isinstance(event.event_id, str) else None
            _check_size(event, frame)
            check_shape(event, frame)
            self._obey(event)
        except UnreadableError as error:
            self._out.say(ErrorEvent(error=error_detail(error, error.event_id)))
        except RefusedError as error:
            self._out.say(ErrorEvent(error=error_detail(error, event_id)))
        except RecursionError:
            refused = RefusedError("invalid_json", "The event is nested too deeply.")
            self._out.say(ErrorEvent(error=error_detail(refused, event_id)))
        return self._settled(now)

    def _obey(self, event: ClientEvent) -> None:
        match event:
            case InputAppend():
                self._listening.append(event.audio)
            case InputCommit():
                self._listening.commit()
            case InputClear():
                self._listening.clear()
            case SessionUpdate():
                self._update(event)
            case ItemCreate():
                self._create_item(event)
            case ItemRetrieve():
                self._out.say(ItemRetrieved(item=self._conversation.retrieve(event.item_id).told_item()))
            case ItemDelete():
                self._conversation.delete(event.item_id)
                self._out.say(ItemDeleted(item_id=event.item_id))
            case ItemTruncate():
                self._truncate(event)
            case ResponseCreate():
                self._create_response(event.response or ResponseOptions())
            case ResponseCancel():
                self._responses.cancel(event.response_id or None)
            case OutputClear():
                message = "The output audio buffer exists only over WebRTC and SIP: use conversation.item.truncate."
                raise invalid_value("type", message)
            case _:
                assert_never(event)

    # ------------------------------------------------------------ what the engines found

    def recognised(self, job_id: str, text: str, now: float) -> list[Output]:
        """The result of a `Recognise`: the words, '' where nobody speaks."""
        self._hearing.recognised(job_id, text)
        return self._settled(now)

    def fragment(self, job_id: str, text: str, now: float) -> list[Output]:
        """A part of the result of a `Respond`."""
        self._responses.fragment(job_id, text)
        return self._settled(now)

    def answered(self, job_id: str, now: float) -> list[Output]:
        """A `Respond` is complete."""
        self._responses.answered(job_id)
        return self._settled(now)

    def spoken(self, job_id: str, samples_24k: Samples, now: float) -> list[Output]:
        """The result of a `Speak`."""
        self._responses.spoken_sentence(job_id, samples_24k)
        return self._settled(now)

    def failed(self, job_id: str, code: str, message: str, now: float) -> list[Output]:
        """A job cannot be done: `code` for programs, `message` for the user, with the remedy."""
        failure = Failure(code, message)
        self._hearing.failed(job_id, failure)
        self._responses.failed(job_id, failure)
        return self._settled(now)

    # ------------------------------------------------------------ time

    @property
    def next_tick_at(self) -> float:
        """When `tick` has something to do, if nothing happens before."""
        return self._ends_at if self._idle_at is None else min(self._ends_at, self._idle_at)

    def tick(self, now: float) -> list[Output]:
        """Time has passed."""
        if self._ended:
            return []
        if now >= self._ends_at:
            self._responses.drop_all()
            self._out.say(ErrorEvent(error=error_detail(RefusedError("session_expired", _EXPIRED), None)))
            self._out.put(CloseConnection(_GOING_AWAY, _EXPIRED))
            self._ended = True
            return self._out.take()
        if self._idle_at is not None and now >= self._idle_at:
            self._idle_at = None
            if (idle_ms := self._idle_timeout_ms()) is not None:
                self._listening.time_out(idle_ms)
                self._answer_turn()
        return self._settled(now)

    def _settled(self, now: float) -> list[Output]:
        """Let waiting responses go on, and the idle time begin, before the outputs are handed over."""
        if self._ended:
            return []
        self._responses.advance()
        if self._drafts:
            self._draft()
        ended_ms = self._responses.just_ended()
        idle_ms = self._idle_timeout_ms()
        if self._listening.speaking or self._responses.active_id() is not None or idle_ms is None:
            self._idle_at = None
        elif ended_ms is not None:
            # The answer is sent faster than it is heard: what is idle begins when it has been heard.
            self._idle_at = now + (ended_ms + idle_ms) / 1000
        return self._out.take()

    def _draft(self) -> None:
        detection, guess = self._session.turn_detection, self._hearing.guess
        answers = isinstance(detection, ServerVad | SemanticVad) and detection.create_response is True
        if guess and answers and self._responses.active_id() is None:
            settings = answer_settings(self._session, ResponseOptions(), spoken=self._responses.spoken)
            self._responses.draft(settings, guess)
        else:
            self._responses.drop_draft()

    def _idle_timeout_ms(self) -> int | None:
        detection = self._session.turn_detection
        return (detection.idle_timeout_ms or None) if isinstance(detection, ServerVad) else None

    # ------------------------------------------------------------ what the client wants

    def _update(self, event: SessionUpdate) -> None:
        heard, spoken = self._listening.heard, self._responses.spoken
        self._session = updated(self._session, event.session, heard=heard, spoken=spoken)
        self._listening.configure(self._session)
        self._out.say(SessionUpdated(session=self._session))

    def _create_item(self, event: ItemCreate) -> None:
        entry, sound = self._entry(event.item, "item")
        previous_id = self._conversation.insert(entry, event.previous_item_id or None)
        self._out.say(ItemAdded(item=entry.item, previous_item_id=previous_id))
        self._out.say(ItemDone(item=entry.item, previous_item_id=previous_id))
        if sound:
            entry.words, entry.audio_ms = self._listening.words_of(entry.item_id, sound)

    def _entry(self, item: Item, path: str) -> tuple[Entry, bytes]:
        """The item as it is remembered, and its sound whose words are still to be found."""
        taken = accepted(item, self._new_id("item"), path)
        sound, known = sound_of(taken), without_sound(taken)
        entry = Entry(known, audio=sound)
        given_words = " ".join(part.said for part in taken.content or () if part.type == "input_audio").strip()
        if given_words:
            entry.words = Words(text=given_words)
            return entry, b""
        return entry, sound

    def _truncate(self, event: ItemTruncate) -> None:
        self._conversation.truncate(event.item_id, event.content_index, event.audio_end_ms)
        self._out.say(
            ItemTruncated(item_id=event.item_id, content_index=event.content_index, audio_end_ms=event.audio_end_ms)
        )

    def _create_response(self, options: ResponseOptions) -> None:
        settings = answer_settings(self._session, options, spoken=self._responses.spoken)
        if settings.in_conversation:
            self._responses.check_free()
        context = self._conversation.entries()
        if not isinstance(options.input, tuple):
            self._responses.create(settings, context)
            return
        entries = [self._context_entry(raw, f"response.input[{at}]") for at, raw in enumerate(options.input)]
        for entry, sound in entries:
            if sound:
                entry.words, entry.audio_ms = self._listening.words_of(entry.item_id, sound)
        self._responses.create(settings, tuple(entry for entry, _ in entries))

    def _context_entry(self, raw: Json, path: str) -> tuple[Entry, bytes]:
        if not isinstance(raw, dict):
            raise RefusedError("invalid_type", f"Invalid type for '{path}': an item is an object.", path)
        if raw.get("type") == "item_reference":
            return self._conversation.retrieve(str(raw.get("id"))), b""
        item = from_json(Item, raw)
        check_values(item, path)
        return self._entry(item, path)

    # ------------------------------------------------------------ what turn detection leads to

    def _user_speaks(self, interrupt: bool) -> None:
        if interrupt:
            self._responses.interrupt()

    def _answer_turn(self) -> None:
        settings = answer_settings(self._session, ResponseOptions(), spoken=self._responses.spoken)
        try:
            self._responses.create(settings, self._conversation.entries())
        except RefusedError as error:  # not interrupted, so still speaking: no event of the client is to blame
            self._out.say(ErrorEvent(error=error_detail(error, None)))


def _check_structure(frame: str | bytes) -> None:
    """Before anything is made of it: what a long event is made of must be sound. Raises RefusedError."""
    if isinstance(frame, bytes) or len(frame) <= MAX_SILENT_EVENT_CHARACTERS:
        return
    if sum(frame.count(mark) for mark in ",[{") > MAX_PARTS:
        raise RefusedError("event_too_large", f"The event has more than {MAX_PARTS} parts. Send less at a time.")


def _check_size(event: ClientEvent, frame: str | bytes) -> None:
    if len(frame) > MAX_SILENT_EVENT_CHARACTERS and not isinstance(event, InputAppend | ItemCreate | ResponseCreate):
        message = f"The event has more than {MAX_SILENT_EVENT_CHARACTERS} characters, the most without sound."
        raise RefusedError("event_too_large", message)
