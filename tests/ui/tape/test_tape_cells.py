"""A timeline as cells: exact width, lengths to scale, and what stands where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.audio.capture import Levels
from app.conversation.transcript import Entry, Latency, Party
from app.ui.tape.cells import EDGE_CELLS, NAME_CELLS, Picture, column_ms_for, columns_in
from app.ui.tape.tape import changed_columns
from app.ui.tape.timeline import KEPT_MS, SILENCE, STEPS, TapeSample, Timeline, height, sound_of

SPEECH = TapeSample(you=4)
ANSWER = TapeSample(assistant=5)


def clock(ms: int) -> str:
    return f"14:02:{ms // 1000 % 60:02}"


def asked(item_id: str = "u1", start_ms: int = 0, end_ms: int | None = 2_000, **fields: Any) -> Entry:
    return Entry(item_id, Party.USER, "What?", True, started_ms=start_ms, ended_ms=end_ms, **fields)


def answered(item_id: str = "a1", start_ms: int = 3_000, end_ms: int | None = 6_000, **fields: Any) -> Entry:
    base = {"received_ms": 3_000, "heard_ms": 3_000, "latency": Latency(first_sound_ms=1_000)}
    return Entry(item_id, Party.ASSISTANT, "This.", True, started_ms=start_ms, ended_ms=end_ms, **{**base, **fields})


def played(
    *entries: Entry, until_ms: int, column_ms: int = 1_000, sounds: dict[int, TapeSample] | None = None
) -> Timeline:
    timeline = Timeline(column_ms)
    for at_ms in range(0, until_ms + 1, 100):
        timeline.sample(at_ms, (sounds or {}).get(at_ms // 1000, SILENCE))
    for entry in entries:
        timeline.put(entry)
    return timeline


def shown(timeline: Timeline, columns: int, chosen: str = "") -> list[str]:
    rows = Picture(timeline, columns + NAME_CELLS + EDGE_CELLS, chosen).rows(clock)
    return ["".join(text for text, _, _ in row)[NAME_CELLS:].rstrip() for row in rows]


def test_both_voices_stand_above_each_other() -> None:
    sounds = {0: SPEECH, 1: TapeSample(you=7), 3: ANSWER, 4: TapeSample(assistant=2), 5: ANSWER}
    timeline = played(asked(), answered(), until_ms=9_900, sounds=sounds)
    you, assistant, _ = shown(timeline, 10)
    assert you == "▄▇"
    assert assistant == "  ┤▅▂▅▁"  # the last second of its turn began, and was silent


@pytest.mark.parametrize(
    ("wait_ms", "column_ms", "lane"),
    [
        (1_000, 1_000, "1.0 s┤▁"),
        (2_000, 1_000, "2.0 s├┤▁"),
        (4_000, 1_000, "4.0 s├──┤▁"),
        (1_100, 100, "├──1.1 s──┤▁"),
        (700, 100, "├0.7 s┤▁"),
        (600, 100, "0.6 s├────┤▁"),
        (40, 100, "0.0 s┤▁"),
    ],
)
def test_the_wait_is_to_scale_and_has_its_number(wait_ms: int, column_ms: int, lane: str) -> None:
    start_ms = 12_000
    entry = answered(start_ms=start_ms, end_ms=start_ms, latency=Latency(first_sound_ms=wait_ms))
    timeline = played(entry, until_ms=start_ms, column_ms=column_ms)
    assert shown(timeline, 13)[1].strip() == lane


def test_where_its_number_has_no_room_it_stands_below() -> None:
    before = answered("a0", 14_000, 18_000, latency=None)
    timeline = played(before, answered(start_ms=20_000, end_ms=22_000), until_ms=29_000)
    _, assistant, marks = shown(timeline, 30)
    assert assistant == " " * 14 + "▁▁▁▁▁┤▁▁▁"
    assert marks == "-30 s" + " " * 10 + "1.0 s" + " " * 5 + "now ▲"


def test_an_interruption_marks_itself_and_what_was_never_heard() -> None:
    cut = answered(end_ms=6_000, is_interrupted=True, heard_ms=3_000, received_ms=7_000)
    sounds = {3: ANSWER, 4: ANSWER, 5: SPEECH, 6: SPEECH}
    you, assistant, marks = shown(played(asked(), cut, until_ms=29_000, sounds=sounds), 30)
    assert you == "     ▄╳"
    assert assistant == "  ┤▅▅▁▁░░░░"
    assert marks == "-30 s barge-in 3.0 s     now ▲"
    nobody = played(asked(), cut, until_ms=29_000, sounds={3: ANSWER})
    assert "stopped 3.0 s" in shown(nobody, 30)[2]


def test_what_was_never_heard_ends_where_the_next_answer_is_waited_for() -> None:
    cut = answered(end_ms=6_000, is_interrupted=True, heard_ms=3_000, received_ms=60_000)
    after = answered("a2", 12_000, 14_000, latency=Latency(first_sound_ms=2_000))
    assert shown(played(cut, after, until_ms=20_000), 21)[1] == "  ┤▁▁▁▁░░░├┤▁▁▁"
    assert shown(played(cut, until_ms=20_000), 21)[1].endswith("░" * 14)  # and never beyond now


def test_an_answer_is_there_when_it_sounds() -> None:
    waiting = answered(end_ms=None, heard_ms=None, latency=None)
    timeline = played(waiting, until_ms=5_000)
    assert shown(timeline, 6)[1] == ""
    assert timeline.hear("a1")
    assert not timeline.hear("a1")
    assert shown(timeline, 6)[1] == "   ▁▁▁"


def test_typed_and_written_turns_are_there() -> None:
    timeline = played(
        asked(is_spoken=False), answered(is_spoken=False, latency=Latency(first_word_ms=900)), until_ms=9_000
    )
    assert shown(timeline, 10)[:2] == ["›", "   ›"]


def test_a_sound_near_the_threshold_is_a_dot_and_crossing_it_a_bar() -> None:
    def at(voice: float, dbfs: float = -20.0) -> TapeSample:
        return sound_of(Levels(input_dbfs=dbfs, voice=voice), 0.6)

    timeline = played(until_ms=4_000, sounds={0: at(0.29), 1: at(0.3), 2: at(0.59), 3: at(0.6), 4: at(0.9, -60.0)})
    assert shown(timeline, 5)[0] == " ··▆"


def test_a_lost_line_marks_itself() -> None:
    timeline = played(until_ms=5_000)
    assert timeline.line(is_lost=True)
    assert not timeline.line(is_lost=True)
    for at_ms in range(5_100, 9_000, 100):
        timeline.sample(at_ms, SPEECH if at_ms > 8_000 else SILENCE)
    assert timeline.line(is_lost=False)
    timeline.sample(19_900, SILENCE)
    you, assistant, marks = shown(timeline, 20)
    assert (you, assistant) == ("     ╌╌╌▄", "     ╌╌╌╌")
    assert marks == "-20 s          now ▲"  # no room beside the other mark
    assert "line lost" in shown(timeline, 30)[2]


def test_times_stand_below_turns() -> None:
    timeline = played(asked("u1", 20_000, 22_000), asked("u2", 26_000, 28_000), until_ms=45_000)
    assert shown(timeline, 46)[2] == "-46 s" + " " * 21 + "14:02:26" + " " * 7 + "now ▲"


def test_the_turn_pointed_at_is_named_and_marked() -> None:
    timeline = played(asked("u1", 10_000, 12_000), answered(start_ms=20_000, end_ms=22_000), until_ms=39_000)
    rows = Picture(timeline, 48, "u1").rows(clock)
    assert "▲ 14:02:10 you" in "".join(text for text, _, _ in rows[2])
    assert [text for text, _, is_here in rows[0] if is_here] == ["   "]
    assert not any(is_here for row in rows[1:] for _, _, is_here in row)


@pytest.mark.parametrize(("x", "party", "item_id"), [
    (0, None, "u1"), (NAME_CELLS + 1, Party.USER, "u1"), (NAME_CELLS + 5, Party.ASSISTANT, "a1"),
    (NAME_CELLS + 30, None, "u2"), (NAME_CELLS + 11, None, "u2"), (NAME_CELLS + 30, Party.ASSISTANT, "a1"),
])  # fmt: skip
def test_a_place_is_a_turn(x: int, party: Party | None, item_id: str) -> None:
    timeline = played(asked(), answered(), asked("u2", 12_000, 13_000), until_ms=39_000)
    turn = Picture(timeline, 48).turn_at(x, party)
    assert turn is not None
    assert turn.item_id == item_id


def test_nowhere_is_no_turn() -> None:
    assert Picture(Timeline(), 48).turn_at(10, None) is None


@given(st.integers(0, 400))
def test_a_tape_holds_a_minute_at_least_and_little_more(width: int) -> None:
    column_ms, columns = column_ms_for(width), columns_in(width)
    assert column_ms % 100 == 0
    if columns:
        assert 60_000 <= columns * column_ms < 60_000 + 100 * columns


MOMENTS = st.integers(0, 150_000)
PARTIES = st.sampled_from([Party.USER, Party.ASSISTANT, Party.PROGRAM])
ENTRIES = st.builds(
    Entry, st.text("abc", min_size=1, max_size=1), PARTIES, is_spoken=st.booleans(), is_interrupted=st.booleans(),
    started_ms=MOMENTS, ended_ms=st.none() | MOMENTS, received_ms=MOMENTS, heard_ms=st.none() | MOMENTS,
    latency=st.none() | st.builds(Latency, first_sound_ms=st.none() | MOMENTS),
)  # fmt: skip
SOUNDS = st.builds(TapeSample, st.integers(0, STEPS), st.booleans(), st.integers(0, STEPS))
HAPPENINGS = st.lists(st.tuples(st.integers(-500, 9_000), SOUNDS, st.none() | ENTRIES, st.booleans()), max_size=30)


@given(HAPPENINGS, st.integers(0, 130), st.sampled_from("abc"))
def test_whatever_happens_every_row_is_as_wide_as_the_tape(happenings: Any, width: int, chosen: str) -> None:
    timeline, now_ms = Timeline(column_ms_for(width)), 0
    for step_ms, sound, entry, is_lost in happenings:
        now_ms += step_ms
        timeline.sample(now_ms, sound)
        if entry is not None:
            timeline.put(entry)
        timeline.line(is_lost=is_lost)
    rows = Picture(timeline, width, chosen).rows(clock)
    assert len(rows) == 3
    for row in rows:
        assert sum(cell_len(text) for text, _, _ in row) == width
        assert sum(len(text) for text, _, _ in row) == width


@given(HAPPENINGS, st.integers(20, 130))
def test_what_is_said_to_be_the_same_is_the_same(happenings: Any, width: int) -> None:
    timeline, now_ms = Timeline(column_ms_for(width)), 0
    for step_ms, sound, entry, is_lost in happenings:
        now_ms += step_ms
        before = Picture(timeline, width).rows(clock)
        has_changed = timeline.sample(now_ms, sound)
        has_changed |= entry is not None and timeline.put(entry)
        has_changed |= timeline.line(is_lost=is_lost)
        after = Picture(timeline, width).rows(clock)
        assert has_changed or before == after
        for old, new in zip(before, after, strict=True):
            start, end = changed_columns(old, new)
            old_text, new_text = ("".join(text for text, _, _ in row) for row in (old, new))
            assert old_text[:start] + new_text[start:end] + old_text[end:] == new_text


@given(st.lists(st.tuples(st.integers(0, 2_000), SOUNDS), max_size=40), st.integers(1, 30), st.integers(1, 30))
def test_another_width_shows_the_same_sounds(samples: list[tuple[int, TapeSample]], first: int, second: int) -> None:
    resized, fresh, now_ms = Timeline(first * 100), Timeline(second * 100), 0
    for step_ms, sound in samples:
        now_ms += step_ms
        resized.sample(now_ms, sound)
        fresh.sample(now_ms, sound)
    resized.set_column(second * 100)
    newest = now_ms // (second * 100)
    for number in range(max(0, newest - (KEPT_MS // 2) // (second * 100)), newest + 1):
        assert resized.column(number) == fresh.column(number)


def test_what_is_old_is_forgotten() -> None:
    timeline = Timeline(100)
    for number in range(0, 20 * KEPT_MS, 1_000):
        timeline.put(asked(str(number), number, number + 10))
        timeline.line(is_lost=number % 2_000 == 0)
        timeline.sample(number, SPEECH)
    assert len(timeline.turns(0)) <= KEPT_MS // 1_000 + 2
    assert len(timeline.losses) <= KEPT_MS // 1_000 + 2
    assert timeline.column(0) == SILENCE
    later_ms = 30 * KEPT_MS
    assert timeline.sample(later_ms, SILENCE)  # what was on it is gone
    assert not any(timeline.sample(later_ms + step_ms, SILENCE) for step_ms in range(100, 10_000, 100))


def test_levels_have_heights() -> None:
    assert [height(dbfs) for dbfs in (-100.0, -48.0, -30.0, -12.0, 0.0, float("nan"))] == [1, 1, 4, STEPS, STEPS, 1]
