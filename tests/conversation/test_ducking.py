"""The assistant speaks more softly at the first sign of the user's voice, and at full volume when it was none."""

from __future__ import annotations

import pytest

from app.conversation.effects import Duck, Effects
from app.conversation.input_audio import DUCK_DB, HOLD_MS, VOICED_MS, Ducking
from app.conversation.session import Mode
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, least


def gains(talk: Talk) -> list[float]:
    return [effect.gain_db for effect in talk.effects if isinstance(effect, Duck)]


def ducked() -> Talk:
    talk = Talk()
    talk.answer(5000)
    talk.speak(round(VOICED_MS))
    assert gains(talk) == [DUCK_DB]
    return talk


def test_voice_ducks_once_and_its_absence_restores():
    talk = ducked()
    talk.speak(500)
    assert gains(talk) == [DUCK_DB]
    for _ in range(int(HOLD_MS) // 20 - 1):
        talk.later(20).capture()
    assert gains(talk) == [DUCK_DB]
    talk.later(20).capture()
    assert gains(talk) == [DUCK_DB, 0.0]


def test_click_does_not_duck():
    talk = Talk()
    talk.answer(5000)
    for _ in range(20):
        talk.later(20).capture(voice=0.9)
        talk.later(20).capture(voice=0.1)
    assert gains(talk) == []


@pytest.mark.parametrize(("voice", "is_ducked"), [(0.69, False), (0.7, True)])
def test_threshold_is_the_users(voice, is_ducked):
    talk = Talk(least(HANDS_FREE, threshold=0.7))
    talk.answer(5000)
    for _ in range(10):
        talk.later(20).capture(voice=voice)
    assert bool(gains(talk)) is is_ducked


@pytest.mark.parametrize(
    "settings", [PUSH_TO_TALK, least(HANDS_FREE, interrupt_response=False)], ids=["push-to-talk", "uninterruptible"]
)
def test_no_ducking_where_speaking_does_not_interrupt(settings):
    talk = Talk(settings)
    talk.answer(5000)
    talk.speak(400)
    assert gains(talk) == []


def test_no_ducking_while_muted_or_silent():
    talk = Talk()
    talk.speak(400)
    talk.talk_key()
    talk.answer(5000)
    talk.speak(400)
    assert gains(talk) == []


def test_interruption_ends_ducking():
    talk = ducked()
    talk.user_speaks()
    assert talk.flushes == 1
    assert gains(talk) == [DUCK_DB, 0.0]


def test_end_of_speech_ends_ducking():
    talk = ducked()
    talk.audio_done()
    talk.played_out("a1")
    assert gains(talk) == [DUCK_DB, 0.0]


def test_mute_ends_ducking():
    talk = ducked()
    talk.talk_key()
    talk.later(20).capture()
    assert gains(talk) == [DUCK_DB, 0.0]


def test_push_to_talk_ends_ducking():
    talk = ducked()
    talk.change(mode=Mode.PUSH_TO_TALK)
    talk.later(20).capture()
    assert gains(talk) == [DUCK_DB, 0.0]


def test_pulled_out_microphone_ends_ducking():
    talk = ducked()
    talk.microphone(False)
    assert gains(talk) == [DUCK_DB, 0.0]


def test_release_forgets_what_was_heard():
    effects = Effects("")
    ducking = Ducking(effects)
    ducking.heard(True, VOICED_MS - 1)
    ducking.release()
    ducking.heard(True, VOICED_MS - 1)
    assert effects.take() == []
    ducking.heard(True, 1)
    assert effects.take() == [Duck(DUCK_DB)]
    ducking.release()
    ducking.release()
    assert effects.take() == [Duck(0.0)]
