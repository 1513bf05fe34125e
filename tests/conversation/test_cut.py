"""A line that breaks at any moment: what was said goes on, what was not answered is answered, nothing comes twice."""

from __future__ import annotations

import pytest

from app.conversation.effects import StatusChanged
from app.conversation.kept_sound import KEPT_MS
from app.conversation.retelling import retold
from app.conversation.session import SessionChange, SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Entry, Party
from app.protocol import server_events as sv
from app.protocol.client_events import InputAppend, InputCommit, ItemCreate, ItemTruncate
from app.protocol.session import Session
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk

SESSION = Session(type="realtime", model="m")


def cut(talk: Talk) -> Talk:
    """The talk after the cut, waiting for its line."""
    talk(talk.conversation.cut(talk.now_ms, "The line broke."))
    after = Talk(ready=False)
    after.voice, after.now_ms = talk.voice, talk.now_ms
    after.conversation = talk.conversation.successor(SessionChange(), seed="u")
    after(after.conversation.retry_at(talk.now_ms + 3000, talk.now_ms))
    return after


def again(talk: Talk) -> Talk:
    """Its line stands, and the service is ready."""
    talk(talk.conversation.connected(sv.SessionCreated(session=SESSION), talk.now_ms))
    talk.hear(sv.SessionUpdated(session=SESSION))
    return talk


def sound(talk: Talk) -> float:
    """Milliseconds of sound that the last step sent."""
    return sum(len(event.audio) for event in talk.sent if isinstance(event, InputAppend)) / 48


def texts(talk: Talk) -> list[str]:
    return [event.item.said for event in talk.sent if isinstance(event, ItemCreate)]


def test_it_is_never_said_to_be_offline():
    """Whoever waits for the conversation to be idle would go on at that moment."""
    talk = Talk()
    talk(talk.conversation.cut(talk.now_ms, "The line broke."))
    assert not talk.of(StatusChanged)


def test_it_counts_down_and_says_that_it_reconnects():
    after = cut(Talk())
    assert after.state is State.RECONNECTING
    assert after.conversation.status.retry_in_s == 3
    assert after.conversation.deadline_ms == after.now_ms + 1000
    after.later(1000).tick()
    assert after.conversation.status.retry_in_s == 2
    assert again(after).state is State.LISTENING
    assert after.conversation.status.retry_in_s is None


def test_what_is_said_meanwhile_is_sent_when_the_service_is_ready():
    after = cut(Talk())
    after.speak(2000)
    assert not after.all_sent
    assert sound(again(after)) == pytest.approx(2000)
    after.later(20).capture()
    assert sound(after) == pytest.approx(20)


def test_more_than_can_be_kept_leaves_its_end_and_a_line_about_it():
    after = cut(Talk())
    after.speak(KEPT_MS + 4000)
    assert sound(again(after)) == pytest.approx(KEPT_MS)
    assert any("4.0 s were lost" in entry.text for entry in after.conversation.entries)


def test_where_replayed_sound_was_captured_is_known():
    after = cut(Talk())
    after.later(1000).speak(1000)
    spoke_until_ms = after.now_ms
    again(after.later(5000))
    silence = after.conversation.status.settings.silence_ms
    after.hear(sv.SpeechStarted(item_id="u1", audio_start_ms=100))
    after.hear(sv.SpeechStopped(item_id="u1", audio_end_ms=1000))
    after.hear(sv.InputCommitted(item_id="u1", previous_item_id=None))
    after.answer()
    latency = after.entry("a1").latency
    assert latency is not None
    assert latency.answered_ms == after.now_ms - spoke_until_ms + silence


@pytest.mark.parametrize("told", ["nothing", "speech started", "speech stopped", "committed", "half written"])
def test_a_turn_that_the_service_may_not_have_got_is_said_again(told: str):
    talk = Talk()
    talk.speak(1000)
    if told != "nothing":
        talk.user_speaks()
    if told in ("speech stopped", "committed", "half written"):
        talk.hear(sv.SpeechStopped(item_id="u1", audio_end_ms=1000))
    if told in ("committed", "half written"):
        talk.hear(sv.InputCommitted(item_id="u1", previous_item_id=None))
    if told == "half written":
        talk.hear(sv.TranscriptionDelta(item_id="u1", delta="What is"))
    after = again(cut(talk))
    assert sound(after) == pytest.approx(1000)
    assert "response.create" not in after.wire
    assert [entry.item_id for entry in after.conversation.entries if entry.speaker is Party.USER] == []


