"""Generating responses: from the items to answer to, by way of the responder and the synthesiser, to `response.done`.

One response at a time writes to the default conversation. Those out of band (`conversation: "none"`) run beside it, any
number of them; they leave nothing in the conversation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from app.audio.ports import Samples
from app.protocol.items import StatusDetails
from app.protocol.server_events import ErrorEvent
from app.server.default_conversation import DefaultConversation, StoredItem
from app.server.engines.interfaces import Message, Prompt
from app.server.engines.speakable_text import SentenceSplitter
from app.server.quota import Quota
from app.server.request_errors import EngineFailure, RefusedError
from app.server.response_writer import ResponseWriter
from app.server.session_outputs import CancelJob, JobResult, NewId, Respond, SessionOutbox, Speak
from app.server.session_settings import ResponseSettings
from app.server.token_usage import text_tokens


class SpeculativeAnswer:
    """An answer begun before it is known whether a pause is the end of the user's turn: the responder is asked, and the
    first sentence is spoken. If the turn ends there, a response takes it over; if not, nobody hears of it.
    """

    def __init__(self, out: SessionOutbox, new_id: NewId, prompt: Prompt, speed: float | None) -> None:
        """`speed` of the speech; None for an answer in writing, which is not spoken."""
        self.prompt = prompt
        self.speed = speed
        self.fragments: list[str] = []
        self.respond_job: str | None = new_id("job")
        """None when the responder has said all."""
        self.speak: Speak | None = None
        """The first sentence, once it is known."""
        self.sound: Samples | None = None
        """Of the first sentence, once it is spoken."""
        self.has_failed = False
        """An engine failed at it. It stays, so that the same is not tried again in the same pause."""
        self._out = out
        self._new_id = new_id
        self._splitter = SentenceSplitter()
        out.put(Respond(self.respond_job, prompt))

    @property
    def jobs(self) -> list[str]:
        """The jobs whose results it waits for."""
        speaking = self.speak.job_id if self.speak is not None and self.sound is None else None
        return [] if self.has_failed else [job for job in (self.respond_job, speaking) if job is not None]

    def fragment(self, text: str) -> None:
        """More of the answer."""
        self.fragments.append(text)
        if self.speak is None:
            self._speak_first(self._splitter.feed(text))

    def answered(self) -> None:
        """The responder has said all."""
        self.respond_job = None
        if self.speak is None:
            self._speak_first(self._splitter.finish())

    def spoken(self, samples_24k: Samples) -> None:
        """The sound of the first sentence."""
        self.sound = samples_24k

    def fail(self, _: EngineFailure) -> None:
        """An engine cannot do its part. Nobody is told: the response itself may do better, or tell why not."""
        self.cancel()
        self.has_failed = True

    def cancel(self) -> None:
        """The turn went on, or took other words."""
        for job in self.jobs:
            self._out.put(CancelJob(job))

    def _speak_first(self, sentences: list[str]) -> None:
        if sentences and not sentences[0].isspace() and self.speed is not None:
            self.speak = Speak(self._new_id("job"), sentences[0], self.speed)
            self._out.put(self.speak)


class _Generation:
    """One response being generated. `done` once its last event is said; nothing moves it after that."""

    def __init__(
        self,
        out: SessionOutbox,
        new_id: NewId,
        settings: ResponseSettings,
        context: tuple[StoredItem, ...],
        writer: ResponseWriter,
    ) -> None:
        self._out = out
        self._new_id = new_id
        self.settings = settings
        self.writer = writer
        self.done = False
        self.tokens = 0
        """What it has used, counted at its end; nothing where it failed."""
        self._context = context
        self._splitter = SentenceSplitter()
        self._sentences: deque[str] = deque()
        self._respond_job: str | None = None
        self._speak: Speak | None = None
        self._answered = False
        self._speculative: SpeculativeAnswer | None = None

    @property
    def jobs(self) -> Iterable[str]:
        """The jobs whose results it waits for."""
        speaking = self._speak.job_id if self._speak else None
        return [job for job in (self._respond_job, speaking) if job is not None]

    def advance(self, claim: Callable[[Prompt, float | None], SpeculativeAnswer | None]) -> None:
        """Ask the responder, once every word that it is to answer to is known. `claim` gives the speculative answer to
        a prompt, where there is one.
        """
        if self.done or self._answered or self._respond_job is not None:
            return
        if not all(item.transcript is None or item.transcript.settled for item in self._context):
            return
        newest = self._context[-1].transcript if self._context else None
        if newest is not None and newest.failure is not None:
            self._close("failed", newest.failure)  # said as an error when it happened
            return
        prompt = _prompt(self.settings, self._context)
        if (speculative := claim(prompt, self.settings.spoken_speed)) is not None:
            self._go_on_from(speculative)
            return
        self._respond_job = self._new_id("job")
        self._out.put(Respond(self._respond_job, prompt))

    def _go_on_from(self, speculative: SpeculativeAnswer) -> None:
        self._speculative, self._respond_job = speculative, speculative.respond_job
        for text in speculative.fragments:
            if not self.done:
                self.fragment(text)
        if speculative.respond_job is None and not self.done:
            self.answered()

    def fragment(self, text: str) -> None:
        """More of the answer from the responder."""
        if not self.settings.aloud:
            if not self.writer.write(text):
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
        if speak is not None and not self.writer.speak(speak.sentence, samples_24k):
            self._reach_limit()
        else:
            self._speak_next()

    def refuse(self, failure: EngineFailure) -> None:
        """It is never begun: the response itself says why, and no error event does, as with the real services."""
        self._close("failed", failure)

    def fail(self, failure: EngineFailure) -> None:
        """An engine could not do its part."""
        self._out.say(ErrorEvent(error=failure.detail()))
        self._close("failed", failure)

    def cancel(self, reason: str) -> None:
        """`turn_detected` or `client_cancelled`: what was said stays, as an incomplete item."""
        self._close("cancelled", reason=reason)

    def _speak_next(self) -> None:
        if self._speak is None and self._sentences:
            sentence = self._sentences.popleft()
            speculative, self._speculative = self._speculative, None
            if speculative and speculative.speak is not None and speculative.speak.sentence == sentence:
                self._speak = speculative.speak
                if speculative.sound is not None:
                    self.spoken(speculative.sound)
                return
            self._speak = Speak(self._new_id("job"), sentence, self.settings.speed)
            self._out.put(self._speak)
        elif self._speak is None and self._answered:
            self._close("completed")

    def _reach_limit(self) -> None:
        self._close("incomplete", reason="max_output_tokens")

    def _close(self, status: str, failure: EngineFailure | None = None, reason: str | None = None) -> None:
        for job in self.jobs:
            self._out.put(CancelJob(job))
        self._respond_job = self._speak = None
        self._sentences.clear()
        self.done = True
        details = None
        if failure is not None:
            details = StatusDetails(type=status, error=failure.outcome())
        elif reason is not None:
            details = StatusDetails(type=status, reason=reason)
        counts = [item.tokens() for item in self._context]
        read = text_tokens(self.settings.instructions) + sum(text for text, _ in counts)
        usage = self.writer.usage(read, sum(audio for _, audio in counts))
        if status != "failed":
            self.tokens = usage.total_tokens or 0
        self.writer.close(status, details, None if status == "failed" else usage)


def _prompt(settings: ResponseSettings, context: tuple[StoredItem, ...]) -> Prompt:
    return Prompt(settings.instructions, tuple(filter(None, (item.message() for item in context))))


class ResponseGenerator:
    """All responses that a session generates now, and the speculative answer, of which there is at most one."""

    def __init__(self, out: SessionOutbox, new_id: NewId, conversation: DefaultConversation, quota: Quota) -> None:
        self._out = out
        self._new_id = new_id
        self._conversation = conversation
        self._quota = quota
        self._ended_tokens: list[int] = []
        self._running: dict[str, _Generation] = {}
        self._just_ended_ms: int | None = None
        self._speculative: SpeculativeAnswer | None = None
        self.spoken = False
        """The assistant has been heard in this session: voice and format are fixed from then on."""

    def active_id(self) -> str | None:
        """The response that writes to the conversation now."""
        return next((key for key, running in self._running.items() if running.settings.in_conversation), None)

    def just_ended_ms(self) -> int | None:
        """The milliseconds of sound of a response to the conversation that ended since the last call."""
        ended_ms, self._just_ended_ms = self._just_ended_ms, None
        return ended_ms

    def take_ended(self) -> list[int]:
        """The tokens of each response that ended since the last call."""
        ended, self._ended_tokens = self._ended_tokens, []
        return ended

    def create(self, settings: ResponseSettings, context: tuple[StoredItem, ...]) -> None:
        """Begin to answer to `context`. Raises RefusedError while another one writes to the conversation."""
        if settings.in_conversation:
            self.check_free()
        response_id, item_id = self._new_id("resp"), self._new_id("item")
        writer = ResponseWriter(self._out, self._conversation, response_id, item_id, settings)
        running = _Generation(self._out, self._new_id, settings, context, writer)
        self._running[response_id] = running
        writer.open()
        if (refused := self._quota.ask()) is not None:
            running.refuse(refused)
        running.advance(self._claim)
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

    def speculate(self, settings: ResponseSettings, words: str) -> None:
        """Begin to answer `words`, which may be the user's whole turn. The client is told nothing of it until it is."""
        known = _prompt(settings, self._conversation.items())
        prompt = Prompt(known.instructions, (*known.messages, Message("user", words)))
        if self._speculative is None or self._speculative.prompt != prompt:
            self.drop_speculative()
            self._speculative = SpeculativeAnswer(self._out, self._new_id, prompt, settings.spoken_speed)

    def drop_speculative(self) -> None:
        """The user goes on."""
        if self._speculative is not None:
            self._speculative.cancel()
            self._speculative = None

    def _claim(self, prompt: Prompt, speed: float | None) -> SpeculativeAnswer | None:
        found = self._speculative
        if found is None or found.has_failed or found.prompt != prompt or found.speed != speed:
            return None
        self._speculative = None
        return found

    def drop_all(self) -> None:
        """The session ends: no more work, and no more events either."""
        self.drop_speculative()
        for job in [job for running in self._running.values() for job in running.jobs]:
            self._out.put(CancelJob(job))
        self._running.clear()

    def advance(self) -> None:
        """Words may have become known."""
        for running in list(self._running.values()):
            running.advance(self._claim)
        self._sweep()

    def found(self, result: JobResult) -> None:
        """What was found for a job; ignored when nobody waits for it any more."""
        if (waiting := self._waiting_for(result.job_id)) is None:
            return
        match result.found:
            case str() as text:
                waiting.fragment(text)
            case None:
                waiting.answered()
            case EngineFailure() as failure:
                waiting.fail(failure)
            case samples_24k:
                waiting.spoken(samples_24k)
        self._sweep()

    def _waiting_for(self, job_id: str) -> SpeculativeAnswer | _Generation | None:
        if self._speculative is not None and job_id in self._speculative.jobs:
            return self._speculative
        return next((running for running in self._running.values() if job_id in running.jobs), None)

    def _sweep(self) -> None:
        for key, running in list(self._running.items()):
            self.spoken = self.spoken or running.writer.spoken_ms > 0
            if running.done:
                del self._running[key]
                self._ended_tokens.append(running.tokens)
                if running.settings.in_conversation:
                    self._just_ended_ms = running.writer.spoken_ms
