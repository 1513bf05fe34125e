"""The example's user waits for answers, and interrupts where that is meant."""

from __future__ import annotations

from pathlib import Path

from app.audio.example import CLIPS, Clip, load
from app.conversation.status import State
from app.live.example import INTERRUPT_AFTER_MS, PATIENCE_MS, PAUSE_MS, ExampleDirector

ASK = Clip("ask", Path("ask.wav"), interrupts=False)
STOP = Clip("stop", Path("stop.wav"), interrupts=True)
END = Clip("end", Path("end.wav"), interrupts=False)


def director(*clips: Clip, is_automatic: bool = True) -> ExampleDirector:
    return ExampleDirector(clips, is_automatic=is_automatic)


def test_speaks_first_when_the_microphone_has_been_open_for_a_moment():
    example = director(ASK)
    assert example.due_ms is None
    example.observe(State.LISTENING, 500)
    assert example.due_ms == 500 + PAUSE_MS


def test_waits_for_the_whole_answer():
    example = director(ASK, END)
    example.observe(State.LISTENING, 0)
    assert example.take(1000, 2000) == ASK
    for at, state in ((1100, State.HEARING), (3500, State.THINKING), (3800, State.SPEAKING)):
        example.observe(state, at)
        assert example.due_ms is None
    example.observe(State.LISTENING, 9000)
    assert example.due_ms == 9000 + PAUSE_MS


def test_interrupts_an_answer_that_has_gone_on_for_a_while():
    example = director(ASK, STOP)
    example.observe(State.LISTENING, 0)
    example.take(1000, 2000)
    example.observe(State.SPEAKING, 4000)
    assert example.due_ms == 4000 + INTERRUPT_AFTER_MS


def test_says_it_all_the_same_when_the_answer_was_too_short_to_interrupt():
    example = director(ASK, STOP)
    example.observe(State.LISTENING, 0)
    example.take(1000, 2000)
    example.observe(State.SPEAKING, 4000)
    example.observe(State.LISTENING, 5000)
    assert example.due_ms == 5000 + PAUSE_MS
    assert example.take(6000, 100).text == "stop"
    assert example.is_over


def test_goes_on_when_nobody_answers():
    example = director(ASK, END)
    example.observe(State.LISTENING, 0)
    example.take(1000, 2000)
    assert example.due_ms == 3000 + PATIENCE_MS


def test_says_nothing_by_itself_when_it_is_only_offered():
    example = director(ASK, is_automatic=False)
    example.observe(State.READY, 0)
    assert example.due_ms is None
    assert example.next_clip == ASK


def test_the_clips_that_ship_can_be_read():
    for clip in CLIPS:
        samples, rate_hz = load(clip)
        assert rate_hz == 16_000
        assert 0.5 < len(samples) / rate_hz < 6
    assert any(clip.interrupts for clip in CLIPS)
