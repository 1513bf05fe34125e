"""One voice out of several channels: an interface with one microphone plugged in, a stereo microphone or file."""

from __future__ import annotations

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
        starts = np.arange(0, frames, self._hop)
        sizes = np.diff(starts, append=frames)
        before = self._chosen
        finite = np.clip(np.nan_to_num(sound), -1, 1)  # a driver may hand out numbers that are none
        powers = np.add.reduceat(np.square(finite), starts, axis=0) / sizes[:, None]
        picks = [self._pick(hop) for hop in powers.tolist()]
        mono: Samples = finite[np.arange(frames), np.repeat(picks, sizes)]
        for start, size, pick in zip(starts.tolist(), sizes.tolist(), picks, strict=True):
            if pick != before:
                part = slice(start, start + min(self._fade, size))
                rising = np.linspace(0, 1, part.stop - start, endpoint=False, dtype=np.float32)
                mono[part] += (1 - rising) * (finite[part, before] - finite[part, pick])
            before = pick
        return mono

    def _pick(self, powers: list[float]) -> int:
        self._loudness = [max(now, was * _FADING) for now, was in zip(powers, self._loudness, strict=True)]
        loudest = max(self._loudness)
        if loudest > max(_AUDIBLE, _CLEARLY_LOUDER * self._loudness[self._chosen]):
            self._chosen = self._loudness.index(loudest)
        elif max(powers) > max(_AUDIBLE, _FAR_LOUDER * powers[self._chosen], loudest / _CLEARLY_LOUDER):
            self._chosen = powers.index(max(powers))  # another one speaks, as loud as the one before
        return self._chosen
