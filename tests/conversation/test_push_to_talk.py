"""Push-to-talk (protocol reference, section 5.3): what is committed, what is thrown away, and when."""

from __future__ import annotations

import pytest

from app.conversation.input_audio import CLOSING_GRACE_MS
from app.conversation.session import Mode
from app.conversation.status import State
from app.conversation.transcript import Party
from app.protocol import server_events as sv
from app.protocol.client_events import InputAppend, InputClear, InputCommit, SessionUpdate
from app.protocol.items import Content, Item
from tests.conversation.driver import PUSH_TO_TALK, Talk

COMMIT, CLEAR, CREATE = "input_audio_buffer.commit", "input_audio_buffer.clear", "response.create"


@pytest.fixture
def talk() -> Talk:
    return Talk(PUSH_TO_TALK)


def sent_ms(talk: Talk) -> float:
    return sum(len(event.audio) for event in talk.said(InputAppend)) / 48


def release(talk: Talk) -> None:
    """The talk key, and the chunk in which it fell."""
    talk.later(10).talk_key()
    talk.later(10).capture()


def test_turn_is_committed_and_answered(talk):
    assert talk.state is State.READY
    talk.talk_key()
    assert talk.state is State.LISTENING
    talk.speak(400)
    assert talk.state is State.HEARING
    release(talk)
    assert talk.wire == [COMMIT, CREATE]
    assert talk.state is State.THINKING
    assert sent_ms(talk) == 420


@pytest.mark.parametrize("named", ["never", "before", "after"])
def test_a_turn_whose_item_the_service_does_not_name_is_shown_once(talk, named):
    talk.talk_key()
    talk.speak(400)
    release(talk)
    added = sv.ItemAdded(item=Item(id="u1", type="message", role="user", content=(Content(type="input_audio"),)))
    words = sv.TranscriptionCompleted(item_id="u1", transcript="Hello?")
    for event in {"never": (), "before": (added,), "after": ()}[named]:
        talk.hear(event)
    talk.hear(sv.InputCommitted())
    if named == "after":
        talk.hear(added)
    if named != "never":
        talk.hear(words)
    talk.answer()
    user, assistant = talk.conversation.transcript.entries()
    assert (user.speaker, assistant.speaker) == (Party.USER, Party.ASSISTANT)
    assert user.is_final
    assert (user.text, bool(user.note)) == (("", True) if named == "never" else ("Hello?", False))


def test_nothing_is_sent_while_closed(talk):
    talk.speak(400)
    assert talk.said(InputAppend) == []


def test_a_word_begun_just_before_the_key_is_whole():
    talk = Talk(PUSH_TO_TALK, preroll_ms=200)
    talk.speak(1_000)
    assert talk.said(InputAppend) == []
    talk.talk_key()
    assert sent_ms(talk) == 200
    talk.speak(200)
    assert sent_ms(talk) == 400
    talk.talk_key()
    talk.later(20).capture()
    assert talk.wire == [COMMIT, CREATE]
    talk.speak(60)  # of which nothing was sent; the 200 ms before were
    talk.talk_key()
    assert sent_ms(talk) == 400 + 80


def test_what_was_heard_before_the_key_makes_no_turn_of_a_tap():
    talk = Talk(PUSH_TO_TALK, preroll_ms=200)
    talk.speak(1_000)
    talk.talk_key()
    talk.speak(80)
    talk.talk_key()
    talk.later(CLOSING_GRACE_MS).tick()
    assert talk.wire == [CLEAR]


def test_hands_free_nothing_is_sent_that_was_said_to_a_muted_microphone():
    talk = Talk(preroll_ms=200)
    talk.talk_key()
    talk.speak(3_000)
    before = sent_ms(talk)
    talk.talk_key()
    assert sent_ms(talk) == before
    talk.speak(200)
    assert sent_ms(talk) == before + 200


def test_old_sound_is_no_preroll():
    talk = Talk(PUSH_TO_TALK, preroll_ms=200)
    talk.speak(1_000)
    talk.later(500).talk_key()  # the microphone gave nothing meanwhile
    assert sent_ms(talk) == 0


def test_chunks_captured_before_the_key_go_out_before_the_commit(talk):
    talk.talk_key()
    talk.speak(200)
    key_ms = talk.now_ms + 50
    talk.later(50).talk_key()
    assert talk.wire == []
    for ended_ms in (20, 40):
        talk.later(20).capture(captured_ms=key_ms - 50 + ended_ms)
        assert talk.wire == []
    talk.later(20).capture(captured_ms=key_ms + 10)
    assert [event.TYPE for event in talk.sent] == ["input_audio_buffer.append", COMMIT, CREATE]
    assert sent_ms(talk) == 260


def test_chunk_captured_after_the_key_is_not_sent(talk):
    talk.talk_key()
    talk.speak(200)
    talk.talk_key()
    talk.later(20).capture()
    assert [event.TYPE for event in talk.sent] == [COMMIT, CREATE]
    assert sent_ms(talk) == 200
    talk.speak(200)
    assert sent_ms(talk) == 200


