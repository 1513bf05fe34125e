"""The playback ring: every sample once and in order, silence after a flush, exact accounts."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audio import pcm
from app.audio.playback import Began, PlaybackRing, PlayedOut

RATE = pcm.WIRE_RATE_HZ
FADE_FRAMES = 192
STAND_IN = RATE * 140 // 1000  # so long something stands in for sound that is late
FADE = np.linspace(1.0, 0.0, FADE_FRAMES, dtype=np.float32)


def sound(frames, value=0.25):
    return pcm.to_pcm16(np.full(frames, value, dtype=np.float32))


def render(ring, frames):
    out = np.full(frames, np.nan, dtype=np.float32)
    ring.render(out)
    return out


# ------------------------------------------------------------------------------- whatever the order

ITEMS = st.sampled_from(["a", "b", "c", "d"])
STEP = st.one_of(
    st.tuples(st.just("play"), ITEMS, st.integers(1, 900)),
    st.tuples(st.just("play"), ITEMS, st.integers(1, 900)),
    st.tuples(st.just("finish"), ITEMS, st.just(0)),
    st.tuples(st.just("render"), st.just(""), st.integers(1, 700)),
    st.tuples(st.just("render"), st.just(""), st.integers(1, 700)),
    st.tuples(st.just("flush"), st.just(""), st.just(0)),
)


class Listener:
    """Gives every sample a value of its own and checks what comes out against what was given."""

    def __init__(self, prebuffer_ms):
        self.ring = PlaybackRing(prebuffer_ms=prebuffer_ms, conceals=False)
        self.next_value = 1
        self.given = {}  # item -> values still to come, in order
        self.heard = {}  # item -> frames that came out
        self.flushed = {}  # item -> what flush said, frames that had come out, values that had not
        self.refused = set()
        self.fading = np.zeros(0, dtype=np.float32)

    def play(self, item, frames):
        values = np.arange(self.next_value, self.next_value + frames, dtype=np.float32)
        self.next_value += frames
        if item not in self.refused:
            self.given[item] = np.concatenate([self.given.get(item, values[:0]), values])
            self.heard.setdefault(item, 0)
        self.ring.play(item, values.astype("<i2").tobytes())

    def flush(self):
        for item, heard_ms in self.ring.flush().items():
            self.flushed[item] = (heard_ms, self.heard.pop(item), self.given.pop(item))
            self.refused.add(item)
        assert not self.given

    def render(self, frames):
        out = render(self.ring, frames) * 32768
        self.settle_flushed(out[0])
        fading, self.fading = self.fading[:frames], self.fading[frames:]
        assert out[: fading.size] == pytest.approx(fading, rel=1e-5)
        values = out[fading.size :]
        values = values[values != 0]
        while values.size:
            item = next(item for item, left in self.given.items() if left.size and left[0] == values[0])
            left = self.given[item]
            both = min(left.size, values.size)
            differ = np.flatnonzero(left[:both] != values[:both])
            count = int(differ[0]) if differ.size else both
            self.given[item], values = left[count:], values[count:]
            self.heard[item] += count

    def settle_flushed(self, first):
        """Of the items flushed since the last block, the one that sounded now fades, as was accounted."""
        for heard_ms, seen, left in self.flushed.values():
            faded = 0
            if left.size and left[0] == first:
                faded = min(left.size, FADE_FRAMES)
                self.fading = left[:faded] * FADE[:faded]
            assert heard_ms == (seen + faded) * 1000 // RATE
        self.flushed.clear()


@settings(max_examples=120, deadline=None)
@given(st.lists(STEP, max_size=30), st.sampled_from([0, 5, 40]))
def test_every_sample_sounds_once_and_in_order_and_nothing_after_a_flush(steps, prebuffer_ms):
    listener = Listener(prebuffer_ms)
    for what, item, frames in steps:
        match what:
            case "play":
                listener.play(item, frames)
            case "finish":
                listener.ring.finish(item)
            case "render":
                listener.render(frames)
            case _:
                listener.flush()
    for item in listener.given:
        listener.ring.finish(item)
    listener.render(listener.next_value + FADE_FRAMES)
    assert not any(left.size for left in listener.given.values())
    told = listener.ring.news()
    frames = {item: frames for item, frames in listener.heard.items() if frames >= RATE // 1000}
    assert [each.item_id for each in told if isinstance(each, Began)] == list(frames)
    assert {each.item_id: each.played_ms for each in told if isinstance(each, PlayedOut)} == {
        item: heard * 1000 // RATE for item, heard in frames.items()
    }
    assert listener.ring.news() == []
    assert listener.ring.flush() == {}


# ------------------------------------------------------------------------------------ by name


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100, 48_000])
def test_a_finished_item_is_heard_whole_at_any_output_rate(rate_hz):
    ring = PlaybackRing(rate_hz)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    data = pcm.to_pcm16(tone)
    for at in range(0, len(data), 4321):  # odd sizes: samples cut in two
        ring.play("a", data[at : at + 4321])
    ring.finish("a")
    heard = render(ring, rate_hz + 1000)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    assert heard[100 : rate_hz - 100] == pytest.approx(wanted[100:-100], abs=2e-3)
    assert not heard[rate_hz:].any()
    assert ring.news() == [Began("a"), PlayedOut("a", 1000)]


def test_minutes_given_at_once_are_all_held():
    ring = PlaybackRing(48_000)
    for _ in range(180):
        ring.play("long", sound(RATE))
    ring.finish("long")
    assert render(ring, 179 * 48_000).all()
    assert ring.news() == [Began("long")]
    render(ring, 2 * 48_000)
    assert ring.news() == [PlayedOut("long", 180_000)]


def test_an_unfinished_item_waits_for_the_prebuffer_and_begins_by_itself():
    ring = PlaybackRing(prebuffer_ms=40)
    ring.play("a", sound(480))
    assert not render(ring, 480).any()
    assert not render(ring, 480).any()
    assert render(ring, 480).all()


def test_much_sound_in_hand_begins_at_once():
    ring = PlaybackRing(prebuffer_ms=40)
    ring.play("a", sound(RATE // 5))
    assert render(ring, 240).all()


def test_a_finished_item_and_one_followed_by_another_begin_at_once():
    ring = PlaybackRing(prebuffer_ms=40)
    ring.play("a", sound(100))
    ring.finish("a")
    assert render(ring, 100).all()
    ring.play("b", sound(100, 0.125))
    ring.play("c", sound(100, 0.5))
    ring.finish("c")
    assert render(ring, 300).tolist() == [0.125] * 100 + [0.5] * 100 + [0.0] * 100


def test_an_item_that_ran_dry_waits_longer_when_its_sound_goes_on():
    ring = PlaybackRing(prebuffer_ms=10)
    ring.play("a", sound(1000))
    render(ring, STAND_IN + 1200)
    ring.play("a", sound(300))
    assert not render(ring, 240).any()  # 10 ms were enough the first time
    assert not render(ring, 240).any()
    assert render(ring, 240)[1:].all()


def test_an_item_without_a_break_takes_the_longer_wait_back():
    ring = PlaybackRing(prebuffer_ms=10)
    ring.play("a", sound(1000))
    render(ring, STAND_IN + 1200)
    ring.play("a", sound(1000))  # a break: from now on 20 ms are waited for
    ring.finish("a")
    render(ring, 2400)
    ring.play("b", sound(300))
    assert not render(ring, 240).any()
    assert render(ring, 240).all()


def test_an_item_is_over_when_the_next_one_sounds_even_if_nobody_said_so():
    ring = PlaybackRing()
    ring.play("a", sound(480))
    ring.play("b", sound(480))
    ring.finish("b")
    render(ring, 1200)
    assert ring.news() == [Began("a"), PlayedOut("a", 20), Began("b"), PlayedOut("b", 20)]
    assert ring.flush() == {}


def test_finishing_a_dry_item_is_no_break_at_a_rate_with_a_tail():
    ring = PlaybackRing(48_000, prebuffer_ms=10)
    for _ in range(2):  # a break: from now on 20 ms are waited for
        ring.play("a", sound(2400))
        render(ring, 9600)
    ring.finish("a")
    render(ring, 1000)
    assert ring.news() == [Began("a"), PlayedOut("a", 200)]
    ring.play("b", sound(300))
    assert not render(ring, 480).any()  # the end without a further break took the longer wait back
    assert render(ring, 480)[100:].all()
    assert ring.news() == [Began("b")]


def test_a_flush_fades_within_ten_milliseconds_and_counts_the_fade():
    ring = PlaybackRing(48_000)
    ring.play("a", sound(RATE))
    ring.finish("a")
    before = render(ring, 4800)
    heard = ring.flush()
    ring.play("a", sound(RATE))
    after = render(ring, 4800)
    assert heard == {"a": 108}
    assert abs(after[0] - before[-1]) < 0.01
    assert np.abs(np.diff(after)).max() < 0.01
    assert not after[480:].any()
    assert ring.news() == []


def test_flushing_what_has_not_begun_to_sound_gives_no_sound():
    ring = PlaybackRing()
    ring.play("a", sound(RATE))
    assert ring.flush() == {"a": 0}
    assert not render(ring, 4800).any()


def test_after_a_flush_another_item_sounds_and_the_flushed_one_never():
    ring = PlaybackRing()
    ring.play("a", sound(RATE))
    render(ring, 240)
    ring.flush()
    ring.play("b", sound(100, 0.5))
    ring.play("a", sound(100, 0.25))
    ring.finish("b")
    ring.finish("a")
    out = render(ring, 1000)
    assert out[FADE_FRAMES : FADE_FRAMES + 100].tolist() == [0.5] * 100
    assert not out[FADE_FRAMES + 100 :].any()


def test_ducking_is_reached_by_a_ramp_and_taken_back():
    ring = PlaybackRing()
    ring.play("a", sound(RATE, 0.5))
    ring.finish("a")
    render(ring, 240)
    ring.duck(-20)
    quiet = render(ring, 960)
    assert np.abs(np.diff(quiet)).max() < 0.005
    assert quiet[-1] == pytest.approx(0.05, abs=1e-4)
    ring.duck(0)
    assert render(ring, 960)[-1] == 0.5


def test_the_volume_is_reached_by_a_ramp_and_holds_below_ducking():
    ring = PlaybackRing()
    ring.play("a", sound(RATE, 0.5))
    ring.finish("a")
    render(ring, 240)
    ring.set_volume(0.25)
    quiet = render(ring, 960)
    assert np.abs(np.diff(quiet)).max() < 0.005
    assert quiet[-1] == pytest.approx(0.125, abs=1e-4)
    ring.duck(-20)
    assert render(ring, 960)[-1] == pytest.approx(0.0125, abs=1e-4)
    ring.duck(0)
    assert render(ring, 960)[-1] == pytest.approx(0.125, abs=1e-4)
    ring.set_volume(1.0)
    assert render(ring, 960)[-1] == 0.5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(1, 900)), max_size=12))
def test_whatever_the_volume_all_of_it_counts_as_heard_and_nothing_clicks(steps):
    ring = PlaybackRing()
    ring.play("a", sound(RATE, 0.5))
    ring.finish("a")
    heard = [render(ring, 480)]
    for factor, frames in steps:
        ring.set_volume(factor)
        heard.append(render(ring, frames))
    joined = np.concatenate(heard)
    assert np.abs(np.diff(joined)).max() <= 0.5 / (0.020 * RATE) + 1e-5
    assert ring.flush() == {"a": min(RATE, joined.size + FADE_FRAMES) * 1000 // RATE}


def test_level_is_that_of_the_last_block():
    ring = PlaybackRing()
    assert ring.level_dbfs == pcm.FLOOR_DBFS
    ring.play("a", sound(240, 0.1))
    ring.finish("a")
    render(ring, 240)
    assert ring.level_dbfs == pytest.approx(-20, abs=0.1)
    render(ring, 240)
    assert ring.level_dbfs == pcm.FLOOR_DBFS


@pytest.mark.parametrize(("gain_db", "level"), [(0, -20), (-12, -32)])
def test_level_is_as_loud_as_it_sounds(gain_db, level):
    ring = PlaybackRing()
    ring.play("a", sound(RATE, 0.1))
    ring.finish("a")
    render(ring, 240)
    ring.duck(gain_db)
    for _ in range(3):
        out = render(ring, 480)
    assert pcm.level_dbfs(out) == pytest.approx(level, abs=0.1)
    assert ring.level_dbfs == pytest.approx(level, abs=0.1)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 900)), min_size=1, max_size=6), st.integers(5, 500)
)
def test_render_tells_when_an_item_begins_and_when_all_of_one_has_sounded_and_no_more(portions, block):
    ring = PlaybackRing(prebuffer_ms=0)
    for item, frames in portions:
        ring.play(item, sound(frames))
    told = []
    calls = 0
    out = np.empty(block, dtype=np.float32)
    for _ in range(sum(frames for _, frames in portions) // block + 5):
        if ring.render(out):
            calls += 1
            told += ring.news()
    wanted = []
    for item in dict.fromkeys(item for item, _ in portions):
        frames = sum(frames for name, frames in portions if name == item)
        wanted += [Began(item), PlayedOut(item, frames * 1000 // RATE)] if frames >= 24 else []
    assert told == wanted
    assert ring.news() == []
    assert calls <= 2 * 2 * (1 + 24 // block)


def test_finishing_tells_whether_all_of_it_has_sounded():
    ring = PlaybackRing(prebuffer_ms=0)
    ring.play("a", sound(240))
    ring.play("b", sound(240))
    render(ring, 240)
    assert ring.finish("a")
    assert not ring.finish("b")
    assert not ring.finish("unknown")


def test_play_and_render_from_two_threads_lose_nothing():
    ring = PlaybackRing(prebuffer_ms=0, conceals=False)
    values = np.arange(1, 24_001, dtype="<i2")

    def give():
        for at in range(0, values.size, 160):
            ring.play("a", values[at : at + 160].tobytes())
        ring.finish("a")

    giver = threading.Thread(target=give)
    giver.start()
    out = [render(ring, 100)]
    told = []
    while giver.is_alive() or PlayedOut("a", 1000) not in told:
        out.append(render(ring, 100))
        told += ring.news()
    giver.join()
    heard = np.concatenate(out) * 32768
    assert np.array_equal(heard[heard != 0], values)


# ------------------------------------------------------------------------------------ another output


def tone(seconds, rate_hz):
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz)


@pytest.mark.parametrize("rates_hz", [(24_000, 24_000), (48_000, 24_000), (24_000, 48_000), (44_100, 48_000)])
@pytest.mark.parametrize("is_finished", [True, False])
def test_another_output_goes_on_where_the_one_before_stopped(rates_hz, is_finished):
    ring = PlaybackRing()
    ring.play("a", pcm.to_pcm16(tone(1, RATE)[: RATE // 2]))  # before there is any output
    ring.attach("first", rates_hz[0])
    ring.play("a", pcm.to_pcm16(tone(1, RATE)[RATE // 2 :]))
    if is_finished:
        ring.finish("a")
    first = np.full(rates_hz[0] * 3 // 10, np.nan, dtype=np.float32)
    ring.render(first, "first")
    ring.attach("second", rates_hz[1])
    refused, second = np.full(480, np.nan, dtype=np.float32), np.full(rates_hz[1], np.nan, dtype=np.float32)
    assert not ring.render(refused, "first")
    ring.finish("a")
    ring.render(second, "second")
    assert not refused.any()
    assert first == pytest.approx(tone(0.3, rates_hz[0]), abs=0.02)
    expected = tone(1, rates_hz[1])[rates_hz[1] * 3 // 10 :]
    middle = slice(rates_hz[1] // 200, expected.size - rates_hz[1] // 200)
    assert second[middle] == pytest.approx(expected[middle], abs=0.02)
    assert not second[expected.size + 2 :].any()
    assert ring.news() == [Began("a"), PlayedOut("a", 1000)]


def test_a_flush_counts_what_was_heard_at_both_rates():
    ring = PlaybackRing()
    ring.attach("first", 48_000)
    ring.play("a", sound(RATE))
    ring.render(np.empty(4800, dtype=np.float32), "first")
    ring.attach("second", 44_100)
    ring.render(np.empty(8820, dtype=np.float32), "second")
    assert ring.flush() == {"a": 308}


def test_nobody_is_handed_anything_while_the_ring_is_detached():
    ring = PlaybackRing()
    ring.play("a", sound(RATE))
    render(ring, 240)
    ring.detach()
    assert not render(ring, 480).any()
    assert ring.flush() == {"a": 10}


def test_what_sounds_now_is_told_to_whoever_looks():
    ring = PlaybackRing(prebuffer_ms=0)
    assert ring.heard_now is None
    ring.play("a", sound(2400))
    assert ring.heard_now is None  # it waits
    render(ring, 1200)
    assert ring.heard_now == ("a", 50)
    render(ring, 2400)
    assert ring.heard_now == ("a", 100)  # dry, and more may come
    ring.play("b", sound(2400))
    render(ring, 240)
    assert ring.heard_now == ("b", 10)
    heard = ring.flush()
    assert heard["b"] >= 10
    assert ring.heard_now is None


def test_what_was_played_out_sounds_no_more():
    ring = PlaybackRing(prebuffer_ms=0)
    ring.play("a", sound(240))
    ring.finish("a")
    render(ring, 480)
    assert ring.heard_now == ("a", 10)
    ring.news()  # it was told
    assert ring.heard_now is None
