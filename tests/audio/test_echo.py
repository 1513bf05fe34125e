"""Echo cancelling: the assistant's voice goes, the user's stays, and the reference never lags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio import pcm
from app.audio.echo import EchoCanceller, FarRing, open_canceller
from app.audio.playback import PlaybackRing
from app.audio.vad import open_detector
from app.audio.wav import read_wav

RATE = pcm.WIRE_RATE_HZ
DATA = Path(__file__).parents[1] / "data"


def speech(name, seconds):
    samples, rate_hz = read_wav(DATA / name)
    samples = pcm.resample(samples, rate_hz, RATE)
    return np.resize(samples, int(seconds * RATE)).astype(np.float32)


class Room:
    """A speaker at `rate_hz`, block by block of 10 ms, and a microphone that hears it after `delay_ms` at -10 dB."""

    REFLECTIONS = ((0, 1.0), (17, 0.4), (42, -0.2))  # later by so many ms, and how loud

    def __init__(self, rate_hz=RATE, delay_ms=50):
        self.far = FarRing(rate_hz)
        self.canceller = open_canceller(self.far)
        if self.canceller is None:
            pytest.skip("pywebrtc-audio is not installed")
        self.playback = PlaybackRing(rate_hz)
        self.rate_hz, self.delay_ms = rate_hz, delay_ms
        self.played = np.zeros(rate_hz, dtype=np.float32)  # a second of silence before
        self.to_wire = pcm.Resampler(rate_hz, RATE)
        self.noise = np.random.default_rng(5)
        self.heard, self.clean = [], []
        self.is_muted = False

    def listen(self, ms, near=None, is_running=True):
        """Takes chunks of 20 ms for so long; while the speaker is not running it hands out no blocks at all."""
        for chunk in range(ms // 20):
            for _ in range(2):
                block = np.zeros(self.rate_hz // 100, dtype=np.float32)
                if is_running:
                    self.playback.render(block)
                    self.far.write(block)
                self.played = np.concatenate([self.played[block.size :], block])
            heard = self.to_wire.process(self.echo(self.rate_hz // 50))
            if near is not None:
                heard = heard + np.resize(near[chunk * 480 :], heard.size)
            if self.is_muted:
                heard = np.zeros_like(heard)
            self.heard.append(heard)
            self.clean.append(self.canceller.process(heard))

    def echo(self, frames):
        total = self.noise.normal(0, 1e-4, frames).astype(np.float32)
        for later_ms, factor in self.REFLECTIONS:
            back = (self.delay_ms + later_ms) * self.rate_hz // 1000
            total += pcm.gain(-10) * factor * self.played[self.played.size - frames - back : self.played.size - back]
        return total

    def removed_db(self, from_s, to_s):
        part = slice(int(from_s * RATE), int(to_s * RATE))
        return pcm.level_dbfs(np.concatenate(self.heard)[part]) - pcm.level_dbfs(np.concatenate(self.clean)[part])

    def voiced(self, sounds):
        detector = open_detector()
        if detector.name != "silero":
            pytest.skip("no voice model on this platform")
        said = detector.feed(pcm.resample(np.concatenate(sounds), RATE, pcm.VAD_RATE_HZ))
        return sum(probability > 0.5 for probability in said)


@pytest.mark.parametrize("delay_ms", [20, 50, 120])
@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 48_000])
def test_the_assistants_own_voice_is_removed_at_any_volume(rate_hz, delay_ms):
    room = Room(rate_hz, delay_ms)
    room.playback.play("a", pcm.to_pcm16(speech("story_joe.wav", 8.0)))
    room.playback.finish("a")
    room.listen(4000)
    room.playback.duck(-12)
    room.listen(2000)
    room.playback.duck(0)
    room.listen(2000)
    assert room.removed_db(0.3, 2) > 25
    assert room.removed_db(2, 4) > 35
    assert room.removed_db(4.2, 6) > 25  # of an echo that is 12 dB weaker
    assert room.removed_db(6.2, 7.9) > 40
    assert room.voiced(room.clean) == 0
    assert room.voiced(room.heard) > 50


@pytest.mark.parametrize("is_running", [True, False])
def test_the_echo_is_removed_too_after_a_pause_in_which_the_speaker_ran_or_slept(is_running):
    room = Room(48_000)
    answer = pcm.to_pcm16(speech("story_joe.wav", 4.0))
    for pause, item in enumerate("abc"):
        room.playback.play(item, answer)
        room.playback.finish(item)
        room.listen(4000)
        room.listen(3000, is_running=is_running)
        assert room.removed_db(7 * pause + 2, 7 * pause + 4) > 35
    assert room.removed_db(14.02, 14.3) > 25  # from its beginning
    assert room.voiced(room.clean) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60), st.sampled_from([24_000, 48_000, 44_100]))
def test_the_far_end_gives_in_order_what_was_handed_out_and_of_what_nobody_fetched_the_newest_second(steps, rate_hz):
    far = FarRing(rate_hz)
    every = rate_hz // far.rate_hz
    waiting: list[list[float]] = []
    at = 0
    for is_read, frames in steps:
        if is_read:
            assert far.read().tolist() == [value for block in waiting for value in block]
            waiting = []
            continue
        for _ in range(10):
            block = np.arange(at, at + frames, dtype=np.float32)
            at += frames
            far.write(block)
            block += 1  # the device's buffer is used again
            waiting = [*waiting, [value for value in (block - 1).tolist() if value % every == 0]][-100:]
    assert far.read().tolist() == [value for block in waiting for value in block]
    assert far.read().size == 0


@pytest.mark.parametrize("rate_hz", [24_000, 48_000, 96_000])
@pytest.mark.parametrize("block", [480, 441, 7])
def test_the_reference_is_what_sounds_with_its_gain_and_its_fade_at_24_khz(rate_hz, block):
    far = FarRing(rate_hz)
    assert far.rate_hz == RATE
    playback = PlaybackRing(rate_hz)
    source = speech("story_joe.wav", 1.2)[RATE // 5 :]
    playback.play("a", pcm.to_pcm16(source))
    playback.finish("a")
    handed_out, reference = [], []
    for at in range(0, rate_hz // 2, block):
        out = np.zeros(block, dtype=np.float32)
        if at // block == rate_hz // 5 // block:
            playback.duck(-9)
        if at // block == rate_hz // 3 // block:
            playback.flush()
        playback.render(out)
        far.write(out)
        handed_out.append(out)
        reference.append(far.read())
    wanted = pcm.resample(np.concatenate(handed_out), rate_hz, RATE)
    got = np.concatenate(reference)
    assert abs(got.size - wanted.size) <= 1
    both = min(got.size, wanted.size)
    assert pcm.level_dbfs(got[:both]) > -40
    assert pcm.level_dbfs(got[:both] - wanted[:both]) < pcm.level_dbfs(got[:both]) - 50


def test_the_users_voice_passes_while_the_assistant_is_silent():
    near = speech("question_heart.wav", 4.0)
    room = Room()
    room.listen(4000, near)
    clean = np.concatenate(room.clean)
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
        far.write(near[at : at + block])
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
    far.write(rise(before))
    pairs.canceller.process(rise(480))
    assert pairs.far[1][-1] == before


def test_a_lag_is_cut_and_a_missing_reference_is_silence():
    far = FarRing(RATE)
    pairs = Pairs(far)
    pairs.canceller.process(rise(480))
    assert not pairs.far
    far.write(rise(4800))  # the speaker's callback came in a burst
    pairs.canceller.process(rise(480))
    assert 4800 - pairs.far[1][-1] == 480  # 20 ms behind at most


@pytest.mark.parametrize("uneven", [(2, 1, 3), (0, 4), (2, 0, 0, 6, 2), (1, 3, 2, 0, 2, 4)])
def test_what_is_uneven_between_the_devices_is_settled_in_silence_and_tears_no_hole_into_speech(uneven):
    far = FarRing(RATE)
    pairs = Pairs(far)
    blocks = np.split(np.concatenate([np.zeros(240 * 60), rise(240 * 60)]).astype(np.float32), 120)
    for turn in range(60):
        for _ in range(uneven[turn % len(uneven)]):
            if blocks:
                far.write(blocks.pop(0))
        pairs.canceller.process(np.ones(480, dtype=np.float32))
    spoken = np.concatenate(pairs.far[1:])
    spoken = spoken[np.flatnonzero(spoken)[0] : np.flatnonzero(spoken)[-1] + 1]
    assert np.array_equal(spoken, rise(spoken.size))
    assert spoken.size > 240 * 50


@pytest.mark.parametrize("late", [240, 480, 960, 1200])
def test_speech_has_no_hole_where_the_speakers_callbacks_come_late_for_a_while(late):
    far = FarRing(RATE)
    pairs = Pairs(far)
    speech = rise(480 * 50)
    clean, given = [], 0
    for end in range(480, speech.size + 1, 480):
        handed_out = max(given, end - late) if 20 * 480 < end < 40 * 480 else end
        far.write(speech[given:handed_out])
        given = handed_out
        clean.append(pairs.canceller.process(speech[end - 480 : end]))
    clean.append(pairs.canceller.drain())
    assert np.array_equal(np.concatenate(clean), speech)
    assert np.array_equal(np.concatenate(pairs.far[1:]), speech)


def test_a_speaker_that_hands_out_nothing_any_more_holds_the_microphone_up_for_a_moment_only():
    far = FarRing(RATE)
    pairs = Pairs(far)
    far.write(rise(480))
    clean = [pairs.canceller.process(rise(480))]
    for _ in range(100):
        clean.append(pairs.canceller.process(rise(480)))
        assert pairs.canceller.held_frames == len(clean) * 480 - sum(map(len, clean))
        assert pairs.canceller.held_frames < 60 * 24
    assert not np.concatenate(pairs.far[2:]).any()


def test_the_echo_stays_removed_where_the_speakers_callback_is_late_once():
    room = Room(48_000)
    room.playback.play("a", pcm.to_pcm16(speech("story_joe.wav", 8.0)))
    room.playback.finish("a")
    room.listen(2000)
    late = room.canceller._far = LateOnce(room.far)
    room.listen(100)
    late.is_late = True
    room.listen(20)
    room.listen(2000)
    assert room.removed_db(2.1, 3.0) > 35
    assert room.removed_db(3.0, 4.0) > 35


class LateOnce:
    """A far end of which 10 ms come with the next 20."""

    rate_hz = RATE

    def __init__(self, far):
        self.far, self.is_late, self.rest = far, False, np.zeros(0, dtype=np.float32)

    def read(self):
        sound = np.concatenate([self.rest, self.far.read()])
        kept = 240 if self.is_late else 0
        self.is_late = False
        self.rest = sound[sound.size - kept :]
        return sound[: sound.size - kept]


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
        far.write(np.full(part.size, 0.1 if 10_000 <= at < stop else 0.0, dtype=np.float32))
        clean.append(canceller.process(part))
        if at < 9_000:
            assert late.frames == 0
    clean.append(canceller.drain())
    assert np.array_equal(np.concatenate(clean), near)
    assert (late.frames < near.size / 2) == (stop == 20_000)


def test_a_muted_microphone_has_no_echo_and_is_not_processed():
    far = FarRing(RATE)
    late = Late()
    canceller = EchoCanceller(far, late, 224)
    near = rise(240_000)
    near[24_000:144_000] = 0
    clean, frames = [], []
    for at in range(0, near.size, 480):
        far.write(np.full(480, 0.1, dtype=np.float32))
        clean.append(canceller.process(near[at : at + 480]))
        frames.append(late.frames)
    clean.append(canceller.drain())
    assert np.array_equal(np.concatenate(clean), near)
    assert frames[110] == frames[299]  # from a second after it was muted on
    assert frames[-1] - frames[300] > 90_000


def test_the_echo_is_removed_after_the_microphone_was_muted_while_something_sounded():
    room = Room(48_000)
    room.playback.play("a", pcm.to_pcm16(speech("story_joe.wav", 12.0)))
    room.playback.finish("a")
    room.listen(3000)
    room.is_muted = True
    room.listen(4000)
    room.is_muted = False
    room.listen(4000)
    assert room.removed_db(2, 3) > 35
    assert room.removed_db(7.5, 10.9) > 35


def test_the_real_processor_is_as_late_as_we_take_it_to_be():
    near = speech("question_heart.wav", 4.0)
    room = Room()
    faint = np.random.default_rng(3).normal(0, 1e-4, near.size).astype(np.float32)
    room.playback.play("faint", pcm.to_pcm16(faint))
    room.playback.finish("faint")
    room.listen(4000, near)
    clean = np.concatenate(room.clean)
    likeness = np.correlate(clean[RATE : 3 * RATE], near[RATE + 300 : 3 * RATE - 300], "valid")
    assert abs(int(np.argmax(likeness)) - 300) <= 2