def test_turns_that_are_written_down_in_another_order_are_said_again_from_the_first_that_is_not():
    """Else the first would be lost, or come after the second."""
    talk = Talk()
    for number, item_id in enumerate(("u1", "u2"), start=1):
        talk.speak(1000)
        talk.hear(sv.SpeechStarted(item_id=item_id, audio_start_ms=number * 1000 - 900))
        talk.user_spoke(item_id, audio_end_ms=number * 1000)
    talk.transcribed("And that?", "u2")
    after = again(cut(talk))
    assert sound(after) == pytest.approx(2000)
    assert texts(after) == []
    assert [entry.item_id for entry in after.conversation.entries if entry.speaker is Party.USER] == []


def test_a_turn_that_is_said_as_soon_as_the_microphone_is_open_again_stands_there_once():
    """The service says that it began in the sound from before the microphone was closed: it hears none between."""
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks("u0")
    talk.user_spoke("u0", audio_end_ms=1000)
    talk.transcribed("Wait.", "u0")
    talk.talk_key()
    talk.later(60_000).talk_key()
    talk.speak(500)
    talk.hear(sv.SpeechStarted(item_id="u1", audio_start_ms=800))
    after = again(cut(talk))
    assert sound(after) == pytest.approx(500)
    assert [entry.item_id for entry in after.conversation.entries if entry.speaker is Party.USER] == ["u0"]


def test_until_then_it_stands_there_marked():
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks()
    assert cut(talk).entry("u1").note


def test_a_turn_that_was_written_down_is_told_in_words_and_answered():
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks()
    talk.user_spoke(audio_end_ms=1000)
    talk.transcribed("What is it?")
    after = again(cut(talk))
    assert sound(after) == 0
    assert texts(after) == ["What is it?"]
    assert after.wire[-1] == "response.create"


def test_a_turn_that_was_answered_is_not_asked_again():
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks()
    talk.user_spoke(audio_end_ms=1000)
    talk.transcribed("What is it?")
    talk.answer(done=True)
    after = again(cut(talk))
    assert sound(after) == 0
    assert "response.create" not in after.wire


def test_push_to_talk_a_take_that_is_open_goes_on():
    talk = Talk(PUSH_TO_TALK)
    talk.talk_key()
    talk.speak(500)
    after = cut(talk)
    assert after.conversation.status.is_microphone_open
    after.speak(500)
    after.talk_key()
    after.later(300).tick()
    again(after)
    assert sound(after) == pytest.approx(1000)
    assert after.wire[-2:] == ["input_audio_buffer.commit", "response.create"]


def test_push_to_talk_takes_that_were_finished_meanwhile_are_each_committed():
    after = cut(Talk(PUSH_TO_TALK))
    for _ in range(2):
        after.talk_key()
        after.speak(500)
        after.talk_key()
        after.later(300).tick()
    again(after)
    assert [event.TYPE for event in after.sent if isinstance(event, InputCommit)] == ["input_audio_buffer.commit"] * 2
    assert after.wire.count("response.create") == 1


def test_push_to_talk_a_take_that_was_thrown_away_is_not_sent():
    after = cut(Talk(PUSH_TO_TALK))
    after.talk_key()
    after.speak(500)
    after.stop_key()
    assert sound(again(after)) == 0
    assert "input_audio_buffer.commit" not in after.wire


def test_push_to_talk_a_commit_that_was_not_confirmed_is_made_again():
    talk = Talk(PUSH_TO_TALK)
    talk.talk_key()
    talk.speak(500)
    talk.talk_key()
    talk.later(300).tick()
    after = again(cut(talk))
    assert sound(after) == pytest.approx(500)
    assert after.wire[-2:] == ["input_audio_buffer.commit", "response.create"]


