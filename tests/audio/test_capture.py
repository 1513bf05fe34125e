"""The microphone's way to the wire."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audio import pcm
from app.audio.capture import CHUNK_BYTES, Capture
from app.audio.example import CLIPS, load
from app.audio.vad import open_detector

RATE = pcm.WIRE_RATE_HZ


class HandMicrophone:
    """A microphone that holds what the test puts in."""

    name = "hand"
    failure = None

    def __init__(self, rate_hz=RATE):
        self.rate_hz = rate_hz
        self.ended = False
        self.held = np.zeros(0, dtype=np.float32)

    def start(self, wake):
        pass

    def put(self, samples):
        self.held = np.concatenate([self.held, np.asarray(samples, dtype=np.float32)])

    def wake_at(self, frames):
        pass

    def read(self):
        held, self.held = self.held, self.held[:0]
        return held

    def close(self):
        pass


class FixedDetector:
    """Counts what it is fed; says 0.9 for each frame."""

    name = "fixed"

    def __init__(self):
        self.frames = 0

    def feed(self, samples_16k):
        before = self.frames // 512
        self.frames += samples_16k.size
        return [0.9] * (self.frames // 512 - before)

    def reset(self):
        pass


def sound_of(chunks):
    return pcm.from_pcm16(b"".join(chunk.pcm for chunk in chunks))


@settings(max_examples=50)
@given(st.lists(st.integers(0, 2000), max_size=12))
def test_whatever_the_portions_the_wire_gets_all_of_it_in_chunks_of_20_ms(portions):
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector())
    sound = np.arange(sum(portions), dtype=np.float32) % 1000 / 1024
    chunks = []
    at = 0
    for frames in portions:
        microphone.put(sound[at : at + frames])
        at += frames
        chunks += capture.step(0.0)
        assert len(chunks) == at // 480
    microphone.ended = True
    assert not capture.ended
    chunks += capture.step(0.0)
    assert capture.ended
    assert all(len(chunk.pcm) == CHUNK_BYTES for chunk in chunks)
    assert len(chunks) == -(-sound.size // 480)
    heard = sound_of(chunks)
    assert np.array_equal(heard[: sound.size], sound)
    assert not heard[sound.size :].any()
    assert capture.step(1.0) == []


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_any_rate_of_the_microphone_becomes_24_khz(rate_hz):
    microphone = HandMicrophone(rate_hz)
    capture = Capture(microphone, FixedDetector())
    tone = 0.5 * np.sin(2 * np.pi * 500 * np.arange(rate_hz) / rate_hz)
    chunks = []
    for part in np.array_split(tone, 90):
        microphone.put(part)
        chunks += capture.step(0.0)
    microphone.ended = True
    chunks += capture.step(0.0)
    wanted = 0.5 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)
    lead = pcm.Resampler(rate_hz, RATE).lag_frames
    assert sound_of(chunks)[lead : lead + RATE][200:-200] == pytest.approx(wanted[200:-200], abs=1e-3)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100, 48_000])
def test_a_chunk_is_complete_with_the_block_that_brings_its_last_sample(rate_hz):
    microphone = HandMicrophone(rate_hz)
    capture = Capture(microphone, FixedDetector())
    for block in range(1, 12):
        microphone.put(np.zeros(rate_hz // 100))
        assert len(capture.step(0.0)) == (block % 2 == 0)


def test_a_chunk_tells_when_its_last_sample_was_read():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector())
    microphone.put(np.zeros(480 * 3 + 240))
    assert [chunk.captured_ms for chunk in capture.step(1000.0)] == [950.0, 970.0, 990.0]


def test_voice_is_the_detectors_newest_word():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector())
    voices = []
    for _ in range(4):
        microphone.put(np.zeros(480))
        voices += [chunk.voice for chunk in capture.step(0.0)]
    assert voices[0] == 0.0
    assert voices[-1] == 0.9
    assert capture.levels(0.0).voice == 0.9


def test_a_spoken_clip_is_heard_as_voice():
    samples, rate_hz = load(CLIPS[0])
    microphone = HandMicrophone(rate_hz)
    capture = Capture(microphone, open_detector())
    voices = []
    for part in np.array_split(samples, 100):
        microphone.put(part)
        voices += [chunk.voice for chunk in capture.step(0.0)]
    assert sum(voice > 0.5 for voice in voices) > 0.6 * len(voices)


def test_levels_follow_the_input_and_the_peak_stands_then_sinks():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector())
    microphone.put(np.full(480, 0.1))
    capture.step(0.0)
    levels = capture.levels(0.0, output_dbfs=-30.0)
    assert levels.input_dbfs == pytest.approx(-20, abs=0.1)
    assert levels.peak_dbfs == pytest.approx(-20, abs=0.1)
    assert levels.output_dbfs == -30.0
    assert not levels.clipping
    peaks = []
    for now_ms in range(20, 3000, 20):
        microphone.put(np.full(480, 0.001))
        capture.step(float(now_ms))
        peaks.append(capture.levels(float(now_ms)).peak_dbfs)
    assert capture.levels(2980.0).input_dbfs == pytest.approx(-60, abs=0.1)
    assert peaks[70] == pytest.approx(-20, abs=0.1)  # at 1.42 s
    assert peaks[98] == pytest.approx(-30, abs=1)  # at 1.98 s
    assert peaks[-1] == pytest.approx(-50, abs=1)
    assert capture.levels(60_000.0).peak_dbfs == pcm.FLOOR_DBFS


def test_clipping_is_shown_for_a_while():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector())
    clipping = []
    for now_ms, sample in [(0.0, 0.99), (20.0, -1.0), (1500.0, 0.5), (1540.0, 0.5)]:
        microphone.put([*[0.0] * 479, sample])
        capture.step(now_ms)
        clipping.append(capture.levels(now_ms).clipping)
    assert clipping == [False, True, True, False]


def test_after_the_end_the_meters_show_silence():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector())
    microphone.put(np.full(4800, 0.1))
    capture.step(0.0)
    microphone.ended = True
    capture.step(0.0)
    assert (capture.levels(0.0).input_dbfs, capture.levels(0.0).voice) == (pcm.FLOOR_DBFS, 0.0)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_spoils_nothing_that_comes_after_it(number):
    samples, rate_hz = load(CLIPS[0])
    sound = pcm.resample(samples, rate_hz, RATE)
    voices, chunks = {}, {}
    for first in (0.0, number):
        microphone = HandMicrophone()
        capture = Capture(microphone, open_detector())
        microphone.put([first, *[0.0] * 9_599])
        capture.step(0.0)
        chunks[first], voices[first] = [], []
        for part in np.split(sound[: sound.size // 480 * 480], sound.size // 480):
            microphone.put(part)
            for chunk in capture.step(0.0):
                chunks[first].append(chunk.pcm)
                voices[first].append(chunk.voice)
    assert chunks[0.0] == chunks[number]
    assert sum(voice > 0.5 for voice in voices[number]) > 0.6 * len(voices[number])


@pytest.mark.parametrize("quiet", [0.0, 1e-5])
def test_around_silence_the_detector_hears_the_same_as_without_the_short_way(quiet):
    samples, rate_hz = load(CLIPS[0])
    word = pcm.resample(samples, rate_hz, RATE)[: RATE // 2]
    noise = quiet * np.sin(np.arange(RATE)).astype(np.float32)
    sound = np.concatenate([noise, word, noise, word, noise])
    microphone, heard = HandMicrophone(), []
    detector = FixedDetector()
    detector.feed = lambda samples_16k: heard.append(samples_16k) or []
    capture = Capture(microphone, detector)
    for part in np.split(sound, sound.size // 480):
        microphone.put(part)
        capture.step(0.0)
    wanted = pcm.Resampler(RATE, pcm.VAD_RATE_HZ).process(sound)
    assert np.concatenate(heard) == pytest.approx(wanted, abs=3 * pcm.SILENT)


class HalvingCanceller:
    """Halves, and holds back what is no multiple of 10 ms."""

    def __init__(self):
        self.rest = np.zeros(0, dtype=np.float32)

    @property
    def held_frames(self):
        return self.rest.size

    def process(self, near):
        held = np.concatenate([self.rest, near])
        whole = held.size // 240 * 240
        self.rest = held[whole:]
        return held[:whole] / 2

    def drain(self):
        return self.rest / 2


def test_what_the_canceller_gives_is_what_is_sent_to_the_last_sample():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector(), HalvingCanceller())
    sound = np.full(1111, 0.5, dtype=np.float32)
    microphone.put(sound)
    chunks = capture.step(0.0)
    microphone.ended = True
    chunks += capture.step(0.0)
    heard = sound_of(chunks)
    assert np.array_equal(heard[:1111], sound / 2)
    assert not heard[1111:].any()


def test_sound_that_the_canceller_held_back_is_as_old_as_it_is():
    microphone = HandMicrophone()
    capture = Capture(microphone, FixedDetector(), HalvingCanceller())
    microphone.put(np.full(600, 0.5, dtype=np.float32))
    (chunk,) = capture.step(1000.0)
    assert chunk.captured_ms == pytest.approx(1000.0 - 120 / 24)  # 120 frames came after it and are held
