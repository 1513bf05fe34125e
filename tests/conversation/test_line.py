"""The beginning and the end of a session: greeting, what was typed too early, what stays when the line is gone."""

from __future__ import annotations

import pytest

from app.conversation.active_response import GREETING
from app.conversation.effects import StatusChanged
from app.conversation.status import State
from app.protocol.client_events import InputAppend, ItemCreate, ResponseCreate
from app.protocol.server_events import SessionCreated
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, kinds, least


def test_greeting_is_asked_for_when_the_service_is_ready():
    talk = Talk(least(HANDS_FREE, instructions="Be brief."), greets=True)
    [request] = talk.said(ResponseCreate)
    assert request.response.instructions == f"Be brief.\n{GREETING}"
    assert talk.conversation.entries == ()


def test_no_greeting_unless_wished():
    assert Talk().said(ResponseCreate) == []


def test_greeting_can_be_talked_over():
    talk = Talk(greets=True)
    talk.user_speaks()
    talk.began("r1")
    assert talk.wire == ["response.cancel"]


def test_what_was_typed_too_early_is_sent_when_the_service_is_ready_and_answered_once():
    talk = Talk(ready=False, greets=True)
    talk.type("one")
    talk.type("two")
    assert talk.sent == []
    talk(talk.conversation.connected(SessionCreated(), 0))
    assert talk.wire == ["session.update"]
    talk.acknowledge()
    assert talk.wire == ["conversation.item.create", "conversation.item.create", "response.create"]
    assert not talk.was_interrupted
    assert not talk.said(ResponseCreate)[0].response  # no greeting on top
    talk.began("r1")
    assert talk.wire == []
    assert [entry.text for entry in talk.conversation.entries] == ["one", "two"]


@pytest.mark.parametrize("text", ["", "  \n\t", "\x1b\x07"])
def test_blank_line_is_nothing(text):
    talk = Talk()
    assert talk.type(text) == []
    assert talk.conversation.entries == ()


def test_typed_line_is_sanitised():
    talk = Talk()
    talk.type(" a\x1b[31mb\r\nc ")
    assert talk.said(ItemCreate)[0].item.said == "a[31mb\nc"


def test_items_are_ours_by_id():
    talk = Talk()
    talk.type("one")
    [event] = talk.said(ItemCreate)
    assert event.item.id == talk.conversation.entries[0].item_id
    assert len(event.item.id) <= 32


def test_everything_but_sound_carries_an_id_of_its_own():
    talk = Talk(PUSH_TO_TALK, greets=True)
    talk.answer()
    talk.heard(a1=0)
    talk.stop_key()
    talk.ended("r1", "cancelled")
    talk.talk_key()
    talk.speak(200)
    talk.talk_key()
    talk.later(20).capture()
    talk.change(speed=1.2)
    ids = [event.event_id for event in talk.all_sent if not isinstance(event, InputAppend)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_lost_line_sends_nothing_more():
    talk = Talk(PUSH_TO_TALK)
    talk.answer()
    talk.talk_key()
    talk.speak(200)
    talk.type("one")
    before = kinds(talk.all_sent)
    talk.lose()
    assert talk.state is State.OFFLINE
    assert talk.conversation.deadline_ms is None
    talk.ended("r1", "cancelled")
    talk.stop_key()
    talk.talk_key()
    talk.change(speed=1.2)
    talk.microphone(False)
    talk.microphone(True)
    talk.speak(200)
    talk.later(60_000).tick()
    assert talk.step == []
    assert kinds(talk.all_sent) == before
    assert not talk.conversation.status.is_microphone_open


def test_line_typed_when_all_is_over_is_not_swallowed():
    talk = Talk()
    talk.lose()
    talk.type("one")
    assert talk.notices == ["That was not sent: the line to the service is gone."]
    assert talk.conversation.entries == ()


def test_line_that_was_never_ready_can_be_lost():
    talk = Talk(ready=False)
    talk.lose()
    assert talk.state is State.OFFLINE
    talk.later(60_000).tick()
    assert talk.step == []


def test_lost_line_leaves_nothing_half_said():
    talk = Talk()
    talk.type("one")
    talk.answer(500)
    talk.began("r2")
    talk.words("", "a2", "r2")
    talk.heard(a1=250)
    talk.user_speaks("u1")
    talk.lose()
    assert [entry.text for entry in talk.conversation.entries] == ["one", "one two three four", ""]
    assert all(entry.is_final for entry in talk.conversation.entries)
    assert talk.entry("u1").note == "The words could not be written down before the line was lost."
    assert talk.entry("a1").heard_text == "one two three"


def test_lost_line_silences_the_assistant_and_what_was_heard_of_it_stays():
    talk = Talk()
    talk.answer(1000)
    talk.heard(a1=500).lose()
    assert talk.flushes
    assert talk.sent == []
    assert (talk.entry("a1").is_interrupted, talk.entry("a1").heard_ms) == (True, 500)


def test_status_is_told_when_it_changes_and_only_then():
    talk = Talk()
    talk.talk_key()
    assert [effect.status.state for effect in talk.of(StatusChanged)] == [State.MUTED]
    talk.tick()
    assert talk.step == []
