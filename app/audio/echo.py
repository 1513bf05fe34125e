"""Taking the assistant's own voice out of the microphone: WebRTC's AEC3 through `pywebrtc-audio`.

Measured for this use: 24 kHz, frames of a multiple of 240 samples, no delay to set up to about 450 ms, about 1.2 % of
a core, its output 9 ms late. Two rules matter. The reference must never come later than its echo: it is taken when a
block is handed to the card, before it sounds, and never allowed to lag behind. And it must have no hole while
something sounds: 10 ms of silence put into it are another delay, for which the processor takes one or two seconds in
which it removes nothing. So the microphone's sound waits for its reference, and not the other way round.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from app.audio.pcm import WIRE_RATE_HZ, Resampler, ms_to_frames
from app.audio.ports import FarEnd, Samples

_FRAME: Final = ms_to_frames(10)
"""The processor works in 10 ms frames; a shorter one would be filled up with silence."""

_SLACK_FRAMES: Final = ms_to_frames(20)
"""What may wait on the reference's side: callbacks of the two devices do not take turns evenly."""

_LAG_FRAMES: Final = ms_to_frames(60)
"""More than this waiting is a lag, and is cut to the slack."""

_PATIENCE_FRAMES: Final = ms_to_frames(60)
"""So much of the microphone's sound waits for its reference: no more than the devices' callbacks are uneven."""

_FAR_BLOCKS: Final = 100
"""Room for what the speaker hands out while nobody reads: a second, in its blocks of 10 ms."""

_ECHO_FRAMES: Final = ms_to_frames(1000)
"""So long after the speaker's last sound there may be an echo of it. Then the processor rests, and what the
microphone hears passes untouched and 9 ms earlier. It rests as well while a microphone is muted, which gives zeros."""

_DELAY_FRAMES: Final = 224
"""So much later than its input the processor's output comes, at 24 kHz."""

_WARM_FRAMES: Final = 10 * _FRAME
"""So much of what passed is shown to the processor when it begins again, for its filters."""

_NOTHING: Samples = np.zeros(0, dtype=np.float32)
_SILENCE: Samples = np.zeros(_LAG_FRAMES, dtype=np.float32)

Process = Callable[[Samples, Samples], Samples]
"""Near and far, both float32 of the same multiple of 240 frames at 24 kHz, to near without the echo."""


class FarRing:
    """The far end, bounded: the speaker's callback writes blocks into it, the audio worker reads.

    At a multiple of 24 kHz only the frames that fall on those of 24 kHz are kept. That is the sound at 24 kHz: speech
    that comes from the wire has nothing above 12 kHz, and gain and fades are in it as they sounded.
    """

    def __init__(self, rate_hz: int) -> None:
        """`rate_hz` is the speaker's."""
        self._every = rate_hz // WIRE_RATE_HZ if rate_hz % WIRE_RATE_HZ == 0 else 1
        self._skip = 0  # frames until the next that is kept
        self.rate_hz: Final = rate_hz // self._every
        self._blocks: deque[Samples] = deque(maxlen=_FAR_BLOCKS)

    def write(self, samples: Samples) -> None:
        """A block as it is handed to the device."""
        self._blocks.append(samples[self._skip :: self._every].copy())
        self._skip = (self._skip - samples.size) % self._every

    def read(self) -> Samples:
        """All that was handed out since the last call, at `rate_hz`."""
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        return np.concatenate(blocks) if blocks else _NOTHING


def open_canceller(far: FarEnd) -> EchoCanceller | None:
    """A canceller for this speaker; None where the library is not installed (`pywebrtc-audio` has no wheel)."""
    try:
        library = importlib.import_module("pywebrtc_audio")
    except (ImportError, OSError):
        return None
    processor = library.AudioProcessor(sample_rate=WIRE_RATE_HZ, echo_cancellation=True)

    def process(near: Samples, far_sound: Samples) -> Samples:
        return np.asarray(processor.process(near, far_sound), dtype=np.float32)

    return EchoCanceller(far, process, _DELAY_FRAMES)


