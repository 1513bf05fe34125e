"""Echo cancelling: the assistant's voice goes, the user's stays, and the reference never lags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.audio import pcm
from app.audio.echo import EchoCanceller, FarRing, open_canceller
from app.audio.wav import read_wav

RATE = pcm.WIRE_RATE_HZ
DATA = Path(__file__).parents[1] / "data"


def speech(name, seconds):
    samples, rate_hz = read_wav(DATA / name)
    samples = pcm.resample(samples, rate_hz, RATE)
    return np.resize(samples, int(seconds * RATE)).astype(np.float32)


class Room:
    """Plays blocks of a speaker at `rate_hz` and gives what a microphone hears of them."""

    def __init__(self, far_rate_hz=RATE):
        self.far = FarRing(far_rate_hz)
        self.canceller = open_canceller(self.far)
        if self.canceller is None:
            pytest.skip("pywebrtc-audio is not installed")

    def hear(self, far, near, block=480):
        ratio = self.far.rate_hz / RATE
        spoken = pcm.resample(far, RATE, self.far.rate_hz)
        clean = []
        for at in range(0, near.size, block):
            self.far.ring.write(spoken[int(at * ratio) : int((at + block) * ratio)])
            clean.append(self.canceller.process(near[at : at + block]))
        clean.append(self.canceller.drain())
        return np.concatenate(clean)


def echo_of(far, delay_ms, gain_db):
    delay = pcm.ms_to_frames(delay_ms)
    path = np.zeros(delay + RATE // 20, dtype=np.float32)
    path[delay] = 1.0
    path[delay + 400], path[delay + 1000] = 0.4, -0.2  # two reflections
    echo = np.convolve(far, path)[: far.size] * pcm.gain(gain_db)
    return echo.astype(np.float32) + np.random.default_rng(5).normal(0, 1e-4, far.size).astype(np.float32)


@pytest.mark.parametrize(("rate_hz", "delay_ms"), [(24_000, 50), (48_000, 120)])
def test_the_assistants_own_voice_is_removed(rate_hz, delay_ms):
    far = speech("story_joe.wav", 6.0)
    echo = echo_of(far, delay_ms, -10)
    clean = Room(rate_hz).hear(far, echo)
    assert clean.size == echo.size
    removed_db = pcm.level_dbfs(echo[2 * RATE :]) - pcm.level_dbfs(clean[2 * RATE :])
    assert removed_db > 20


def test_the_users_voice_passes_while_the_assistant_is_silent():
    near = speech("question_heart.wav", 4.0)
    clean = Room().hear(np.zeros_like(near), near)
    assert pcm.level_dbfs(clean) == pytest.approx(pcm.level_dbfs(near), abs=1.0)


def rise(samples):
    """Numbers that tell where they came from."""
    return np.arange(1, samples + 1, dtype=np.float32)


class Pairs:
    """A processor that keeps what it was given and gives the near sound back. The first call only warms it up."""

    def __init__(self, far):
        self.near = []
        self.far = []
        self.canceller = EchoCanceller(far, self)

    def __call__(self, near, far):
        assert near.size == far.size
        assert near.size % 240 == 0
        self.near.append(near)
        self.far.append(far)
        return near


@pytest.mark.parametrize("block", [100, 240, 480, 1111])
def test_near_and_far_are_paired_frame_by_frame_and_nothing_of_near_is_lost(block):
    far = FarRing(RATE)
    pairs = Pairs(far)
    near = rise(5000)
    clean = []
    for at in range(0, 5000, block):
        far.ring.write(near[at : at + block])
        clean.append(pairs.canceller.process(near[at : at + block]))
    clean.append(pairs.canceller.drain())
    assert np.array_equal(np.concatenate(clean), near)
    paired = np.concatenate(pairs.far[1:])[:5000]
    lag = near - paired
    assert np.abs(lag[paired > 0]).max() == 0


@pytest.mark.parametrize("before", [1000, 12_000])
def test_what_was_played_before_the_microphone_began_does_not_make_the_reference_late(before):
    far = FarRing(RATE)
    pairs = Pairs(far)
    far.ring.write(rise(before))
    pairs.canceller.process(rise(480))
    assert pairs.far[1][-1] == before


def test_a_lag_is_cut_and_a_missing_reference_is_silence():
    far = FarRing(RATE)
    pairs = Pairs(far)
    pairs.canceller.process(rise(480))
    assert not pairs.far
    far.ring.write(rise(4800))  # the speaker's callback came in a burst
    pairs.canceller.process(rise(480))
    assert 4800 - pairs.far[1][-1] == 480  # 20 ms behind at most


class Late:
    """A processor that changes nothing and is 224 frames late."""

    def __init__(self):
        self.held = np.zeros(224, dtype=np.float32)
        self.frames = 0

    def __call__(self, near, far):
        self.frames += near.size
        held = np.concatenate([self.held, near])
        self.held = held[near.size :]
        return held[: near.size]


@pytest.mark.parametrize("block", [100, 240, 480, 1111])
@pytest.mark.parametrize("stop", [20_000, 60_000, 99_000])
def test_the_processor_begins_and_rests_without_a_sample_lost_or_doubled(block, stop):
    far = FarRing(RATE)
    late = Late()
    canceller = EchoCanceller(far, late, 224)
    near = rise(100_000)
    clean = []
    for at in range(0, near.size, block):
        part = near[at : at + block]
        far.ring.write(np.full(part.size, 0.1 if 10_000 <= at < stop else 0.0, dtype=np.float32))
        clean.append(canceller.process(part))
        if at < 9_000:
            assert late.frames == 0
    clean.append(canceller.drain())
    assert np.array_equal(np.concatenate(clean), near)
    assert (late.frames < near.size / 2) == (stop == 20_000)


def test_the_real_processor_is_as_late_as_we_take_it_to_be():
    near = speech("question_heart.wav", 4.0)
    faint = np.random.default_rng(3).normal(0, 1e-5, near.size).astype(np.float32)
    clean = Room().hear(faint, near)
    likeness = np.correlate(clean[RATE : 3 * RATE], near[RATE + 300 : 3 * RATE - 300], "valid")
    assert abs(int(np.argmax(likeness)) - 300) <= 2
