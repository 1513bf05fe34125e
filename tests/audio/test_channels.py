"""Of several channels the one with the voice is heard, whole and without clicks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.audio.channels import ChannelChoice

RATE_HZ = 48_000
SECOND = np.arange(RATE_HZ) / RATE_HZ
VOICE = (0.3 * np.sin(2 * np.pi * 220 * SECOND)).astype(np.float32)
RNG = np.random.default_rng(1)


def noise(dbfs, frames=RATE_HZ):
    return (10 ** (dbfs / 20) * RNG.standard_normal(frames)).astype(np.float32)


def mono(*channels, parts=1):
    sound = np.stack(channels, axis=1).astype(np.float32)
    choice = ChannelChoice(sound.shape[1], RATE_HZ)
    return np.concatenate([choice.mono(part) for part in np.array_split(sound, parts)])


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_where_all_are_equal_nothing_is_changed(channels):
    assert np.array_equal(mono(*[VOICE] * channels), VOICE)


@pytest.mark.parametrize("where", [0, 1, 3])
@pytest.mark.parametrize("other_dbfs", [-200, -90, -60, -30])
def test_the_only_voice_is_heard_at_its_level(where, other_dbfs):
    channels = [noise(other_dbfs) for _ in range(4)]
    channels[where] = VOICE
    heard = mono(*channels)
    assert np.array_equal(heard[480:], VOICE[480:])  # from the first 10 ms on


def test_the_sides_of_a_stereo_microphone_take_no_turns():
    left, right = VOICE + noise(-40), 1.5 * VOICE + noise(-40)
    assert np.array_equal(mono(left, right), left)


def test_two_voices_at_two_microphones_are_both_heard_and_nothing_clicks():
    quiet = np.zeros(RATE_HZ, np.float32)
    left, right = np.concatenate([VOICE, quiet, VOICE]), np.concatenate([quiet, VOICE, quiet])
    heard = mono(left, right)
    whole = left + right
    missed = np.abs(heard - whole) > 1e-6
    assert missed.sum() <= 2 * RATE_HZ // 10  # a tenth of a second at each change of speakers at the most
    assert np.abs(np.diff(heard)).max() <= 1.5 * np.abs(np.diff(whole)).max()


def test_a_pause_between_words_does_not_hand_the_ear_to_a_humming_channel():
    hum = 0.02 * np.sin(2 * np.pi * 50 * SECOND)  # -37 dBFS
    words = VOICE * (np.arange(RATE_HZ) // 9_600 % 2 == 0)  # 0.2 s of voice, 0.2 s of pause
    assert np.array_equal(mono(words, hum), words.astype(np.float32))


def test_no_channel_is_chosen_for_the_noise_of_its_converter():
    assert not mono(np.zeros(RATE_HZ), noise(-110)).any()


sounds = arrays(np.float32, st.tuples(st.integers(0, 3_000), st.integers(1, 4)), elements=st.floats(-1, 1, width=32))


@given(sounds)
def test_no_sample_is_lost_and_none_is_louder_than_the_loudest(sound):
    heard = ChannelChoice(sound.shape[1], RATE_HZ).mono(sound)
    assert heard.shape == (len(sound),)
    assert heard.dtype == np.float32
    assert (np.abs(heard) <= np.abs(sound).max(axis=1, initial=0) + 1e-5).all()


@given(st.lists(st.sampled_from([0.0, float("nan"), float("inf"), -float("inf"), 1e30]), min_size=2, max_size=2))
def test_numbers_that_are_none_pass_and_the_voice_is_heard_again(odd):
    choice = ChannelChoice(2, RATE_HZ)
    choice.mono(np.full((480, 2), odd, np.float32))
    silence = np.zeros((RATE_HZ * 120, 2), np.float32)
    choice.mono(silence)
    voice = np.stack([np.zeros_like(VOICE), VOICE], axis=1)
    assert np.array_equal(choice.mono(voice)[480:], VOICE[480:])


def test_a_stream_in_parts_is_heard_as_in_one():
    channels = [np.concatenate([noise(-60), noise(-60)]), np.concatenate([noise(-80), VOICE])]
    assert np.array_equal(mono(*channels, parts=200), mono(*channels))
