"""The assistant's answers: their words and sound as they come, the interruption that ends them, how fast they came.

The one rule of interruption (protocol reference, section 5.4): silence the speaker, which tells how much was heard;
let nothing sound that still arrives; cancel, if a response is under way; truncate at what was heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from app.conversation.active_response import ActiveResponse, ResponsePhase
from app.conversation.effects import Effect, FinishPlay, Interrupted, Notice, Play, Send, Severity
from app.conversation.ids import Ids
from app.conversation.outcome import failure_note, outcome_note
from app.conversation.playback import BYTES_PER_MS, PlaybackAccount, Voice
from app.conversation.transcript import Latency
from app.conversation.transcript_builder import TranscriptBuilder
from app.protocol import server_events as sv
from app.protocol.client_events import ItemTruncate
from app.protocol.items import Item, Response

REMEMBERED_ANSWERS = 50
"""So many latencies make the median."""

WordsDone: TypeAlias = sv.OutputTranscriptDone | sv.OutputTextDone | sv.ContentPartDone


@dataclass(slots=True)
class _Question:
    """A turn of the user's that waits for its answer: what happened when."""

    ended_ms: int
    """The user fell silent, released the key or sent the text."""
    over_ms: int
    """The service was told, or told us, that the turn is over."""
    first_piece_ms: int | None = None
    first_sound_ms: int | None = None
    """The first sound came in."""

    def latency(self, heard_ms: int | None = None) -> Latency:
        """The figures so far; `heard_ms`: when the first sound left the speaker."""
        came_ms = self.first_piece_ms if heard_ms is None else self.first_sound_ms
        return Latency(
            first_word_ms=self._after(self.ended_ms, self.first_piece_ms),
            first_sound_ms=self._after(self.ended_ms, heard_ms),
            turn_ms=self.over_ms - self.ended_ms,
            service_ms=self._after(self.over_ms, came_ms),
            playback_ms=None if came_ms is None else self._after(came_ms, heard_ms),
        )

    def _after(self, begin_ms: int, moment_ms: int | None) -> int | None:
        return None if moment_ms is None else moment_ms - begin_ms


