"""What one client may make the service hold: every limit is said, and what is beyond it costs nothing else."""

from __future__ import annotations

import base64
import json

import pytest

from app.audio.vad import FRAME_FRAMES
from app.server import limits
from app.server.input_audio_buffer import MIN_COMMIT_MS
from app.server.session_outputs import Recognise
from tests.server.driver import Driver, error, types

G711 = {"format": {"type": "audio/pcmu"}}  # a sixth of PCM16
TURN_S = 60
SECOND = b"\xff" * 8_000


class Deaf:
    """Judges nothing, so that minutes of sound cost nothing."""

    name = "deaf"
    probability = 0.0

    def __init__(self):
        self.rest = 0

    def feed(self, samples_16k):
        frames, self.rest = divmod(self.rest + len(samples_16k), FRAME_FRAMES)
        return [self.probability] * frames

    def reset(self):
        self.rest = 0


class Transcriber(Deaf):
    probability = 0.95


def begun(detector, **input_):
    session = Driver(detector=detector)
    session.update(audio={"input": {**G711, **input_}})
    return session


@pytest.fixture(autouse=True)
def _a_minute_for_ten(monkeypatch):
    """The same with a tenth of the sound, whose conversion takes time."""
    assert limits.MAX_TURN_MS * 2 == limits.MAX_WAITING_SPEECH_MS
    monkeypatch.setattr("app.server.input_audio_buffer.MAX_TURN_MS", TURN_S * 1_000)
    monkeypatch.setattr("app.server.transcription.MAX_WAITING_SPEECH_MS", 2 * TURN_S * 1_000)


@pytest.fixture
def manual():
    return begun(Deaf, turn_detection=None)


def test_a_take_that_is_never_committed_ends_at_the_limit(manual):
    for _ in range(TURN_S):
        assert manual.append(SECOND) == []
    told = error(manual.append(SECOND))
    assert told.code == "input_audio_buffer_too_large"
    assert "holds 60 s" in told.message
    assert "input_audio_buffer.commit" in told.message
    assert "input_audio_buffer.clear" in told.message
    again = [len(manual.append(SECOND)) for _ in range(40)]
    assert sum(again) == 4  # one word for every ten seconds that find no room
    committed = manual.say("input_audio_buffer.commit")
    assert "input_audio_buffer.committed" in types(committed)
    assert manual.append(SECOND) == []


def test_every_large_append_that_finds_no_room_is_told(manual):
    codes = [[event.error.code for event in manual.append(SECOND * 28)] for _ in range(7)]
    assert codes == [[], [], *[["input_audio_buffer_too_large"]] * 5]
    assert "input_audio_buffer.cleared" in types(manual.say("input_audio_buffer.clear"))
    assert manual.append(SECOND * 28) == []


def test_under_turn_detection_only_the_sound_before_a_turn_is_held():
    session = begun(Deaf)
    for _ in range(5):
        assert session.append(SECOND * 60) == []
    assert session.session._input_audio._buffer.held_ms < 2_000


def test_a_turn_without_a_pause_is_a_turn_at_the_limit():
    session = begun(Transcriber)
    for _ in range(7):
        session.append(SECOND * 10)
    assert len(session.of("input_audio_buffer.committed")) == 1
    assert len(session.of("input_audio_buffer.speech_started")) == 2
    assert session.session._input_audio._buffer.held_ms < 12_000


def test_speech_that_waits_for_the_recogniser_is_limited():
    manual = begun(Transcriber, turn_detection=None, transcription={"model": "whisper-1"})
    told = []
    for _ in range(5):
        manual.append(SECOND * 58)
        told.append([event for event in manual.say("input_audio_buffer.commit") if "fail" in event.TYPE])
    assert [len(each) for each in told] == [0, 0, 0, 1, 1]
    assert told[3][0].error.code == "recogniser_overloaded"
    assert len(manual.waits_for(Recognise)) == 1


def test_the_oldest_sound_is_forgotten_and_the_words_stay(manual, monkeypatch):
    monkeypatch.setattr("app.server.default_conversation.MAX_KEPT_SOUND_BYTES", 2_500 * 8)
    item_ids = []
    for _ in range(4):
        manual.append(SECOND)
        events = manual.say("input_audio_buffer.commit")
        item_ids += [event.item_id for event in events if event.TYPE == "input_audio_buffer.committed"]
    sounds = [
        manual.say("conversation.item.retrieve", item_id=item_id)[0].item.content[-1].audio for item_id in item_ids
    ]
    assert [bool(sound) for sound in sounds] == [False, False, True, True]


def test_a_text_too_long(manual):
    told = error(manual.typed("x" * (limits.MAX_TEXT_CHARACTERS + 1)))
    assert (told.code, told.param) == ("string_above_max_length", "item.content[0].text")
    assert types(manual.typed("x" * limits.MAX_TEXT_CHARACTERS)) == [
        "conversation.item.added",
        "conversation.item.done",
    ]


def test_texts_too_long_together(manual):
    codes = []
    for _ in range(limits.MAX_CONVERSATION_CHARACTERS // limits.MAX_TEXT_CHARACTERS + 1):
        codes = [event.error.code for event in manual.typed("x" * limits.MAX_TEXT_CHARACTERS) if event.TYPE == "error"]
    assert codes == ["conversation_too_long"]


def test_too_many_items(manual, monkeypatch):
    monkeypatch.setattr("app.server.default_conversation.MAX_ITEMS", 30)
    for _ in range(30):
        assert "error" not in types(manual.typed("x"))
    assert error(manual.typed("x")).code == "too_many_items"


def test_an_item_with_too_much_sound(manual):
    sound = base64.b64encode(bytes(limits.MAX_APPEND_BYTES // 2 + 2)).decode()
    parts = [{"type": "input_audio", "audio": sound}] * 2
    told = error(manual.say("conversation.item.create", item={"type": "message", "role": "user", "content": parts}))
    assert told.code == "invalid_value"
    assert str(limits.MAX_APPEND_BYTES) in told.message


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 2_000_000}},
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [{}] * 400_000}},
        {"type": "input_audio_buffer.append", "audio": "", "more": [[]] * 400_000},
    ],
    ids=["instructions", "parts", "more"],
)
def test_an_event_that_is_large_for_another_reason_than_sound(manual, event):
    told = error(manual.frame(json.dumps(event)))
    assert told.code == "event_too_large"
    assert "error" not in types(manual.typed("Still here?"))


def test_the_least_sound_is_a_take_still(manual):
    manual.append(SECOND[: MIN_COMMIT_MS * 8])
    assert "input_audio_buffer.committed" in types(manual.say("input_audio_buffer.commit"))
