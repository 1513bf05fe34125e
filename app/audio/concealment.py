"""Sound in place of sound that is late: what goes on as the last of it, and a seam that is not heard.

Speech repeats itself every few milliseconds. So a short gap can be filled with the last repetitions, what comes after
it can be joined where both are alike, and a delay can be taken back by leaving repetitions out. The methods are those
of G.711 Appendix I (concealment) and of waveform similarity overlap-add (Verhelst and Roelands, 1993). Pure.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from app.audio.pcm import SILENT, ms_to_frames, peak
from app.audio.ports import Samples

HISTORY_MS: Final = 30
"""So much of the last sound is of use to go on from it: a template of 10 ms, and before it the longest repetition."""

_LEAST_HISTORY_MS: Final = 16

_TEMPLATE_MS: Final = 10
_SHORTEST_MS: Final = 2.5
LONGEST_MS: Final = 15
"""Repetitions: one of a high voice, or several of it."""

_WORTH_LEAVING_OUT_MS: Final = 7.5

_WHOLE_MS: Final = 60
"""So long the stand-in is as loud as what it continues; then it fades, since no sound of speech lasts for ever."""

_FADING_MS: Final = 80

_SEAM_MS: Final = 5
_RETURN_MS: Final = 80
"""From nothing to full; sound that comes back in the middle of a fade takes the part of it that is missing."""

_ATTACK_MS: Final = 5
"""The same after silence: no click, and no consonant lost."""

_COARSE_HZ: Final = 8_000
"""Repetitions are looked for at about this rate first, which costs a thirtieth."""


def stand_in(last: Samples, rate_hz: int) -> Samples:
    """What could have come after `last`, the newest `HISTORY_MS` of it: its last repetition again and again, fading.

    140 ms; nothing where `last` is shorter than 16 ms, or silent.
    """
    if (
        last.size < ms_to_frames(_LEAST_HISTORY_MS, rate_hz)
        or peak(last[-ms_to_frames(_TEMPLATE_MS, rate_hz) :]) < SILENT
    ):
        return last[:0]
    period = _repetition(last, rate_hz, _SHORTEST_MS)
    cycle = last[-period:].copy()
    blend = period // 4
    weights = np.linspace(0.0, 1.0, blend, endpoint=False, dtype=np.float32)
    cycle[-blend:] += weights * (last[-period - blend : -period] - cycle[-blend:])  # so that it goes on in itself
    shape = _envelope(rate_hz)
    going_on = np.resize(cycle, shape.size)
    step = last[-1] - last[-period - 1]
    going_on[:blend] += step * np.linspace(1.0, 0.0, blend, dtype=np.float32)  # and goes on from what was
    going_on *= shape
    return going_on


def joined(standing_in: Samples, fresh: Samples, rate_hz: int, loudness: float) -> tuple[int, Samples]:
    """How much longer the stand-in sounds, and `fresh` from there on, so that one goes over into the other.

    `standing_in` is what is left of it, `loudness` (1 to 0) how far it has faded. None of `fresh` is left out.
    """
    seam = min(ms_to_frames(_SEAM_MS, rate_hz), fresh.size)
    result = fresh.copy()
    rising_ms = (1.0 - loudness) * _RETURN_MS if standing_in.size else _ATTACK_MS
    rising = min(fresh.size, max(1, ms_to_frames(rising_ms, rate_hz)))
    result[:rising] *= np.linspace(loudness, 1.0, rising, dtype=np.float32)
    room = min(standing_in.size - seam, ms_to_frames(LONGEST_MS, rate_hz))
    after = _alike(standing_in[: room + seam], fresh[:seam], rate_hz) if room > 0 and seam else 0
    ending = standing_in[after : after + seam]
    weights = np.linspace(1.0, 0.0, ending.size, dtype=np.float32)
    result[: ending.size] += weights * (ending - result[: ending.size])
    return after, result


def shortened(samples: Samples, rate_hz: int) -> tuple[int, Samples]:
    """The first of `samples` with one repetition left out, and how many frames that were; the rest as it was.

    (0, samples) where they are too few.
    """
    if samples.size < ms_to_frames(LONGEST_MS * 2 + _TEMPLATE_MS, rate_hz):
        return 0, samples
    head = samples[: ms_to_frames(LONGEST_MS + _TEMPLATE_MS, rate_hz)][::-1]  # its last is what they begin with
    period = _repetition(head, rate_hz, _WORTH_LEAVING_OUT_MS)
    weights = np.linspace(0.0, 1.0, period, dtype=np.float32)
    seam = samples[:period] + weights * (samples[period : 2 * period] - samples[:period])
    return period, np.concatenate([seam, samples[2 * period :]])


def loudness_at(frames: int, rate_hz: int) -> float:
    """How loud a stand-in is after so many frames of it, 1 to 0."""
    return 1.0 - min(1.0, max(0.0, frames / rate_hz * 1000.0 - _WHOLE_MS) / _FADING_MS)


def _envelope(rate_hz: int) -> Samples:
    whole, fading = ms_to_frames(_WHOLE_MS, rate_hz), ms_to_frames(_FADING_MS, rate_hz)
    return np.concatenate(
        [np.ones(whole, dtype=np.float32), np.linspace(1.0, 0.0, fading, dtype=np.float32)], dtype=np.float32
    )


def _repetition(last: Samples, rate_hz: int, shortest_ms: float) -> int:
    """After how many frames, counted back from the end, the sound is most like its end."""
    template, shortest = ms_to_frames(_TEMPLATE_MS, rate_hz), ms_to_frames(shortest_ms, rate_hz)
    longest = min(last.size - template, ms_to_frames(LONGEST_MS, rate_hz))
    earlier = last[-template - longest : -shortest]
    return longest - _alike(earlier, last[-template:], rate_hz)


def _alike(where: Samples, what: Samples, rate_hz: int) -> int:
    """The place in `where` at which it is most like `what`."""
    factor = max(1, rate_hz // _COARSE_HZ)
    coarse = factor * _best(_thinned(where, factor), _thinned(what, factor))
    first = max(0, coarse - factor)
    return first + _best(where[first : coarse + factor + what.size], what)


def _best(where: Samples, what: Samples) -> int:
    if where.size <= what.size or not what.size:
        return 0
    likeness = np.correlate(where, what, "valid")
    energy = np.convolve(where * where, np.ones(what.size, dtype=np.float32), "valid")
    return int(np.argmax(likeness / np.sqrt(np.maximum(energy, 1e-9))))


def _thinned(samples: Samples, factor: int) -> Samples:
    thinned: Samples = samples[: samples.size // factor * factor].reshape(-1, factor).mean(axis=1, dtype=np.float32)
    return thinned
