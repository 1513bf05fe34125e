"""Real microphones and speakers. The callbacks only copy between PortAudio's buffers and our own.

Callbacks, and no blocking reads: one on a device that the system suspended never returns, not even when its stream is
aborted. What callbacks cost is their number: so blocks are raw bytes, and they wake the worker only where it has
something to do.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.audio.channels import ChannelChoice
from app.audio.echo import FarRing
from app.audio.playback import PlaybackRing
from app.audio.portaudio import BLOCK_MS, Device, Kind, Opened, open_stream, release, start_stream
from app.audio.ports import AudioError, DeviceLostError, Heard, Playback, Samples, Wake

_MICROPHONE_BLOCKS: Final = 2000 // BLOCK_MS
"""What may wait while the audio worker is held up: two seconds."""

_LINGER_BLOCKS: Final = 10_000 // BLOCK_MS
"""So long a speaker runs on in silence: starting it again may take a Bluetooth device a second."""


class DeviceMicrophone:
    """A PortAudio input stream at the device's own rate; of two channels the one that has the voice."""

    def __init__(self, device: Device) -> None:
        """Opened by `start`."""
        self._device = device
        self._rate_hz = device.rate_hz
        self._choice = ChannelChoice(1, device.rate_hz)
        self._blocks: deque[bytes] = deque(maxlen=_MICROPHONE_BLOCKS)
        self._arrived = 0  # frames; moved by the callback
        self._taken = 0  # frames; moved by `read`
        self._wanted = 0
        self._failure: AudioError | None = None
        self._closing = False
        self._opened: Opened | None = None
        self._open: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The device's name."""
        return self._device.name

    @property
    def rate_hz(self) -> int:
        """The stream's rate; known after `start`."""
        return self._rate_hz

    @property
    def ended(self) -> bool:
        """The device went away."""
        return self._failure is not None

    @property
    def failure(self) -> AudioError | None:
        """DeviceLostError, once the device went away."""
        return self._failure

    def start(self, wake: Wake) -> None:
        """Open the device. Raises AudioError."""

        def arrived(data: Any, frames: int, _time: Any, _status: Any) -> None:
            if len(self._blocks) < _MICROPHONE_BLOCKS:  # else the oldest is lost
                self._arrived += frames
            self._blocks.append(bytes(data))
            if self._arrived - self._taken >= self._wanted:
                wake()

        def finished() -> None:
            if not self._closing:
                self._failure = _lost(Kind.MICROPHONE, self.name)
                wake()

        def open_again() -> None:
            self._closing = False
            self._opened = opened = open_stream(self._device, Kind.MICROPHONE, arrived, finished)
            self._rate_hz, self._choice = opened.rate_hz, ChannelChoice(opened.channels, opened.rate_hz)
            start_stream(opened.stream, self._device, Kind.MICROPHONE)

        self._open = open_again
        self._open()

    def wake_at(self, frames: int) -> None:
        """Call `wake` when so many frames are there to be read."""
        self._wanted = frames

    def read(self) -> Samples:
        """All that came in since the last call."""
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        channels = self._opened.channels if self._opened else 1
        sound = np.frombuffer(b"".join(blocks), dtype=np.float32).reshape(-1, channels)
        self._taken += len(sound)
        return self._choice.mono(sound)

    def pause(self) -> None:
        """Release the device for a while."""
        self.close()

    def resume(self) -> None:
        """Open it again; what it had heard before is forgotten. Raises as `start` does."""
        self.read()
        self._open()

    def close(self) -> None:
        """Release the device."""
        self._closing = True
        if self._opened is not None:
            release(self._opened.stream)
            self._opened = None


