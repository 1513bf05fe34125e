"""The user's side of a session: sound comes in, turns are found in it or committed by hand, and become items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from app.audio.vad import FRAME_FRAMES, VoiceDetector
from app.protocol import server_events as sv
from app.protocol.items import Content, Item
from app.protocol.session import SemanticVad, ServerVad, Session
from app.server.default_conversation import DefaultConversation, StoredItem
from app.server.limits import MAX_APPEND_BYTES, MAX_TURN_MS, PIECE_MS
from app.server.request_errors import RefusedError
from app.server.session_outputs import NewId, SessionOutbox
from app.server.session_settings import DEFAULT_SERVER_VAD, given
from app.server.transcription import Transcriber, TurnTranscript
from app.server.turn_detection import TurnDetector, TurnStep, silence_window_ms
from app.server.wire_audio import FORMATS, SoundBuffer, ms_to_place, place_to_ms

MIN_COMMIT_MS: Final = 100
"""Less sound than this is no turn (protocol reference, section 5.3)."""

GUESS_AFTER_MS: Final = 128
"""So soon in a pause the turn is recognised, in case the pause is its end."""

PARTIAL_EVERY_MS: Final = 600
"""So much new sound makes it worth recognising a turn that goes on."""

SPEECH: Final = 0.5
"""Two frames this likely make it worth recognising a turn that was committed by hand; else nobody speaks in it."""

_TELL_AGAIN_MS: Final = 10_000.0
"""So much sound that finds no room makes it worth saying so again: a client sends fifty pieces a second."""

_KEPT_SILENCE_MS: Final = 1000
"""Silence that stays in the buffer under VAD where the prefix padding is shorter."""


@dataclass(frozen=True, slots=True)
class _Detection:
    threshold: float
    prefix_padding_ms: int
    detection: ServerVad | SemanticVad


class InputAudioBuffer:
    """Takes the user's sound. `on_speech` is called when the user begins to speak and may interrupt,
    `on_turn` when a turn has become an item and is to be answered.
    """

    def __init__(
        self,
        out: SessionOutbox,
        new_id: NewId,
        conversation: DefaultConversation,
        transcriber: Transcriber,
        open_detector: Callable[[], VoiceDetector],
        session: Session,
        on_speech: Callable[[bool], None],
        on_turn: Callable[[], None],
    ) -> None:
        self._out = out
        self._new_id = new_id
        self._conversation = conversation
        self._transcriber = transcriber
        self._open_detector = open_detector
        self._on_speech = on_speech
        self._on_turn = on_turn
        self._voice: VoiceDetector | None = None  # comes with the first sound: opening it takes a tenth of a second
        self._turns = TurnDetector()
        self._item_id = ""
        self._turn_start = 0
        self._judged = 0  # the place up to which the detector has judged
        self._partial_at = 0
        self._speech_frames = 0
        self._untold_ms = _TELL_AGAIN_MS  # sound that found no room since that was said; at first it is said at once
        self.heard = False
        """Sound has come in: its format is fixed from then on."""
        self._configure(session)

    def _configure(self, session: Session) -> None:
        audio = given(given(session.audio).input)
        transcription = audio.transcription
        self._transcribe = transcription is not None and transcription is not UNSET
        language = transcription.language if transcription else UNSET
        self._transcriber.language = language or None
        self._detection = _detection(given(audio.turn_detection))
        form = FORMATS[given(audio.format).type]
        if not self.heard:
            self._buffer = SoundBuffer(form)

    def configure(self, session: Session) -> None:
        """Settings as they are from now on. Without turn detection, what is going on is committed by the client."""
        self._configure(session)
        if self._detection is None and self._turns.speaking:
            self._turns.reset()
            self._transcriber.abandon()

    @property
    def speaking(self) -> bool:
        """A turn of the user is going on, as turn detection has it."""
        return self._turns.speaking

    # ------------------------------------------------------------ what the client does

    def append(self, data: bytes) -> None:
        """More sound, cut anywhere. Raises RefusedError."""
        if len(data) > MAX_APPEND_BYTES:
            message = f"Invalid 'audio': {len(data)} bytes, where at most {MAX_APPEND_BYTES} are allowed in one event."
            raise RefusedError("invalid_value", message, "audio")
        self.heard = self.heard or bool(data)
        if not self._has_room(len(data) / self._buffer.format.bytes_per_ms):
            return
        self._voice = self._voice or self._open_detector()
        piece_bytes = PIECE_MS * self._buffer.format.bytes_per_ms
        for at in range(0, len(data), piece_bytes):
            self._take_in(data[at : at + piece_bytes], self._voice)

    def _has_room(self, more_ms: float) -> bool:
        """Whether the sound can be held. Raises RefusedError where not, but not for every one of many small pieces."""
        if self._detection is not None or self._buffer.held_ms + more_ms <= MAX_TURN_MS:
            return True
        self._untold_ms += more_ms
        if self._untold_ms < _TELL_AGAIN_MS:
            return False
        self._untold_ms = 0.0
        message = (
            f"The input audio buffer is full: it holds {self._buffer.held_ms / 1000:.0f} s of sound and at most "
            f"{MAX_TURN_MS // 1000} s, so this sound is not kept. Commit the buffer (input_audio_buffer.commit) or "
            "clear it (input_audio_buffer.clear)."
        )
        raise RefusedError("input_audio_buffer_too_large", message, "audio")

    def _take_in(self, data: bytes, voice: VoiceDetector) -> None:
        for probability in voice.feed(self._buffer.append(data)):
            self._judged += FRAME_FRAMES
            self._speech_frames += probability >= SPEECH
            if self._detection is not None:
                self._follow(probability, self._detection)
        if self._detection is None:
            return
        if not self._turns.speaking:
            kept_ms = max(self._detection.prefix_padding_ms, _KEPT_SILENCE_MS)
            self._buffer.drop_before(self._judged - ms_to_place(kept_ms))
        elif self._judged - self._turn_start >= ms_to_place(MAX_TURN_MS):  # music, or a room full of talk
            self._turns.reset()
            self._stop(self._detection)

    def commit(self) -> None:
        """The buffered sound is a turn. Raises RefusedError where there is too little of it."""
        held_ms = self._buffer.held_ms
        if held_ms < MIN_COMMIT_MS:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{MIN_COMMIT_MS}ms of audio, but buffer only has {held_ms:.2f}ms of audio."
            )
            raise RefusedError("input_audio_buffer_commit_empty", message)
        speaking, anybody = self._turns.speaking, self._speech_frames >= 2
        item_id = self._item_id if speaking else self._new_id("item")
        samples = self._buffer.samples(self._buffer.start)
        stored = self._add_item(item_id, self._buffer.wire(self._buffer.start), place_to_ms(samples.size))
        if speaking:
            stored.transcript = self._transcriber.finish(samples)
        elif anybody:
            stored.transcript = self._transcriber.recognise(item_id, samples, self._transcribe)
        else:
            stored.transcript = self._transcriber.silence(item_id, stored.audio_ms, self._transcribe)
        self._forget()

    def clear(self) -> None:
        """Throw the buffered sound away, a turn that is going on with it."""
        self._transcriber.abandon()
        self._forget()
        self._out.say(sv.InputCleared())

    def transcript_of(self, item_id: str, data: bytes) -> tuple[TurnTranscript, int]:
        """The words of sound that came inside an item, and its milliseconds; nothing of it is transcribed to the
        client, who has the sound himself.
        """
        buffer = SoundBuffer(self._buffer.format)
        voice, likely = self._open_detector(), 0
        piece_bytes = PIECE_MS * buffer.format.bytes_per_ms
        for at in range(0, len(data), piece_bytes):
            ready = buffer.append(data[at : at + piece_bytes])
            likely += sum(probability >= SPEECH for probability in voice.feed(ready))
        if likely < 2:
            return self._transcriber.silence(item_id, int(buffer.held_ms), False), int(buffer.held_ms)
        return self._transcriber.recognise(item_id, buffer.samples(0), False), int(buffer.held_ms)

    def time_out(self, idle_ms: int) -> None:
        """Nobody has spoken for so long: that silence becomes an item, in which nothing is said."""
        item_id, end_ms = self._new_id("item"), place_to_ms(self._buffer.end)
        start_ms = max(0, end_ms - idle_ms)
        self._out.say(sv.InputTimeoutTriggered(item_id=item_id, audio_start_ms=start_ms, audio_end_ms=end_ms))
        self._add_item(item_id, b"", 0)

    # ------------------------------------------------------------ what turn detection finds

    def _follow(self, probability: float, now: _Detection) -> None:
        window_ms = silence_window_ms(now.detection, self._transcriber.guess)
        match self._turns.feed(probability, now.threshold, window_ms):
            case TurnStep.STARTED:
                self._start(now)
            case TurnStep.RESUMED:
                self._transcriber.resume()
            case TurnStep.SPEECH:
                self._listen()
            case TurnStep.PAUSE if self._guess_is_due(window_ms):
                self._transcriber.pause(self._buffer.samples(self._turn_start, self._judged))
            case TurnStep.STOPPED:
                self._stop(now)
            case _:
                pass

    def _start(self, now: _Detection) -> None:
        begun = self._judged - self._turns.likely_frames * FRAME_FRAMES
        self._turn_start = max(self._buffer.start, begun - ms_to_place(now.prefix_padding_ms))
        self._buffer.drop_before(self._turn_start)
        self._partial_at = self._judged
        self._item_id = self._new_id("item")
        self._out.say(sv.SpeechStarted(item_id=self._item_id, audio_start_ms=place_to_ms(self._turn_start)))
        self._transcriber.begin(self._item_id, self._transcribe)
        self._on_speech(now.detection.interrupt_response is True)

    def _listen(self) -> None:
        if self._judged - self._partial_at >= ms_to_place(PARTIAL_EVERY_MS) and self._transcriber.idle:
            self._partial_at = self._judged
            self._transcriber.listen(self._buffer.samples(self._turn_start, self._judged))

    def _guess_is_due(self, window_ms: float) -> bool:
        due = min(GUESS_AFTER_MS, window_ms / 2)
        return due <= self._turns.pause_ms < due + FRAME_FRAMES / 16

    def _stop(self, now: _Detection) -> None:
        end = self._judged
        self._out.say(sv.SpeechStopped(item_id=self._item_id, audio_end_ms=place_to_ms(end)))
        samples = self._buffer.samples(self._turn_start, end)
        stored = self._add_item(self._item_id, self._buffer.wire(self._turn_start, end), place_to_ms(samples.size))
        self._buffer.drop_before(end)
        self._speech_frames = 0
        stored.transcript = self._transcriber.finish(samples)
        if now.detection.create_response is True:
            self._on_turn()

    def _forget(self) -> None:
        """The buffer is empty and no turn goes on; the time line runs on."""
        self._buffer.clear()
        self._turns.reset()
        if self._voice is not None:
            self._voice.reset()
        self._judged = self._buffer.end
        self._speech_frames = 0
        self._untold_ms = _TELL_AGAIN_MS

    def _add_item(self, item_id: str, data: bytes, audio_ms: int) -> StoredItem:
        item = Item(
            id=item_id,
            object="realtime.item",
            type="message",
            status="completed",
            role="user",
            content=(Content(type="input_audio", transcript=None),),
        )
        stored = StoredItem(item, audio=data, audio_ms=audio_ms)
        self._out.say(sv.InputCommitted(item_id=item_id, previous_item_id=self._conversation.last_id()))
        previous_id = self._conversation.append(stored)
        self._out.say(sv.ItemAdded(item=item, previous_item_id=previous_id))
        self._out.say(sv.ItemDone(item=item, previous_item_id=previous_id))
        return stored


def _detection(detection: ServerVad | SemanticVad | None) -> _Detection | None:
    if detection is None:
        return None
    # Semantic VAD listens for speech as server VAD does; only the end of a turn is found otherwise.
    source = detection if isinstance(detection, ServerVad) else DEFAULT_SERVER_VAD
    return _Detection(given(source.threshold), given(source.prefix_padding_ms), detection)
