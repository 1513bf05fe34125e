"""Server VAD, semantic VAD and no VAD: where turns begin and end, on the time line of the sound."""

from __future__ import annotations

import pytest

from app.protocol.session import SemanticVad
from app.server.session_outputs import Recognise, Respond
from app.server.turn_detection import TurnDetector, TurnStep, silence_window_ms
from tests.server.driver import Driver, error, sound, types


def steps(probabilities, threshold=0.5, silence_ms=96.0):
    detector = TurnDetector()
    return [detector.feed(p, threshold, silence_ms) for p in probabilities]


S, B, T, P, R, E = (
    TurnStep.SILENCE,
    TurnStep.STARTED,
    TurnStep.SPEECH,
    TurnStep.PAUSE,
    TurnStep.RESUMED,
    TurnStep.STOPPED,
)


@pytest.mark.parametrize(
    ("probabilities", "threshold", "expected"),
    [
        ([0.1, 0.6, 0.1], 0.5, [S, S, S]),  # a click
        ([0.1, 0.6, 0.6], 0.5, [S, S, B]),
        ([0.95], 0.5, [B]),
        ([0.95, 0.95], 0.97, [S, S]),
        ([0.6, 0.5, 0.6], 0.55, [S, S, S]),  # not in a row
        ([0.6, 0.6, 0.4, 0.4, 0.4, 0.4], 0.5, [S, B, T, T, T, T]),  # sways below the threshold, no pause
        ([0.6, 0.6, 0.3, 0.3, 0.3], 0.5, [S, B, P, P, E]),
        ([0.6, 0.6, 0.3, 0.4, 0.4], 0.5, [S, B, P, P, E]),  # in a pause, the same does not end it
        ([0.6, 0.6, 0.3, 0.6, 0.3, 0.3, 0.3], 0.5, [S, B, P, R, P, P, E]),
        ([0.1, 0.1, 0.0, 0.0, 0.0], 0.1, [S, B, P, P, E]),  # the lower mark is floored
        ([0.0, 0.0], 0.0, [S, B]),
        ([1.0], 1.0, [B]),
    ],
)
def test_steps(probabilities, threshold, expected):
    assert steps(probabilities, threshold) == expected


def test_a_turn_under_server_vad_is_told_in_the_order_of_the_reference():
    talk = Driver()
    new = talk.hear((0.0, 1024), (0.8, 1024), (0.0, 1024))
    assert types(new) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    started, stopped, committed, added = new[:4]
    assert started.item_id == stopped.item_id == committed.item_id == added.item.id
    # Speech begins at 1024 ms less 300 ms of padding, and ends after 500 ms of silence, in frames of 32 ms.
    assert abs(started.audio_start_ms - 724) <= 32
    assert abs(stopped.audio_end_ms - 2560) <= 64


def test_prefix_padding_is_in_the_committed_sound_and_silence_is_dropped_from_the_buffer():
    talk = Driver()
    talk.hear((0.0, 10_000), (0.8, 512), (0.0, 640))
    started, stopped = talk.of("input_audio_buffer.speech_started")[0], talk.of("input_audio_buffer.speech_stopped")[0]
    (item,) = [event.item for event in talk.say("conversation.item.retrieve", item_id=started.item_id)]
    assert len(item.content[0].audio) // 48 == pytest.approx(stopped.audio_end_ms - started.audio_start_ms, abs=1)
    assert set(item.content[0].audio[: 200 * 48]) == {0}


@pytest.mark.parametrize("chunk_ms", [1, 7, 100, 3000])
def test_chunks_and_the_speed_of_sending_do_not_matter(chunk_ms):
    talk, other = Driver(), Driver()
    script = ((0.0, 500), (0.8, 700), (0.2, 300), (0.8, 500), (0.0, 900))
    one = talk.hear(*script, chunk_ms=20)
    two = other.hear(*script, chunk_ms=chunk_ms)
    assert types(one) == types(two)
    assert one[0].audio_start_ms == two[0].audio_start_ms
    assert one[1].audio_end_ms == two[1].audio_end_ms


def test_the_time_line_counts_all_sound_ever_appended():
    talk = Driver()
    for _ in range(2):
        talk.hear((0.8, 500), (0.0, 1000))
        talk.say("input_audio_buffer.clear")
    first, second = talk.of("input_audio_buffer.speech_started")
    assert abs(second.audio_start_ms - first.audio_start_ms - 1500) <= 64


def test_threshold_and_window_change_at_once():
    talk = Driver()
    assert talk.hear((0.4, 500)) == []
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.3}}})
    assert types(talk.hear((0.4, 500))) == ["input_audio_buffer.speech_started"]
    assert talk.hear((0.0, 300)) == []
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}})
    assert types(talk.hear((0.0, 40)))[:1] == ["input_audio_buffer.speech_stopped"]


