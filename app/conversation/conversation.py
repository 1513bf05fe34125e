"""The conversation: what is true now, and what is to be done about what just happened.

No I/O and no clock. Whatever happens comes in as a call with the time; whatever is to be done comes out as a list of
effects, to be carried out in order. One thread owns it.

One thing cannot wait for the effects: an interruption must know how much was heard. So the conversation is given the
`Voice` that speaks, silences it on the spot, and tells the service in the same step.
"""

from __future__ import annotations

import math
from typing import Final

from app.conversation.active_response import ANSWER_TIMEOUT_MS
from app.conversation.bill import CLOSED, HELD_BACK, NO_BUDGET, Bill, Budget
from app.conversation.carried import Carried, retell
from app.conversation.effects import Effect, Effects, EntryChanged, Send, StatusChanged, earliest
from app.conversation.input_audio import Ducking
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.playback import BYTES_PER_MS, Voice
from app.conversation.prices import NO_PRICES, PriceList
from app.conversation.rate_limits import RateLimits
from app.conversation.responses import Responses
from app.conversation.service_errors import ServiceErrors
from app.conversation.session import Mode, SessionChange, SessionSettings
from app.conversation.state import state_of
from app.conversation.status import Status
from app.conversation.transcript import Entry, Party, Transcript
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.turn_table import Trigger
from app.conversation.turns import Turns
from app.protocol import server_events as sv
from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities
from app.protocol.client_events import ResponseCreate, SessionUpdate
from app.protocol.items import ResponseOptions
from app.protocol.response_events import ResponsePiece
from app.protocol.session import Session
from app.protocol.text import sanitise_text

GREETING: Final = "Greet the user in one short, friendly sentence and ask what you can do."


CUT_OFF: Final = "cut off: the connection was lost"