class Responses:
    """All responses of a session, and what was said and heard of each."""

    def __init__(
        self, builder: TranscriptBuilder, ids: Ids, voice: Voice, timeout_ms: int, answers_ms: Iterable[int] = ()
    ) -> None:
        """`answers_ms`: how long earlier answers took, for the median."""
        self.active = ActiveResponse(timeout_ms)
        self.has_spoken = False
        self.answers_ms: deque[int] = deque(answers_ms, REMEMBERED_ANSWERS)
        self._builder, self._ids, self._voice = builder, ids, voice
        self._playback = PlaybackAccount()
        self._items_of: dict[str, dict[str, None]] = {}
        self._calls_of: dict[str, dict[str, Item]] = {}
        self._response_of: dict[str, str] = {}
        self._question: _Question | None = None
        self._is_writing = False
        self._sounds_until_ms = 0

    # ---------------------------------------------------------------- what is true

    @property
    def is_sounding(self) -> bool:
        """The assistant's speech sounds, or waits to."""
        return self._playback.is_sounding

    @property
    def is_speaking(self) -> bool:
        """The assistant's speech sounds, or its written words are coming."""
        return self._playback.is_sounding or self._is_writing

    @property
    def median_answered_ms(self) -> int | None:
        """The usual time to an answer."""
        return round(median(self.answers_ms)) if self.answers_ms else None

    @property
    def deadline_ms(self) -> int | None:
        """When `tick` has something to do."""
        dues = (self.active.deadline_ms, self._played_by_ms)
        return min((due for due in dues if due is not None), default=None)

    @property
    def _played_by_ms(self) -> int | None:
        """When the speaker must have played a whole answer; None while there is none to play."""
        if not self._playback.is_sounding or self.active.has_begun:
            return None
        return self._sounds_until_ms + self.active.timeout_ms

    # ---------------------------------------------------------------- the user's side

    def turn_ended(self, ended_ms: int, now_ms: int) -> None:
        """The user's turn is over, and was finished at `ended_ms`: the wait for an answer begins."""
        self._question = _Question(min(ended_ms, now_ms), now_ms)
        self.active.turn_ended()

    def next_request(self, now_ms: int) -> list[Effect]:
        """The request for an answer, when its time has come."""
        request = self.active.next_request(self._ids, now_ms)
        return [Send(request)] if request else []

    def interrupt(
        self, now_ms: int, *, is_cancelled_by_service: bool = False, is_expected_unwanted: bool = False
    ) -> list[Effect]:
        """Silence the assistant, and let the service know how much was heard.

        `is_expected_unwanted`: stop also the answer that the service is about to begin by itself.
        """
        active = self.active
        is_awaited = active.is_awaited if is_expected_unwanted else active.is_requested
        had_floor = self.is_speaking or is_awaited
        active.interrupted(now_ms, is_expected_unwanted=is_expected_unwanted)
        effects: list[Effect] = []
        self._playback.silence_response(active.response_id)
        if not is_cancelled_by_service and (cancel := active.cancel(self._ids)):
            effects.append(Send(cancel))
        self._is_writing = False
        effects += self.silence(now_ms)
        return [*effects, Interrupted()] if had_floor else effects

    def silence(self, now_ms: int) -> list[Effect]:
        """Let nothing sound of what was received so far. The service and the transcript are told what was heard."""
        if not self._playback.is_sounding:
            return []
        heard = {**self._playback.silence(), **self._voice.silence()}
        return [effect for item_id, heard_ms in heard.items() for effect in self._cut(item_id, heard_ms, now_ms)]

    def _cut(self, item_id: str, heard_ms: int, now_ms: int) -> list[Effect]:
        """Once for each item."""
        settled = self._playback.settle(item_id, heard_ms)
        if settled is None:
            return []
        heard_ms, is_missed = settled
        if not is_missed:
            return self._builder.change(item_id, heard_ms=heard_ms, ended_ms=now_ms)
        truncate = ItemTruncate(event_id=self._ids.event(), item_id=item_id, audio_end_ms=heard_ms)
        changed = self._builder.change(item_id, heard_ms=heard_ms, is_interrupted=True, ended_ms=now_ms)
        return [Send(truncate), *changed]

    # ---------------------------------------------------------------- the speaker's side

    def started(self, item_id: str, now_ms: int) -> list[Effect]:
        """The item's first sound left the speaker."""
        if not self._playback.started(item_id):
            return []
        effects = self._builder.change(item_id, started_ms=now_ms)
        return effects + self._answered(item_id, heard_ms=now_ms)

    def played_out(self, item_id: str, played_ms: int, now_ms: int) -> list[Effect]:
        """So much of the item was heard, and for the speaker that was all."""
        return self._over(item_id, now_ms) if self._playback.played_out(item_id, played_ms) else []

    def _over(self, item_id: str, now_ms: int) -> list[Effect]:
        return self._builder.change(item_id, heard_ms=self._playback.received_ms(item_id), ended_ms=now_ms)

    # ---------------------------------------------------------------- the service's side

    def created(self, response_id: str, now_ms: int) -> list[Effect]:
        """A response begins; one that was unwanted before it began is stopped at once."""
        if not self.active.created(response_id, now_ms):
            return []
        self._playback.silence_response(response_id)
        cancel = self.active.cancel(self._ids)
        return [Send(cancel)] if cancel else []

    def sign_of_life(self, response_id: str, item_id: str, now_ms: int) -> list[Effect]:
        """A piece of a response came, perhaps of one whose beginning the service did not tell."""
        active = self.active
        if not active.has_begun and self._builder.is_over(item_id):
            return []  # late
        effects: list[Effect] = []
        response_id = response_id or self._response_of.get(item_id, "")
        if active.heard_of(response_id, now_ms):
            effects = self.created(response_id, now_ms)
        elif active.phase is ResponsePhase.STOPPED:
            self._playback.silence_response(active.response_id)
        if active.is_requested:
            active.expect_none()
        return effects

    def item(self, event: sv.OutputItemAdded | sv.OutputItemDone, now_ms: int) -> list[Effect]:
        """A response has this item."""
        effects = self.sign_of_life(event.response_id, event.item.id or "", now_ms)
        return effects + self._item(event.response_id, event.item, now_ms)

    def _item(self, response_id: str, item: Item, now_ms: int) -> list[Effect]:
        self._belongs(response_id, item.id or "")
        if item.type != "message":
            calls = self._calls_of.setdefault(response_id, {})
            if item.arguments or item.id not in calls:  # what is added has no arguments yet
                calls[item.id or ""] = item
        return self._builder.item(item, None, now_ms, is_done=False)

    def words(self, event: sv.OutputTranscriptDelta | sv.OutputTextDelta, now_ms: int) -> list[Effect]:
        """More words, of speech or written."""
        is_spoken = isinstance(event, sv.OutputTranscriptDelta)
        effects = self.sign_of_life(event.response_id, event.item_id, now_ms)
        self._belongs(event.response_id, event.item_id)
        effects += self._builder.output_delta(event, now_ms)
        return effects + self._piece_arrived(event.response_id, event.item_id, now_ms, is_spoken=is_spoken)

    def words_done(self, event: WordsDone, now_ms: int) -> list[Effect]:
        """All words of a part."""
        effects = self.sign_of_life(event.response_id, event.item_id, now_ms)
        self._belongs(event.response_id, event.item_id)
        return effects + self._builder.output_done(event, now_ms)

    def audio(self, event: sv.OutputAudioDelta, now_ms: int) -> list[Effect]:
        """More speech."""
        item_id = event.item_id
        effects = self.sign_of_life(event.response_id, item_id, now_ms)
        self._belongs(event.response_id, item_id)
        effects += self._builder.speech(item_id, now_ms)
        effects += self._piece_arrived(event.response_id, item_id, now_ms, is_spoken=True)
        self.has_spoken = True
        may_sound = self._playback.receive(event.response_id, item_id, len(event.delta))
        effects += self._builder.received(item_id, self._playback.received_ms(item_id))
        if may_sound:
            if self._question and self._question.first_sound_ms is None:
                self._question.first_sound_ms = now_ms
            self._sounds_until_ms = max(self._sounds_until_ms, now_ms) + len(event.delta) // BYTES_PER_MS
            self.active.extend(self._sounds_until_ms)
            effects = [Play(item_id, event.delta), *effects]
        if not self.active.has_begun:  # late: nobody will say that this was all
            effects += self._audio_done(item_id, now_ms)
        return effects

    def audio_done(self, event: sv.OutputAudioDone, now_ms: int) -> list[Effect]:
        """All speech of the item is here."""
        effects = self.sign_of_life(event.response_id, event.item_id, now_ms)
        return effects + self._audio_done(event.item_id, now_ms)

    def _audio_done(self, item_id: str, now_ms: int) -> list[Effect]:
        if not self._playback.complete(item_id):
            return []
        self._sounds_until_ms = max(self._sounds_until_ms, now_ms)
        return [FinishPlay(item_id), *(self._over(item_id, now_ms) if self._playback.is_over(item_id) else [])]

    def done(self, response: Response, now_ms: int) -> list[Effect]:
        """A response was generated to its end, cancelled, or failed."""
        active = self.active
        active_id, had_begun, is_awaited = active.response_id, active.has_begun, active.is_awaited
        ids = [known for known in (response.id, active_id) if known]
        is_silent = any(self._playback.is_silent(known) for known in ids)
        is_stopped = is_silent or active.phase is ResponsePhase.STOPPED
        is_answer = active.done(response.id) and (had_begun or is_awaited)
        is_last = not active.has_begun
        calls = self._take_calls(response, ids)
        effects, said = self._complete(response, now_ms, is_silent=is_silent, is_last=is_last)
        note = outcome_note(response, calls, has_words=bool(said), is_stopped=is_stopped)
        if note and failure_note(response) and not said:
            return [*effects, Notice(note, Severity.ERROR)]
        return effects + (self._remark(response, calls, said, note, now_ms) if said or is_answer else [])

    def broke_off(self, item_id: str, now_ms: int) -> list[Effect]:
        """No more words of this item came for too long."""
        is_silent = self._playback.is_silent(self._response_of.get(item_id, ""), item_id)
        effects = self._builder.completed(item_id, now_ms, is_silent=is_silent)
        return effects + self._cut(item_id, 0, now_ms)

    # ---------------------------------------------------------------- limits

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed: see `deadline_ms`."""
        active = self.active
        seconds = f"{active.timeout_ms / 1000:g} s"
        unanswered = Notice(f"The service did not answer for {seconds}. Say it again or type it.", Severity.WARNING)
        effects: list[Effect] = []
        expected = active.expire_expected(now_ms)
        if expected and not self._builder.is_gone(expected.item_id):  # a cough needs no answer
            effects.append(unanswered)
        response_id = active.response_id
        match active.expire(now_ms):
            case ResponsePhase.ASKED:
                effects.append(unanswered)
            case ResponsePhase.ACTIVE | ResponsePhase.STOPPED as phase:
                effects += self._give_up(response_id, seconds, now_ms, is_stopped=phase is ResponsePhase.STOPPED)
        if self._played_by_ms is not None and now_ms >= self._played_by_ms:
            effects.append(Notice("The speaker did not play the answer to its end.", Severity.WARNING))
            for item_id in self._playback.silence():
                effects += self._builder.change(item_id, ended_ms=now_ms)
        return effects

    def _give_up(self, response_id: str, seconds: str, now_ms: int, *, is_stopped: bool) -> list[Effect]:
        """Nothing came of a response any more: it is over, whatever the service thinks, and need not go on."""
        effects: list[Effect] = []
        self._playback.silence_response(response_id)
        if response_id:
            effects.append(Send(self.active.cancel_late(response_id, self._ids)))
        response = Response(id=response_id)
        completed, said = self._complete(response, now_ms, is_silent=is_stopped, is_last=True)
        effects += completed
        if is_stopped:
            return effects
        what = "broke off its answer" if said else "began an answer"
        note = f"The service {what} and sent nothing for {seconds}; the answer counts as over."
        return effects + self._remark(response, [], said, note, now_ms)

    # ---------------------------------------------------------------- within

    def _belongs(self, response_id: str, item_id: str) -> None:
        if item_id:
            self._items_of.setdefault(response_id, {})[item_id] = None
            self._response_of[item_id] = response_id

    def _piece_arrived(self, response_id: str, item_id: str, now_ms: int, *, is_spoken: bool) -> list[Effect]:
        """More of an answer is here, as text or as sound; what was silenced answers no turn."""
        if self._playback.is_silent(response_id, item_id):
            return []
        self._is_writing = not is_spoken and self.active.has_begun
        if self._question is None or self._question.first_piece_ms is not None:
            return []
        self._question.first_piece_ms = now_ms
        if not is_spoken:
            return self._answered(item_id)
        return self._builder.change(item_id, latency=self._question.latency())

    def _answered(self, item_id: str, heard_ms: int | None = None) -> list[Effect]:
        question, self._question = self._question, None
        if question is None:
            return []
        latency = question.latency(heard_ms)
        if latency.answered_ms is not None:
            self.answers_ms.append(latency.answered_ms)
        return self._builder.change(item_id, latency=latency)

    def _complete(
        self, response: Response, now_ms: int, *, is_silent: bool, is_last: bool
    ) -> tuple[list[Effect], list[str]]:
        """The response's items are final. And which of them there are: those in which something was said.

        `is_silent`: it was interrupted; what of it had no sound by then was never heard. `is_last`: no other response
        is under way, so nothing else of the assistant's goes on either. Services leave out the end of speech when they
        break off, and what arrived too late to sound was not heard.
        """
        effects: list[Effect] = []
        for item in response.output or ():
            effects += self._item(response.id, item, now_ms)
        ids = list(self._items_of.pop(response.id, {}))
        if is_last:
            ids += [item_id for item_id in self._builder.open_items if item_id not in ids]
            self._is_writing = False
        for item_id in ids:
            effects += self._builder.completed(item_id, now_ms, is_silent=is_silent)
        said = [item_id for item_id in ids if self._builder.says_something(item_id)]
        for item in response.output or ():
            effects += self._audio_done(item.id or "", now_ms)
        for item_id in self._playback.take_items(None if is_last else response.id):
            effects += self._audio_done(item_id, now_ms) + self._cut(item_id, 0, now_ms)
        return effects, said

    def _take_calls(self, response: Response, ids: Iterable[str]) -> list[Item]:
        """What a response, under whichever of these ids it went, holds beside messages: calls of functions, tools."""
        calls: dict[str, Item] = {}
        for response_id in ids:
            calls |= self._calls_of.pop(response_id, {})
        told = [item for item in response.output or () if item.type != "message"]
        calls |= {item.id or str(at): item for at, item in enumerate(told)}
        return list(calls.values())

    def _remark(
        self, response: Response, calls: Sequence[Item], said: Sequence[str], note: str, now_ms: int
    ) -> list[Effect]:
        """What is to be said of an answer stands with its last words; without any, in the place of words."""
        if not note:
            return []
        if said:
            return self._builder.change(said[-1], note=note)
        ids = [item.id for item in (*calls, *(response.output or ())) if item.id]
        item_id = next(iter(ids), response.id or self._ids.item())
        return self._builder.remarked(item_id, note, now_ms)
