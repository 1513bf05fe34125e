"""Microphones and speakers that are files, clips, or nothing, at the speed of time."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from app.audio.paced import BLOCK_MS, Paced
from app.audio.pcm import WIRE_RATE_HZ, ms_to_frames, resample, to_pcm16
from app.audio.ports import AudioError, DeviceBusyError, FarEnd, Render, Samples, Wake
from app.audio.wav import WavWriter, read_wav

BLOCK_FRAMES: Final = ms_to_frames(BLOCK_MS)


class WavMicrophone(Paced):
    """A `.wav` file as the microphone: heard at the speed of time, then over."""

    failure: AudioError | None = None

    def __init__(self, path: str | Path) -> None:
        """The file is read by `start`."""
        super().__init__("wav microphone")
        self._path = Path(path)
        self._samples: Samples = np.zeros(0, dtype=np.float32)
        self._rate_hz = WIRE_RATE_HZ
        self._given = 0  # frames; moved by `read`
        self._due = 0  # frames; moved by the pacer
        self._blocks = 0
        self._wake: Wake | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def rate_hz(self) -> int:
        """The file's rate; known after `start`."""
        return self._rate_hz

    @property
    def ended(self) -> bool:
        """The file is over."""
        return self._wake is not None and self._due >= self._samples.size

    def start(self, wake: Wake) -> None:
        """Read the file and begin. Raises NotASoundFileError."""
        self._samples, self._rate_hz = read_wav(self._path)
        self._wake = wake
        self.resume()

    def _step(self) -> bool:
        self._blocks += 1
        self._due = min(ms_to_frames(self._blocks * BLOCK_MS, self._rate_hz), self._samples.size)
        if self._wake is not None:
            self._wake()
        return self._due < self._samples.size

    def wake_at(self, frames: int) -> None:
        """It calls for each of its blocks."""

    def read(self) -> Samples:
        """What has sounded since the last call."""
        due = self._due
        samples = self._samples[self._given : due].copy()
        self._given = due
        return samples


class ClipMicrophone(Paced):
    """Silence at the speed of time, into which clips are put: the spoken example's user. Never ends."""

    failure: AudioError | None = None
    ended: bool = False
    rate_hz: int = WIRE_RATE_HZ

    def __init__(self, name: str) -> None:
        """`name` is what the user reads."""
        super().__init__("clip microphone")
        self.name = name
        self._lock = threading.Lock()
        self._clips: deque[Samples] = deque()
        self._blocks: deque[Samples] = deque()
        self._wake: Wake | None = None

    @property
    def speaking(self) -> bool:
        """Whether a clip still sounds or waits. The wake call of the block that ends it comes after the change."""
        with self._lock:
            return bool(self._clips)

    def cue(self, samples: Samples, rate_hz: int) -> None:
        """Say this from the next 20 ms block on, after the clips already cued."""
        clip = resample(samples, rate_hz, WIRE_RATE_HZ)
        if clip.size:
            with self._lock:
                self._clips.append(clip)

    def silence(self) -> None:
        """Break off what is cued: the rest is not said."""
        with self._lock:
            self._clips.clear()

    def start(self, wake: Wake) -> None:
        """Begin with silence."""
        self._wake = wake
        self.resume()

    def _step(self) -> bool:
        block = np.zeros(BLOCK_FRAMES, dtype=np.float32)
        with self._lock:
            if self._clips:
                clip = self._clips.popleft()
                said = clip[:BLOCK_FRAMES]
                block[: said.size] = said
                if clip.size > BLOCK_FRAMES:
                    self._clips.appendleft(clip[BLOCK_FRAMES:])
            self._blocks.append(block)
        if self._wake is not None:
            self._wake()
        return True

    def wake_at(self, frames: int) -> None:
        """It calls for each of its blocks."""

    def read(self) -> Samples:
        """What has sounded since the last call."""
        with self._lock:
            blocks = list(self._blocks)
            self._blocks.clear()
        return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


class Sink(Protocol):
    """Where a paced speaker's sound goes."""

    name: str

    def open(self) -> None:
        """Raises AudioError."""

    def write(self, samples: Samples) -> None:
        """The next block at 24 kHz. Raises OSError when it cannot be kept."""

    def close(self) -> None:
        """Release it. Safe to call twice and before `open`."""


class NoSink:
    """Nowhere: the sound is only accounted for."""

    name: str = "none"

    def open(self) -> None:
        """Nothing to open."""

    def write(self, samples: Samples) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing to release."""


class WavSink:
    """A WAV file, mono at 24 kHz, that holds the speaker's whole time line and is valid at any moment."""

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        """The file is created by `open`; one that is there is refused unless `overwrite`."""
        self._path = Path(path)
        self._overwrite = overwrite
        self._writer: WavWriter | None = None
        self.name = self._path.name

    def open(self) -> None:
        """Raises DeviceBusyError where the file is there already or cannot be created."""
        try:
            self._writer = WavWriter(self._path, WIRE_RATE_HZ, overwrite=self._overwrite)
        except FileExistsError:
            raise DeviceBusyError(f"{self._path} is there already. Name a new file.") from None
        except OSError as error:
            raise DeviceBusyError(f"{self._path} cannot be written: {error.strerror or error}.") from None

    def write(self, samples: Samples) -> None:
        """Append a block."""
        if self._writer is not None:
            self._writer.write(to_pcm16(samples))

    def close(self) -> None:
        """Release the file, which is complete."""
        if self._writer is not None:
            self._writer.close()


class PacedSpeaker(Paced):
    """A speaker without a device: the sound is handed out at the speed of time, into a sink."""

    far: FarEnd | None = None
    rate_hz: int = WIRE_RATE_HZ

    def __init__(self, sink: Sink) -> None:
        """`sink` is opened by `start` and closed by `close`."""
        super().__init__("paced speaker")
        self._sink = sink
        self._block: Samples = np.zeros(BLOCK_FRAMES, dtype=np.float32)
        self._failure: AudioError | None = None
        self._render: Render = lambda out: False
        self._wake: Wake = lambda: None

    @property
    def name(self) -> str:
        """The file's name, or "none"."""
        return self._sink.name

    @property
    def failure(self) -> AudioError | None:
        """Why nothing is written any more."""
        return self._failure

    def start(self, render: Render, wake: Wake) -> None:
        """Open the sink and begin with silence. Raises AudioError."""
        self._sink.open()
        self._render, self._wake = render, wake
        self.resume()

    def _step(self) -> bool:
        self._render(self._block)
        try:
            self._sink.write(self._block)
        except OSError as error:
            self._failure = AudioError(f"{self.name} cannot be written any more: {error.strerror or error}.")
            self._wake()
        return self._failure is None

    def expect(self) -> None:
        """It runs all the time: a file holds the silence too."""

    def tend(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Stop, and complete the file."""
        super().close()
        self._sink.close()


def silent_speaker() -> PacedSpeaker:
    """A speaker that is not there: everything is heard in its time, by nobody."""
    return PacedSpeaker(NoSink())
