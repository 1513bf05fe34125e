"""Whatever a client says and whenever the engines answer: nothing raises, and the protocol's promises hold."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.server.request_errors import EngineFailure
from app.server.session_outputs import JobResult, Recognise, Respond, Speak
from tests.server.driver import Driver

TEXT = st.sampled_from(["", "Hello.", "One. Two. Three four.", "and the", " ", "\n", "..."])
ITEM_ID = st.sampled_from(["a", "b", "root", "nowhere", "?item"])
DETECTION = st.sampled_from(
    [
        None,
        {"type": "server_vad"},
        {"type": "server_vad", "create_response": False},
        {"type": "server_vad", "interrupt_response": False, "silence_duration_ms": 0, "idle_timeout_ms": 5000},
        {"type": "server_vad", "threshold": 0.0, "prefix_padding_ms": 0},
        {"type": "semantic_vad", "eagerness": "high"},
        {"type": "semantic_vad", "threshold": 1},
    ]
)
AUDIO_IN = st.fixed_dictionaries(
    {},
    optional={
        "turn_detection": DETECTION,
        "transcription": st.sampled_from([None, {"model": "any"}, {"language": "en"}]),
        "format": st.sampled_from([{"type": "audio/pcm"}, {"type": "audio/pcmu"}, {"type": "audio/pcm", "rate": 1}]),
    },
)
SESSION = st.fixed_dictionaries(
    {"type": st.sampled_from(["realtime", "realtime", "realtime", "other"])},
    optional={
        "audio": st.fixed_dictionaries({"input": AUDIO_IN}),
        "output_modalities": st.sampled_from([["text"], ["audio"], ["text", "audio"]]),
        "max_output_tokens": st.sampled_from([1, 10, 30, "inf", 0]),
        "wrong": st.just(1),
    },
)
RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        "conversation": st.sampled_from(["auto", "none"]),
        "output_modalities": st.sampled_from([["text"], ["audio"]]),
        "max_output_tokens": st.sampled_from([1, 10, 30, "inf"]),
        "metadata": st.just({"a": "b"}),
        "input": st.sampled_from([[], [{"type": "item_reference", "id": "a"}]]),
    },
)


def part(role):
    return {"type": "output_text" if role == "assistant" else "input_text", "text": "Hi."}


ITEM = st.builds(
    lambda role, item_id: {"type": "message", "role": role, "id": item_id, "content": [part(role)]},
    st.sampled_from(["user", "system", "assistant", "robot"]),
    ITEM_ID,
)

STEP = st.one_of(
    st.tuples(st.just("say"), st.just("session.update"), st.fixed_dictionaries({"session": SESSION})),
    st.tuples(st.just("say"), st.just("input_audio_buffer.commit"), st.just({})),
    st.tuples(st.just("say"), st.just("input_audio_buffer.clear"), st.just({})),
    st.tuples(
        st.just("say"),
        st.just("conversation.item.create"),
        st.fixed_dictionaries({"item": ITEM}, optional={"previous_item_id": ITEM_ID}),
    ),
    st.tuples(
        st.just("say"),
        st.sampled_from(["conversation.item.retrieve", "conversation.item.delete"]),
        st.fixed_dictionaries({"item_id": ITEM_ID}),
    ),
    st.tuples(
        st.just("say"),
        st.just("conversation.item.truncate"),
        st.fixed_dictionaries({"item_id": ITEM_ID, "content_index": st.just(0), "audio_end_ms": st.integers(0, 2000)}),
    ),
    st.tuples(st.just("say"), st.just("response.create"), st.fixed_dictionaries({"response": RESPONSE})),
    st.tuples(st.just("say"), st.just("response.cancel"), st.just({})),
    st.tuples(st.just("hear"), st.sampled_from([0.0, 0.3, 0.6, 0.95]), st.sampled_from([40, 200, 700])),
    st.tuples(st.just("work"), st.integers(0, 5), TEXT),
    st.tuples(st.just("work"), st.integers(0, 5), TEXT),
    st.tuples(st.just("work"), st.integers(0, 5), TEXT),
    st.tuples(st.just("fail"), st.integers(0, 5), st.just("")),
    st.tuples(st.just("late"), st.integers(0, 5), TEXT),
    st.tuples(st.just("tick"), st.sampled_from([0.1, 7.0]), st.just("")),
)


def named(talk: Driver, fields: dict) -> dict:
    """`?item` stands for the newest item."""
    added = talk.of("conversation.item.added")
    newest = added[-1].item.id if added else "none"
    return json.loads(json.dumps(fields).replace("?item", newest))


def give_result(talk: Driver, job, text: str) -> None:
    match job:
        case Recognise(job_id):
            talk.take(talk.session.found(JobResult(job_id, text), talk.now))
        case Respond(job_id):
            talk.take(talk.session.found(JobResult(job_id, text), talk.now))
            talk.take(talk.session.found(JobResult(job_id, None), talk.now))
        case Speak(job_id):
            talk.take(talk.session.found(JobResult(job_id, np.full(len(text) * 480, 0.1, dtype=np.float32)), talk.now))


def play(talk: Driver, step: tuple, done: list) -> None:
    match step:
        case ("say", type_, fields):
            talk.say(type_, **named(talk, fields))
        case ("hear", probability, ms):
            talk.hear((probability, ms), chunk_ms=100)
        case ("work", at, text) if talk.jobs:
            job = talk.jobs.pop(at % len(talk.jobs))
            done.append(job)
            give_result(talk, job, text)
        case ("fail", at, _) if talk.jobs:
            job = talk.jobs.pop(at % len(talk.jobs))
            talk.take(talk.session.found(JobResult(job.job_id, EngineFailure("engine_failed", "No.")), talk.now))
        case ("late", at, text) if done:
            give_result(talk, done[at % len(done)], text)
        case ("tick", later_s, _):
            talk.tick(later_s)


ORDER = {
    "response.created": 0,
    "response.output_item.added": 1,
    "response.content_part.added": 2,
    "response.output_audio_transcript.delta": 3,
    "response.output_audio.delta": 3,
    "response.output_text.delta": 3,
    "response.output_audio.done": 4,
    "response.output_audio_transcript.done": 4,
    "response.output_text.done": 4,
    "response.content_part.done": 5,
    "response.output_item.done": 6,
    "response.done": 7,
}


def check(talk: Driver) -> None:
    ids = [event.event_id for event in talk.events]
    assert len(set(ids)) == len(ids)
    writing: set[str] = set()
    place: dict[str, int] = {}
    texts: dict[str, str] = {}
    for event in talk.events:
        if event.TYPE not in ORDER:
            continue
        response = getattr(event, "response", None)
        key = response.id if response else event.response_id
        assert key in place or event.TYPE == "response.created"
        assert ORDER[event.TYPE] >= place.get(key, 0)
        assert place.get(key) != ORDER["response.done"]
        place[key] = ORDER[event.TYPE]
        if event.TYPE == "response.created" and response.conversation_id:
            assert not writing
            writing.add(key)
        if event.TYPE.endswith(("text.delta", "transcript.delta")):
            texts[key] = texts.get(key, "") + event.delta
        if event.TYPE == "response.done":
            writing.discard(key)
            said = "".join(item.said for item in response.output)
            assert said == texts.get(key, "")
            assert (response.status == "completed") or response.status_details.type == response.status
    committed = [event.item_id for event in talk.of("input_audio_buffer.committed")]
    assert len(set(committed)) == len(committed)
    for event in talk.of("conversation.item.input_audio_transcription.completed"):
        assert event.item_id in committed


def finish(talk: Driver) -> None:
    """The engines do what is left; then every response is done."""
    for _ in range(200):
        if not talk.jobs:
            break
        give_result(talk, talk.jobs.pop(0), "Yes. No.")
    assert talk.jobs == []
    created = [event.response.id for event in talk.of("response.created")]
    done = [event.response.id for event in talk.of("response.done")]
    assert sorted(created) == sorted(done)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=40), st.booleans())
def test_any_sequence(steps, speculates):
    talk = Driver(speculates=speculates)
    done: list = []
    for step in steps:
        play(talk, step, done)
    check(talk)
    finish(talk)
    check(talk)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "item", "session", "audio", "response", "id", "content"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["session.update", "conversation.item.create", "response.create", "input_audio_buffer.append"]),
)
def test_any_json_is_answered(body, type_):
    talk = Driver()
    fields = body if isinstance(body, dict) else {"session": body, "item": body, "response": body}
    talk.frame(json.dumps({**fields, "type": type_}))
    assert talk.update()[0].TYPE == "session.updated"
