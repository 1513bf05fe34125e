"""What each server event means for the conversation."""

from __future__ import annotations

from collections.abc import Sequence

from app.conversation.effects import Effect, Notice, Send, Severity
from app.conversation.floor import Floor
from app.conversation.ids import Ids
from app.conversation.outcome import failure_note, outcome_note
from app.conversation.responses import Expired, Refusal
from app.conversation.scribe import Scribe
from app.conversation.session import Mode, least_session
from app.conversation.settling import Settling
from app.conversation.transcript import Entry, Speaker
from app.conversation.turns import Trigger
from app.conversation.usage import UsageTotals, add_usage
from app.protocol import server_events as sv
from app.protocol.client_events import SessionUpdate
from app.protocol.items import ErrorDetail, Item, Response
from app.protocol.text import one_line

SETTINGS_TIMEOUT_MS = 5_000
"""Some compatible servers never acknowledge an update: after this the conversation begins all the same."""

BENIGN = frozenset(
    {
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "input_audio_buffer_commit_empty",
        "item_create_duplicate_item_id",
        "item_truncate_invalid_item_id",
        "unsupported_content_type",
    }
)
"""Refusals that lose nothing (protocol reference, section 1.5)."""


class Reception:
    """Takes server events in; holds what only they tell: readiness, the user's speech, the model, the usage."""

    def __init__(self, ids: Ids, scribe: Scribe, floor: Floor, settling: Settling) -> None:
        self.is_ready = False
        self.is_lost = False
        self.is_user_speaking = False
        self.is_answer_expected = False
        self.model = ""
        self.expires_at: int | None = None
        self.usage = UsageTotals()
        self._ids, self._scribe, self._floor, self._settling = ids, scribe, floor, settling
        self._triggers: list[Trigger] = []
        self._created_items: dict[str, str] = {}
        self._settings_due_ms: int | None = None
        self._answer_due_ms: int | None = None
        self._answer_to = ""
        self._speech_due_ms = 0
        self._is_least_tried = False
        self._speaking_item = ""
        self._turn_began_ms: int | None = None

    @property
    def is_live(self) -> bool:
        """Ready, and the line stands."""
        return self.is_ready and not self.is_lost

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        dues = (
            self._settings_due_ms,
            self._answer_due_ms if self.is_answer_expected else None,
            self._speech_due_ms if self.is_user_speaking else None,
            self._floor.responses.deadline_ms,
            self._floor.deadline_ms,
            self._scribe.deadline_ms,
        )
        return None if self.is_lost else min((due for due in dues if due is not None), default=None)

    @property
    def _timeout_ms(self) -> int:
        return self._floor.responses.timeout_ms

    @property
    def _timeout(self) -> str:
        return f"{self._timeout_ms / 1000:g} s"

    def connected(self, created: sv.SessionCreated, now_ms: int) -> None:
        """The service's first word."""
        self.model = created.session.model or ""
        self.expires_at = created.session.expires_at or None
        self.updating(now_ms)

    def updating(self, now_ms: int) -> None:
        """An update of the session is being sent."""
        self._settings_due_ms = now_ms + SETTINGS_TIMEOUT_MS

    def turn_began(self, now_ms: int) -> None:
        """The user opened the microphone for a turn, of which the service tells only when it is over."""
        self._turn_began_ms = now_ms

    def turn_discarded(self) -> list[Effect]:
        """What the user was saying is thrown away."""
        self.is_user_speaking, self._turn_began_ms = False, None
        item_id, self._speaking_item = self._speaking_item, ""
        return self._scribe.dropped(item_id)

    def creating(self, item_id: str) -> str:
        """An event id for the creation of an item, so that a refusal finds its entry."""
        event_id = self._ids.event()
        self._created_items[event_id] = item_id
        return event_id

    def take_triggers(self) -> list[Trigger]:
        """What the last event means for the turn; to be looked up in the table by the conversation."""
        triggers, self._triggers = self._triggers, []
        return triggers

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed."""
        effects = self._speech_expired(now_ms) + self._answer_expired(now_ms) + self._floor.tick(now_ms)
        for entry in self._scribe.take_overdue(now_ms):
            effects += self._words_expired(entry, now_ms)
        if self._settings_due_ms is None or now_ms < self._settings_due_ms:
            return effects
        self._settings_due_ms = None
        self._settling.acknowledged()
        if self.is_ready:
            return effects
        self.is_ready = True
        return [
            *effects,
            Notice("The service did not confirm the settings; it may be using its own.", Severity.WARNING),
        ]

    def voiced(self, now_ms: int) -> None:
        """The microphone hears a voice: whoever speaks is not asked to have stopped."""
        self._speech_due_ms = now_ms + self._timeout_ms

    def _speech_expired(self, now_ms: int) -> list[Effect]:
        if not self.is_user_speaking or now_ms < self._speech_due_ms:
            return []
        self.is_user_speaking, self._speaking_item = False, ""
        notice = f"The service heard you and did not say for {self._timeout} that you stopped. Say it again or type it."
        return [Notice(notice, Severity.WARNING)]

    def _answer_expired(self, now_ms: int) -> list[Effect]:
        unanswered = Notice(
            f"The service did not answer for {self._timeout}. Say it again or type it.", Severity.WARNING
        )
        effects: list[Effect] = []
        if self.is_answer_expected and self._answer_due_ms is not None and now_ms >= self._answer_due_ms:
            self.is_answer_expected = False
            if not self._scribe.is_gone(self._answer_to):  # a cough needs no answer
                effects.append(unanswered)
        active_id = self._floor.responses.active_id
        match self._floor.responses.expire(now_ms):
            case Expired.REQUEST:
                effects.append(unanswered)
            case Expired.ANSWER | Expired.STOPPED as expired if active_id is not None:
                effects += self._given_up(active_id, now_ms, is_stopped=expired is Expired.STOPPED)
            case _:
                pass
        return effects

    def _given_up(self, response_id: str, now_ms: int, *, is_stopped: bool) -> list[Effect]:
        """Nothing came of an answer any more: it is over, whatever the service thinks."""
        effects = self._floor.give_up(response_id)
        response = Response(id=response_id)
        done, said = self._scribe.response_done(response, now_ms, is_dead=is_stopped, is_last=True)
        effects += done + self._floor.response_done(None, now_ms)
        if is_stopped:
            return effects
        what = "broke off its answer" if said else "began an answer"
        note = f"The service {what} and sent nothing for {self._timeout}; the answer counts as over."
        return effects + self._remarked(response, [], said, note, now_ms)

    def _words_expired(self, entry: Entry, now_ms: int) -> list[Effect]:
        item_id = entry.item_id
        is_user = entry.speaker is Speaker.USER
        is_going_on = self._floor.responses.active_id is not None
        if is_going_on if not is_user else self.is_user_speaking and item_id == self._speaking_item:
            self._scribe.expect(item_id, now_ms)  # it has a limit of its own
            return []
        if is_user:
            return self._scribe.not_written(item_id)
        is_dead = self._floor.playout.is_dead(self._scribe.response_of(item_id), item_id)
        return self._scribe.broke_off(item_id, now_ms, is_dead=is_dead) + self._floor.unheard(item_id, now_ms)

    def receive(self, event: sv.ServerEvent, now_ms: int) -> list[Effect]:
        """The effects of one event. What concerns other clients (telephones, MCP, tools) changes nothing here."""
        match event:
            case sv.ErrorEvent():
                return self._error(event.error, now_ms)
            case sv.SessionUpdated():
                return self._updated(event)
            case sv.SpeechStarted():
                return self._speech_started(event.item_id, now_ms)
            case sv.SpeechStopped():
                self._speech_stopped(event.item_id, now_ms)
            case sv.InputCommitted():
                return self._committed(event, now_ms)
            case sv.InputTimeoutTriggered():
                self._expect_answer("", now_ms)
            case sv.ItemCreated() | sv.ItemAdded() | sv.ItemDone():
                is_done = not isinstance(event, sv.ItemAdded)
                return self._scribe.item(event.item, event.previous_item_id, now_ms, is_done=is_done)
            case sv.ItemDeleted():
                return self._scribe.deleted(event.item_id)
            case sv.TranscriptionDelta():
                return self._scribe.transcription_delta(event, now_ms)
            case sv.TranscriptionCompleted():
                return self._scribe.transcription_completed(event, now_ms)
            case sv.TranscriptionFailed():
                return self._scribe.transcription_failed(event, now_ms)
            case _:
                return self._answer(event, now_ms)
        return []

    def _answer(self, event: sv.ServerEvent, now_ms: int) -> list[Effect]:
        return self._sign_of_life(event, now_ms) + self._piece(event, now_ms)

    def _sign_of_life(self, event: sv.ServerEvent, now_ms: int) -> list[Effect]:
        match event:
            case sv.OutputItemAdded() | sv.OutputItemDone():
                item_id = event.item.id or ""
            case (
                sv.ContentPartAdded()
                | sv.ContentPartDone()
                | sv.OutputTextDelta()
                | sv.OutputTextDone()
                | sv.OutputTranscriptDelta()
                | sv.OutputTranscriptDone()
                | sv.OutputAudioDelta()
                | sv.OutputAudioDone()
                | sv.FunctionArgumentsDelta()
                | sv.FunctionArgumentsDone()
                | sv.McpArgumentsDelta()
                | sv.McpArgumentsDone()
            ):
                item_id = event.item_id
            case sv.McpCallInProgress() | sv.McpCallCompleted() | sv.McpCallFailed():
                self._floor.responses.extend(now_ms)
                return []
            case _:
                return []
        if self._floor.responses.active_id is None and self._scribe.is_over(item_id):
            return []  # late
        effects = self._floor.heard_of(event.response_id or self._scribe.response_of(item_id), now_ms)
        if self._floor.responses.is_awaited:
            self.is_answer_expected = False
        return effects

    def _piece(self, event: sv.ServerEvent, now_ms: int) -> list[Effect]:
        match event:
            case sv.ResponseCreated():
                self.is_answer_expected = False
                return self._floor.response_created(event.response.id, now_ms)
            case sv.ResponseDone():
                return self._response_done(event.response, now_ms)
            case sv.OutputItemAdded() | sv.OutputItemDone():
                return self._scribe.output_item(event.response_id, event.item, now_ms)
            case sv.OutputTextDelta() | sv.OutputTranscriptDelta():
                effects = self._scribe.output_delta(event, now_ms)
                is_spoken = isinstance(event, sv.OutputTranscriptDelta)
                return effects + self._floor.word_arrived(event, now_ms, is_spoken=is_spoken)
            case sv.OutputTextDone() | sv.OutputTranscriptDone() | sv.ContentPartDone():
                return self._scribe.output_done(event, now_ms)
            case sv.OutputAudioDelta():
                return self._floor.audio(event, now_ms)
            case sv.OutputAudioDone():
                return self._floor.audio_done(event.item_id, now_ms)
            case _:
                return []

    def _updated(self, event: sv.SessionUpdated) -> list[Effect]:
        self.model = event.session.model or self.model
        self.expires_at = event.session.expires_at or self.expires_at
        if self._settling.acknowledged():
            self.is_ready, self._settings_due_ms = True, None
        return []

    def _speech_started(self, item_id: str, now_ms: int) -> list[Effect]:
        self._triggers.append(Trigger.SPEECH_STARTED)
        if self._settling.wanted.mode is Mode.PUSH_TO_TALK:  # crossed by the update that switches detection off
            return []
        self.is_user_speaking, self.is_answer_expected, self._speaking_item = True, False, item_id
        self.voiced(now_ms)
        return self._scribe.user_began(item_id, now_ms)

    def _committed(self, event: sv.InputCommitted, now_ms: int) -> list[Effect]:
        self.is_user_speaking, self._speaking_item = False, ""
        began_ms = now_ms if self._turn_began_ms is None else self._turn_began_ms
        self._turn_began_ms = None
        is_transcribed = self._settling.effective.transcription_model is not None
        return self._scribe.committed(event, now_ms, began_ms=began_ms, is_transcribed=is_transcribed)

    def _speech_stopped(self, item_id: str, now_ms: int) -> None:
        self.is_user_speaking = False
        self._floor.turn_ended(now_ms)
        if self._settling.effective.create_response and self._settling.effective.mode is Mode.HANDS_FREE:
            self._expect_answer(item_id, now_ms)

    def _expect_answer(self, item_id: str, now_ms: int) -> None:
        self.is_answer_expected, self._answer_due_ms = True, now_ms + self._timeout_ms
        self._answer_to = item_id
        self._floor.responses.turn_ended()

    def _response_done(self, response: Response, now_ms: int) -> list[Effect]:
        responses = self._floor.responses
        active_id, is_awaited = responses.active_id, responses.is_awaited or self.is_answer_expected
        ids = [known for known in (response.id, active_id) if known]
        is_dead = any(self._floor.playout.is_dead(known, "") for known in ids)
        is_stopped = is_dead or responses.is_stopped
        is_answer = responses.done(response.id) and (active_id is not None or is_awaited)
        if is_answer and active_id is None:
            self.is_answer_expected = False
        is_last = responses.active_id is None
        calls = self._scribe.take_calls(response, ids)
        effects, said = self._scribe.response_done(response, now_ms, is_dead=is_dead, is_last=is_last)
        for item in response.output or ():
            effects += self._floor.audio_done(item.id or "", now_ms)
        effects += self._floor.response_done(None if is_last else response.id, now_ms)
        if usage := response.usage or None:
            self.usage = add_usage(self.usage, usage, self.model)
        note = outcome_note(response, calls, has_words=bool(said), is_stopped=is_stopped)
        if note and failure_note(response) and not said:
            return [*effects, Notice(note, Severity.ERROR)]
        return effects + (self._remarked(response, calls, said, note, now_ms) if said or is_answer else [])

    def _remarked(
        self, response: Response, calls: Sequence[Item], said: Sequence[str], note: str, now_ms: int
    ) -> list[Effect]:
        """What is to be said of an answer stands with its last words; without any, in the place of words."""
        if not note:
            return []
        if said:
            return self._scribe.change(said[-1], note=note)
        ids = [item.id for item in (*calls, *(response.output or ())) if item.id]
        item_id = next(iter(ids), response.id or self._ids.item())
        return self._scribe.remarked(item_id, note, now_ms)

    def _error(self, error: ErrorDetail, now_ms: int) -> list[Effect]:
        event_id, code = error.event_id or "", error.code or ""
        words = one_line(error.message or code or "The service reported an error without saying which.")
        is_busy = code == "conversation_already_has_active_response"
        if self._floor.responses.cancel_refused(event_id):
            return []
        match self._floor.responses.refused(event_id, is_busy=is_busy, now_ms=now_ms):
            case Refusal.AGAIN:
                return []
            case Refusal.FINAL:
                return [Notice(f"The service gave no answer: {words}", Severity.ERROR)]
            case Refusal.NOT_OURS:
                pass
        back = self._settling.refused(event_id)
        if back is not None:
            return self._update_refused(back, words, now_ms)
        if item_id := self._created_items.pop(event_id, None):
            note = f"The service did not take it: {words}"
            return [*self._scribe.change(item_id, note=note), Notice(note, Severity.ERROR)]
        if code in BENIGN or "already shorter than" in words or "can be truncated" in words:
            return []
        return [Notice(f"The service says: {words}", Severity.ERROR)]

    def _update_refused(self, back: frozenset[str], words: str, now_ms: int) -> list[Effect]:
        self._settings_due_ms = None
        if self.is_ready:
            what = ", ".join(sorted(name.replace("_", " ") for name in back)) or "a setting"
            return [Notice(f"The service refused {what}, which is as before: {words}", Severity.WARNING)]
        if self._is_least_tried:
            self.is_ready = True
            self._settling.give_up()
            return [Notice(f"The service refused the settings and uses its own: {words}", Severity.WARNING)]
        self._is_least_tried = True
        self.updating(now_ms)
        event_id = self._ids.event()
        self._settling.begin(event_id)
        notice = Notice(f"The service refused some settings; trying with fewer: {words}", Severity.WARNING)
        return [Send(SessionUpdate(event_id=event_id, session=least_session(self._settling.wanted))), notice]
