"""Who has the floor: the assistant's answers, their sound, and the interruption that ends them.

The one rule of barge-in (protocol reference, section 5.4): read what was really played and flush the speaker (one
step, the speaker's), drop what still arrives, cancel if a response is active, truncate at what was really heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import TypeAlias

from app.conversation.effects import Effect, FinishPlay, Flush, Interrupted, Notice, Play, Send, Severity
from app.conversation.ids import Ids
from app.conversation.playout import BYTES_PER_MS, Playout
from app.conversation.responses import Responses
from app.conversation.scribe import Scribe
from app.conversation.transcript import Latency
from app.protocol import server_events as sv
from app.protocol.client_events import ItemTruncate, ResponseCreate

REMEMBERED_ANSWERS = 50
"""So many latencies make the median."""


Word: TypeAlias = sv.OutputTextDelta | sv.OutputTranscriptDelta | sv.OutputAudioDelta
"""A piece of an answer."""


class Floor:
    """The account of responses, speech and interruptions."""

    def __init__(self, scribe: Scribe, ids: Ids, timeout_ms: int) -> None:
        self.responses = Responses(timeout_ms)
        self.playout = Playout()
        self.has_spoken = False
        self.has_asked = False
        self.answers_ms: deque[int] = deque(maxlen=REMEMBERED_ANSWERS)
        self._scribe = scribe
        self._ids = ids
        self._turn_ended_ms: int | None = None
        self._latency = Latency()
        self._is_writing = False
        self._is_flushing = False
        self._silenced: list[str] = []
        self._sounds_until_ms = 0

    # ---------------------------------------------------------------- what is true

    @property
    def is_speaking(self) -> bool:
        """The assistant's speech sounds, or its written words are coming."""
        return self.playout.is_sounding or self._is_writing

    @property
    def is_flushing(self) -> bool:
        """The speaker was silenced and has not said yet what was heard."""
        return self._is_flushing

    @property
    def median_answered_ms(self) -> int | None:
        """The usual time to an answer."""
        return round(median(self.answers_ms)) if self.answers_ms else None

    @property
    def deadline_ms(self) -> int | None:
        """When the speaker must have played a whole answer, at the latest; None while there is none to play."""
        if not self.playout.is_sounding or self.responses.active_id is not None:
            return None
        return self._sounds_until_ms + self.responses.timeout_ms

    # ---------------------------------------------------------------- the user's side

    def turn_ended(self, now_ms: int) -> None:
        """The user has finished: the wait for an answer begins."""
        self._turn_ended_ms, self._latency = now_ms, Latency()
        self.responses.turn_ended()

    def ask(self, request: ResponseCreate, *, is_users: bool = True) -> None:
        """An answer is wanted, as soon as none is under way; `is_users`: by the user, as against a greeting."""
        self.has_asked |= is_users
        self.responses.want(request)

    def next_request(self, now_ms: int) -> list[Effect]:
        """The request for an answer, when its time has come: not before the service knows what was heard."""
        request = None if self._is_flushing else self.responses.next_request(self._ids, now_ms)
        return [Send(request)] if request else []

    def interrupt(
        self, now_ms: int, *, is_cancelled_by_service: bool, is_answer_expected: bool = False
    ) -> list[Effect]:
        """Silence the assistant. The truncation follows when the speaker has said what was heard.

        `is_answer_expected`: stop also the answer that the service is about to begin by itself.
        """
        effects: list[Effect] = []
        had_floor = self.is_speaking or self.responses.is_awaited or is_answer_expected
        self.responses.interrupted(now_ms, is_answer_expected=is_answer_expected)
        if self.responses.active_id:
            self.playout.kill_response(self.responses.active_id)
        if not is_cancelled_by_service and (cancel := self.responses.cancel(self._ids.event())):
            effects.append(Send(cancel))
        if self.playout.is_sounding:
            self._silenced += self.playout.silence()
            self._is_flushing, self._sounds_until_ms = True, now_ms
            effects.append(Flush())
        self._is_writing = False
        if had_floor:
            effects.append(Interrupted())
        return effects

    def flushed(self, heard: Iterable[tuple[str, int]], now_ms: int) -> list[Effect]:
        """What the speaker says was heard of each item when it was silenced."""
        reported = dict(heard)
        for item_id in self._silenced:  # what the speaker does not hold any more is over, or never reached it
            if item_id not in reported:
                is_heard = self.playout.is_complete(item_id)
                reported[item_id] = self.playout.received_ms(item_id) if is_heard else 0
        self._silenced, self._is_flushing = [], False
        effects: list[Effect] = []
        for item_id, heard_ms in reported.items():
            if self.playout.is_over(item_id):  # the speaker has not forgotten it yet
                continue
            self.playout.kill_item(item_id)
            effects += self._cut(item_id, heard_ms, now_ms)
        return effects

    def _cut(self, item_id: str, heard_ms: int, now_ms: int) -> list[Effect]:
        """Once per item: tell the service, and the transcript, how much was heard."""
        if not self.playout.is_unsettled(item_id):
            return []
        at_ms = self.playout.cut(item_id, heard_ms)
        if at_ms is None:
            heard_ms = max(0, min(heard_ms, self.playout.received_ms(item_id)))
            return self._scribe.change(item_id, heard_ms=heard_ms, ended_ms=now_ms)
        truncate = ItemTruncate(event_id=self._ids.event(), item_id=item_id, audio_end_ms=at_ms)
        changed = self._scribe.change(item_id, heard_ms=at_ms, is_interrupted=True, ended_ms=now_ms)
        return [Send(truncate), *changed]

    # ---------------------------------------------------------------- the service's side

    def response_created(self, response_id: str, now_ms: int) -> list[Effect]:
        """An answer begins; one that was interrupted before it began is stopped at once."""
        if not self.responses.created(response_id, now_ms):
            return []
        self.playout.kill_response(response_id)
        cancel = self.responses.cancel(self._ids.event())
        return [Send(cancel)] if cancel else []

    def heard_of(self, response_id: str, now_ms: int) -> list[Effect]:
        """A piece of an answer comes, also of one whose beginning the service did not tell."""
        if self.responses.heard_of(response_id, now_ms):
            return self.response_created(response_id, now_ms)
        if self.responses.is_stopped:
            self.playout.kill_response(self.responses.active_id or "")
        return []

    def give_up(self, response_id: str) -> list[Effect]:
        """Nothing came of this answer any more: what else comes does not sound, and the service need not go on."""
        if not response_id:
            return []
        self.playout.kill_response(response_id)
        return [Send(self.responses.cancel_late(response_id, self._ids.event()))]

    def response_done(self, response_id: str | None, now_ms: int) -> list[Effect]:
        """An answer is generated, cancelled, failed or given up; None: all that have begun are.

        Services leave out the end of speech when they break off. And what arrived too late to sound was not heard.
        """
        effects: list[Effect] = []
        if self.responses.active_id is None:
            self._is_writing = False
        for item_id in self.playout.take_items(response_id):
            effects += self.audio_done(item_id, now_ms) + self.unheard(item_id, now_ms)
        return effects

    def audio(self, event: sv.OutputAudioDelta, now_ms: int) -> list[Effect]:
        """More speech."""
        effects = self._scribe.speech(event.response_id, event.item_id, now_ms)
        effects += self.word_arrived(event, now_ms, is_spoken=True)
        self.has_spoken = True
        may_sound = self.playout.receive(event.response_id, event.item_id, len(event.delta))
        effects += self._scribe.received(event.item_id, self.playout.received_ms(event.item_id))
        if may_sound:
            self._sounds_until_ms = max(self._sounds_until_ms, now_ms) + len(event.delta) // BYTES_PER_MS
            self.responses.extend(self._sounds_until_ms)
            effects = [Play(event.item_id, event.delta), *effects]
        if self.responses.active_id is None:  # late: nobody will say that this was all
            effects += self.audio_done(event.item_id, now_ms)
        return effects

    def audio_done(self, item_id: str, now_ms: int) -> list[Effect]:
        """All speech of the item is here."""
        if not self.playout.complete(item_id):
            return []
        self._sounds_until_ms = max(self._sounds_until_ms, now_ms)
        return [FinishPlay(item_id), *(self._over(item_id, now_ms) if self.playout.is_over(item_id) else [])]

    def unheard(self, item_id: str, now_ms: int) -> list[Effect]:
        """No more comes of an item; where it came too late to sound, nothing of it was heard."""
        return [] if item_id in self._silenced else self._cut(item_id, 0, now_ms)

    def word_arrived(self, event: Word, now_ms: int, *, is_spoken: bool) -> list[Effect]:
        """The first of an answer, as text or as sound, is here. What was interrupted answers nothing any more."""
        item_id = event.item_id
        if self.playout.is_dead(event.response_id, item_id):
            return []
        self._is_writing = not is_spoken and self.responses.active_id is not None
        if self._turn_ended_ms is None or self._latency.first_word_ms is not None:
            return []
        self._latency = Latency(first_word_ms=now_ms - self._turn_ended_ms)
        if not is_spoken:
            return self._answered(item_id)
        return self._scribe.change(item_id, latency=self._latency)

    def started(self, item_id: str, now_ms: int) -> list[Effect]:
        """The item's first sound left the speaker."""
        if not self.playout.started(item_id):
            return []
        effects = self._scribe.change(item_id, started_ms=now_ms)
        if self._turn_ended_ms is None:
            return effects
        first_word_ms = self._latency.first_word_ms
        self._latency = Latency(first_word_ms, now_ms - self._turn_ended_ms)
        return effects + self._answered(item_id)

    def played_out(self, item_id: str, played_ms: int, now_ms: int) -> list[Effect]:
        """So much of the item was heard, and for the speaker that was all.

        More may have come in since: the report crosses what arrives meanwhile.
        """
        if played_ms < self.playout.received_ms(item_id):
            return []
        return self._over(item_id, now_ms) if self.playout.played_out(item_id) else []

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed: a speaker that plays nothing any more holds up no conversation."""
        if self.deadline_ms is None or now_ms < self.deadline_ms:
            return []
        effects: list[Effect] = [Notice("The speaker did not play the answer to its end.", Severity.WARNING)]
        for item_id in self.playout.silence():
            effects += self._scribe.change(item_id, ended_ms=now_ms)
        return effects

    def _over(self, item_id: str, now_ms: int) -> list[Effect]:
        return self._scribe.change(item_id, heard_ms=self.playout.received_ms(item_id), ended_ms=now_ms)

    def _answered(self, item_id: str) -> list[Effect]:
        self._turn_ended_ms = None
        if self._latency.answered_ms is not None:
            self.answers_ms.append(self._latency.answered_ms)
        return self._scribe.change(item_id, latency=self._latency)