class DeviceSpeaker:
    """A PortAudio output stream; what is played is resampled to its rate when it is given.

    After ten seconds of silence the stream is stopped, and started when speech is expected or given.
    """

    def __init__(self, device: Device) -> None:
        """Opened by `start`; nothing is to be given before."""
        self._device = device
        self._failure: AudioError | None = None
        self._closing = False
        self._opened: Opened | None = None
        self._wake: Wake = lambda: None
        self._far: FarRing | None = None
        self._ring = PlaybackRing(device.rate_hz)
        self._rate_hz = device.rate_hz
        self._mono: Samples = np.zeros(0, dtype=np.float32)
        self._streams = threading.Lock()  # one thread at a time opens, starts, stops and closes
        self._is_asleep = False
        self._blocks = 0  # handed out; moved by the callback
        self._sounded = 0  # which of them was the last with sound; moved by the callback
        self._expected = 0  # after which of them speech was expected last

    @property
    def name(self) -> str:
        """The device's name."""
        return self._device.name

    @property
    def failure(self) -> AudioError | None:
        """DeviceLostError, once the device went away."""
        return self._failure

    @property
    def level_dbfs(self) -> float:
        """Of the last block handed to the device."""
        return self._ring.level_dbfs

    @property
    def far(self) -> FarRing | None:
        """What is handed to the device; there after `start`."""
        return self._far

    def start(self, wake: Wake) -> None:
        """Open the device. Raises AudioError."""
        self._wake = wake
        with self._streams:
            opened = self._open()
            self._far = FarRing(opened.rate_hz)
            self._ring = PlaybackRing(opened.rate_hz, far=self._far)
            self._rate_hz = opened.rate_hz
            start_stream(opened.stream, self._device, Kind.SPEAKER)

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append PCM16 at 24 kHz to an item."""
        self._ring.play(item_id, pcm)
        self.expect()

    def finish(self, item_id: str) -> None:
        """No more sound comes for the item."""
        if self._ring.finish(item_id):
            self._wake()

    def flush(self) -> tuple[Heard, ...]:
        """Silence, now; what was heard of each item."""
        return self._ring.flush()

    def duck(self, gain_db: float) -> None:
        """Play quieter, or with 0 as given."""
        self._ring.duck(gain_db)

    def progress(self) -> Playback:
        """Where the playback is."""
        return self._ring.progress()

    def expect(self) -> None:
        """Speech may come soon: let the device run. From any thread; the start itself is done by `tend`."""
        self._expected = self._blocks
        if self._is_asleep:
            self._wake()

    def tend(self) -> None:
        """Stop the stream where it has been silent for long, start it where speech is expected. May take a while.

        A device that does not start any more is lost.
        """
        with self._streams:
            try:
                while self._opened and not self._failure and self._is_needed == self._is_asleep:
                    self._is_asleep = not self._is_asleep  # before it is, for speech that is given meanwhile
                    if self._is_asleep:
                        self._opened.stream.abort()
                    else:
                        self._opened.stream.start()
            except Exception:  # whatever the library says to it
                self._failure = _lost(Kind.SPEAKER, self.name)

    def pause(self) -> None:
        """Release the device for a while; what waits is kept."""
        self.close()

    def resume(self) -> None:
        """Open it again; what waits sounds from where it stopped. Raises as `start` does."""
        with self._streams:
            opened = self._open()
            if opened.rate_hz == self._rate_hz:
                start_stream(opened.stream, self._device, Kind.SPEAKER)
                return
        self.close()  # what waits is for the old rate
        self._failure = _lost(Kind.SPEAKER, self.name)
        raise self._failure

    def close(self) -> None:
        """Release the device; what waits is not played."""
        self._closing = True
        with self._streams:
            if self._opened is not None:
                release(self._opened.stream)
                self._opened = None

    @property
    def _silent_blocks(self) -> int:
        return self._blocks - max(self._sounded, self._expected)

    @property
    def _is_needed(self) -> bool:
        return self._silent_blocks < _LINGER_BLOCKS

    def _open(self) -> Opened:
        self._closing = self._is_asleep = False
        self._expected = self._blocks
        self._opened = opened = open_stream(self._device, Kind.SPEAKER, self._hand_out, self._finished)
        self._mono = np.zeros(opened.rate_hz * BLOCK_MS // 1000, dtype=np.float32)
        return opened

    def _hand_out(self, data: Any, frames: int, _time: Any, _status: Any) -> None:
        """The callback: the next block, the same on all channels."""
        out: Samples = np.frombuffer(data, dtype=np.float32)
        if out.size == frames:
            has_moved = self._ring.render(out)
        else:
            has_moved = self._ring.render(self._mono[:frames])
            out.reshape(frames, -1)[:] = self._mono[:frames, None]
        self._blocks += 1
        if self._ring.is_sounding:
            self._sounded = self._blocks
        if has_moved or self._silent_blocks == _LINGER_BLOCKS:
            self._wake()

    def _finished(self) -> None:
        """The stream has ended, by us or because the device is gone."""
        if not self._closing and not self._is_asleep:
            self._failure = _lost(Kind.SPEAKER, self.name)
            self._wake()


def _lost(kind: Kind, name: str) -> DeviceLostError:
    return DeviceLostError(f"The {kind} {name} went away. Plug it in again, or choose another one.")