class Conversation:
    """One conversation over one session.

    `voice`: silences the speaker. `seed` makes the ids of our items unique over sessions. `timeout_ms`: how long the
    service may give no sign of life, where an answer or the words of a turn are due. `capabilities`, `chosen`: see
    `SettingsNegotiation`. `carried`: of the session before.
    """

    def __init__(
        self,
        settings: SessionSettings,
        voice: Voice,
        *,
        seed: str,
        has_microphone: bool = True,
        greets: bool = False,
        timeout_ms: int = ANSWER_TIMEOUT_MS,
        prices: PriceList = NO_PRICES,
        budget: Budget = NO_BUDGET,
        capabilities: SessionCapabilities = ALL_OF_GA,
        chosen: frozenset[str] = frozenset(),
        carried: Carried | None = None,
    ) -> None:
        self._voice, self._greets, self._timeout_ms = voice, greets, timeout_ms
        self._carried = carried = carried or Carried()
        self._effects = effects = Effects(seed)
        self._transcript = Transcript(carried.entries)
        self._builder = TranscriptBuilder(self._transcript, effects, timeout_ms)
        self._responses = Responses(self._builder, effects, voice, timeout_ms, carried.responses)
        self._negotiation = SettingsNegotiation(settings, effects, capabilities, chosen)
        self._turns = Turns(
            effects,
            self._builder,
            self._responses,
            self._negotiation,
            timeout_ms,
            has_microphone=has_microphone,
            earlier=carried.turns,
        )
        self._errors = ServiceErrors(effects, self._responses.active, self._negotiation, self._turns)
        self._rate_limits = RateLimits(effects)
        self._parts = (self._negotiation, self._turns, self._responses, self._builder, self._rate_limits)
        self._bill = Bill(effects, prices, budget, carried.spending)
        self._ducking = Ducking(effects)
        self._is_lost = self._has_begun = self._is_given_up = False
        self._is_cut = False
        self._is_answer_due, self._said_again = carried.is_answer_due, carried.said_again
        self._kept_lines = list(carried.kept_lines)  # typed while there was no line
        self._retry_at_ms: float | None = None
        self._retry_in_s: int | None = None
        self._model = carried.model
        self._expires_at: int | None = None
        self._round_trip_ms: int | None = None
        self._unsent_texts = list(carried.unsent_texts)
        self._told = Status()

    def successor(
        self,
        change: SessionChange,
        *,
        seed: str,
        capabilities: SessionCapabilities | None = None,
        is_seamless: bool = False,
    ) -> Conversation:
        """The same conversation over a new session, with some settings changed; after `lost` or `cut`.

        `capabilities`: of another service, None: it is the same one. `is_seamless`: the user notices nothing.

        The transcript goes on. The service is told in text what was said and heard: the assistant's speech itself
        cannot be given back (protocol reference, section 1.5).
        """
        return Conversation(
            change.of(self._negotiation.wanted),
            self._voice,
            seed=seed,
            has_microphone=self._turns.has_microphone,
            timeout_ms=self._timeout_ms,
            prices=self._bill.prices,
            budget=self._bill.budget,
            capabilities=capabilities or self._negotiation.capabilities,
            chosen=self._negotiation.chosen | change.names,
            carried=Carried(
                entries=self.entries,
                unsent_texts=tuple(self._unsent_texts),
                turns=self._turns,
                responses=self._responses,
                spending=self._bill.spending,
                model=self._model,
                said_again=self._said_again,
                is_answer_due=self._is_answer_due,
                kept_lines=tuple(self._kept_lines),
                is_cut=self._is_cut,
                is_seamless=is_seamless,
            ),
        )

    # ---------------------------------------------------------------- what is true

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The transcript so far."""
        return self._transcript.entries()

    @property
    def transcript(self) -> Transcript:
        """The transcript itself, to be read on the thread that owns the conversation."""
        return self._transcript

    def find(self, item_id: str) -> EntryChanged | None:
        """An entry as it is now and where it stands, for those who were told of it and looked away."""
        entry = self._transcript.get(item_id)
        return EntryChanged(entry, self._transcript.index(item_id)) if entry else None

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do, at the latest."""
        if self._is_lost:
            return None
        counts_ms = None
        if self._retry_at_ms is not None and self._retry_in_s:
            counts_ms = self._retry_at_ms - (self._retry_in_s - 1) * 1000
        return earliest(counts_ms, *(part.deadline_ms for part in self._parts))

    @property
    def is_quiet(self) -> bool:
        """Nobody says anything and nothing is waited for: another session may take over without being noticed."""
        turns, is_hands_free = self._turns, self._negotiation.wanted.mode is Mode.HANDS_FREE
        is_speech = turns.is_user_speaking or turns.is_voiced or (turns.is_open and not is_hands_free)
        return self.is_between_turns and not (is_speech or self._builder.deadline_ms is not None)

    @property
    def is_between_turns(self) -> bool:
        """The user is not speaking, no answer is under way, and none sounds."""
        is_busy = self._responses.is_speaking or self._responses.active.is_awaited or self._responses.active.is_busy
        return self._is_live and not (self._turns.is_user_speaking or is_busy)

    @property
    def is_keeping(self) -> bool:
        """The line broke and is made again; what the user says and types is kept until then."""
        return self._carried.is_cut and not (self._negotiation.is_ready or self._is_lost or self._is_given_up)

    @property
    def status(self) -> Status:
        """Everything that is shown beside the words."""
        responses, negotiation, turns = self._responses, self._negotiation, self._turns
        return Status(
            state=state_of(turns, responses, negotiation, self._carried, is_offline=self._is_lost or self._is_given_up),
            settings=negotiation.wanted,
            standings=negotiation.standings,
            has_microphone=turns.has_microphone,
            is_microphone_open=turns.is_open,
            is_response_active=responses.active.is_busy,
            has_asked=turns.has_asked,
            is_voice_fixed=responses.has_spoken,
            fixed=negotiation.fixed,
            model=self._model,
            expires_at=self._expires_at,
            answered_ms=responses.answers_ms[-1] if responses.answers_ms else None,
            median_answered_ms=responses.median_answered_ms,
            spending=self._bill.spending,
            budget_usd=self._bill.budget.limit_usd,
            near_limit=self._rate_limits.near,
            round_trip_ms=self._round_trip_ms,
            retry_in_s=self._retry_in_s,
        )

    @property
    def _is_live(self) -> bool:
        """The service has taken the settings, the line stands, and the budget allows that it is used."""
        return self._is_told and not self._bill.is_spent

    @property
    def _is_told(self) -> bool:
        """The service has taken the settings, and the line stands."""
        return self._negotiation.is_ready and not self._is_lost

    # ---------------------------------------------------------------- the line

    def connected(self, created: sv.SessionCreated, now_ms: int) -> list[Effect]:
        """The service said its first word: tell it the settings. Nothing is heard before they are acknowledged."""
        self._retry_at_ms = self._retry_in_s = None
        self._learn(created.session)
        self._negotiation.connected(created.session, now_ms)
        return self._settled(now_ms)

    def cut(self, now_ms: int, why: str = "") -> list[Effect]:
        """The line broke, and a successor goes on. What was received sounds on; what was not answered is kept.

        `why`: to be said in the transcript; empty where the session was ended in order.
        """
        is_by_itself = self._negotiation.effective.create_response and self._mode is Mode.HANDS_FREE
        is_new = self._has_begun
        said_again = self._turns.cut()
        owes = is_new and self._responses.owes_answer and not (said_again and is_by_itself)
        self._said_again = (*self._said_again, *said_again)
        self._is_answer_due = self._is_answer_due or owes
        self._responses.cut_off(CUT_OFF, now_ms)
        self._builder.lost()
        if why:
            self._builder.remark(why, now_ms)
        self._is_lost = self._is_cut = True
        return self._settled(now_ms)

    def lost(self, now_ms: int) -> list[Effect]:
        """The line is gone: nothing more is sent or heard, and the assistant is silent."""
        self._is_lost, self._round_trip_ms = True, None
        self._turns.lost()
        self._responses.silence(now_ms)
        self._voice.silence()  # also what it says that is none of the conversation's
        self._builder.lost()
        for item_id in self._kept_lines:
            self._builder.change(item_id, note="not sent: there was no connection")
        return self._settled(now_ms)

    def retry_at(self, moment_ms: float, now_ms: int) -> list[Effect]:
        """The line will be made again at that moment; also after `give_up`."""
        self._is_given_up, self._retry_at_ms = False, moment_ms
        if self._turns.has_microphone:
            self._turns.microphone_came(is_live=True)
        self._count_down(now_ms)
        return self._settled(now_ms)

    def give_up(self, now_ms: int) -> list[Effect]:
        """The line is not made again, unless the user asks for it. What was kept stays."""
        self._is_given_up, self._retry_at_ms, self._retry_in_s = True, None, None
        self._turns.close_microphone()
        return self._settled(now_ms)

    def _count_down(self, now_ms: int) -> None:
        if self._retry_at_ms is not None:
            self._retry_in_s = max(0, math.ceil((self._retry_at_ms - now_ms) / 1000))

    @property
    def _mode(self) -> Mode:
        return self._negotiation.wanted.mode

    def remark(self, text: str, now_ms: int) -> list[Effect]:
        """The program has something to say that must stay: a line of its own in the transcript."""
        self._builder.remark(text, now_ms)
        return self._settled(now_ms)

    def receive(self, event: sv.ServerEvent, now_ms: int, advice: str = "") -> list[Effect]:
        """The service said something. `advice`: what is to be said along with it, where anything is said of it."""
        self._received(event, now_ms)
        if advice:
            self._effects.advise(advice)
        return self._settled(now_ms)

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed: see `deadline_ms`."""
        if not self._is_lost:
            self._count_down(now_ms)
            for part in (self._turns, self._responses, self._negotiation, self._rate_limits):
                part.tick(now_ms)
            for entry in self._builder.take_overdue(now_ms):
                self._words_overdue(entry, now_ms)
        return self._settled(now_ms)

    # ---------------------------------------------------------------- the user

    def talk_key(self, now_ms: int) -> list[Effect]:
        """Space: open or close the microphone; in push-to-talk, begin or end a turn."""
        if self._turns.has_microphone and (self._is_live or self.is_keeping):
            self._turns.do(Trigger.TALK_KEY, now_ms)
        elif self._bill.is_spent:
            self._effects.notify(CLOSED)
        return self._settled(now_ms)

    def stop_key(self, now_ms: int) -> list[Effect]:
        """Esc: silence the assistant; in push-to-talk with the microphone open, throw away what was said."""
        self._turns.do(Trigger.STOP_KEY, now_ms)
        return self._settled(now_ms)

    def speak_text(self, text: str, now_ms: int) -> list[Effect]:
        """The user typed; interrupts and is answered. Kept until the service is ready; blank text is nothing."""
        if not (text := sanitise_text(text).strip()):
            return []
        if self._is_lost:
            self._effects.notify("That was not sent: the line to the service is gone.")
        elif self._carried.is_cut and not self._negotiation.is_ready:
            self._kept_lines.append(self._turns.keep_line(text, now_ms))
        elif not self._is_live:
            self._unsent_texts.append(text)
            if self._bill.is_spent:
                self._effects.notify(HELD_BACK)
        else:
            self._turns.do(Trigger.TEXT, now_ms)
            self._turns.typed([text], now_ms)
        return self._settled(now_ms)

    def change(self, change: SessionChange, now_ms: int) -> list[Effect]:
        """Change settings while talking; sent now, shown as pending until acknowledged."""
        self._negotiation.change(change, is_voice_fixed=self._responses.has_spoken)
        return self._settled(now_ms)

    def limit_spending(self, budget: Budget, now_ms: int) -> list[Effect]:
        """The conversation may cost so much from now on; what was held back goes out if that is enough."""
        self._bill.limit(budget)
        return self._settled(now_ms)

    def measured(self, round_trip_ms: int, now_ms: int) -> list[Effect]:
        """A ping and its answer took so long."""
        self._round_trip_ms = round_trip_ms
        return self._settled(now_ms)

    def microphone_came(self, has_microphone: bool, now_ms: int) -> list[Effect]:
        """A microphone is there now, or is there no more."""
        if has_microphone:
            self._turns.microphone_came(is_live=self._is_live)
        else:
            self._ducking.release()
            self._turns.microphone_went(now_ms)
        return self._settled(now_ms)

    # ---------------------------------------------------------------- sound

    def captured(self, pcm: bytes, captured_ms: float, voice: float, now_ms: int) -> list[Effect]:
        """A chunk of the microphone (PCM16, 24 kHz), when it ended, and the local detector's voice probability."""
        turns, settings, was_voiced = self._turns, self._negotiation.wanted, self._turns.is_voiced
        turns.captured(pcm, captured_ms, voice, now_ms)
        if settings.mode is Mode.HANDS_FREE and settings.interrupt_response and turns.is_open:
            if self._responses.is_sounding:
                self._ducking.heard(turns.is_voiced, len(pcm) / BYTES_PER_MS)
        else:
            self._ducking.release()
        if turns.is_voiced == was_voiced and self._effects.are_sound_only and not self._is_lost:
            return self._effects.take()  # fifty times a second nothing else can have changed
        return self._settled(now_ms)

    def sounding(self, item_id: str, now_ms: int) -> list[Effect]:
        """The first sound of an item left the speaker."""
        self._responses.started(item_id, now_ms)
        return self._settled(now_ms)

    def played_out(self, item_id: str, played_ms: int, now_ms: int) -> list[Effect]:
        """The speaker has nothing left of an item; so much of it has sounded."""
        self._responses.played_out(item_id, played_ms, now_ms)
        return self._settled(now_ms)

    # ---------------------------------------------------------------- what the service says

    def _received(self, event: sv.ServerEvent, now_ms: int) -> None:  # noqa: PLR0912, PLR0915 - it is one table
        """What each event means. What concerns other clients (telephones, tools, WebRTC) changes nothing here."""
        turns, builder, responses = self._turns, self._builder, self._responses
        if isinstance(event, ResponsePiece):
            responses.sign_of_life(event.response_id, event.item_id, now_ms)
        match event:
            case sv.ErrorEvent(error=error):
                self._errors.refused(error, now_ms)
            case sv.WarningEvent(warning=warning):
                self._errors.warned(warning)
            case sv.SessionUpdated(session=session):
                self._learn(session)
                self._negotiation.acknowledged(session, now_ms)
            case sv.SpeechStarted(item_id=item_id, audio_start_ms=audio_start_ms):
                turns.speech_started(item_id, now_ms, audio_start_ms)
            case sv.SpeechStopped(item_id=item_id, audio_end_ms=audio_end_ms):
                turns.speech_stopped(item_id, audio_end_ms, now_ms)
            case sv.InputCommitted():
                turns.committed(event, now_ms)
            case sv.InputTimeoutTriggered():
                responses.active.expect("", now_ms)
            case sv.ItemCreated() | sv.ItemDone():
                builder.item(event.item, event.previous_item_id, now_ms, is_done=True)
            case sv.ItemAdded():
                builder.item(event.item, event.previous_item_id, now_ms, is_done=False)
            case sv.ItemDeleted(item_id=item_id):
                builder.deleted(item_id)
            case sv.TranscriptionDelta() | sv.TranscriptionUpdated():
                builder.transcription_delta(event, now_ms)
            case sv.TranscriptionCompleted():
                spent = self._bill.transcription(event.usage or None, self._negotiation.effective)
                builder.transcription_completed(event, spent, now_ms)
            case sv.TranscriptionFailed():
                builder.transcription_failed(event, now_ms)
            case sv.ResponseCreated(response=response):
                responses.created(response.id, now_ms)
            case sv.ResponseDone(response=response):
                spent = self._bill.response(response.usage or None, self._model)
                responses.done(response, spent, now_ms)
            case sv.OutputItemAdded(response_id=response_id) | sv.OutputItemDone(response_id=response_id):
                responses.sign_of_life(response_id, event.item.id or "", now_ms)
                responses.item(response_id, event.item, now_ms)
            case sv.OutputTextDelta() | sv.OutputTranscriptDelta():
                responses.words(event, now_ms)
            case sv.OutputTextDone() | sv.OutputTranscriptDone() | sv.ContentPartDone():
                responses.words_done(event, now_ms)
            case sv.OutputAudioDelta():
                responses.audio(event, now_ms)
            case sv.OutputAudioDone(item_id=item_id):
                responses.audio_done(item_id, now_ms)
            case sv.RateLimitsUpdated(rate_limits=limits):
                self._rate_limits.updated(limits, now_ms)
            case sv.McpCallInProgress() | sv.McpCallCompleted() | sv.McpCallFailed():
                responses.active.extend(now_ms)

    def _learn(self, session: Session) -> None:
        self._model = session.model or self._model
        self._expires_at = session.expires_at or self._expires_at

    def _words_overdue(self, entry: Entry, now_ms: int) -> None:
        """Nothing came of this entry for too long. What is still being said has a limit of its own."""
        is_users = entry.speaker is Party.USER
        if self._turns.is_under_way(entry.item_id) if is_users else self._responses.active.has_begun:
            self._builder.expect(entry.item_id, now_ms)
        elif is_users:
            self._builder.not_written(entry.item_id)
        else:
            self._responses.broke_off(entry.item_id, now_ms)

    def _settled(self, now_ms: int) -> list[Effect]:
        """All that the step wants done, with what follows from it."""
        self._turns.follow_mode(now_ms, is_live=self._is_live)
        if self._bill.is_spent and self._turns.is_open:
            self._turns.do(Trigger.BUDGET_SPENT, now_ms)
        if self._is_live:
            if not self._has_begun:
                self._has_begun = True
                self._begin(now_ms)
            else:
                self._send_unsent(now_ms)
            self._negotiation.update_if_due(now_ms)
            self._responses.active.ask_if_due(now_ms)
        if not self._responses.is_sounding:
            self._ducking.release()
        if (status := self.status) != self._told and not self._is_cut:  # its successor tells how it goes on
            self._told = status
            self._effects.add(StatusChanged(status))
        for text in self._effects.remarks:
            self._builder.remark(text, now_ms)
        return [effect for effect in self._effects.take() if self._may_be_done(effect)]

    def _may_be_done(self, effect: Effect) -> bool:
        """Before the service is ready it is told the settings, and nothing else."""
        return (
            not isinstance(effect, Send)
            or self._is_told
            or (isinstance(effect.event, SessionUpdate) and not self._is_lost)
        )

    def _begin(self, now_ms: int) -> None:
        """The service is ready: it is told what was said in the session before, and typed, or asked to greet."""
        for item_id in self._said_again:
            self._builder.deleted(item_id)
        retell(self._transcript, self._effects, self._builder)
        for item_id in self._kept_lines:
            self._builder.change(item_id, note="")
        is_due = self._is_answer_due or bool(self._kept_lines)
        self._said_again, self._kept_lines, self._is_answer_due = (), [], False
        self._turns.begin(now_ms)
        if is_due:
            self._turns.ask(now_ms, now_ms)
        if not self._send_unsent(now_ms) and self._greets:
            words = f"{self._negotiation.wanted.instructions}\n{GREETING}".strip()
            self._responses.active.want(ResponseCreate(response=ResponseOptions(instructions=words)))

    def _send_unsent(self, now_ms: int) -> bool:
        """What was typed and held back goes out, to be answered together; whether there was any."""
        texts, self._unsent_texts = self._unsent_texts, []
        if texts:
            self._turns.typed(texts, now_ms)
        return bool(texts)