def test_a_line_typed_meanwhile_stands_there_and_is_sent_and_answered():
    after = cut(Talk())
    after.type("Are you there?")
    (entry,) = [entry for entry in after.conversation.entries if entry.speaker is Party.USER]
    assert "not sent yet" in entry.note
    again(after)
    assert after.entry(entry.item_id).note == ""
    assert texts(after) == ["Are you there?"]
    assert after.wire[-1] == "response.create"


def test_what_was_received_sounds_to_its_end_and_the_answer_is_marked():
    talk = Talk()
    talk.answer()
    after = cut(talk)
    assert after.voice.silenced == 0
    assert after.entry("a1").note.startswith("cut off")
    assert not after.entry("a1").is_interrupted
    again(after)
    assert after.state is State.SPEAKING
    after.later(1000).played_out("a1")
    assert after.entry("a1").heard_ms == 1000
    assert after.state is State.THINKING  # of the rest


def test_an_interruption_of_it_tells_the_new_service_nothing():
    talk = Talk()
    talk.answer()
    after = again(cut(talk))
    after.heard(a1=300).stop_key()
    assert after.entry("a1").is_interrupted
    assert after.entry("a1").heard_ms == 300
    assert not after.said(ItemTruncate)


def test_given_up_nothing_is_open_and_all_comes_back_when_it_is_wanted_again():
    after = cut(Talk())
    after.speak(1000)
    after(after.conversation.give_up(after.now_ms))
    assert after.state is State.OFFLINE
    assert not after.conversation.status.is_microphone_open
    after(after.conversation.retry_at(after.now_ms, after.now_ms))
    assert after.state is State.RECONNECTING
    assert sound(again(after)) == pytest.approx(1000)


def test_settings_changed_meanwhile_are_the_ones_of_the_new_session():
    after = cut(Talk())
    after.change(language="de")
    assert again(after).conversation.status.settings.language == "de"


def test_it_breaks_again_before_it_is_ready():
    talk = Talk()
    talk.speak(1000)
    talk.user_speaks()
    after = cut(cut(talk))
    after.speak(500)
    assert sound(again(after)) == pytest.approx(1500)
    assert [entry.text for entry in after.conversation.entries if entry.speaker is Party.USER] == []


@pytest.mark.parametrize("settings", [HANDS_FREE, PUSH_TO_TALK])
def test_before_the_service_is_ready_it_is_told_the_settings_alone(settings: SessionSettings):
    after = cut(Talk(settings))
    after.talk_key()
    after.speak(500)
    after.talk_key()
    after.type("hello")
    after(after.conversation.connected(sv.SessionCreated(session=SESSION), after.now_ms))
    assert [event.TYPE for event in after.all_sent] == ["session.update"]


def test_the_newest_turns_are_told_and_the_rest_by_number():
    entries = [Entry(f"i{n}", Party.USER, "word " * 80, True) for n in range(10)]
    told = retold(entries, tokens=3 * 104)
    assert [entry.item_id for entry in told.entries] == ["i7", "i8", "i9"]
    assert told.left_out == 7


def test_a_turn_longer_than_all_that_fits_is_told_all_the_same():
    assert retold([Entry("i", Party.USER, "word " * 100, True)], tokens=1).left_out == 0


def test_quiet_is_when_nobody_speaks_and_nothing_is_due():
    talk = Talk()
    assert talk.conversation.is_quiet
    talk.capture(voice=0.9)
    assert not talk.conversation.is_quiet
    talk.capture()
    talk.user_speaks()
    assert not talk.conversation.is_quiet
    talk.user_spoke()
    assert not talk.conversation.is_quiet
    talk.transcribed("Hello.")
    assert not talk.conversation.is_quiet  # the answer is due
    talk.answer(done=True)
    assert not talk.conversation.is_quiet  # it sounds
    talk.played_out("a1")
    assert talk.conversation.is_quiet


@pytest.mark.parametrize(
    ("is_at_limit", "note"),
    [
        (False, "cut off: the connection was lost"),
        (True, "cut off: the session reached the service's limit"),
    ],
)
def test_a_cut_answer_says_what_cut_it_off(is_at_limit: bool, note: str):
    talk = Talk()
    talk.answer()
    talk(talk.conversation.cut(talk.now_ms, "It is over.", is_at_limit=is_at_limit))
    assert talk.entry("a1").note == note
