"""Hands-free: sound flows when the service is ready, the service ends the turns, mute is noticed by it too."""

from __future__ import annotations

import pytest

from app.conversation.input_audio import TAIL_MS
from app.conversation.session import Mode
from app.conversation.status import State
from app.protocol import server_events as sv
from app.protocol.client_events import InputAppend, InputCommit, ResponseCreate
from app.protocol.session import Session
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk

SILENCE_MS = HANDS_FREE.silence_ms + TAIL_MS


def appended(talk: Talk) -> bytes:
    return b"".join(event.audio for event in talk.said(InputAppend))


def test_no_sound_before_the_settings_are_acknowledged():
    talk = Talk(ready=False)
    talk.speak(100)
    assert talk.state is State.CONNECTING
    talk(talk.conversation.connected(sv.SessionCreated(session=Session(type="realtime")), talk.now_ms))
    assert talk.wire == ["session.update"]
    talk.speak(100)
    assert talk.talk_key() == []
    assert appended(talk) == b""
    talk.acknowledge()
    assert talk.state is State.LISTENING
    talk.speak(100)
    assert len(appended(talk)) == 100 * 48


def test_whole_turn_sends_sound_only():
    talk = Talk()
    talk.speak(200)
    talk.user_speaks()
    assert talk.state is State.HEARING
    talk.speak(200)
    talk.user_spoke()
    assert talk.state is State.THINKING
    talk.answer(done=True)
    assert talk.state is State.SPEAKING
    talk.played_out("a1")
    assert talk.state is State.LISTENING
    assert talk.said(InputCommit) == []
    assert talk.said(ResponseCreate) == []


def test_mute_in_the_middle_of_an_utterance_sends_silence_so_that_the_service_ends_the_turn():
    talk = Talk()
    talk.speak(200)
    talk.user_speaks()
    talk.talk_key()
    before = len(appended(talk))
    talk.speak(2000)
    tail = appended(talk)[before:]
    assert set(tail) == {0}
    assert len(tail) == SILENCE_MS * 48
    assert talk.said(InputCommit) == []
    talk.user_spoke()
    talk.answer()
    talk.heard(a1=0)
    talk.stop_key()
    talk.ended("r1", "cancelled")
    assert talk.state is State.MUTED


def test_sound_from_before_the_mute_still_goes_out():
    talk = Talk()
    talk.speak(100)
    talk.later(40).talk_key()
    before = len(appended(talk))
    talk.later(20).capture(captured_ms=talk.now_ms - 40)
    assert appended(talk)[before:].strip(b"\0") != b""


def test_unmute_ends_the_tail():
    talk = Talk()
    talk.talk_key()
    talk.speak(40)
    talk.talk_key()
    before = len(appended(talk))
    talk.speak(100)
    assert b"\0\0" not in appended(talk)[before:]


def test_pulled_out_microphone_sends_the_tail_at_once():
    talk = Talk()
    talk.speak(200)
    talk.began("r0")
    talk.user_speaks()
    talk.microphone(False)
    [append] = talk.sent
    assert append == InputAppend(audio=bytes(SILENCE_MS * 48))
    assert not talk.conversation.status.is_microphone_open
    talk.user_spoke()
    talk.ended("r0")
    assert talk.state is State.THINKING


@pytest.mark.parametrize("is_muted", [False, True])
def test_another_microphone_stays_as_the_user_left_the_last(is_muted):
    talk = Talk()
    if is_muted:
        talk.talk_key()
    talk.microphone(False)
    assert talk.state is State.READY
    talk.microphone(True)
    assert talk.conversation.status.is_microphone_open is not is_muted


def test_microphone_that_comes_late_is_open():
    talk = Talk(has_microphone=False)
    assert talk.state is State.READY
    talk.microphone(True)
    assert talk.state is State.LISTENING


def test_microphone_that_comes_before_the_service_is_ready_opens_with_it():
    talk = Talk(ready=False, has_microphone=False)
    talk.microphone(True)
    talk.speak(100)
    assert appended(talk) == b""
    talk(talk.conversation.connected(sv.SessionCreated(), 0))
    talk.acknowledge()
    assert talk.state is State.LISTENING


def test_back_from_push_to_talk_the_microphone_is_open():
    talk = Talk()
    talk.change(mode=Mode.PUSH_TO_TALK)
    talk.acknowledge()
    assert talk.state is State.READY
    talk.change(mode=Mode.HANDS_FREE)
    assert talk.state is State.LISTENING


def test_thinking_ends_when_no_answer_comes():
    talk = Talk()
    talk.user_speaks()
    talk.user_spoke()
    due_ms = talk.conversation.deadline_ms
    assert due_ms is not None
    talk.later(round(due_ms) - talk.now_ms).tick()
    assert talk.state is State.LISTENING


def test_no_answer_is_expected_of_a_service_told_not_to_answer():
    talk = Talk()
    talk.change(create_response=False)
    talk.acknowledge()
    talk.user_speaks()
    talk.user_spoke()
    assert talk.state is State.LISTENING


def test_idle_service_is_expected_to_speak():
    talk = Talk()
    talk.hear(sv.InputTimeoutTriggered(item_id="u1"))
    assert talk.state is State.THINKING


def test_the_microphone_is_held_closed_until_somebody_is_there():
    talk = Talk(ready=False)
    talk(talk.conversation.hold_microphone(True, 0))
    session = Session(type="realtime")
    talk(talk.conversation.connected(sv.SessionCreated(session=session), 0))
    talk.hear(sv.SessionUpdated(session=session))
    talk.speak(400)
    assert talk.conversation.status.state is State.MUTED
    assert talk.said(InputAppend) == []
    talk(talk.conversation.hold_microphone(False, talk.now_ms))
    talk.speak(400)
    assert talk.conversation.status.state is State.LISTENING
    assert len(talk.said(InputAppend)) == 20


def test_in_push_to_talk_the_microphone_is_the_users_and_is_not_opened_by_letting_it_go():
    talk = Talk(PUSH_TO_TALK)
    talk(talk.conversation.hold_microphone(True, 0))
    talk(talk.conversation.hold_microphone(False, 0))
    assert not talk.conversation.status.is_microphone_open