@pytest.mark.parametrize(("create", "expected"), [(True, 1), (False, 0)])
def test_create_response(create, expected):
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "create_response": create}}})
    talk.hear((0.8, 500), (0.0, 640))
    assert len(talk.of("input_audio_buffer.committed")) == 1
    assert len(talk.of("response.created")) == expected


def test_without_turn_detection_only_the_client_commits():
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": None}})
    assert talk.hear((0.8, 500), (0.0, 2000)) == []
    assert types(talk.say("input_audio_buffer.commit")) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert len(talk.job(Recognise).samples_16k) == pytest.approx(2500 * 16, abs=100)
    assert error(talk.say("input_audio_buffer.commit")).code == "input_audio_buffer_commit_empty"


def test_silence_committed_by_hand_has_no_words_and_asks_nobody():
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": None, "transcription": {"model": "any"}}})
    talk.hear((0.1, 800))
    new = talk.say("input_audio_buffer.commit")
    assert new[-1].TYPE == "conversation.item.input_audio_transcription.completed"
    assert new[-1].transcript == ""
    assert talk.jobs == []


@pytest.mark.parametrize(("ms", "said"), [(0, "0.00ms"), (99, "99.00ms"), (100, None)])
def test_a_commit_needs_100_ms(ms, said):
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": None}})
    talk.append(sound(0.8, ms))
    new = talk.say("input_audio_buffer.commit", event_id="mine")
    if said is None:
        assert new[0].TYPE == "input_audio_buffer.committed"
    else:
        refused = error(new)
        assert (refused.type, refused.code) == ("invalid_request_error", "input_audio_buffer_commit_empty")
        assert said in refused.message
        assert refused.event_id == "mine"


def test_a_commit_under_vad_cuts_the_turn_where_it_is():
    talk = Driver()
    talk.hear((0.8, 1000))
    committed = talk.say("input_audio_buffer.commit")[0]
    assert committed.item_id == talk.of("input_audio_buffer.speech_started")[0].item_id
    assert talk.of("response.created") == []
    talk.hear((0.8, 500), (0.0, 640))
    assert len(talk.of("input_audio_buffer.committed")) == 2


def test_a_clear_throws_the_turn_away():
    talk = Driver()
    talk.hear((0.8, 1000), (0.0, 200))
    assert talk.waits_for(Recognise)
    assert types(talk.say("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    assert talk.jobs == []
    assert talk.hear((0.0, 1000)) == []


def test_turn_detection_off_in_the_middle_of_a_turn_leaves_it_to_the_client():
    talk = Driver()
    talk.hear((0.8, 1000))
    talk.update(audio={"input": {"turn_detection": None}})
    talk.hear((0.0, 2000))
    assert talk.of("input_audio_buffer.speech_stopped") == []
    assert talk.say("input_audio_buffer.commit")[0].TYPE == "input_audio_buffer.committed"


def test_semantic_vad_waits_longer_where_the_words_go_on_and_shorter_where_they_end():
    ended = {}
    for words in ("I would like to know the", "That is all I want."):
        talk = Driver()
        talk.update(audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
        talk.hear((0.8, 1000), (0.0, 160))
        talk.recognise(words)
        talk.hear((0.0, 3000))
        ended[words] = talk.of("input_audio_buffer.speech_stopped")[0].audio_end_ms
    assert ended["That is all I want."] < 1500 < ended["I would like to know the"]


@pytest.mark.parametrize(
    ("eagerness", "words", "window_ms"),
    [
        ("auto", None, 600),
        ("medium", "", 600),
        ("high", "Yes", 300),
        ("low", "Yes.", 720),
        ("high", "Well,", 750),
        ("auto", "I think that.", 1500),
        ("auto", "Give me a...", 1500),
    ],
)
def test_semantic_windows(eagerness, words, window_ms):
    assert silence_window_ms(SemanticVad(eagerness=eagerness), words) == pytest.approx(window_ms)


def test_nobody_speaks_for_the_idle_timeout_after_the_answer_was_heard():
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}})
    talk.append(sound(0.0, 6000))
    assert talk.tick(60.0) == []  # nothing was said yet
    talk.full_answer("Hello.", ms=2000)
    assert talk.session.next_tick_at == pytest.approx(talk.now + 7.0)
    assert talk.tick(6.9) == []
    new = talk.tick(0.2)
    assert types(new) == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert (new[0].audio_start_ms, new[0].audio_end_ms) == pytest.approx((1000, 6000), abs=5)
    assert talk.job(Respond).prompt.messages[-1].role == "assistant"


def test_speech_stops_the_idle_time():
    talk = Driver()
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}})
    talk.full_answer("Hello.")
    talk.hear((0.8, 500))
    assert talk.tick(20.0) == []
