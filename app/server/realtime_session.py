"""One session of the embedded realtime service, without sockets, threads, clock or engines.

What a client says, what the engines found and what time it is go in; events to send and work for the engines come
out, in order. Nothing that a client says makes it raise: what is wrong is answered with an `error` event.

Times (`now`) are seconds of any one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, assert_never

from app.audio.vad import VoiceDetector, open_detector
from app.protocol import client_events as cl
from app.protocol import server_events as sv
from app.protocol.convert import Json, from_json
from app.protocol.items import Item, ResponseOptions
from app.protocol.session import SemanticVad, ServerVad
from app.server.default_conversation import DefaultConversation, StoredItem
from app.server.input_audio_buffer import InputAudioBuffer
from app.server.limits import MAX_PARTS, MAX_SILENT_EVENT_CHARACTERS
from app.server.quota import Quota
from app.server.request_errors import RefusedError, invalid_value, wrong_type
from app.server.response_generation import ResponseGenerator
from app.server.session_outputs import CloseConnection, JobResult, NewId, SessionOutbox, SessionOutput
from app.server.session_settings import ResponseSettings, first_session, response_settings, updated
from app.server.transcription import Transcriber, TurnTranscript
from app.server.validation import (
    UnreadableError,
    accepted,
    check_shape,
    check_values,
    error_detail,
    read_event,
    sound_of,
    without_sound,
)

DEFAULT_SESSION_LIMIT_S: Final = 60 * 60
"""The longest that a session of the real services lasts (protocol reference, section 6)."""

_GOING_AWAY: Final = 1001
_NO_OPTIONS: Final = ResponseOptions()


class RealtimeSession:
    """One client's session. Call `start` first; for every job that comes out give back what is found, once."""

    def __init__(
        self,
        model: str,
        expires_at: int,
        now: float,
        new_id: NewId,
        detector: Callable[[], VoiceDetector] = open_detector,
        *,
        limit_s: int = DEFAULT_SESSION_LIMIT_S,
        quota: Quota | None = None,
        speculates: bool = False,
    ) -> None:
        """`expires_at`: when the session will end, in epoch seconds, for the client's eyes only; it ends `limit_s`
        after `now`. `quota` is shared by all sessions. `speculates`: the responder may be asked in vain, so an answer
        can begin before a pause is known to be the end of a turn.
        """
        self._quota = quota or Quota()
        self._out = SessionOutbox(new_id)
        self._new_id = new_id
        self._session = first_session(new_id("sess"), model, expires_at)
        self._conversation = DefaultConversation(new_id("conv"))
        self._transcriber = Transcriber(self._out, new_id)
        self._responses = ResponseGenerator(self._out, new_id, self._conversation, self._quota)
        self._input_audio = InputAudioBuffer(
            self._out,
            new_id,
            self._conversation,
            self._transcriber,
            detector,
            self._session,
            on_speech=self._user_speaks,
            on_turn=self._answer_turn,
        )
        self._speculates = speculates
        self._limit_s = limit_s
        self._ends_at = now + limit_s
        self._idle_at: float | None = None
        self._ended = False

    def start(self) -> list[SessionOutput]:
        """The first word of the service: `session.created`."""
        self._out.say(sv.SessionCreated(session=self._session))
        return self._out.take()

    def receive(self, frame: str | bytes, now: float) -> list[SessionOutput]:
        """What a frame from the client leads to."""
        if self._ended:
            return []
        self._quota.advance(now)
        event_id: str | None = None
        try:
            _check_structure(frame)
            event = read_event(frame)
            event_id = event.event_id if isinstance(event.event_id, str) else None
            _check_size(event, frame)
            check_shape(event, frame)
            self._obey(event)
        except RefusedError as error:
            self._refuse(error, error.event_id if isinstance(error, UnreadableError) else event_id)
        except RecursionError:
            self._refuse(RefusedError("invalid_json", "The event is nested too deeply."), event_id)
        return self._settled(now)

    def _refuse(self, error: RefusedError, event_id: str | None = None) -> None:
        self._out.say(sv.ErrorEvent(error=error_detail(error, event_id)))

    def _obey(self, event: cl.ClientEvent) -> None:
        match event:
            case cl.InputAppend():
                self._input_audio.append(event.audio)
            case cl.InputCommit():
                self._input_audio.commit()
            case cl.InputClear():
                self._input_audio.clear()
            case cl.SessionUpdate():
                self._update(event)
            case cl.ItemCreate():
                self._create_item(event)
            case cl.ItemRetrieve():
                self._out.say(sv.ItemRetrieved(item=self._conversation.retrieve(event.item_id).client_item()))
            case cl.ItemDelete():
                self._conversation.delete(event.item_id)
                self._out.say(sv.ItemDeleted(item_id=event.item_id))
            case cl.ItemTruncate():
                self._truncate(event)
            case cl.ResponseCreate():
                self._create_response(event.response or _NO_OPTIONS)
            case cl.ResponseCancel():
                self._responses.cancel(event.response_id or None)
            case cl.OutputClear():
                message = "The output audio buffer exists only over WebRTC and SIP: use conversation.item.truncate."
                raise invalid_value("type", message)
            case _:
                assert_never(event)

    # ------------------------------------------------------------ what the engines found

    def found(self, result: JobResult, now: float) -> list[SessionOutput]:
        """What an engine found for a job leads to; nothing, where nobody waits for it any more."""
        self._transcriber.found(result)
        self._responses.found(result)
        return self._settled(now)

    # ------------------------------------------------------------ time

    @property
    def next_tick_at(self) -> float:
        """When `tick` has something to do, if nothing happens before."""
        return self._ends_at if self._idle_at is None else min(self._ends_at, self._idle_at)

    def tick(self, now: float) -> list[SessionOutput]:
        """Time has passed."""
        if self._ended:
            return []
        if now >= self._ends_at:
            self._responses.drop_all()
            expired = f"Your session hit the maximum duration of {_duration(self._limit_s)}."
            self._refuse(RefusedError("session_expired", expired))
            self._out.put(CloseConnection(_GOING_AWAY, expired))
            self._ended = True
            return self._out.take()
        self._quota.advance(now)
        if self._idle_at is not None and now >= self._idle_at:
            self._idle_at = None
            if (idle_ms := self._idle_timeout_ms()) is not None:
                self._input_audio.time_out(idle_ms)
                self._answer_turn()
        return self._settled(now)

    def _settled(self, now: float) -> list[SessionOutput]:
        """Let waiting responses go on, and the idle time begin, before the outputs are handed over."""
        if self._ended:
            return []
        self._responses.advance()
        self._speculate()
        self._tell_quota(now)
        ended_ms = self._responses.just_ended_ms()
        idle_ms = self._idle_timeout_ms()
        if self._input_audio.speaking or self._responses.active_id() is not None or idle_ms is None:
            self._idle_at = None
        elif ended_ms is not None:
            # The answer is sent faster than it is heard: what is idle begins when it has been heard.
            self._idle_at = now + (ended_ms + idle_ms) / 1000
        return self._out.take()

    def _speculate(self) -> None:
        detection, guess = self._session.turn_detection, self._transcriber.guess
        answers = isinstance(detection, ServerVad | SemanticVad) and detection.create_response is True
        if self._speculates and guess and answers and self._responses.active_id() is None:
            self._responses.speculate(self._response_settings(), guess)
        else:
            self._responses.drop_speculative()

    def _tell_quota(self, now: float) -> None:
        """What is left, after the end of a response."""
        if not (ended := self._responses.take_ended()):
            return
        self._quota.advance(now)
        for tokens in ended:
            self._quota.spend(tokens)
        if (told := self._quota.told()) is not None:
            self._out.say(told)

    def _idle_timeout_ms(self) -> int | None:
        detection = self._session.turn_detection
        return (detection.idle_timeout_ms or None) if isinstance(detection, ServerVad) else None

    # ------------------------------------------------------------ what the client wants

    def _update(self, event: cl.SessionUpdate) -> None:
        heard, spoken = self._input_audio.heard, self._responses.spoken
        self._session = updated(self._session, event.session, heard=heard, spoken=spoken)
        self._input_audio.configure(self._session)
        self._out.say(sv.SessionUpdated(session=self._session))

    def _create_item(self, event: cl.ItemCreate) -> None:
        stored, sound = self._stored(event.item, "item")
        previous_id = self._conversation.insert(stored, event.previous_item_id or None)
        self._out.say(sv.ItemAdded(item=stored.item, previous_item_id=previous_id))
        self._out.say(sv.ItemDone(item=stored.item, previous_item_id=previous_id))
        if sound:
            stored.transcript, stored.audio_ms = self._input_audio.transcript_of(stored.item_id, sound)

    def _stored(self, item: Item, path: str) -> tuple[StoredItem, bytes]:
        """The item as it is remembered, and its sound whose words are still to be found."""
        taken = accepted(item, self._new_id("item"), path)
        sound, known = sound_of(taken), without_sound(taken)
        given_words = " ".join(part.said for part in taken.content or () if part.type == "input_audio").strip()
        transcript = TurnTranscript(text=given_words) if given_words else None
        return StoredItem(known, transcript, audio=sound), b"" if given_words else sound

    def _truncate(self, event: cl.ItemTruncate) -> None:
        by_hand = not self._input_audio.speaking
        self._conversation.truncate(event.item_id, event.content_index, event.audio_end_ms, by_hand=by_hand)
        self._out.say(
            sv.ItemTruncated(item_id=event.item_id, content_index=event.content_index, audio_end_ms=event.audio_end_ms)
        )

    def _response_settings(self, options: ResponseOptions = _NO_OPTIONS) -> ResponseSettings:
        return response_settings(self._session, options, spoken=self._responses.spoken)

    def _create_response(self, options: ResponseOptions) -> None:
        settings = self._response_settings(options)
        if settings.in_conversation:
            self._responses.check_free()
        context = self._conversation.items()
        if isinstance(options.input, tuple):
            inputs = [self._stored_input(raw, f"response.input[{at}]") for at, raw in enumerate(options.input)]
            for stored, sound in inputs:
                if sound:
                    stored.transcript, stored.audio_ms = self._input_audio.transcript_of(stored.item_id, sound)
            context = tuple(stored for stored, _ in inputs)
        self._responses.create(settings, context)

    def _stored_input(self, raw: Json, path: str) -> tuple[StoredItem, bytes]:
        if not isinstance(raw, dict):
            raise wrong_type(path, ": an item is an object")
        if raw.get("type") == "item_reference":
            return self._conversation.retrieve(str(raw.get("id"))), b""
        item = from_json(Item, raw)
        check_values(item, path)
        return self._stored(item, path)

    # ------------------------------------------------------------ what turn detection leads to

    def _user_speaks(self, interrupt: bool) -> None:
        if interrupt:
            self._responses.interrupt()

    def _answer_turn(self) -> None:
        try:
            self._responses.create(self._response_settings(), self._conversation.items())
        except RefusedError as error:  # not interrupted, so still speaking: no event of the client is to blame
            self._refuse(error)


def _duration(limit_s: int) -> str:
    whole_minutes = limit_s >= 120 and limit_s % 60 == 0
    return f"{limit_s // 60} minutes" if whole_minutes else f"{limit_s} second{'s' * (limit_s != 1)}"


def _check_structure(frame: str | bytes) -> None:
    """Before anything is made of it: what a long event is made of must be sound. Raises RefusedError."""
    if isinstance(frame, bytes) or len(frame) <= MAX_SILENT_EVENT_CHARACTERS:
        return
    if sum(frame.count(mark) for mark in ",[{") > MAX_PARTS:
        raise RefusedError("event_too_large", f"The event has more than {MAX_PARTS} parts. Send less at a time.")


def _check_size(event: cl.ClientEvent, frame: str | bytes) -> None:
    if len(frame) > MAX_SILENT_EVENT_CHARACTERS and not isinstance(
        event, cl.InputAppend | cl.ItemCreate | cl.ResponseCreate
    ):
        message = f"The event has more than {MAX_SILENT_EVENT_CHARACTERS} characters, the most without sound."
        raise RefusedError("event_too_large", message)
