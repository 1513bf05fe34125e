"""The conversation: what is true now, and what is to be done about what just happened.

No I/O and no clock. Whatever happens comes in as a call with the time; whatever is to be done comes out as a list of
effects, to be carried out in order. One thread owns it.

One thing cannot wait for the effects: an interruption must know how much was heard. So the conversation is given the
`Voice` that speaks, silences it on the spot, and tells the service in the same step.
"""

from __future__ import annotations

from app.conversation.active_response import ANSWER_TIMEOUT_MS
from app.conversation.bill import CLOSED, HELD_BACK, NO_BUDGET, Bill, Budget
from app.conversation.carried import Carried
from app.conversation.effects import Effect, Effects, EntryChanged, Send, StatusChanged, earliest
from app.conversation.input_audio import Ducking
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.owed import Owed
from app.conversation.playback import BYTES_PER_MS, Voice
from app.conversation.prices import NO_PRICES, PriceList
from app.conversation.rate_limits import RateLimits
from app.conversation.responses import Responses
from app.conversation.retry import Retry
from app.conversation.service_errors import ServiceErrors
from app.conversation.service_events import ServiceEvents
from app.conversation.session import Mode, SessionChange, SessionSettings
from app.conversation.state import is_answering, is_spoken_in, state_of
from app.conversation.status import Status
from app.conversation.status_of import status_of
from app.conversation.transcript import Entry, Transcript
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.turn_table import Trigger
from app.conversation.turns import Turns
from app.protocol import server_events as sv
from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities
from app.protocol.client_events import SessionUpdate
from app.protocol.text import sanitise_text


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
        preroll_ms: int = 0,
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
            preroll_ms=preroll_ms,
            earlier=carried.turns,
        )
        errors = ServiceErrors(effects, self._responses.active, self._negotiation, self._turns)
        self._rate_limits = RateLimits(effects)
        self._parts = (self._negotiation, self._turns, self._responses, self._builder, self._rate_limits)
        self._bill = Bill(effects, prices, budget, carried.spending, is_free=capabilities.is_free)
        self._service = ServiceEvents(
            self._turns,
            self._builder,
            self._responses,
            self._negotiation,
            self._bill,
            self._rate_limits,
            errors,
            model=carried.model,
        )
        self._ducking = Ducking(effects)
        self._is_lost = self._has_begun = self._is_cut = False
        self._retry = Retry()
        self._owed = carried.owed or Owed()
        self._owed.want_again(self._responses.active, settings.instructions)
        self._round_trip_ms: int | None = None
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
                turns=self._turns,
                responses=self._responses,
                spending=self._bill.spending,
                model=self._service.model,
                owed=self._owed,
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
        return None if self._is_lost else earliest(self._retry.deadline_ms, *(part.deadline_ms for part in self._parts))

    @property
    def is_quiet(self) -> bool:
        """Nobody says anything and nothing is waited for: another session may take over without being noticed."""
        is_awaited = self._builder.deadline_ms is not None
        return self.is_between_turns and not (is_awaited or is_spoken_in(self._turns, self._negotiation.wanted.mode))

    @property
    def is_between_turns(self) -> bool:
        """The user is not speaking, no answer is under way, and none sounds."""
        return self._is_live and not (self._turns.is_user_speaking or is_answering(self._responses))

    @property
    def is_keeping(self) -> bool:
        """The line broke and is made again; what the user says and types is kept until then."""
        return self._carried.is_cut and not (self._negotiation.is_ready or self._is_offline)

    @property
    def status(self) -> Status:
        """Everything that is shown beside the words."""
        return status_of(
            self._turns,
            self._responses,
            self._negotiation,
            self._service,
            self._bill,
            self._rate_limits,
            self._retry,
            state=state_of(self._turns, self._responses, self._negotiation, self._carried, is_offline=self._is_offline),
            round_trip_ms=self._round_trip_ms,
        )

    @property
    def _is_offline(self) -> bool:
        """There is no line, and none will be made by itself."""
        return self._is_lost or self._retry.is_given_up

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
        self._retry.connected()
        self._service.learn(created.session)
        self._negotiation.connected(created.session, now_ms)
        return self._settled(now_ms)

    def cut(self, now_ms: int, why: str = "", *, is_at_limit: bool = False) -> list[Effect]:
        """The line broke, and a successor goes on. What was received sounds on; what was not answered is kept.

        `why`: to be said in the transcript; empty where the session was ended in order. `is_at_limit`: the service
        ended the session at its longest duration.
        """
        self._owed.cut(self._turns, self._responses)
        self._responses.cut_off(now_ms, is_at_limit=is_at_limit)
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
        self._owed.lost(self._builder)
        return self._settled(now_ms)

    def retry_at(self, moment_ms: float, now_ms: int) -> list[Effect]:
        """The line will be made again at that moment; also after `give_up`."""
        self._retry.plan(moment_ms, now_ms)
        if self._turns.has_microphone:
            self._turns.microphone_came(is_live=True)
        return self._settled(now_ms)

    def give_up(self, now_ms: int) -> list[Effect]:
        """The line is not made again, unless the user asks for it. What was kept stays."""
        self._retry.give_up()
        self._turns.close_microphone()
        return self._settled(now_ms)

    def remark(self, text: str, now_ms: int) -> list[Effect]:
        """The program has something to say that must stay: a line of its own in the transcript."""
        self._builder.remark(text, now_ms)
        return self._settled(now_ms)

    def receive(self, event: sv.ServerEvent, now_ms: int, advice: str = "") -> list[Effect]:
        """The service said something. `advice`: what is to be said along with it, where anything is said of it."""
        self._service.received(event, now_ms)
        if advice:
            self._effects.advise(advice)
        return self._settled(now_ms)

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed: see `deadline_ms`."""
        if not self._is_lost:
            self._retry.tick(now_ms)
            for part in (self._turns, self._responses, self._negotiation, self._rate_limits):
                part.tick(now_ms)
            for entry in self._builder.take_overdue(now_ms):
                self._service.words_overdue(entry, now_ms)
        return self._settled(now_ms)

    # ---------------------------------------------------------------- the user

    def talk_key(self, now_ms: int) -> list[Effect]:
        """Space: open or close the microphone; in push-to-talk, begin or end a turn."""
        if self._turns.has_microphone and (self._is_live or self.is_keeping):
            self._turns.do(Trigger.TALK_KEY, now_ms)
        elif self._bill.is_spent:
            self._effects.notify(CLOSED)
        return self._settled(now_ms)

    def hold_microphone(self, is_held: bool, now_ms: int) -> list[Effect]:
        """Hands-free, keep the microphone closed until somebody is there to speak, or let it be as the mode has it."""
        self._turns.hold_microphone(is_held, now_ms, is_live=self._is_live)
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
            self._owed.keep_line(self._turns.keep_line(text, now_ms))
        elif not self._is_live:
            self._owed.keep_text(text)
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

    # ---------------------------------------------------------------- after every step

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
                self._owed.send_texts(self._turns, now_ms)
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
        self._owed.begin(self._transcript, self._effects, self._builder, self._turns, self._responses, now_ms)
        if not self._owed.send_texts(self._turns, now_ms) and self._greets:
            self._responses.active.want_greeting(self._negotiation.wanted.instructions)
