"""The user's sound on its time line, and the formats of the wire."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audio.pcm import to_pcm16
from app.server.wire_audio import A_LAW, MU_LAW, PCM, SoundBuffer

TONE = np.sin(np.arange(24_000) / 24_000 * 2 * np.pi * 440).astype(np.float32) * 0.5


@pytest.mark.parametrize(
    ("form", "code", "level"),
    [
        (MU_LAW, 0xFF, 0),  # values of ITU-T G.711
        (MU_LAW, 0x00, -32124),
        (MU_LAW, 0x80, 32124),
        (MU_LAW, 0xF0, 120),
        (A_LAW, 0xD5, 8),
        (A_LAW, 0x55, -8),
        (A_LAW, 0x2A, -32256),
        (A_LAW, 0xAA, 32256),
        (A_LAW, 0x85, 4224),
    ],
)
def test_g711_levels(form, code, level):
    assert form.decode(bytes([code]))[0] * 32768 == pytest.approx(level)


@pytest.mark.parametrize("form", [MU_LAW, A_LAW])
def test_g711_there_and_back(form):
    data = form.encode(TONE)
    assert len(data) == 8000
    back = form.decode(data)
    wanted = np.sin(np.arange(8000) / 8000 * 2 * np.pi * 440) * 0.5
    noise = back[400:-400] - wanted[400:-400]
    assert 10 * np.log10(np.mean(wanted**2) / np.mean(noise**2)) > 30


@pytest.mark.parametrize(("form", "rate_hz", "bytes_per_ms"), [(PCM, 24_000, 48), (MU_LAW, 8000, 8)])
def test_sizes(form, rate_hz, bytes_per_ms):
    assert (form.rate_hz, form.bytes_per_ms) == (rate_hz, bytes_per_ms)
    assert len(form.encode(TONE)) == 1000 * bytes_per_ms


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=20))
def test_a_stream_cut_anywhere_is_the_same_stream(sizes):
    data = to_pcm16(TONE)
    whole, cut = SoundBuffer(PCM), SoundBuffer(PCM)
    whole.append(data)
    at = 0
    for size in [*sizes, len(data)]:
        cut.append(data[at : at + size])
        at = min(len(data), at + size)
    assert cut.wire(0) == whole.wire(0) == data
    assert cut.held_ms == 1000
    shared = min(cut.end, whole.end)
    assert shared >= 15_900
    assert np.allclose(cut.samples(0, shared), whole.samples(0, shared), atol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 20_000), st.integers(0, 20_000), st.integers(0, 20_000))
def test_dropping_keeps_the_time_line(drop, start, end):
    full, part = SoundBuffer(PCM), SoundBuffer(PCM)
    for buffer in (full, part):
        buffer.append(to_pcm16(TONE))
    part.drop_before(drop)
    assert part.end == full.end
    assert part.start == min(drop, full.end)
    first = max(start, part.start)
    assert np.array_equal(part.samples(start, end), full.samples(first, end))
    assert part.wire(start, end) == full.wire(first, max(first, end))


def test_after_a_clear_the_time_line_goes_on():
    buffer = SoundBuffer(MU_LAW)
    buffer.append(bytes(8000))
    end = buffer.end
    buffer.clear()
    assert (buffer.held_ms, buffer.start, buffer.end) == (0, end, end)
    buffer.append(bytes(800))
    assert buffer.held_ms == 100
    assert buffer.wire(end) == bytes(800)
