"""Late sound: nothing is heard of a short delay, one gap of a long one, and no delay stays; time is simulated."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio import concealment, pcm
from app.audio.playback import PlaybackRing, PlayedOut

RATE = 48_000
BLOCK_MS = 10
HZ = 437.0  # no whole number of periods in any block or chunk


def tone(seconds, rate_hz=pcm.WIRE_RATE_HZ, hz=HZ):
    return (0.25 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def heard(chunks, until_ms, rate_hz=RATE):
    """What a speaker plays of chunks of one item, each with its time, the last of which is the end."""
    ring = PlaybackRing(rate_hz)
    out, waiting = [], list(chunks)
    for now_ms in range(0, until_ms, BLOCK_MS):
        while waiting and waiting[0][0] <= now_ms:
            ring.play("a", pcm.to_pcm16(waiting.pop(0)[1]))
            if not waiting:
                ring.finish("a")
        out.append(np.zeros(rate_hz * BLOCK_MS // 1000, dtype=np.float32))
        ring.render(out[-1])
    return np.concatenate(out), ring


def paced(samples, late_ms, chunk_ms=100):
    """Chunks at the speed of time, the n-th one so much late; none overtakes another."""
    size = chunk_ms * pcm.WIRE_RATE_HZ // 1000
    times = np.maximum.accumulate([at * chunk_ms + late_ms(at) for at in range(len(samples) // size)])
    return [(time, samples[at * size : (at + 1) * size]) for at, time in enumerate(times)]


def silent_ms(sound, rate_hz=RATE):
    """Within what is heard: windows of 2 ms without sound."""
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    within = sound[loud[0] : loud[-1]]
    size = rate_hz // 500
    return 2 * int((np.abs(within[: len(within) // size * size].reshape(-1, size)).max(axis=1) < 0.0125).sum())


def length_ms(sound, rate_hz=RATE):
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    return (loud[-1] - loud[0]) * 1000 / rate_hz


def steps(sound):
    """The largest step from one sample to the next."""
    return float(np.abs(np.diff(sound)).max())


USUAL_STEP = steps(tone(1, RATE))


@pytest.mark.parametrize("jitter_ms", [0, 50, 150])
@pytest.mark.parametrize("chunk_ms", [20, 100])
@pytest.mark.parametrize("seed", range(4))
def test_a_tone_on_an_uneven_line_has_no_break(jitter_ms, chunk_ms, seed):
    chance = random.Random(seed)
    late = lambda at: chance.uniform(0, jitter_ms) - 20 if at else 0  # noqa: E731
    sound, ring = heard(paced(tone(10), late, chunk_ms), 11_000)
    assert silent_ms(sound) == 0
    assert steps(sound[: int(RATE * 9.9)]) < 1.2 * USUAL_STEP
    assert length_ms(sound) < 10_000 + jitter_ms
    assert PlayedOut("a", 10_000) in ring.news()


@pytest.mark.parametrize("stall_ms", [300, 500])
def test_after_a_stall_there_is_one_gap_and_no_delay_that_stays(stall_ms):
    stalled = range(3_000, 3_000 + stall_ms)
    chunks = [(stalled.stop if time in stalled else time, sound) for time, sound in paced(tone(15), lambda _: 0)]
    sound, ring = heard(chunks, 16_500)
    assert 0 < silent_ms(sound) <= stall_ms - 150  # without a stand-in it is all of it but the reserve of 60 ms
    assert length_ms(sound) < 15_000 + 30
    assert steps(sound[: int(RATE * 14.9)]) < 1.5 * USUAL_STEP
    assert PlayedOut("a", 15_000) in ring.news()


def test_what_was_sent_ahead_is_never_shortened():
    chunks = [(at * 25, chunk) for at, (_, chunk) in enumerate(paced(tone(8), lambda _: 0))]
    sound, _ = heard(chunks, 9_000)
    assert length_ms(sound) == pytest.approx(8_000, abs=3)


def test_sound_that_ends_while_something_stands_in_ends_softly():
    sound, _ = heard([(0, tone(0.1)), (185, tone(0)[:0])], 400)
    assert length_ms(sound) < 145
    assert steps(sound) < 2 * USUAL_STEP


def test_silence_needs_no_stand_in():
    assert not concealment.stand_in(np.zeros(RATE, dtype=np.float32), RATE).size
    assert not concealment.stand_in(tone(0.01), RATE).size


@given(
    st.lists(st.tuples(st.integers(1, 3_000), st.integers(1, 400)), min_size=1, max_size=25),
    st.integers(0, 6_000),
    st.sampled_from([16_000, 24_000, 44_100, 48_000]),
)
def test_what_was_heard_is_known_whatever_stands_in(portions, flush_at_ms, rate_hz):
    """Each 10 ms of the sound have a level of their own, so what sounded last tells how far it was heard."""
    ring = PlaybackRing(rate_hz)
    given_frames, levels, out, clock_ms = 0, [], [], 0
    for frames, pause_ms in portions:
        places = (np.arange(given_frames, given_frames + frames) // 240) % 90
        levels.append(((places + 5) / 100).astype(np.float32))
        ring.play("a", pcm.to_pcm16(levels[-1]))
        given_frames += frames
        for _ in range(pause_ms // BLOCK_MS):
            if clock_ms >= flush_at_ms:
                break
            out.append(np.zeros(rate_hz * BLOCK_MS // 1000, dtype=np.float32))
            ring.render(out[-1])
            clock_ms += BLOCK_MS
    before_ms = ring.flush().get("a", 0)
    received_ms = given_frames * 1000 // pcm.WIRE_RATE_HZ
    assert 0 <= before_ms <= received_ms
    if not out or not np.concatenate(out).any():
        assert before_ms <= 8  # the fade of what was about to sound
    else:
        assert before_ms <= len(out) * BLOCK_MS + 8 + 15  # a repetition that was left out counts as heard


@given(st.integers(700, 3_000), st.sampled_from([8_000, 16_000, 24_000, 44_100, 48_000]), st.floats(80, 380))
def test_a_seam_is_where_both_are_alike(at, rate_hz, hz):
    """No step larger than the tone's own, wherever the late sound comes."""
    whole = tone(1, rate_hz, hz)
    history = whole[: rate_hz // 10]
    cover = concealment.stand_in(history, rate_hz)
    at = min(at * rate_hz // 24_000, cover.size - 1)
    fresh = whole[history.size : history.size + rate_hz // 10]
    after, joined = concealment.joined(cover[at:], fresh, rate_hz, concealment.loudness_at(at, rate_hz))
    sound = np.concatenate([history, cover[: at + after], joined])
    assert joined.size == fresh.size
    assert steps(sound) < 1.6 * steps(whole)


@given(st.sampled_from([8_000, 24_000, 44_100, 48_000]), st.floats(80, 380))
def test_a_repetition_that_is_left_out_is_not_heard(rate_hz, hz):
    whole = tone(1, rate_hz, hz)
    before, samples = whole[: rate_hz // 10], whole[rate_hz // 10 : rate_hz // 5]
    period, shorter = concealment.shortened(samples, rate_hz)
    assert period > 0
    assert shorter.size == samples.size - period
    assert steps(np.concatenate([before, shorter])) < 1.3 * steps(whole)
    assert np.array_equal(shorter[period:], samples[2 * period :])


def test_too_little_is_left_as_it_is():
    samples = tone(0.02)
    assert concealment.shortened(samples, pcm.WIRE_RATE_HZ) == (0, samples)
