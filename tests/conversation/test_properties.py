"""Whatever comes in whatever order: nothing raises, and what must never happen never does."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from app.conversation.active_response import ANSWER_TIMEOUT_MS, STOP_TIMEOUT_MS
from app.conversation.effects import Effect, EntryChanged, EntryRemoved, Play, Send
from app.conversation.session import Detection, Mode, SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Entry
from app.protocol import server_events as sv
from app.protocol.client_events import (
    InputAppend,
    InputCommit,
    ItemTruncate,
    ResponseCreate,
    SessionUpdate,
)
from app.protocol.convert import from_json
from app.protocol.items import CachedTokens, Content, ErrorDetail, InputTokens, Item, Response, StatusDetails, Usage
from app.protocol.session import Session
from tests.conversation.driver import Talk, pcm

EVENT_TYPES = [cls for cls in get_args(sv.ServerEvent) if cls is not sv.UnknownEvent]

BUSY = "conversation_already_has_active_response"

items = st.sampled_from(["a1", "a2", "u1", "u2", "f1", ""])
responses = st.sampled_from(["r1", "r2", "r3"])
words = st.sampled_from(["", "one ", "two", " three. "])
maybe = st.none() | st.just(UNSET)
previous = items | maybe
contents = st.builds(
    Content,
    type=st.sampled_from(["audio", "output_audio", "input_audio", "text", "output_text", "input_text", "odd"]),
    text=words | maybe,
    transcript=words | maybe,
)
whole_items = st.builds(
    Item,
    id=items | st.just(UNSET),
    type=st.sampled_from(["message", "function_call", "function_call_output", "mcp_call"]),
    role=st.sampled_from(["user", "assistant", "system", UNSET]),
    content=st.lists(contents, max_size=2).map(tuple) | st.just(UNSET),
)
errors = st.builds(
    ErrorDetail,
    code=st.sampled_from([BUSY, "response_cancel_not_active", "x"]) | maybe,
    message=words | maybe,
    event_id=maybe,
)
usages = st.builds(
    Usage,
    input_tokens=st.integers(0, 99),
    output_tokens=st.integers(0, 99),
    input_token_details=maybe
    | st.builds(InputTokens, cached_tokens=st.integers(0, 99), cached_tokens_details=maybe | st.builds(CachedTokens)),
)
whole_responses = st.builds(
    Response,
    id=responses,
    status=st.sampled_from(["completed", "cancelled", "failed", "incomplete", UNSET]),
    status_details=maybe | st.builds(StatusDetails, reason=st.sampled_from(["max_output_tokens", "x"]), error=errors),
    output=st.lists(whole_items, max_size=2).map(tuple) | st.just(UNSET),
    usage=maybe | usages,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "item_id": items,
    "response_id": responses,
    "previous_item_id": previous,
    "item": whole_items,
    "part": contents,
    "response": whole_responses,
    "error": errors,
    "session": st.builds(Session, model=st.sampled_from(["gpt-realtime", UNSET])),
    "transcript": words,
    "text": words,
    "content_index": st.integers(0, 2),
}


@st.composite
def server_events(draw: st.DrawFn, types: list[type] = EVENT_TYPES) -> sv.ServerEvent:
    cls = draw(st.sampled_from(types))
    chosen = {name: draw(strategy) for name, strategy in FIELDS.items() if name in cls.__struct_fields__}
    if "delta" in cls.__struct_fields__:
        chosen["delta"] = pcm(draw(st.integers(0, 60))) if cls is sv.OutputAudioDelta else draw(words)
    return cls(**chosen)


# What is likely is drawn often, so that long stories make sense now and then.
LIKELY = [
    sv.ResponseCreated,
    sv.ResponseDone,
    sv.OutputAudioDelta,
    sv.OutputAudioDone,
    sv.OutputTranscriptDelta,
    sv.OutputTextDelta,
    sv.SpeechStarted,
    sv.SpeechStopped,
    sv.InputCommitted,
    sv.SessionUpdated,
]
CHANGES: list[dict[str, Any]] = [
    {"mode": Mode.PUSH_TO_TALK},
    {"mode": Mode.HANDS_FREE},
    {"threshold": 0.7},
    {"voice": "cedar"},
    {"interrupt_response": False},
    {"interrupt_response": True},
    {"create_response": False},
    {"detection": Detection.SEMANTIC_VAD},
    {"output": "text"},
]
steps = st.one_of(
    st.tuples(st.just("hear"), server_events(LIKELY)),
    st.tuples(st.just("hear"), server_events(LIKELY)),
    st.tuples(st.just("hear"), server_events()),
    st.tuples(st.just("refuse"), st.integers(0, 50), st.sampled_from(["x", BUSY])),
    st.tuples(st.just("capture"), st.integers(1, 120), st.integers(-300, 0), st.sampled_from([0.0, 0.9])),
    st.tuples(st.just("heard"), st.dictionaries(items, st.integers(-50, 500), max_size=2)),
    st.tuples(st.sampled_from(["sounding", "played_out"]), items),
    st.tuples(st.just("change"), st.sampled_from(CHANGES)),
    st.tuples(st.just("type"), words),
    st.tuples(st.just("microphone"), st.booleans()),
    st.tuples(st.sampled_from(["talk_key", "stop_key", "talk_key", "stop_key", "tick", "lost"])),
)
stories = st.lists(st.tuples(st.integers(0, 400) | st.just(6000) | st.just(20_000), steps), max_size=60)


def _as_told(entry: Entry) -> Entry:
    """Of a turn under way, how much speech was received is told with its next change."""
    return entry if entry.is_final or entry.is_interrupted else replace(entry, received_ms=0)


class Watch:
    """Looks at every step and holds what must always be true."""

    def __init__(self, mode: Mode, *, greets: bool) -> None:
        self.talk = Talk(SessionSettings(mode=mode), ready=False, greets=greets)
        self.mode_sent: Mode | None = None
        self.is_acknowledged = False
        self.is_lost = False
        self.active: str | None = None
        self.known: set[str] = set()
        self.outstanding: ResponseCreate | None = None
        self.asked_ms = 0
        self.alive_ms = 0
        self.dead: set[str] = set()
        self.truncated: set[str] = set()
        self.received: dict[str, int] = {}
        self.given: set[str] = set()
        self.mirror: list[Entry] = []
        self.closed_ms = 0

    def run(self, name: str, *args: Any) -> None:
        talk = self.talk
        was_open = talk.conversation.status.is_microphone_open
        match name, args:
            case "hear", (event,):
                self._heard(event)
                talk.hear(event)
            case "refuse", (at, code):
                if talk.all_sent:
                    event = talk.all_sent[-1 - at % len(talk.all_sent)]
                    self._refused(event, code)
                    talk.refuse(event, code)
            case "capture", (ms, ago_ms, voice):
                talk.capture(ms, captured_ms=talk.now_ms + ago_ms, voice=voice)
                if not was_open and talk.now_ms + ago_ms - ms >= self.closed_ms:
                    self._check_unheard()
            case "heard", (heard,):
                talk.heard(**heard)
                return
            case "change", (fields,):
                talk.change(**fields)
            case "lost", ():
                talk.lose()
                self.is_lost = True
            case _:
                getattr(talk, name)(*args)
        if was_open and not talk.conversation.status.is_microphone_open:
            self.closed_ms = talk.now_ms
        if talk.flushes:
            self.dead |= self.given
        for effect in talk.step:
            self._check(effect)
        assert [_as_told(entry) for entry in self.mirror] == [_as_told(entry) for entry in talk.conversation.entries]
        assert talk.conversation.deadline_ms is None or not self.is_lost

    def _check_unheard(self) -> None:
        """What the microphone hears while it is closed does not go out; hands-free, silence may."""
        sounds = [event.audio for event in self.talk.sent if isinstance(event, InputAppend)]
        assert not any(any(sound) for sound in sounds)
        assert not sounds or self.mode_sent is Mode.HANDS_FREE

    def _heard(self, event: sv.ServerEvent) -> None:
        match event:
            case sv.SessionUpdated():
                self.is_acknowledged = True
            case sv.ResponseCreated():
                self.active, self.outstanding = event.response.id, None
                self.known.add(event.response.id)
                self.alive_ms = self.talk.now_ms
            case sv.ResponseDone():
                if event.response.id == self.active or event.response.id not in self.known:
                    self.active = self.outstanding = None
                self.known.add(event.response.id)
            case sv.OutputAudioDelta():
                self.received[event.item_id] = self.received.get(event.item_id, 0) + len(event.delta)

    def _refused(self, event: Any, code: str) -> None:
        if event is self.outstanding:
            self.outstanding = None
        if event.TYPE == "response.cancel":
            self.active = None  # the service says so
        if event.TYPE == "session.update":
            self.is_acknowledged = True  # twice refused, the conversation begins without

    def _check(self, effect: Effect) -> None:
        if isinstance(effect, Send):
            assert not self.is_lost
            self._check_sent(effect.event)
        match effect:
            case Play(item_id, sound):
                assert sound
                assert item_id not in self.dead
                self.given.add(item_id)
            case EntryChanged(entry, index):
                self.mirror = [other for other in self.mirror if other.item_id != entry.item_id]
                self.mirror.insert(index, entry)
            case EntryRemoved(item_id):
                assert any(other.item_id == item_id for other in self.mirror)
                self.mirror = [other for other in self.mirror if other.item_id != item_id]

    def _check_sent(self, event: Any) -> None:
        match event:
            case SessionUpdate():
                detection = event.session.turn_detection
                if detection is not UNSET:
                    self.mode_sent = Mode.PUSH_TO_TALK if detection is None else Mode.HANDS_FREE
            case InputAppend():
                assert event.audio
                assert self.is_acknowledged or self.talk.now_ms >= 5000
            case InputCommit():
                assert self.mode_sent is Mode.PUSH_TO_TALK
            case ItemTruncate():
                assert event.item_id not in self.truncated
                assert 0 <= event.audio_end_ms <= self.received[event.item_id] // 48
                self.truncated.add(event.item_id)
            case ResponseCreate():
                assert self.active is None or self.talk.now_ms - self.alive_ms >= STOP_TIMEOUT_MS
                assert self.outstanding is None or self.talk.now_ms - self.asked_ms >= ANSWER_TIMEOUT_MS
                self.outstanding, self.asked_ms = event, self.talk.now_ms


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(Mode), st.booleans(), stories)
def test_whatever_happens(mode, greets, story):
    watch = Watch(mode, greets=greets)
    watch.talk(watch.talk.conversation.connected(sv.SessionCreated(), 0))
    for effect in watch.talk.step:
        watch._check(effect)
    for ms, (name, *args) in story:
        watch.talk.later(ms)
        watch.run(name, *args)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(Mode), st.booleans(), stories, st.booleans())
def test_whatever_happened_silence_leads_to_rest_and_the_next_words_go_out(mode, greets, story, is_played):
    """Nothing is waited for without a limit. Time passes, nobody speaks; the speaker plays, or does not."""
    talk = Talk(SessionSettings(mode=mode), ready=False, greets=greets)
    talk(talk.conversation.connected(sv.SessionCreated(), 0))
    for ms, (name, *args) in story:
        if name == "lost":
            continue
        talk.later(ms)
        match name, args:
            case "hear", (event,):
                talk.hear(event)
            case "refuse", (at, code):
                if talk.all_sent:
                    talk.refuse(talk.all_sent[-1 - at % len(talk.all_sent)], code)
            case "change", (fields,):
                talk.change(**fields)
            case "capture", (length_ms, ago_ms, voice):
                talk.capture(length_ms, captured_ms=talk.now_ms + ago_ms, voice=voice)
            case "heard", (heard,):
                talk.heard(**heard)
            case _:
                getattr(talk, name)(*args)
    talk.capture(20, voice=0.0)
    steps_left = 200
    while (due_ms := talk.conversation.deadline_ms) is not None:
        talk.now_ms = max(talk.now_ms, int(due_ms))
        talk.tick()
        if is_played:
            for item_id in talk.played:
                talk.played_out(item_id)
        steps_left -= 1
        assert steps_left, "it never comes to rest"
    assert talk.state not in (State.CONNECTING, State.THINKING, State.HEARING, State.SPEAKING)
    assert not talk.conversation.status.is_response_active
    assert all(entry.is_final for entry in talk.conversation.entries)
    talk.type("next")
    assert "response.create" in talk.wire


@settings(max_examples=100, deadline=None)
@given(st.lists(server_events(), max_size=30))
def test_no_event_raises_even_before_the_first_word(events):
    talk = Talk(ready=False)
    for event in events:
        talk.later(20).hear(event)
    assert not any(isinstance(event, InputAppend) for event in talk.all_sent)


def test_every_event_type_is_drawn_from():
    assert len(EVENT_TYPES) == 48
    assert all(from_json(cls, {}) == cls() for cls in EVENT_TYPES)


# ---------------------------------------------------------------- words

letters = st.sampled_from(["alpha ", "beta ", "gamma, ", "delta. "])
assistant_words = st.tuples(
    st.sampled_from(["a1", "a2", "a3"]), st.sampled_from(["r1", "r2"]), st.integers(0, 2), st.booleans(), letters
)
user_words = st.tuples(st.sampled_from(["u1", "u2"]), letters)
others = server_events([sv.SpeechStarted, sv.SpeechStopped, sv.ResponseCreated, sv.OutputAudioDelta, sv.InputCommitted])


@settings(deadline=None)
@given(st.lists(assistant_words | user_words | others | st.just("stop"), max_size=40))
def test_every_word_is_in_the_entry_of_its_item_and_in_no_other(story):
    talk = Talk()
    said: dict[str, dict[int, str]] = {}
    for step in story:
        match step:
            case "stop":
                talk.heard(a1=10).stop_key()
            case (item_id, word):
                talk.hear(sv.TranscriptionDelta(item_id=item_id, delta=word))
                parts = said.setdefault(item_id, {0: ""})
                parts[0] += word
            case (item_id, response_id, part, is_spoken, word):
                cls = sv.OutputTranscriptDelta if is_spoken else sv.OutputTextDelta
                talk.hear(cls(response_id=response_id, item_id=item_id, content_index=part, delta=word))
                parts = said.setdefault(item_id, {})
                parts[part] = parts.get(part, "") + word
            case event:
                talk.hear(event)
    entries = talk.entries
    assert len(entries) == len(talk.conversation.entries)
    for item_id, parts in said.items():
        assert entries[item_id].text.split() == " ".join(parts[at] for at in sorted(parts)).split()
    assert all(not entry.text for item_id, entry in entries.items() if item_id not in said)


@settings(deadline=None)
@given(st.lists(assistant_words, min_size=1, max_size=20), st.sampled_from(["completed", "cancelled", "failed"]))
def test_no_word_is_lost_by_the_end_of_its_response(story, status):
    talk = Talk()
    talk.began("r1")
    for item_id, _, part, is_spoken, word in story:
        cls = sv.OutputTranscriptDelta if is_spoken else sv.OutputTextDelta
        talk.hear(cls(response_id="r1", item_id=item_id, content_index=part, delta=word))
    before = {item_id: entry.text for item_id, entry in talk.entries.items()}
    shorter = tuple(Item(id=item_id, role="assistant", content=()) for item_id in before)
    talk.ended("r1", status, *shorter)
    assert {item_id: entry.text for item_id, entry in talk.entries.items()} == before
    assert all(entry.is_final for entry in talk.conversation.entries)


# ---------------------------------------------------------------- once

pieces = st.lists(st.sampled_from(["one", " two", " three,", " four", " five."]), min_size=1, max_size=5, unique=True)


@settings(deadline=None)
@given(pieces, st.data())
def test_whatever_comes_late_or_again_the_words_are_there_once(deltas, data):
    """The whole may come before, between and after its pieces, by any of four events, and pieces again after it."""
    talk = Talk()
    talk.began()
    text = "".join(deltas)
    whole = [
        sv.OutputTextDone(response_id="r1", item_id="a1", text=text),
        sv.ContentPartDone(response_id="r1", item_id="a1", part=Content(type="output_text", text=text)),
        sv.OutputItemDone(
            response_id="r1",
            item=Item(id="a1", role="assistant", content=(Content(type="output_text", text=text),)),
        ),
        sv.ResponseDone(
            response=Response(
                id="r1",
                status="completed",
                output=(Item(id="a1", role="assistant", content=(Content(type="output_text", text=text),)),),
            )
        ),
    ]
    story = [sv.OutputTextDelta(response_id="r1", item_id="a1", delta=delta) for delta in deltas]
    at = data.draw(st.integers(0, len(story)))
    again = data.draw(st.lists(st.sampled_from(story), max_size=4))
    story = [*story[:at], data.draw(st.sampled_from(whole)), *story[at:], *again]
    for event in [*story, *data.draw(st.lists(st.sampled_from(whole), max_size=3))]:
        talk.hear(event)
    assert talk.entry("a1").text == text


@given(pieces, st.integers(0, 5))
def test_a_whole_that_comes_too_early_loses_none_of_what_follows(deltas, at):
    talk = Talk()
    talk.began()
    for number, delta in enumerate(deltas):
        if number == at:
            talk.hear(sv.OutputTextDone(response_id="r1", item_id="a1", text="".join(deltas[:at])))
        talk.text(delta)
    assert talk.entry("a1").text == "".join(deltas)