class EchoCanceller:
    """Pairs the microphone's sound with what was handed to the speaker, frame by frame. For one thread.

    While the speaker is silent, or the microphone muted, nothing is processed, and what is heard passes untouched.
    """

    def __init__(self, far: FarEnd, process: Process, delay_frames: int = 0) -> None:
        """The speaker of `far` must be started: its rate is read here. `delay_frames` is the delay of `process`,
        less than 10 ms."""
        self._far = far
        self._process = process
        self._delay = delay_frames
        self._quiet = _ECHO_FRAMES  # so long one of the two sides has been silent
        self._past: deque[Samples] = deque([np.zeros(_WARM_FRAMES, dtype=np.float32)])
        self._past_frames = _WARM_FRAMES
        self._to_24k = Resampler(far.rate_hz, WIRE_RATE_HZ) if far.rate_hz != WIRE_RATE_HZ else None
        self._near = _NOTHING
        self._reference = _NOTHING
        self._started = False

    @property
    def held_frames(self) -> int:
        """So much of what was given is not out yet."""
        return self._near.size + (0 if self._is_resting else self._delay)

    def process(self, near: Samples) -> Samples:
        """The same sound (24 kHz) without the echo; holds back less than 20 ms, and up to 80 ms while the speaker's
        callbacks are late."""
        return self._processed(near, _PATIENCE_FRAMES)

    def _processed(self, near: Samples, patience_frames: int) -> Samples:
        far = self._far.read()
        if self._is_resting and not (self._near.size or self._reference.any() or (far.any() and near.any())):
            self._pass_by(near.size, far.size * WIRE_RATE_HZ // self._far.rate_hz)
            self._remember(near)
            return near
        if self._to_24k is not None:  # which holds nothing but silence where it was not asked
            far = self._to_24k.process(far)
        return self._cancelled(_joined(self._near, near), _joined(self._reference, far), patience_frames)

    def drain(self) -> Samples:
        """What was held back, at the end."""
        held = self.held_frames
        return self._processed(np.zeros(self._delay + -held % _FRAME, dtype=np.float32), 0)[:held]

    @property
    def _is_resting(self) -> bool:
        return self._quiet >= _ECHO_FRAMES

    def _cancelled(self, near: Samples, reference: Samples, patience_frames: int) -> Samples:
        """The processor's output; nothing twice and nothing lost where it begins and where it comes to rest."""
        frames = near.size // _FRAME * _FRAME
        if not self._is_resting and near.size - reference.size < patience_frames:
            frames = min(frames, reference.size // _FRAME * _FRAME)
        now, self._near = near[:frames], near[frames:]
        far = self._paired(reference, near.size, frames)
        if not frames:
            return _NOTHING
        rested = self._is_resting
        if rested:
            past = np.concatenate(self._past)[-_WARM_FRAMES:]
            self._process(past, np.zeros(past.size, dtype=np.float32))
        self._quiet = 0 if rested or (far.any() and now.any()) else self._quiet + frames
        self._remember(now)
        clean = self._process(now, far)
        if rested:
            return clean[self._delay :]  # what it still held has passed already
        if self._is_resting:
            clean = np.concatenate([clean, now[frames - self._delay :], self._near])
            self._near = _NOTHING
        return clean

    def _remember(self, near: Samples) -> None:
        self._past.append(near)
        self._past_frames += near.size
        while self._past_frames - self._past[0].size >= _WARM_FRAMES:
            self._past_frames -= self._past.popleft().size

    def _pass_by(self, near_frames: int, far_frames: int) -> None:
        """Nothing to cancel, paired by its length alone: so far as one of the two devices is ahead of the
        other, that is settled before anything sounds."""
        waiting = self._kept(self._reference.size + far_frames, near_frames)
        self._reference = _SILENCE[: max(0, waiting - near_frames)]

    def _kept(self, reference_frames: int, near_frames: int) -> int:
        """How much of the reference, the newest, is of use."""
        lag = reference_frames - near_frames
        is_first, self._started = not self._started, True
        if is_first and lag > 0:  # the speaker was opened before the microphone
            return near_frames
        return near_frames + _SLACK_FRAMES if lag > _LAG_FRAMES else reference_frames  # the worker slept

    def _paired(self, reference: Samples, near_frames: int, frames: int) -> Samples:
        """The reference for the next `frames`: silence where it is short, cut where it lags."""
        reference = reference[reference.size - self._kept(reference.size, near_frames) :]
        self._reference = reference[frames:]
        if reference.size >= frames:
            return reference[:frames]
        missing = np.zeros(frames - reference.size, dtype=np.float32)
        # What begins to sound was handed out last, so that the silence was before it.
        return np.concatenate([missing, reference] if self._is_resting else [reference, missing])


def _joined(first: Samples, second: Samples) -> Samples:
    return np.concatenate([first, second]) if first.size else second
