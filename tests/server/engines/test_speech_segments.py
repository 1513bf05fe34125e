from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.wav import read_wav
from app.server.engines.speech_segments import LONGEST_FRAMES, RATE_HZ, has_contrast, segments
from tests.server.engines.speech import DATA

RANDOM = np.random.default_rng(1)
SECONDS = np.arange(5 * RATE_HZ) / RATE_HZ


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(5 * RATE_HZ),
        RANDOM.integers(-1, 2, 5 * RATE_HZ) / 32768,
        RANDOM.normal(0, 0.0003, 5 * RATE_HZ),
        RANDOM.normal(0, 0.1, 5 * RATE_HZ),
        0.2 * np.sin(2 * np.pi * 50 * SECONDS),
        RANDOM.normal(0, 0.1, 1000),
    ],
    ids=["nothing", "digital silence", "last bit", "faint hiss", "loud hiss", "hum", "too short"],
)
def test_what_is_no_speech(sound):
    assert not has_contrast(sound.astype(np.float32))


@pytest.mark.parametrize("name", ["question_joe", "question_heart", "name_joe", "stop_joe"])
@pytest.mark.parametrize("gain", [1.0, 0.02])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_speech_is_let_through_quiet_and_in_noise(name, gain, noise):
    speech, _ = read_wav(DATA / f"{name}.wav")
    noisy = speech * gain + RANDOM.normal(0, noise * gain, speech.size)
    assert has_contrast(noisy.astype(np.float32))


@given(st.integers(0, 3000), st.integers(500, 1500))
def test_pieces_joined_are_the_sound(size, longest):
    sound = np.arange(size, dtype=np.float32)
    cut = segments(sound, longest)
    assert all(0 < piece.size <= longest for piece in cut)
    assert np.array_equal(np.concatenate([*cut, sound[:0]]), sound)


def test_a_long_sound_is_cut_in_a_pause():
    sound = RANDOM.normal(0, 0.1, 30 * RATE_HZ).astype(np.float32)
    pause = slice(15 * RATE_HZ, 15 * RATE_HZ + RATE_HZ // 4)
    sound[pause] = 0.0
    first, second = segments(sound)
    assert pause.start < first.size < pause.stop
    assert first.size + second.size == sound.size
    assert max(first.size, second.size) <= LONGEST_FRAMES
