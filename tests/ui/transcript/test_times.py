"""The times of a turn: what is told, beside what is usual, in whatever room there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.conversation.transcript import Latency
from app.ui.transcript.times import Usual, times_rows, usual_in
from tests.ui.fakes import assistant, user


def latency(turn_ms: int, service_ms: int, playback_ms: int | None) -> Latency:
    whole = turn_ms + service_ms + (playback_ms or 0)
    return Latency(turn_ms + service_ms, whole if playback_ms is not None else None, turn_ms, service_ms, playback_ms)


def lines(entry, usual, room):
    return ["".join(text for text, _ in row).rstrip() for row in times_rows(entry, usual, room)]


ANSWER = assistant(latency=latency(500, 550, 120))
USUAL = Usual(turn_ms=500, service_ms=620, playback_ms=90, answered_ms=1210, answers=12)


def test_a_waterfall_from_the_end_of_speech_to_the_first_sound_beside_the_median():
    assert lines(ANSWER, USUAL, 76) == [
        "end of speech    0.00 s  │",
        "end of turn     +0.50 s  ███████████████                     median  +0.50 s",
        "first byte      +0.55 s                ████████████████ ┊    median  +0.62 s",
        "first sound     +0.12 s                               ████┊  median  +0.09 s",
        "answered         1.17 s  the median is of 12 answers         median   1.21 s",
    ]


def test_with_less_room_the_bar_leaves_first_then_the_median():
    assert lines(ANSWER, USUAL, 45)[2] == "first byte      +0.55 s  median  +0.62 s"
    assert lines(ANSWER, USUAL, 30)[2] == "first byte      +0.55 s"
    assert lines(ANSWER, USUAL, 18)[2] == "first byte +0.55 s"


def test_of_a_written_answer_there_is_the_first_word_and_no_sound():
    told = lines(assistant(is_spoken=False, latency=latency(0, 800, None)), Usual(), 76)
    assert [line.split("  ")[0] for line in told] == ["end of speech", "end of turn", "first word", "answered"]
    assert not any("median" in line for line in told[:-1])


def test_where_nothing_was_measured_it_is_said():
    assert lines(assistant(), USUAL, 60) == ["no times: nobody had asked"]
    assert lines(user(is_spoken=False), USUAL, 60) == ["no times: it was typed"]
    assert lines(user(started_ms=1000, ended_ms=4200), USUAL, 60) == ["spoken in 3.2 s"]
    assert lines(user(started_ms=1000, ended_ms=None), USUAL, 60) == ["no times: it is still being said"]


def test_usual_is_the_median_of_what_was_measured():
    entries = [assistant(latency=latency(*parts)) for parts in ((100, 200, 30), (300, 400, 50), (500, 900, None))]
    assert usual_in([*entries, assistant(), user()]) == Usual(300, 400, 40, 750, 3)
    assert usual_in([]) == Usual()


PART = st.one_of(st.none(), st.integers(0, 100_000))


@given(st.tuples(PART, PART, PART, PART, PART), st.tuples(PART, PART, PART, PART, st.integers(0, 50)),
       st.integers(1, 200))  # fmt: skip
def test_whatever_the_figures_no_row_is_wider_than_its_room(parts, usual, room):
    for row in times_rows(assistant(latency=Latency(*parts)), Usual(*usual), room):
        assert cell_len("".join(text for text, _ in row)) <= room
