"""Units, conversions, levels and rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio import pcm

RATES = [
    (48_000, 24_000), (24_000, 48_000), (44_100, 24_000), (24_000, 44_100),
    (24_000, 16_000), (16_000, 24_000), (8_000, 24_000), (22_050, 16_000),
]  # fmt: skip


def sine(rate_hz: int, seconds: float, hz: float = 1000.0) -> pcm.Samples:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize(
    ("ms", "rate_hz", "frames", "size_bytes"),
    [(0, 24_000, 0, 0), (20, 24_000, 480, 960), (10, 44_100, 441, 882), (1, 22_050, 22, 44), (32, 16_000, 512, 1024)],
)
def test_milliseconds_frames_and_bytes(ms, rate_hz, frames, size_bytes):
    assert pcm.ms_to_frames(ms, rate_hz) == frames
    assert pcm.ms_to_bytes(ms, rate_hz) == size_bytes


@pytest.mark.parametrize(("size_bytes", "ms"), [(0, 0), (47, 0), (48, 1), (49, 1), (960, 20), (48_000, 1000)])
def test_bytes_to_milliseconds_never_claims_more_than_there_is(size_bytes, ms):
    assert pcm.bytes_to_ms(size_bytes) == ms


@given(st.binary(max_size=400))
def test_pcm16_survives_the_way_through_floats(data):
    assert pcm.to_pcm16(pcm.from_pcm16(data)) == data[: len(data) // 2 * 2]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 32767), (-1.0, -32768), (7.0, 32767), (-7.0, -32768), (np.nan, 0), (np.inf, 32767), (0.5, 16384)],
)
def test_beyond_full_scale_is_clipped_and_not_wrapped(value, expected):
    assert np.frombuffer(pcm.to_pcm16([value]), "<i2")[0] == expected


@pytest.mark.parametrize(
    ("samples", "level", "peak"),
    [
        (np.zeros(0), -100.0, -100.0),
        (np.zeros(100), -100.0, -100.0),
        (np.ones(100), 0.0, 0.0),
        (np.full(100, 0.1), -20.0, -20.0),
        (np.full(100, 1e-9), -100.0, -100.0),
        (sine(24_000, 1.0), -9.03, -6.02),
    ],
)
def test_levels(samples, level, peak):
    samples = np.asarray(samples, dtype=np.float32)
    assert pcm.level_dbfs(samples) == pytest.approx(level, abs=0.01)
    assert pcm.peak_dbfs(samples) == pytest.approx(peak, abs=0.01)


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_tone_comes_out_in_time_and_clean_in_any_chunking(from_hz, to_hz):
    tone = sine(from_hz, 0.4)
    resampler = pcm.Resampler(from_hz, to_hz)
    parts = []
    at = 0
    for size in [1, 7, 100, 441, 0, 1000] * 100:
        parts.append(resampler.process(tone[at : at + size]))
        at += size
        if at >= tone.size:
            break
    parts.append(resampler.process(tone[at:], last=True))
    done = np.concatenate(parts)
    wanted = sine(to_hz, 0.4)
    assert done.dtype == np.float32
    assert done.size == wanted.size
    edge = to_hz // 200  # the filter sees silence beyond the ends
    assert pcm.peak_dbfs((done - wanted)[edge:-edge]) < -90


def inside(sound, rate_hz):
    return sound[rate_hz // 100 : -rate_hz // 100]  # the filter sees silence beyond the ends


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_all_that_the_lower_rate_can_hold_comes_out_as_it_was(from_hz, to_hz):
    for hz in np.linspace(0.02, 0.84, 20) * min(from_hz, to_hz) / 2:
        done = inside(pcm.resample(sine(from_hz, 0.2, hz), from_hz, to_hz), to_hz)
        wanted = inside(sine(to_hz, 0.2, hz), to_hz)
        assert pcm.level_dbfs(done) == pytest.approx(pcm.level_dbfs(wanted), abs=0.06), hz
        scale = float(np.dot(done, wanted) / np.dot(wanted, wanted))
        assert pcm.level_dbfs(done - scale * wanted) - pcm.level_dbfs(wanted) < -90, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [rates for rates in RATES if rates[0] > rates[1]])
def test_what_the_lower_rate_cannot_hold_is_removed(from_hz, to_hz):
    for hz in np.linspace(1.02 * to_hz / 2, 0.99 * from_hz / 2, 20):
        tone = sine(from_hz, 0.2, hz)
        done = inside(pcm.resample(tone, from_hz, to_hz), to_hz)
        assert pcm.level_dbfs(done) - pcm.level_dbfs(tone) < -90, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [rates for rates in RATES if rates[0] < rates[1]])
def test_no_images_appear_above_what_the_lower_rate_could_hold(from_hz, to_hz):
    for hz in np.linspace(0.1, 0.84, 8) * from_hz / 2:
        done = pcm.resample(sine(from_hz, 0.5, hz), from_hz, to_hz)
        spectrum = np.abs(np.fft.rfft(done * np.blackman(done.size)))
        above = int(done.size * from_hz / 2 / to_hz)
        assert 20 * np.log10(spectrum[above:].max() / spectrum.max()) < -90, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [rates for rates in RATES if rates[0] % 100 == 0])
def test_blocks_of_10_ms_come_out_even(from_hz, to_hz):
    resampler = pcm.Resampler(from_hz, to_hz)
    sizes = [resampler.process(np.zeros(from_hz // 100, dtype=np.float32)).size for _ in range(50)]
    assert set(sizes[1:]) == {to_hz // 100}


@given(st.sampled_from([rates for rates in RATES if rates[0] % 100 == 0]), st.integers(1, 40))
def test_no_more_lags_behind_than_is_said(rates, blocks):
    from_hz, to_hz = rates
    resampler = pcm.Resampler(from_hz, to_hz)
    done = resampler.process(np.zeros(blocks * from_hz // 100, dtype=np.float32))
    assert 0 <= blocks * to_hz // 100 - done.size <= resampler.lag_frames


@given(st.sampled_from([*RATES, (44_056, 24_000), (24_000, 24_001)]), st.integers(0, 3000))
def test_a_whole_sound_has_exactly_the_expected_length(rates, frames):
    from_hz, to_hz = rates
    assert pcm.resample(np.zeros(frames, dtype=np.float32), from_hz, to_hz).size == round(frames * to_hz / from_hz)


def test_equal_rates_give_a_copy_untouched():
    tone = sine(24_000, 0.01)
    done = pcm.Resampler(24_000, 24_000).process(tone)
    assert np.array_equal(done, tone)
    assert not np.shares_memory(done, tone)


def test_after_the_last_samples_a_resampler_is_as_new():
    tone = sine(48_000, 0.1)
    resampler = pcm.Resampler(48_000, 24_000)
    first = resampler.process(tone, last=True)
    assert np.array_equal(resampler.process(tone, last=True), first)


@pytest.mark.parametrize("rates", [(0, 24_000), (24_000, -1)])
def test_a_rate_that_is_none_is_refused(rates):
    with pytest.raises(ValueError, match="positive"):
        pcm.Resampler(*rates)
