"""A conversation at hand: settings in, a clock to turn, the service's words by short names, effects sorted."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec.structs import replace

from app.conversation.bill import NO_BUDGET, Budget
from app.conversation.conversation import Conversation
from app.conversation.effects import Effect, Interrupted, Notice, Play, Send
from app.conversation.prices import Price, PriceList, TokenPrice
from app.conversation.session import Mode, SessionChange, SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Entry
from app.protocol import server_events as sv
from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities
from app.protocol.client_events import ClientEvent, InputAppend
from app.protocol.items import Content, ErrorDetail, Item, Response, StatusDetails
from app.protocol.session import Session

HANDS_FREE = SessionSettings()
PUSH_TO_TALK = SessionSettings(mode=Mode.PUSH_TO_TALK)

PRICES = PriceList(
    "2026-11-24",
    {
        "gpt-realtime-2.1": Price(TokenPrice(4, 0.4, 24), TokenPrice(32, 0.4, 64), TokenPrice(5, 0.5)),
        "gpt-4o-mini-transcribe": Price(TokenPrice(1.25, None, 5), TokenPrice(3), per_minute=0.003),
        "whisper-1": Price(per_minute=0.006),
    },
    {"my-deployment": "gpt-realtime-2.1"},
)

E = TypeVar("E")


def pcm(ms: float) -> bytes:
    """So many milliseconds of sound."""
    return b"\x01\x02" * int(ms * 24)


def kinds(events: list[ClientEvent]) -> list[str]:
    """What was said to the service, by wire name."""
    return [event.TYPE for event in events]


class HandVoice:
    """A speaker that says of itself what it is told to say."""

    def __init__(self) -> None:
        self.heard: dict[str, int] = {}
        self.silenced = 0

    def silence(self) -> dict[str, int]:
        self.silenced += 1
        heard, self.heard = self.heard, {}
        return heard


class Talk:
    """One conversation and all that it wanted so far."""

    def __init__(
        self,
        settings: SessionSettings = HANDS_FREE,
        *,
        ready: bool = True,
        has_microphone: bool = True,
        greets: bool = False,
        model: str = "gpt-realtime-2.1",
        budget: Budget = NO_BUDGET,
        capabilities: SessionCapabilities = ALL_OF_GA,
        preroll_ms: int = 0,
    ) -> None:
        self.voice = HandVoice()
        self.flushes = 0
        """How often the last step silenced the speaker."""
        self._silenced = 0
        self.conversation = Conversation(
            settings,
            self.voice,
            seed="t",
            has_microphone=has_microphone,
            greets=greets,
            prices=PRICES,
            budget=budget,
            capabilities=capabilities,
            preroll_ms=preroll_ms,
        )
        self.now_ms = 0
        self.effects: list[Effect] = []
        self.step: list[Effect] = []
        if ready:
            session = Session(type="realtime", model=model)
            self(self.conversation.connected(sv.SessionCreated(session=session), self.now_ms))
            self.hear(sv.SessionUpdated(session=session))

    def __call__(self, effects: list[Effect]) -> list[Effect]:
        self.step = effects
        self.effects += effects
        self.flushes, self._silenced = self.voice.silenced - self._silenced, self.voice.silenced
        return effects

    # ---------------------------------------------------------------- looking

    def of(self, kind: type[E]) -> list[E]:
        """The effects of one kind, of the last step."""
        return [effect for effect in self.step if isinstance(effect, kind)]

    @property
    def sent(self) -> list[ClientEvent]:
        """What the last step sent."""
        return [effect.event for effect in self.step if isinstance(effect, Send)]

    @property
    def wire(self) -> list[str]:
        """Its wire names, sound left out."""
        return kinds([event for event in self.sent if not isinstance(event, InputAppend)])

    @property
    def all_sent(self) -> list[ClientEvent]:
        """Everything that was ever sent."""
        return [effect.event for effect in self.effects if isinstance(effect, Send)]

    def said(self, kind: type[E]) -> list[E]:
        """All client events of one kind."""
        return [event for event in self.all_sent if isinstance(event, kind)]

    @property
    def notices(self) -> list[str]:
        """The words of the last step's notices."""
        return [notice.text for notice in self.of(Notice)]

    @property
    def was_interrupted(self) -> bool:
        """Whether the last step took the floor from the assistant."""
        return bool(self.of(Interrupted))

    @property
    def played(self) -> dict[str, bytes]:
        """All sound that was ever given to the speaker, by item."""
        out: dict[str, bytes] = {}
        for effect in self.effects:
            if isinstance(effect, Play):
                out[effect.item_id] = out.get(effect.item_id, b"") + effect.pcm
        return out

    @property
    def state(self) -> State:
        """The word on the screen."""
        return self.conversation.status.state

    @property
    def entries(self) -> dict[str, Entry]:
        """The transcript by item, in order."""
        return {entry.item_id: entry for entry in self.conversation.entries}

    def entry(self, item_id: str) -> Entry:
        """One entry."""
        return self.entries[item_id]

    # ---------------------------------------------------------------- the user and the speaker

    def later(self, ms: int) -> Talk:
        """Let time pass, without a tick."""
        self.now_ms += ms
        return self

    def tick(self) -> list[Effect]:
        """Let the conversation look at the clock."""
        return self(self.conversation.tick(self.now_ms))

    def talk_key(self) -> list[Effect]:
        """Space."""
        return self(self.conversation.talk_key(self.now_ms))

    def stop_key(self) -> list[Effect]:
        """Esc."""
        return self(self.conversation.stop_key(self.now_ms))

    def type(self, text: str) -> list[Effect]:
        """A typed line."""
        return self(self.conversation.speak_text(text, self.now_ms))

    def change(self, **fields: Any) -> list[Effect]:
        """Other settings."""
        return self(self.conversation.change(SessionChange(**fields), self.now_ms))

    def lose(self) -> list[Effect]:
        """The line is gone."""
        return self(self.conversation.lost(self.now_ms))

    def microphone(self, is_there: bool) -> list[Effect]:
        """It was plugged in or pulled out."""
        return self(self.conversation.microphone_came(is_there, self.now_ms))

    def capture(self, ms: float = 20, *, captured_ms: float | None = None, voice: float = 0.0) -> list[Effect]:
        """A chunk from the microphone that ended now, or at `captured_ms`."""
        at = self.now_ms if captured_ms is None else captured_ms
        return self(self.conversation.captured(pcm(ms), at, voice, self.now_ms))

    def speak(self, ms: int) -> None:
        """The user speaks for so long, in chunks of 20 ms."""
        for _ in range(ms // 20):
            self.later(20).capture(voice=0.9)

    def heard(self, **heard_ms: int) -> Talk:
        """So much of these items has left the speaker, which says so when it is silenced."""
        self.voice.heard = heard_ms
        return self

    def sounding(self, item_id: str) -> list[Effect]:
        """Its first sound is out."""
        return self(self.conversation.sounding(item_id, self.now_ms))

    def played_out(self, item_id: str, played_ms: int = 10**9) -> list[Effect]:
        """All of it is out, or all of which the speaker knew."""
        return self(self.conversation.played_out(item_id, played_ms, self.now_ms))

    # ---------------------------------------------------------------- the service

    def hear(self, event: sv.ServerEvent) -> list[Effect]:
        """The service says this."""
        return self(self.conversation.receive(event, self.now_ms))

    def acknowledge(self) -> list[Effect]:
        """It takes the update."""
        return self.hear(sv.SessionUpdated(session=Session(type="realtime")))

    def refuse(self, event: ClientEvent | None, code: str = "invalid_value", message: str = "No.") -> list[Effect]:
        """It refuses one of our events."""
        event_id = event.event_id if event else None
        return self.hear(sv.ErrorEvent(error=ErrorDetail(code=code, message=message, event_id=event_id)))

    def began(self, response_id: str = "r1") -> list[Effect]:
        """A response begins."""
        return self.hear(sv.ResponseCreated(response=Response(id=response_id, status="in_progress")))

    def ended(self, response_id: str = "r1", status: str = "completed", *items: Item, **more: Any) -> list[Effect]:
        """A response is done."""
        details = more.pop("details", None)
        response = Response(id=response_id, status=status, output=items, status_details=details, **more)
        return self.hear(sv.ResponseDone(response=response))

    def audio(self, ms: float, item_id: str = "a1", response_id: str = "r1") -> list[Effect]:
        """The assistant's speech."""
        return self.hear(sv.OutputAudioDelta(response_id=response_id, item_id=item_id, delta=pcm(ms)))

    def audio_done(self, item_id: str = "a1", response_id: str = "r1") -> list[Effect]:
        """All of an item's speech is there."""
        return self.hear(sv.OutputAudioDone(response_id=response_id, item_id=item_id))

    def words(self, text: str, item_id: str = "a1", response_id: str = "r1", part: int = 0) -> list[Effect]:
        """Words of its speech."""
        delta = sv.OutputTranscriptDelta(response_id=response_id, item_id=item_id, content_index=part, delta=text)
        return self.hear(delta)

    def text(self, text: str, item_id: str = "a1", response_id: str = "r1") -> list[Effect]:
        """Words of a written answer."""
        return self.hear(sv.OutputTextDelta(response_id=response_id, item_id=item_id, delta=text))

    def answer(self, ms: int = 1000, item_id: str = "a1", response_id: str = "r1", *, done: bool = False) -> None:
        """A spoken answer under way, or generated to its end."""
        self.began(response_id)
        self.words("one two three four", item_id, response_id)
        self.audio(ms, item_id, response_id)
        self.sounding(item_id)
        if done:
            self.audio_done(item_id, response_id)
            self.ended(response_id)

    def user_speaks(self, item_id: str = "u1") -> list[Effect]:
        """The service hears the user."""
        return self.hear(sv.SpeechStarted(item_id=item_id))

    def user_spoke(self, item_id: str = "u1", previous: str | None = None, audio_end_ms: int = 0) -> list[Effect]:
        """The service judges that the turn is over."""
        self.hear(sv.SpeechStopped(item_id=item_id, audio_end_ms=audio_end_ms))
        return self.hear(sv.InputCommitted(item_id=item_id, previous_item_id=previous))

    def transcribed(self, text: str, item_id: str = "u1") -> list[Effect]:
        """The user's words, final."""
        return self.hear(sv.TranscriptionCompleted(item_id=item_id, transcript=text))


def message(item_id: str, role: str = "assistant", text: str = "", kind: str = "output_audio") -> Item:
    """A message item with one part."""
    part = Content(type=kind, transcript=text) if "audio" in kind else Content(type=kind, text=text)
    return Item(id=item_id, type="message", role=role, content=(part,))


def failure(code: str, text: str) -> StatusDetails:
    """Why a response failed."""
    return StatusDetails(type="failed", error=ErrorDetail(type="server_error", code=code, message=text))


def least(settings: SessionSettings, **changes: Any) -> SessionSettings:
    """Settings with some others."""
    return replace(settings, **changes)
