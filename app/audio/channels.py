"""One voice out of several channels: an interface with one microphone plugged in, a stereo microphone or file."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from app.audio.ports import Samples

Frames = npt.NDArray[np.float32]
"""Sound of several channels, shape (frames, channels), full scale is -1.0 to 1.0."""

_HOPS_PER_S: Final = 100
_FADE_PER_S: Final = 200
"""The change from one channel to the other takes 5 ms, which no ear takes for a click."""

_CLEARLY_LOUDER: Final = 4.0
"""In power, 6 dB: the sides of a stereo microphone do not take turns."""

_FAR_LOUDER: Final = 16.0
"""In power, 12 dB: so much less of a voice is heard at another's microphone."""

_FADING: Final = 10 ** (-3 / _HOPS_PER_S)
"""A channel's loudness sinks by 30 dB in a second, so that a pause between words hands nothing to a humming one."""

_AUDIBLE: Final = 1e-9
"""In power, -90 dBFS: no channel is chosen for the noise of its converter."""


class ChannelChoice:
    """Takes the one channel that is clearly loudest, whole: an average would halve a voice that only one has.

    The change to another channel is made at the beginning of the 10 ms in which that one became louder.
    """

    def __init__(self, channels: int, rate_hz: int) -> None:
        """Begins with the first channel."""
        self._hop = max(1, rate_hz // _HOPS_PER_S)
        self._fade = max(1, rate_hz // _FADE_PER_S)
        self._loudness = [0.0] * channels
        self._chosen = 0

    def mono(self, sound: Frames) -> Samples:
        """The same frames with one channel. What is given in parts is one stream, best in parts of whole 10 ms."""
        frames, channels = sound.shape
        if channels == 1 or not frames:
            return sound[:, 0]
        if channels == 2 and np.equal(sound[:, 0], sound[:, 1]).all() and np.isfinite(np.vdot(sound, sound)):
            fading = _FADING ** (frames / self._hop)
            self._loudness = [was * fading for was in self._loudness]
            return sound[:, 0]  # one microphone, handed out twice
        starts = np.arange(0, frames, self._hop)
        with np.errstate(all="ignore"):
            powers = self._powers(sound, starts)
            if not np.isfinite(powers).all():  # a driver may hand out numbers that are none
                sound = np.clip(np.nan_to_num(sound), -1, 1)
                powers = self._powers(sound, starts)
        picks = [self._chosen, *(self._pick(hop) for hop in powers.tolist())]
        turns = [at for at, (was, now) in enumerate(pairwise(picks)) if was != now]
        mono: Samples = sound[:, picks[0]].copy()
        for hop, until in pairwise([*turns, len(starts)]):
            start, end = hop * self._hop, until * self._hop
            mono[start:end] = sound[start:end, picks[until]]
            fade = mono[start : start + min(self._fade, self._hop)]
            falling = np.linspace(1, 0, fade.size, dtype=np.float32)
            fade += falling * (sound[start : start + fade.size, picks[hop]] - fade)
        return mono

    @staticmethod
    def _powers(sound: Frames, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The mean power of each channel from one start to the next."""
        sizes = np.diff(starts, append=len(sound)).astype(np.float64)
        powers: npt.NDArray[np.float64] = np.add.reduceat(np.square(sound), starts, axis=0) / sizes[:, None]
        return powers

    def _pick(self, powers: list[float]) -> int:
        self._loudness = [max(now, was * _FADING) for now, was in zip(powers, self._loudness, strict=True)]
        loudest = max(self._loudness)
        if loudest > max(_AUDIBLE, _CLEARLY_LOUDER * self._loudness[self._chosen]):
            self._chosen = self._loudness.index(loudest)
        elif max(powers) > max(_AUDIBLE, _FAR_LOUDER * powers[self._chosen], loudest / _CLEARLY_LOUDER):
            self._chosen = powers.index(max(powers))  # another one speaks, as loud as the one before
        return self._chosen