def test_turn_is_committed_after_the_grace_when_no_chunk_comes(talk):
    talk.talk_key()
    talk.speak(200)
    talk.talk_key()
    assert talk.conversation.deadline_ms == talk.now_ms + CLOSING_GRACE_MS
    talk.later(CLOSING_GRACE_MS - 1).tick()
    assert talk.wire == []
    talk.later(1).tick()
    assert talk.wire == [COMMIT, CREATE]
    talk.capture(captured_ms=talk.now_ms - 400)
    assert talk.sent == []


@pytest.mark.parametrize(("ms", "wire"), [(0, [CLEAR]), (80, [CLEAR]), (100, [COMMIT, CREATE])])
def test_less_than_100_ms_is_cleared(talk, ms, wire):
    talk.talk_key()
    talk.speak(ms)
    talk.talk_key()
    talk.later(20).capture()
    assert talk.wire == wire
    assert bool(talk.notices) is (wire == [CLEAR])
    assert talk.state is (State.READY if wire == [CLEAR] else State.THINKING)


def test_each_take_is_measured_by_itself(talk):
    talk.talk_key()
    talk.speak(400)
    release(talk)
    talk.began()
    talk.talk_key()
    talk.speak(60)
    talk.talk_key()
    talk.later(20).capture()
    assert talk.wire == [CLEAR]


def test_stop_key_throws_the_take_away(talk):
    talk.talk_key()
    talk.speak(400)
    talk.stop_key()
    assert talk.wire == [CLEAR]
    talk.later(20).capture(captured_ms=talk.now_ms - 30)
    talk.later(CLOSING_GRACE_MS).tick()
    assert talk.said(InputCommit) == []
    assert sent_ms(talk) == 400


def test_key_again_before_the_turn_is_complete_lets_it_go_on(talk):
    talk.talk_key()
    talk.speak(400)
    talk.talk_key()
    talk.talk_key()
    talk.speak(40)
    release(talk)
    assert talk.wire == [COMMIT, CREATE]
    assert len(talk.said(InputCommit)) == 1
    assert talk.said(InputClear) == []


def test_commit_that_waits_goes_out_before_hands_free_begins(talk):
    talk.talk_key()
    talk.speak(400)
    talk.talk_key()
    talk.change(mode=Mode.HANDS_FREE)
    assert talk.wire == [COMMIT, "session.update", CREATE]
    talk.later(CLOSING_GRACE_MS).tick()
    assert len(talk.said(InputCommit)) == 1


def test_pulled_out_microphone_ends_the_turn(talk):
    talk.talk_key()
    talk.speak(400)
    talk.microphone(False)
    assert talk.wire == [COMMIT, CREATE]
    assert not talk.conversation.status.is_microphone_open


def test_pulled_out_microphone_at_rest_is_nothing(talk):
    talk.microphone(False)
    assert talk.wire == []
    talk.microphone(True)
    assert talk.state is State.READY


def test_entry_begins_when_the_microphone_opened(talk):
    talk.later(1000).talk_key()
    talk.speak(400)
    release(talk)
    talk.later(30).hear(sv.InputCommitted(item_id="u1", previous_item_id=None))
    assert (talk.entry("u1").started_ms, talk.entry("u1").ended_ms) == (1000, talk.now_ms)


def test_last_word_of_voice_detection_that_crosses_the_change_of_mode_changes_nothing():
    talk = Talk()
    talk.change(mode=Mode.PUSH_TO_TALK)
    talk.user_speaks()
    assert talk.state is State.READY
    assert talk.conversation.entries == ()


def test_change_of_mode_in_the_middle_of_an_utterance_throws_it_away():
    talk = Talk()
    talk.user_speaks()
    assert talk.state is State.HEARING
    talk.change(mode=Mode.PUSH_TO_TALK)
    assert talk.conversation.entries == ()
    assert talk.state is State.READY
    assert talk.wire == [CLEAR, "session.update"]


def test_refused_hands_free_closes_the_microphone_it_had_opened(talk):
    talk.change(mode=Mode.HANDS_FREE)
    assert talk.conversation.status.is_microphone_open
    while talk.conversation.status.settings.mode is Mode.HANDS_FREE:  # until all that it consists of is refused
        talk.refuse(talk.said(SessionUpdate)[-1])
    assert not talk.conversation.status.is_microphone_open
    assert talk.wire == [CLEAR]


def test_refused_commit_is_no_news(talk):
    talk.talk_key()
    talk.speak(400)
    release(talk)
    talk.refuse(talk.said(InputCommit)[0], "input_audio_buffer_commit_empty", "buffer too small")
    assert talk.notices == []


def test_the_answer_is_on_its_way_as_soon_as_the_turn_was_ended(talk):
    talk.talk_key()
    talk.speak(400)
    talk.later(10).talk_key()
    assert talk.wire == []  # the chunk in which the key fell is awaited
    assert talk.conversation.status.state is State.THINKING
    talk.later(10).capture()
    assert talk.wire == [COMMIT, CREATE]
    assert talk.conversation.status.state is State.THINKING
