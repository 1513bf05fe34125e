"""However often the line is cut, wherever in whatever story: what must never happen never does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.conversation.active_response import GO_ON
from app.conversation.session import Mode, SessionChange
from app.conversation.transcript import Party
from app.protocol import server_events as sv
from app.protocol.client_events import ItemCreate, ResponseCreate
from tests.conversation.driver import Talk
from tests.conversation.test_properties import Watch, stories


def go_on(watch: Watch, number: int) -> None:
    """Cut, and dialled again; the service has not said anything yet."""
    before, after = watch.talk, Talk(ready=False)
    for effect in before(before.conversation.cut(before.now_ms, "The line broke.")):
        watch._check(effect)
    after.voice, after.now_ms = before.voice, before.now_ms
    after._silenced = before.voice.silenced
    after.conversation = before.conversation.successor(SessionChange(), seed=f"s{number}")
    watch.talk = after
    watch.active = watch.outstanding = watch.mode_sent = None
    watch.is_acknowledged = False
    watch.dead, watch.truncated = set(), set()  # the story names items anew
    for effect in after(after.conversation.retry_at(after.now_ms, after.now_ms)):
        watch._check(effect)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(Mode), st.lists(stories, min_size=2, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4)
)
def test_whatever_happens_over_several_sessions(mode, sessions, stand):
    """`stand`: whether the service takes the settings of each session at once, before the story goes on."""
    watch = Watch(mode, greets=False)
    texts: dict[str, str] = {}
    for number, (story, stands) in enumerate(zip(sessions, stand, strict=False)):
        if number:
            go_on(watch, number)
        talk = watch.talk
        for effect in talk(talk.conversation.connected(sv.SessionCreated(), talk.now_ms)):
            watch._check(effect)
        if stands:
            watch.run("hear", sv.SessionUpdated())
        for ms, (name, *args) in story:
            if name == "lost":
                continue
            talk.later(ms)
            watch.run(name, *args)
        created = [event.item.id for event in talk.said(ItemCreate)]
        assert len(created) == len(set(created))
        # of the service's words none is ever taken back, whatever happens to the sessions
        for item_id, text in texts.items():
            assert text in talk.entry(item_id).text
        texts = {
            entry.item_id: entry.text
            for entry in talk.conversation.entries
            if entry.speaker is Party.ASSISTANT and entry.is_final and entry.text
        }


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(Mode), stories)
def test_the_rest_of_an_answer_is_asked_for_only_where_one_is_marked_as_cut_off(mode, story):
    watch = Watch(mode, greets=False)
    watch.talk(watch.talk.conversation.connected(sv.SessionCreated(), 0))
    for effect in watch.talk.step:
        watch._check(effect)
    watch.run("hear", sv.SessionUpdated())
    for ms, (name, *args) in story:
        if name != "lost":
            watch.talk.later(ms)
            watch.run(name, *args)
    go_on(watch, 1)
    talk = watch.talk
    talk(talk.conversation.connected(sv.SessionCreated(), talk.now_ms))
    talk.hear(sv.SessionUpdated())
    asked = talk.said(ResponseCreate)
    assert len(asked) <= 1
    if any(event.response and GO_ON in str(event.response.instructions) for event in asked):
        assert any(entry.note.startswith("cut off") for entry in talk.conversation.entries)
