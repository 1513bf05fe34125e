"""What the user said: which speech is recognised when, and what the client is told of it.

One recognition at a time. First come committed turns, then the turn that pauses (so that its words are there when
the pause turns out to be the end), then the turn that goes on (so that the user sees his words as he speaks).

Deltas of a turn that goes on name the item that `speech_started` announced, before it is committed; the real service
sends them later. A client that keys by item id, as it must (transcriptions come in any order), sees no
difference.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from itertools import takewhile
from typing import Final

from app.audio.pcm import VAD_RATE_HZ, frames_to_ms
from app.audio.ports import Samples
from app.protocol.items import ErrorDetail
from app.protocol.server_events import ErrorEvent, TranscriptionCompleted, TranscriptionDelta, TranscriptionFailed
from app.server.limits import MAX_WAITING_SPEECH_MS
from app.server.request_errors import EngineFailure
from app.server.session_outputs import CancelJob, JobResult, NewId, Recognise, SessionOutbox
from app.server.token_usage import transcription_usage

_TOO_MUCH: Final = EngineFailure(
    "recogniser_overloaded",
    f"This speech is not written down: {MAX_WAITING_SPEECH_MS // 60_000} minutes of it wait for the recogniser "
    "already. Wait until they are done, or send it more slowly.",
)


@dataclass(slots=True, eq=False)
class TurnTranscript:
    """The words of one committed turn: not known yet, known, or not to be had."""

    text: str | None = None
    failure: EngineFailure | None = None

    @property
    def settled(self) -> bool:
        """There is nothing more to wait for."""
        return self.text is not None or self.failure is not None


@dataclass(slots=True, eq=False)
class _Turn:
    """A turn of the user, from its announcement until its words are known."""

    item_id: str
    transcribe: bool
    transcript: TurnTranscript = field(default_factory=TurnTranscript)
    audio_ms: int = 0
    told: list[str] = field(default_factory=list)  # words already sent as deltas; never taken back
    last: list[str] = field(default_factory=list)  # the hypothesis before
    pause: int = 0  # counts the pauses; a guess made in another one is out of date
    guess: str | None = None  # the words up to the present pause


class _Why(Enum):
    FINAL = "a committed turn"
    GUESS = "a turn that pauses"
    PARTIAL = "a turn that goes on"


@dataclass(slots=True, eq=False)
class _Running:
    job_id: str
    why: _Why
    turn: _Turn
    pause: int


class Transcriber:
    """What the user says, recognised and told to the client. Responses begin when `TurnTranscript`s are settled."""

    def __init__(self, out: SessionOutbox, new_id: NewId) -> None:
        self._out = out
        self._new_id = new_id
        self._live: _Turn | None = None
        self._running: _Running | None = None
        self._finals: deque[tuple[_Turn, Samples]] = deque()
        self._wanted_guess: Samples | None = None
        self.language: str | None = None
        """What the user is said to speak (ISO 639-1): a hint for the recogniser, for all that is yet to come."""

    @property
    def idle(self) -> bool:
        """Nothing is being recognised: a partial recognition would take nobody's place."""
        return self._running is None

    @property
    def guess(self) -> str | None:
        """The words of the live turn up to the present pause, when they are known."""
        return self._live.guess if self._live else None

    # ------------------------------------------------------------ the live turn

    def begin(self, item_id: str, transcribe: bool) -> None:
        """A turn has begun. With `transcribe` its words are told to the client while it goes on."""
        self.abandon()
        self._live = _Turn(item_id, transcribe)

    def listen(self, samples_16k: Samples) -> None:
        """The turn so far, while it goes on. Ignored unless its words are wanted and nothing else is recognised."""
        if self._live is not None and self._live.transcribe and self.idle:
            self._start(_Why.PARTIAL, self._live, samples_16k)

    def pause(self, samples_16k: Samples) -> None:
        """The user pauses: recognise what may be the whole turn."""
        self._wanted_guess = samples_16k
        self._next()

    def resume(self) -> None:
        """The user goes on after a pause: what was guessed is not the whole turn."""
        self._wanted_guess = None
        if self._live is not None:
            self._live.pause += 1
            self._live.guess = None

    def abandon(self) -> None:
        """The live turn never becomes an item."""
        self._wanted_guess = None
        if self._running is not None and self._running.turn is self._live:
            self._out.put(CancelJob(self._running.job_id))
            self._running = None
        self._live = None
        self._next()

    # ------------------------------------------------------------ committed turns

    def finish(self, samples_16k: Samples) -> TurnTranscript:
        """The live turn is committed with this sound; a guess of the present pause serves as its words."""
        turn = self._live
        if turn is None:
            raise RuntimeError("no turn has begun")
        self._live, self._wanted_guess = None, None
        turn.audio_ms = frames_to_ms(samples_16k.size, VAD_RATE_HZ)
        running = self._running
        if turn.guess is not None:
            self._settle(turn, turn.guess)
        elif running and running.turn is turn and running.why is _Why.GUESS and running.pause == turn.pause:
            running.why = _Why.FINAL
        else:
            self._want(turn, samples_16k)
        return turn.transcript

    def recognise(self, item_id: str, samples_16k: Samples, transcribe: bool) -> TurnTranscript:
        """Speech that was committed by hand or came inside an item."""
        turn = _Turn(item_id, transcribe, audio_ms=frames_to_ms(samples_16k.size, VAD_RATE_HZ))
        self._want(turn, samples_16k)
        return turn.transcript

    def silence(self, item_id: str, audio_ms: int, transcribe: bool) -> TurnTranscript:
        """A committed turn in which nobody speaks: its words are ''."""
        turn = _Turn(item_id, transcribe, audio_ms=audio_ms)
        self._settle(turn, "")
        return turn.transcript

    def _want(self, turn: _Turn, samples_16k: Samples) -> None:
        waiting_ms = sum(frames_to_ms(samples.size, VAD_RATE_HZ) for _, samples in self._finals)
        if waiting_ms + turn.audio_ms > MAX_WAITING_SPEECH_MS:
            self._fail(turn, _TOO_MUCH)
            return
        self._finals.append((turn, samples_16k))
        self._next()

    # ------------------------------------------------------------ results

    def found(self, result: JobResult) -> None:
        """The words of a job, or that the recogniser could not do it; ignored when nobody waits for it any more."""
        running = self._running
        if running is None or running.job_id != result.job_id:
            return
        self._running = None
        match result.found:
            case str() as text:
                self._recognised(running, " ".join(text.split()))
            case EngineFailure() as failure if running.why is _Why.FINAL:  # of the others some may still succeed
                self._fail(running.turn, failure)
        self._next()

    def _recognised(self, running: _Running, text: str) -> None:
        turn = running.turn
        if running.why is _Why.FINAL:
            self._settle(turn, text)
        elif turn is self._live:
            if running.why is _Why.GUESS and running.pause == turn.pause:
                turn.guess = text
            self._tell_stable(turn, text.split())

    def _fail(self, turn: _Turn, failure: EngineFailure) -> None:
        turn.transcript.failure = failure
        if turn.transcribe:
            error = ErrorDetail(type="transcription_error", code=failure.code, message=failure.message, param=None)
            self._out.say(TranscriptionFailed(item_id=turn.item_id, error=error))
        self._out.say(ErrorEvent(error=failure.detail()))

    def _next(self) -> None:
        if self._running is not None:
            return
        if self._finals:
            turn, samples = self._finals.popleft()
            self._start(_Why.FINAL, turn, samples)
        elif self._wanted_guess is not None and self._live is not None:
            samples, self._wanted_guess = self._wanted_guess, None
            self._start(_Why.GUESS, self._live, samples)

    def _start(self, why: _Why, turn: _Turn, samples_16k: Samples) -> None:
        self._running = _Running(self._new_id("job"), why, turn, turn.pause)
        self._out.put(Recognise(self._running.job_id, samples_16k, self.language))

    # ------------------------------------------------------------ what the client is told

    def _tell_stable(self, turn: _Turn, words: list[str]) -> None:
        """Hypotheses get rewritten and deltas cannot be: send only what two in a row have in common."""
        stable = _common_prefix(turn.last, words)
        turn.last = words
        if len(stable) > len(turn.told) and stable[: len(turn.told)] == turn.told:
            self._tell(turn, stable[len(turn.told) :])

    def _settle(self, turn: _Turn, text: str) -> None:
        turn.transcript.text = text
        words = text.split()
        if words[: len(turn.told)] == turn.told:
            self._tell(turn, words[len(turn.told) :])
        if turn.transcribe:
            usage = transcription_usage(turn.audio_ms, text)
            self._out.say(TranscriptionCompleted(item_id=turn.item_id, transcript=text, usage=usage))

    def _tell(self, turn: _Turn, words: list[str]) -> None:
        if turn.transcribe and words:
            space = " " if turn.told else ""
            turn.told += words
            self._out.say(TranscriptionDelta(item_id=turn.item_id, delta=space + " ".join(words)))


def _common_prefix(one: list[str], other: list[str]) -> list[str]:
    both = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return [word for word, _ in both]
