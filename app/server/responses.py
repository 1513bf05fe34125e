"""Responses: from the words to answer to, over the responder and the synthesiser, to the end of the answer.

One response at a time writes to the conversation. Those out of band (`conversation: "none"`) run beside it, any
number of them; they leave nothing in the conversation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from app.audio.ports import Samples
from app.protocol.items import StatusDetails
from app.protocol.server_events import ErrorEvent
from app.server.answer import Answer
from app.server.answer_settings import AnswerSettings
from app.server.conversation import Conversation, Entry
from app.server.drafts import Draft
from app.server.engines.ports import Message, Prompt
from app.server.engines.sentences import SentenceSplitter
from app.server.jobs import CancelJob, NewId, Outbox, Respond, Speak
from app.server.refusals import Failure, RefusedError
from app.server.usage import text_tokens


class _Response:
    """One response under way. `done` once its last event is said; nothing moves it after that."""

    def __init__(
        self,
        out: Outbox,
        new_id: NewId,
        settings: AnswerSettings,
        context: tuple[Entry, ...],
        answer: Answer,
        claim: Callable[[Prompt, float | None], Draft | None],
    ) -> None:
        """`claim` gives the draft for a prompt, where there is one."""
        self._out = out
        self._new_id = new_id
        self.settings = settings
        self.answer = answer
        self.done = False
        self._context = context
        self._splitter = SentenceSplitter()
        self._sentences: deque[str] = deque()
        self._respond_job: str | None = None
        self._speak: Speak | None = None
        self._answered = False
        self._claim = claim
        self._draft: Draft | None = None

    @property
    def jobs(self) -> Iterable[str]:
        """The jobs whose results it waits for."""
        speaking = self._speak.job_id if self._speak else None
        return [job for job in (self._respond_job, speaking) if job is not None]

    def advance(self) -> None:
        """Ask the responder, once every word that it is to answer to is known."""
        if self.done or self._answered or self._respond_job is not None:
            return
        if not all(entry.words is None or entry.words.settled for entry in self._context):
            return
        newest = self._context[-1] if self._context else None
        if newest is not None and newest.words is not None and newest.words.failure is not None:
            self._close("failed", newest.words.failure)  # said as an error when it happened
            return
        prompt = prompt_of(self.settings, self._context)
        draft = self._claim(prompt, self.settings.speed if self.settings.aloud else None)
        if draft is not None:
            self._go_on_from(draft)
            return
        self._respond_job = self._new_id("job")
        self._out.put(Respond(self._respond_job, prompt))

    def _go_on_from(self, draft: Draft) -> None:
        self._draft, self._respond_job = draft, draft.respond_job
        for text in draft.fragments:
            if not self.done:
                self.fragment(text)
        if draft.respond_job is None and not self.done:
            self.answered()

    def fragment(self, text: str) -> None:
        """More of the answer from the responder."""
        if not self.settings.aloud:
            if not self.answer.write(text):
                self._reach_limit()
            return
        self._sentences.extend(self._splitter.feed(text))
        self._speak_next()

    def answered(self) -> None:
        """The responder has said all."""
        self._respond_job, self._answered = None, True
        self._sentences.extend(rest for rest in self._splitter.finish() if not rest.isspace())
        self._speak_next()

    def spoken(self, samples_24k: Samples) -> None:
        """The sound of the sentence that was to be spoken."""
        speak, self._speak = self._speak, None
        if speak is not None and not self.answer.speak(speak.sentence, samples_24k):
            self._reach_limit()
        else:
            self._speak_next()

    def fail(self, failure: Failure) -> None:
        """An engine could not do its part."""
        self._out.say(ErrorEvent(error=failure.detail()))
        self._close("failed", failure)

    def cancel(self, reason: str) -> None:
        """`turn_detected` or `client_cancelled`: what was said stays, as an incomplete item."""
        self._close("cancelled", reason=reason)

    def _speak_next(self) -> None:
        if self._speak is None and self._sentences:
            sentence = self._sentences.popleft()
            draft, self._draft = self._draft, None
            if draft is not None and draft.speak is not None and draft.speak.sentence == sentence:
                self._speak = draft.speak
                if draft.sound is not None:
                    self.spoken(draft.sound)
                return
            self._speak = Speak(self._new_id("job"), sentence, self.settings.speed)
            self._out.put(self._speak)
        elif self._speak is None and self._answered:
            self._close("completed")

    def _reach_limit(self) -> None:
        self._close("incomplete", reason="max_output_tokens")

    def _close(self, status: str, failure: Failure | None = None, reason: str | None = None) -> None:
        for job in self.jobs:
            self._out.put(CancelJob(job))
        self._respond_job = self._speak = None
        self._sentences.clear()
        self.done = True
        details = None
        if failure is not None:
            details = StatusDetails(type=status, error=failure.detail())
        elif reason is not None:
            details = StatusDetails(type=status, reason=reason)
        counts = [entry.tokens() for entry in self._context]
        read = text_tokens(self.settings.instructions) + sum(text for text, _ in counts)
        usage = self.answer.usage(read, sum(audio for _, audio in counts))
        self.answer.close(status, details, None if status == "failed" else usage)


def prompt_of(settings: AnswerSettings, context: tuple[Entry, ...]) -> Prompt:
    """What the responder is asked for a response to these items."""
    return Prompt(settings.instructions, tuple(filter(None, (entry.message() for entry in context))))


class Responses:
    """All responses of a session."""

    def __init__(self, out: Outbox, new_id: NewId, conversation: Conversation) -> None:
        self._out = out
        self._new_id = new_id
        self._conversation = conversation
        self._running: dict[str, _Response] = {}
        self._just_ended: int | None = None
        self._draft: Draft | None = None
        self.spoken = False
        """The assistant has been heard in this session: voice and format are fixed from then on."""

    def active_id(self) -> str | None:
        """The response that writes to the conversation now."""
        return next((key for key, run in self._running.items() if run.settings.in_conversation), None)

    def just_ended(self) -> int | None:
        """The milliseconds of sound of a response to the conversation that ended since the last call."""
        ended, self._just_ended = self._just_ended, None
        return ended

    def create(self, settings: AnswerSettings, context: tuple[Entry, ...]) -> None:
        """Begin to answer to `context`. Raises RefusedError while another one writes to the conversation."""
        if settings.in_conversation:
            self.check_free()
        response_id, item_id = self._new_id("resp"), self._new_id("item")
        answer = Answer(self._out, self._conversation, response_id, item_id, settings)
        run = _Response(self._out, self._new_id, settings, context, answer, self._claim_draft)
        self._running[response_id] = run
        answer.open()
        run.advance()
        self._sweep()

    def check_free(self) -> None:
        """Raises RefusedError while a response writes to the conversation."""
        if (active := self.active_id()) is not None:
            message = (
                f"Conversation already has an active response in progress: {active}. "
                "Wait until the response is finished before creating a new one."
            )
            raise RefusedError("conversation_already_has_active_response", message)

    def cancel(self, response_id: str | None) -> None:
        """By the client: the named response, or the one that writes to the conversation. Raises RefusedError."""
        key = self.active_id() if response_id is None else response_id
        if key is None or key not in self._running:
            raise RefusedError("response_cancel_not_active", "Cancellation failed: no active response found")
        self._running[key].cancel("client_cancelled")
        self._sweep()

    def interrupt(self) -> None:
        """The user speaks: the response to the conversation stops."""
        if (active := self.active_id()) is not None:
            self._running[active].cancel("turn_detected")
            self._sweep()

    def draft(self, settings: AnswerSettings, guess: str) -> None:
        """Begin to answer what the user may just have said to the end. Nothing of it is told before it is."""
        known = prompt_of(settings, self._conversation.entries())
        prompt = Prompt(known.instructions, (*known.messages, Message("user", guess)))
        if self._draft is None or self._draft.prompt != prompt:
            self.drop_draft()
            self._draft = Draft(self._out, self._new_id, prompt, settings.speed if settings.aloud else None)

    def drop_draft(self) -> None:
        """The user goes on."""
        if self._draft is not None:
            self._draft.cancel()
            self._draft = None

    def _claim_draft(self, prompt: Prompt, speed: float | None) -> Draft | None:
        draft = self._draft
        if draft is None or draft.given_up or draft.prompt != prompt or draft.speed != speed:
            return None
        self._draft = None
        return draft

    def drop_all(self) -> None:
        """The session ends: no more work, and no more events either."""
        self.drop_draft()
        for run in self._running.values():
            for job in run.jobs:
                self._out.put(CancelJob(job))
        self._running.clear()

    def advance(self) -> None:
        """Words may have become known."""
        for run in list(self._running.values()):
            run.advance()
        self._sweep()

    # ------------------------------------------------------------ results of jobs

    def fragment(self, job_id: str, text: str) -> None:
        """More of an answer; ignored when nobody waits for it any more, as all of these."""
        if draft := self._drafted(job_id):
            draft.fragment(text)
        elif run := self._waiting_for(job_id):
            run.fragment(text)
            self._sweep()

    def answered(self, job_id: str) -> None:
        """An answer is complete."""
        if draft := self._drafted(job_id):
            draft.answered()
        elif run := self._waiting_for(job_id):
            run.answered()
            self._sweep()

    def spoken_sentence(self, job_id: str, samples_24k: Samples) -> None:
        """A sentence's sound."""
        if draft := self._drafted(job_id):
            draft.sound = samples_24k
        elif run := self._waiting_for(job_id):
            run.spoken(samples_24k)
            self._sweep()

    def failed(self, job_id: str, failure: Failure) -> None:
        """An engine gave up. A draft is only given up: the response itself may do better, or tell why not."""
        if draft := self._drafted(job_id):
            draft.give_up()
        elif run := self._waiting_for(job_id):
            run.fail(failure)
            self._sweep()

    def _drafted(self, job_id: str) -> Draft | None:
        return self._draft if self._draft is not None and job_id in self._draft.jobs else None

    def _waiting_for(self, job_id: str) -> _Response | None:
        return next((run for run in self._running.values() if job_id in run.jobs), None)

    def _sweep(self) -> None:
        for key, run in list(self._running.items()):
            self.spoken = self.spoken or run.answer.spoken_ms > 0
            if run.done:
                del self._running[key]
                if run.settings.in_conversation:
                    self._just_ended = run.answer.spoken_ms
