"""The conversation: what is true now, and what is to be done about what just happened.

No I/O and no clock. Whatever happens comes in as a call with the time; whatever is to be done comes out as a list of
effects, to be carried out in order. One thread owns it.

    effects = conversation.receive(event, now_ms)

Barge-in takes two steps, since only the speaker knows what was heard: an interruption asks for a `Flush`, and the
shell reports what the speaker says with `flushed`, which truncates the service's item at exactly that. Until then
nothing is typed or asked for, so that the service answers knowing what was heard: every `Flush` must be reported.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from app.conversation.ducking import Ducking
from app.conversation.effects import Duck, Effect, EntryChanged, Flush, Notice, Send, Severity, StatusChanged
from app.conversation.floor import Floor
from app.conversation.ids import Ids
from app.conversation.reception import Reception
from app.conversation.responses import ANSWER_TIMEOUT_MS
from app.conversation.scribe import Scribe
from app.conversation.session import Mode, SessionSettings, whole_session
from app.conversation.settling import Settling
from app.conversation.status import State, Status
from app.conversation.taking import TurnTaking
from app.conversation.transcript import Entry, Speaker, Transcript
from app.conversation.turns import Trigger
from app.conversation.uplink import Uplink
from app.protocol.client_events import InputAppend, ItemCreate, ResponseCreate, SessionUpdate
from app.protocol.items import ResponseOptions, assistant_text, user_text
from app.protocol.server_events import ServerEvent, SessionCreated
from app.protocol.text import sanitise_text

GREETING = "Greet the user in one short, friendly sentence and ask what you can do."


class Conversation:
    """One conversation over one session. `seed` makes the ids of our items unique over sessions.

    `timeout_ms`: how long the service may give no sign of life, where an answer or the words of a turn are due.
    """

    def __init__(
        self,
        settings: SessionSettings,
        *,
        seed: str,
        has_microphone: bool = True,
        greets: bool = False,
        timeout_ms: int = ANSWER_TIMEOUT_MS,
    ) -> None:
        self._ids = Ids(seed)
        self._timeout_ms = timeout_ms
        self._transcript = Transcript()
        self._scribe = Scribe(self._transcript, timeout_ms)
        self._floor = Floor(self._scribe, self._ids, timeout_ms)
        self._settling = Settling(settings)
        self._reception = Reception(self._ids, self._scribe, self._floor, self._settling)
        self._uplink = Uplink()
        self._ducking = Ducking()
        self._turns = TurnTaking(self._ids, self._reception, self._floor, self._settling, self._uplink)
        self._turns.has_microphone = has_microphone
        self._greets = greets
        self._is_voiced = False
        self._unsent_texts: list[str] = []
        self._held: list[Effect] = []
        self._carried: tuple[Entry, ...] = ()
        self._told = Status()

    def successor(self, *, seed: str, **fields: object) -> Conversation:
        """The same conversation over a new session, with some settings changed (names of SessionSettings).

        The transcript goes on. The service is told in text what was said and heard: the assistant's speech itself
        cannot be given back (protocol reference, section 1.5).
        """
        settings = replace(self._settling.wanted, **fields)  # checked by app.settings
        after = Conversation(settings, seed=seed, timeout_ms=self._timeout_ms)
        after._turns.take_over(self._turns)
        for entry in self.entries:
            after._transcript.add(entry)
        after._carried = tuple(entry for entry in self.entries if entry.is_final and entry.heard_text.strip())
        after._unsent_texts = self._unsent_texts
        after._reception.usage = self._reception.usage
        after._floor.answers_ms.extend(self._floor.answers_ms)
        after._floor.has_asked = self._floor.has_asked
        return after

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
        deadlines = [d for d in (self._uplink.deadline_ms, self._reception.deadline_ms) if d is not None]
        return min(deadlines, default=None)

    @property
    def status(self) -> Status:
        """Everything that is shown beside the words."""
        floor, reception = self._floor, self._reception
        return Status(
            state=self._state(),
            settings=self._settling.wanted,
            unacknowledged=self._settling.unacknowledged,
            has_microphone=self._turns.has_microphone,
            is_microphone_open=self._uplink.is_open,
            is_response_active=floor.responses.is_busy,
            has_asked=floor.has_asked,
            is_voice_fixed=floor.has_spoken,
            model=reception.model,
            expires_at=reception.expires_at,
            answered_ms=floor.answers_ms[-1] if floor.answers_ms else None,
            median_answered_ms=floor.median_answered_ms,
            usage=reception.usage,
        )

    def _state(self) -> State:
        reception, is_open = self._reception, self._uplink.is_open
        is_hands_free = self._settling.wanted.mode is Mode.HANDS_FREE
        if reception.is_lost:
            return State.OFFLINE
        if not reception.is_ready:
            return State.CONNECTING
        if reception.is_user_speaking or (is_open and self._is_voiced and not is_hands_free):
            return State.HEARING
        if self._floor.is_speaking:
            return State.SPEAKING
        if is_open and not is_hands_free:
            return State.LISTENING
        if reception.is_answer_expected or self._floor.responses.is_awaited:
            return State.THINKING
        if is_open:
            return State.LISTENING
        return State.MUTED if is_hands_free and self._turns.has_microphone else State.READY

    # ---------------------------------------------------------------- the line

    def connected(self, created: SessionCreated, now_ms: int) -> list[Effect]:
        """The service said its first word: tell it the settings. Nothing is heard before they are acknowledged."""
        self._reception.connected(created, now_ms)
        event_id = self._ids.event()
        self._settling.begin(event_id)
        update = SessionUpdate(event_id=event_id, session=whole_session(self._settling.wanted))
        return self._with_status([Send(update)])

    def lost(self) -> list[Effect]:
        """The line is gone: nothing more is sent or heard."""
        self._reception.is_lost = True
        self._uplink.close(0)
        self._uplink.discard()
        return self._with_status(self._scribe.lost())

    def receive(self, event: ServerEvent, now_ms: int) -> list[Effect]:
        """The service said something."""
        was_ready, mode = self._reception.is_ready, self._settling.wanted.mode
        effects = self._reception.receive(event, now_ms)
        for trigger in self._reception.take_triggers():
            effects += self._turns.do(trigger, now_ms)
        effects += self._turns.mode_changed(mode, now_ms)
        return self._settled(effects, now_ms, became_ready=not was_ready and self._reception.is_ready)

    def tick(self, now_ms: int) -> list[Effect]:
        """Time has passed: see `deadline_ms`."""
        if self._reception.is_lost:
            return []
        was_ready = self._reception.is_ready
        effects = self._reception.tick(now_ms)
        if self._uplink.expire(now_ms):
            effects += self._turns.commit(now_ms)
        return self._settled(effects, now_ms, became_ready=not was_ready and self._reception.is_ready)

    # ---------------------------------------------------------------- the user

    def talk_key(self, now_ms: int) -> list[Effect]:
        """Space: open or close the microphone; in push-to-talk, begin or end a turn."""
        if not self._turns.has_microphone or not self._reception.is_live:
            return []
        return self._settled(self._turns.do(Trigger.TALK_KEY, now_ms), now_ms)

    def stop_key(self, now_ms: int) -> list[Effect]:
        """Esc: silence the assistant; in push-to-talk with the microphone open, throw the take away."""
        return self._settled(self._turns.do(Trigger.STOP_KEY, now_ms), now_ms)

    def speak_text(self, text: str, now_ms: int) -> list[Effect]:
        """The user typed; interrupts and is answered. Kept until the service is ready; blank text is nothing."""
        text = sanitise_text(text).strip()
        if not text:
            return []
        if self._reception.is_lost:
            return [Notice("That was not sent: the line to the service is gone.", Severity.WARNING)]
        if not self._reception.is_ready:
            self._unsent_texts.append(text)
            return []
        effects = self._turns.do(Trigger.TEXT, now_ms)
        return self._settled(effects + self._typed([text], now_ms), now_ms)

    def change(self, now_ms: int, **fields: object) -> list[Effect]:
        """Change settings (names of SessionSettings) while talking; sent now, shown as pending until acknowledged."""
        old = self._settling.wanted
        new = replace(old, **fields)  # values come checked from app.settings
        if new.voice != old.voice and self._floor.has_spoken:
            notice = "The voice can change only before the assistant has spoken; begin a new session for another one."
            return [Notice(notice, Severity.WARNING)]
        self._settling.wanted = new
        return self._settled(self._turns.mode_changed(old.mode, now_ms), now_ms)

    def microphone_came(self, has_microphone: bool, now_ms: int) -> list[Effect]:
        """A microphone is there now, or is there no more."""
        if not has_microphone:
            return self._settled(self._undone_duck() + self._turns.microphone_went(now_ms), now_ms)
        self._turns.microphone_came()
        return self._with_status([])

    # ---------------------------------------------------------------- sound

    def captured(self, pcm: bytes, captured_ms: float, voice: float, now_ms: int) -> list[Effect]:
        """A chunk of the microphone (PCM16, 24 kHz), when it ended, and the local detector's voice probability."""
        effects: list[Effect] = []
        sent = self._uplink.captured(pcm, captured_ms)
        if sent.pcm:
            effects.append(Send(InputAppend(audio=sent.pcm)))
        if sent.is_turn_complete:
            effects += self._turns.commit(now_ms)
        was_voiced, self._is_voiced = self._is_voiced, voice >= self._settling.wanted.threshold
        if self._is_voiced and self._uplink.is_open:
            self._reception.voiced(now_ms)
        ducking = self._duck(len(pcm) / 48)
        is_news = sent.is_turn_complete or ducking or self._is_voiced != was_voiced or self._reception.is_lost
        # Fifty times a second nothing else can have changed.
        return self._settled(effects + ducking, now_ms) if is_news else effects

    def flushed(self, heard: Iterable[tuple[str, int]], now_ms: int) -> list[Effect]:
        """The speaker is silent; so many milliseconds were heard of each item it held."""
        effects = self._undone_duck() + self._floor.flushed(heard, now_ms) + self._held
        self._held = []
        return self._settled(effects, now_ms)

    def sounding(self, item_id: str, now_ms: int) -> list[Effect]:
        """The first sound of an item left the speaker."""
        return self._with_status(self._floor.started(item_id, now_ms))

    def played_out(self, item_id: str, played_ms: int, now_ms: int) -> list[Effect]:
        """The speaker has nothing left of an item; so much of it has sounded."""
        effects = self._floor.played_out(item_id, played_ms, now_ms)
        return self._with_status(effects if self._floor.playout.is_sounding else effects + self._undone_duck())

    def _duck(self, length_ms: float) -> list[Effect]:
        settings = self._settling.wanted
        may_interrupt = settings.mode is Mode.HANDS_FREE and settings.interrupt_response and self._uplink.is_open
        if not (may_interrupt and self._floor.playout.is_sounding):
            return self._undone_duck()
        gain_db = self._ducking.heard(self._is_voiced, length_ms)
        return [] if gain_db is None else [Duck(gain_db)]

    def _undone_duck(self) -> list[Effect]:
        gain_db = self._ducking.release()
        return [] if gain_db is None else [Duck(gain_db)]

    # ---------------------------------------------------------------- after every step

    def _settled(self, effects: list[Effect], now_ms: int, *, became_ready: bool = False) -> list[Effect]:
        if became_ready:
            effects += self._begin(now_ms)
        if self._reception.is_live:
            if update := self._settling.next_update(self._ids):
                self._reception.updating(now_ms)
                effects.append(Send(update))
            effects += self._floor.next_request(now_ms)
        return self._with_status(effects)

    def _begin(self, now_ms: int) -> list[Effect]:
        if self._turns.has_microphone:
            self._turns.microphone_came()
        effects: list[Effect] = [Send(self._retold(entry)) for entry in self._carried]
        texts, self._unsent_texts = self._unsent_texts, []
        if texts:
            return effects + self._typed(texts, now_ms)
        if self._greets:
            words = f"{self._settling.wanted.instructions}\n{GREETING}".strip()
            self._floor.ask(ResponseCreate(response=ResponseOptions(instructions=words)), is_users=False)
        return effects

    def _retold(self, entry: Entry) -> ItemCreate:
        """A turn of an earlier session, as text and under an id of its own."""
        item_id = self._ids.item()
        self._scribe.ignore(item_id)
        make = user_text if entry.speaker is Speaker.USER else assistant_text
        return ItemCreate(event_id=self._ids.event(), item=make(item_id, entry.heard_text.strip()))

    def _typed(self, texts: list[str], now_ms: int) -> list[Effect]:
        """Typed lines and the wish for one answer. They reach the service after it knows what was heard."""
        effects: list[Effect] = []
        for text in texts:
            item_id = self._ids.item()
            effects += self._scribe.user_typed(item_id, text, now_ms)
            event_id = self._reception.creating(item_id)
            creation = Send(ItemCreate(event_id=event_id, item=user_text(item_id, text)))
            (self._held if self._floor.is_flushing else effects).append(creation)
        self._floor.turn_ended(now_ms)
        self._floor.ask(ResponseCreate())
        return effects

    def _with_status(self, effects: list[Effect]) -> list[Effect]:
        """Nothing is sent on a lost line; a flush is last, since its report may be given before we return."""
        if self._reception.is_lost:
            effects = [effect for effect in effects if not isinstance(effect, Send)]
        flushes = [effect for effect in effects if isinstance(effect, Flush)]
        effects = [effect for effect in effects if not isinstance(effect, Flush)]
        status = self.status
        if status != self._told:
            self._told = status
            effects.append(StatusChanged(status))
        return effects + flushes
