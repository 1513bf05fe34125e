"""The assistant's answers: their words and sound as they come, the interruption that ends them, how fast they came.

The one rule of interruption (protocol reference, section 5.4): silence the speaker, which tells how much was heard;
let nothing sound that still arrives; cancel, if a response is under way; truncate at what was heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, TypeAlias

from app.conversation.active_response import ActiveResponse, ResponsePhase
from app.conversation.due import Due
from app.conversation.effects import Effects, FinishPlay, Interrupted, Play, Severity, earliest
from app.conversation.outcome import failure_note, outcome_note
from app.conversation.playback import BYTES_PER_MS, PlaybackAccount, Voice
from app.conversation.question import Question
from app.conversation.transcript import Party
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.usage import Spending
from app.protocol import server_events as sv
from app.protocol.client_events import ItemTruncate
from app.protocol.items import Item, Response

REMEMBERED_ANSWERS = 50
"""So many latencies make the median."""

_CUT_OFF: Final = "cut off: the connection was lost"
_CUT_AT_LIMIT: Final = "cut off: the session reached the service's limit"

WordsDone: TypeAlias = sv.OutputTranscriptDone | sv.OutputTextDone | sv.ContentPartDone


class Responses:
    """All responses of a session, and what was said and heard of each."""

    def __init__(
        self,
        builder: TranscriptBuilder,
        effects: Effects,
        voice: Voice,
        timeout_ms: int,
        earlier: Responses | None = None,
    ) -> None:
        """`earlier`: of the session before, whose speech may still sound, and whose latencies count."""
        self.active = ActiveResponse(effects, timeout_ms)
        self.has_spoken = False
        self.answers_ms: deque[int] = deque(earlier.answers_ms if earlier else (), REMEMBERED_ANSWERS)
        self._builder, self._effects, self._voice = builder, effects, voice
        self._playback: PlaybackAccount = earlier._playback.of_what_sounds() if earlier else PlaybackAccount()
        self._earlier_items = self._playback.items  # the service of now knows nothing of them
        self._items_of: dict[str, dict[str, None]] = {}
        self._calls_of: dict[str, dict[str, Item]] = {}
        self._response_of: dict[str, str] = {}
        self._worded: set[str] = set()  # items of which all words are here
        self._question: Question | None = None
        self._is_writing = False
        self._sounds_until_ms: int = earlier._sounds_until_ms if earlier else 0

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
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        return earliest(self.active.deadline_ms, self._played_by_ms)

    @property
    def _played_by_ms(self) -> int | None:
        """When the speaker must have played a whole answer; None while there is none to play."""
        if not self._playback.is_sounding or self.active.has_begun:
            return None
        return self._sounds_until_ms + self.active.timeout_ms

    @property
    def has_question(self) -> bool:
        """A turn of the user's waits for its answer, and is timed."""
        return self._question is not None

    @property
    def due(self) -> Due:
        """What the user waits for that is not here yet: what is to be asked for again if nothing more comes."""
        active = self.active
        said = [
            item_id for item_id in self._items_of.get(active.response_id, ()) if self._builder.says_something(item_id)
        ]
        if active.has_request_waiting:
            return Due.REST if active.wants_rest else Due.ANSWER
        if active.is_expected:
            return Due.ANSWER
        if not active.is_requested:
            return Due.NOTHING
        if active.phase is not ResponsePhase.ACTIVE or not said:
            return Due.REST if active.is_rest else Due.ANSWER
        return Due.NOTHING if active.is_rest or not self._lacks_rest(said[-1]) else Due.REST

    def _lacks_rest(self, item_id: str) -> bool:
        """Words or speech of the item are still to come."""
        is_whole = item_id in self._worded and self._playback.is_complete(item_id)
        return item_id in self._builder.open_items and not is_whole

    # ---------------------------------------------------------------- the user's side

    def turn_ended(self, ended_ms: int, now_ms: int) -> None:
        """The user's turn is over, and was finished at `ended_ms`: the wait for an answer begins."""
        self._question = Question(min(ended_ms, now_ms), now_ms)
        self.active.turn_ended()

    def interrupt(
        self, now_ms: int, *, is_cancelled_by_service: bool = False, is_expected_unwanted: bool = False
    ) -> None:
        """Silence the assistant, and let the service know how much was heard.

        `is_expected_unwanted`: stop also the answer that the service is about to begin by itself.
        """
        active = self.active
        is_awaited = active.is_awaited if is_expected_unwanted else active.is_requested
        had_floor = self.is_speaking or is_awaited
        active.interrupted(now_ms, is_expected_unwanted=is_expected_unwanted)
        self._playback.silence_response(active.response_id)
        if not is_cancelled_by_service:
            active.cancel()
        self._is_writing = False
        self.silence(now_ms)
        if had_floor:
            self._effects.add(Interrupted())

    def silence(self, now_ms: int) -> None:
        """Let nothing sound of what was received so far. The service and the transcript are told what was heard."""
        if self._playback.is_sounding:
            heard = {**self._playback.silence(), **self._voice.silence()}
            for item_id, heard_ms in heard.items():
                self._cut(item_id, heard_ms, now_ms)

    def _cut(self, item_id: str, heard_ms: int, now_ms: int) -> None:
        """Once for each item."""
        settled = self._playback.settle(item_id, heard_ms)
        if settled is None:
            return
        heard_ms, is_missed = settled
        if is_missed:
            if item_id not in self._earlier_items:
                self._effects.send(ItemTruncate(item_id=item_id, audio_end_ms=heard_ms))
            self._builder.change(item_id, heard_ms=heard_ms, ended_ms=now_ms, is_interrupted=True)
        else:
            self._builder.change(item_id, heard_ms=heard_ms, ended_ms=now_ms)

    # ---------------------------------------------------------------- the speaker's side

    def started(self, item_id: str, now_ms: int) -> None:
        """The item's first sound left the speaker."""
        if self._playback.started(item_id):
            self._builder.change(item_id, started_ms=now_ms)
            self._answered(item_id, heard_ms=now_ms)

    def played_out(self, item_id: str, played_ms: int, now_ms: int) -> None:
        """So much of the item was heard, and for the speaker that was all."""
        if self._playback.played_out(item_id, played_ms):
            self._over(item_id, now_ms)

    def _over(self, item_id: str, now_ms: int) -> None:
        self._builder.change(item_id, heard_ms=self._playback.received_ms(item_id), ended_ms=now_ms)

    # ---------------------------------------------------------------- the service's side

    def created(self, response_id: str, now_ms: int) -> None:
        """A response begins; one that was unwanted before it began is stopped at once."""
        if self.active.created(response_id, now_ms):
            self._playback.silence_response(response_id)
            self.active.cancel()

    def sign_of_life(self, response_id: str, item_id: str, now_ms: int) -> None:
        """A piece of a response came, perhaps of one whose beginning the service did not tell."""
        active = self.active
        if not active.has_begun and self._builder.is_over(item_id):
            return  # late
        if active.heard_of(response_id or self._response_of.get(item_id, ""), now_ms):
            self.created(response_id or self._response_of.get(item_id, ""), now_ms)
        elif active.phase is ResponsePhase.STOPPED:
            self._playback.silence_response(active.response_id)
        if active.is_requested:
            active.expect_none()

    def item(self, response_id: str, item: Item, now_ms: int) -> None:
        """A response has this item."""
        self._belongs(response_id, item.id or "")
        if item.type != "message":
            calls = self._calls_of.setdefault(response_id, {})
            if item.arguments or item.id not in calls:  # what is added has no arguments yet
                calls[item.id or ""] = item
        self._builder.item(item, None, now_ms, is_done=False)

    def words(self, event: sv.OutputTranscriptDelta | sv.OutputTextDelta, now_ms: int) -> None:
        """More words, of speech or written."""
        self._belongs(event.response_id, event.item_id)
        self._builder.output_delta(event, now_ms)
        self._piece_arrived(event, now_ms)

    def words_done(self, event: WordsDone, now_ms: int) -> None:
        """All words of a part."""
        self._belongs(event.response_id, event.item_id)
        self._worded.add(event.item_id)
        self._builder.output_done(event, now_ms)

    def audio(self, event: sv.OutputAudioDelta, now_ms: int) -> None:
        """More speech."""
        item_id = event.item_id
        self._belongs(event.response_id, item_id)
        self.has_spoken = True
        if self._playback.receive(event.response_id, item_id, len(event.delta)):
            self._effects.add(Play(item_id, event.delta))
            if self._question and self._question.first_sound_ms is None:
                self._question.first_sound_ms = now_ms
            self._sounds_until_ms = max(self._sounds_until_ms, now_ms) + len(event.delta) // BYTES_PER_MS
            self.active.extend(self._sounds_until_ms)
        self._builder.began(item_id, Party.ASSISTANT, now_ms)
        self._builder.received(item_id, self._playback.received_ms(item_id))
        self._piece_arrived(event, now_ms)
        if not self.active.has_begun:  # late: nobody will say that this was all
            self.audio_done(item_id, now_ms)

    def audio_done(self, item_id: str, now_ms: int) -> None:
        """All speech of the item is here."""
        if self._playback.complete(item_id):
            self._sounds_until_ms = max(self._sounds_until_ms, now_ms)
            self._effects.add(FinishPlay(item_id))
            if self._playback.is_over(item_id):
                self._over(item_id, now_ms)

    def done(self, response: Response, spent: Spending | None, now_ms: int) -> None:
        """A response was generated to its end, cancelled, or failed; what it used stands with its last words."""
        active = self.active
        active_id, had_begun, is_awaited = active.response_id, active.has_begun, active.is_awaited
        may_be_empty = active.is_rest  # all of it may have come before
        ids = [known for known in (response.id, active_id) if known]
        is_silent = any(self._playback.is_silent(known) for known in ids)
        is_stopped = is_silent or active.phase is ResponsePhase.STOPPED
        is_answer = active.done(response.id) and (had_begun or is_awaited)
        calls = self._take_calls(response, ids)
        said = self._complete(response, now_ms, is_silent=is_silent, is_last=not active.has_begun)
        note = outcome_note(response, calls, has_words=bool(said) or may_be_empty, is_stopped=is_stopped)
        if note and failure_note(response) and not said:
            self._effects.notify(note, Severity.ERROR)
        elif said or is_answer:
            said += self._remark(response, calls, said, note, now_ms)
        if spent and said:
            self._builder.change(said[-1], spending=spent)

    def broke_off(self, item_id: str, now_ms: int) -> None:
        """No more words of this item came for too long."""
        is_silent = self._playback.is_silent(self._response_of.get(item_id, ""), item_id)
        self._builder.completed(item_id, now_ms, is_silent=is_silent)
        self._cut(item_id, 0, now_ms)

    def cut_off(self, now_ms: int, *, is_at_limit: bool) -> None:
        """No more comes of the answer under way, and it is marked. What is here of it sounds to its end."""
        note = _CUT_AT_LIMIT if is_at_limit else _CUT_OFF
        is_wanted = self.active.phase is ResponsePhase.ACTIVE
        for item_id in tuple(self._builder.open_items):
            if is_wanted and self._builder.says_something(item_id) and self._lacks_rest(item_id):
                self._builder.change(item_id, note=note)
            self._builder.completed(item_id, now_ms, is_silent=not is_wanted)
        for items in self._items_of.values():
            for item_id in items:
                self.audio_done(item_id, now_ms)
                self._cut(item_id, 0, now_ms)

    # ---------------------------------------------------------------- limits

    def tick(self, now_ms: int) -> None:
        """Time has passed: see `deadline_ms`."""
        expected, response_id = self.active.expire_expected(now_ms), self.active.response_id
        phase = self.active.expire(now_ms)
        seconds = f"{self.active.timeout_ms / 1000:g} s"
        is_unanswered = expected is not None and not self._builder.is_gone(expected.item_id)  # a cough needs no answer
        if is_unanswered or phase is ResponsePhase.ASKED:
            self._effects.notify(f"The service did not answer for {seconds}. Say it again or type it.")
        if phase in (ResponsePhase.ACTIVE, ResponsePhase.STOPPED):
            self._give_up(response_id, seconds, now_ms, is_stopped=phase is ResponsePhase.STOPPED)
        if self._played_by_ms is not None and now_ms >= self._played_by_ms:
            self._effects.notify("The speaker did not play the answer to its end.")
            for item_id in self._playback.silence():
                self._builder.change(item_id, ended_ms=now_ms)

    def _give_up(self, response_id: str, seconds: str, now_ms: int, *, is_stopped: bool) -> None:
        """Nothing came of a response any more: it is over, whatever the service thinks, and need not go on."""
        self._playback.silence_response(response_id)
        if response_id:
            self.active.cancel_late(response_id)
        response = Response(id=response_id)
        said = self._complete(response, now_ms, is_silent=is_stopped, is_last=True)
        if not is_stopped:
            what = "broke off its answer" if said else "began an answer"
            note = f"The service {what} and sent nothing for {seconds}; the answer counts as over."
            self._remark(response, [], said, note, now_ms)

    # ---------------------------------------------------------------- within

    def _belongs(self, response_id: str, item_id: str) -> None:
        if item_id:
            self._items_of.setdefault(response_id, {})[item_id] = None
            self._response_of[item_id] = response_id

    def _piece_arrived(
        self, event: sv.OutputTextDelta | sv.OutputTranscriptDelta | sv.OutputAudioDelta, now_ms: int
    ) -> None:
        """More of an answer is here, as text or as sound; what was silenced answers no turn."""
        if self._playback.is_silent(event.response_id, event.item_id):
            return
        is_text = isinstance(event, sv.OutputTextDelta)
        self._is_writing = is_text and self.active.has_begun
        if self._question is not None and self._question.first_piece_ms is None:
            self._question.first_piece_ms = now_ms
            if is_text:
                self._answered(event.item_id)
            else:
                self._builder.change(event.item_id, latency=self._question.latency())

    def _answered(self, item_id: str, heard_ms: int | None = None) -> None:
        question, self._question = self._question, None
        if question is not None:
            latency = question.latency(heard_ms)
            if latency.answered_ms is not None:
                self.answers_ms.append(latency.answered_ms)
            self._builder.change(item_id, latency=latency)

    def _complete(self, response: Response, now_ms: int, *, is_silent: bool, is_last: bool) -> list[str]:
        """The response's items are final. Which of them there are: those in which something was said.

        `is_silent`: it was interrupted; what of it had no sound by then was never heard. `is_last`: no other response
        is under way, so nothing else of the assistant's goes on either. Services leave out the end of speech when they
        break off, and what arrived too late to sound was not heard.
        """
        for item in response.output or ():
            self.item(response.id, item, now_ms)
        ids = self._items_of.pop(response.id, {})
        done = [ids, *(self._items_of.values() if is_last else ())]
        if is_last:
            ids |= dict.fromkeys(self._builder.open_items)
            self._is_writing = False
        for item_id in ids:
            self._builder.completed(item_id, now_ms, is_silent=is_silent)
        for item_id in [item_id for items in done for item_id in items]:
            self.audio_done(item_id, now_ms)
            self._cut(item_id, 0, now_ms)
        return [item_id for item_id in ids if self._builder.says_something(item_id)]

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
    ) -> list[str]:
        """What is to be said of an answer stands with its last words; without any, in the place of words.

        The item of which it is said, where that is none of those in which something was.
        """
        if note and said:
            self._builder.change(said[-1], note=note)
        elif note:
            ids = [item.id for item in (*calls, *(response.output or ())) if item.id]
            item_id = next(iter(ids), response.id or self._effects.new_item_id())
            self._builder.remarked(item_id, note, now_ms)
            return [item_id]
        return []
