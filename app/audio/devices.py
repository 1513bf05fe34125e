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
from app.audio.portaudio import BLOCK_MS, Device, Kind, Opened, open_stream, release, start_stream
from app.audio.ports import AudioError, DeviceLostError, Render, Samples, Wake

_MICROPHONE_BLOCKS: Final = 2000 // BLOCK_MS
"""What may wait while the audio worker is held up: two seconds."""

LINGER_BLOCKS: Final = 10_000 // BLOCK_MS
"""So long a speaker runs on in silence: starting it again may take a Bluetooth device a second."""

UNUSED_BLOCKS: Final = 1_000 // BLOCK_MS
"""So long one that was just opened waits to be used: a conversation mostly begins with the user."""


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
    """A PortAudio output stream at the device's own rate.

    After ten seconds of silence, or a second after it was opened, the stream is stopped, and started when sound is
    expected.
    """

    def __init__(self, device: Device) -> None:
        """Opened by `start`."""
        self._device = device
        self._failure: AudioError | None = None
        self._closing = False
        self._opened: Opened | None = None
        self._render: Render = lambda out: False
        self._wake: Wake = lambda: None
        self._far: FarRing | None = None
        self._rate_hz = device.rate_hz
        self._mono: Samples = np.zeros(0, dtype=np.float32)
        self._streams = threading.Lock()  # one thread at a time opens, starts, stops and closes
        self._is_asleep = False
        self._blocks = 0  # handed out; moved by the callback
        self._sounded = -LINGER_BLOCKS  # which of them was the last with sound; moved by the callback
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
    def rate_hz(self) -> int:
        """The stream's rate; known after `start`."""
        return self._rate_hz

    @property
    def far(self) -> FarRing | None:
        """What is handed to the device; there after `start`, another one after a `resume` at another rate."""
        return self._far

    def start(self, render: Render, wake: Wake) -> None:
        """Open the device. Raises AudioError."""
        self._render, self._wake = render, wake
        with self._streams:
            self._open_and_start()

    def expect(self) -> None:
        """Sound may come soon: let the device run. From any thread; the start itself is done by `tend`."""
        self._expected = self._blocks
        if self._is_asleep:
            self._wake()

    def tend(self) -> None:
        """Stop the stream where it has been silent for long, start it where sound is expected. May take a while.

        A device that does not start any more is lost.
        """
        with self._streams:
            try:
                while self._opened and not self._failure and self._is_needed == self._is_asleep:
                    self._is_asleep = not self._is_asleep  # before it is, for what is expected meanwhile
                    if self._is_asleep:
                        self._opened.stream.abort()
                    else:
                        self._opened.stream.start()
            except Exception:  # whatever the library says to it
                self._failure = _lost(Kind.SPEAKER, self.name)

    def pause(self) -> None:
        """Release the device for a while."""
        self.close()

    def resume(self) -> None:
        """Open it again. Raises as `start` does."""
        with self._streams:
            self._open_and_start()

    def close(self) -> None:
        """Release the device."""
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
        return self._silent_blocks < LINGER_BLOCKS

    def _open_and_start(self) -> None:
        self._closing = self._is_asleep = False
        self._expected = self._blocks - LINGER_BLOCKS + UNUSED_BLOCKS
        self._opened = opened = open_stream(self._device, Kind.SPEAKER, self._hand_out, self._finished)
        self._mono = np.zeros(opened.rate_hz * BLOCK_MS // 1000, dtype=np.float32)
        if self._far is None or opened.rate_hz != self._rate_hz:
            self._far = FarRing(opened.rate_hz)
        self._rate_hz = opened.rate_hz
        start_stream(opened.stream, self._device, Kind.SPEAKER)

    def _hand_out(self, data: Any, frames: int, _time: Any, _status: Any) -> None:
        """The callback: the next block, the same on all channels."""
        out: Samples = np.frombuffer(data, dtype=np.float32)
        mono = out if out.size == frames else self._mono[:frames]
        is_sounding = self._render(mono)
        if out.size != frames:
            out.reshape(frames, -1)[:] = mono[:, None]
        if self._far is not None:
            self._far.write(mono)
        self._blocks += 1
        if is_sounding:
            self._sounded = self._blocks
        if self._silent_blocks == LINGER_BLOCKS:
            self._wake()

    def _finished(self) -> None:
        """The stream has ended, by us or because the device is gone."""
        if not self._closing and not self._is_asleep:
            self._failure = _lost(Kind.SPEAKER, self.name)
            self._wake()


def _lost(kind: Kind, name: str) -> DeviceLostError:
    return DeviceLostError(f"The {kind} {name} went away. Plug it in and choose it again, or choose another one.")
