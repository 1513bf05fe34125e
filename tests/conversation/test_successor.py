"""A new session goes on where the old one was: in text, with the same transcript, as muted as before."""

from __future__ import annotations

from typing import Any

from app.conversation.session import SessionChange
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import ItemCreate
from app.protocol.items import Item
from app.protocol.session import Session
from tests.conversation.driver import Talk
from tests.conversation.interruptions import speaking


def renewed(talk: Talk, **changes: Any) -> Talk:
    """The talk over its second session, connected and ready."""
    talk.lose()
    after = Talk(ready=False)
    after.now_ms = talk.now_ms
    after.conversation = talk.conversation.successor(SessionChange(**changes), seed="u")
    session = Session(type="realtime", model="gpt-realtime-2.1")
    after(after.conversation.connected(sv.SessionCreated(session=session), after.now_ms))
    after.hear(sv.SessionUpdated(session=session))
    return after


def told(talk: Talk) -> list[tuple[str, str]]:
    """The items created by the last step, as role and text."""
    return [(event.item.role, event.item.said) for event in talk.sent if isinstance(event, ItemCreate)]


def test_the_service_is_told_in_text_what_was_said_and_heard():
    talk = speaking("stop key")
    talk.heard(a1=300)
    talk.stop_key()
    heard = talk.entry("a1").heard_text.strip()
    talk(talk.conversation.speak_text("And then?", talk.now_ms))
    after = renewed(talk, voice="cedar")
    assert after.conversation.status.settings.voice == "cedar"
    assert not after.conversation.status.is_voice_fixed
    roles = told(after)
    assert ("user", "And then?") in roles
    assert (("assistant", heard) in roles) == bool(heard)
    assert after.entries.keys() == talk.entries.keys()


def test_what_the_service_repeats_of_it_is_no_second_entry():
    talk = Talk()
    talk(talk.conversation.speak_text("Hello.", 0))
    after = renewed(talk)
    (created,) = [event for event in after.sent if isinstance(event, ItemCreate)]
    before = after.entries
    item = Item(id=created.item.id, role="user", content=created.item.content)
    after.hear(sv.ItemAdded(item=item, previous_item_id=None))
    after.hear(sv.ItemDone(item=item, previous_item_id=None))
    assert after.entries == before


def test_muted_stays_muted_and_open_stays_open():
    talk = Talk()
    talk.talk_key()
    assert talk.state is State.MUTED
    assert renewed(talk).state is State.MUTED
    talk = Talk()
    assert renewed(talk).state is State.LISTENING


def test_a_line_typed_before_the_new_session_is_ready_is_not_lost():
    talk = Talk(ready=False)
    talk(talk.conversation.speak_text("Are you there?", 0))
    after = renewed(talk)
    assert ("user", "Are you there?") in told(after)
