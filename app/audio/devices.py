"""Real microphones and speakers. The callbacks only copy between PortAudio's buffers and preallocated rings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.audio.channels import ChannelChoice
from app.audio.echo import FarRing
from app.audio.playback import PlaybackRing
from app.audio.portaudio import Device, Kind, Stream, open_stream, release, start_stream
from app.audio.ports import AudioError, DeviceLostError, Heard, Playback, Samples, Wake
from app.audio.ring import SampleRing

_MICROPHONE_S: Final = 2
"""What may wait while the audio worker is held up."""


class DeviceMicrophone:
    """A PortAudio input stream at the device's own rate; of two channels the one that has the voice."""

    def __init__(self, device: Device) -> None:
        """Opened by `start`."""
        self._device = device
        self._rate_hz = device.rate_hz
        self._channels = 1
        self._ring = SampleRing(1)  # the frames of all channels, one after the other
        self._choice = ChannelChoice(1, device.rate_hz)
        self._lost = 0
        self._failure: AudioError | None = None
        self._closing = False
        self._stream: Stream | None = None
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

    @property
    def lost_frames(self) -> int:
        """What the ring had no room for, and a block for each loss that the system reported."""
        return self._lost

    def start(self, wake: Wake) -> None:
        """Open the device. Raises AudioError."""

        def arrived(data: Any, frames: int, _time: Any, status: Any) -> None:
            self._lost += self._ring.write(data.reshape(-1)) // self._channels
            if status.input_overflow:
                self._lost += frames
            wake()

        def finished() -> None:
            if not self._closing:
                self._failure = _lost(Kind.MICROPHONE, self.name)
                wake()

        def open_again() -> None:
            self._closing = False
            opened = open_stream(self._device, Kind.MICROPHONE, arrived, finished)
            self._stream, self._rate_hz, self._channels = opened.stream, opened.rate_hz, opened.channels
            self._ring = SampleRing(_MICROPHONE_S * self._rate_hz * self._channels)
            self._choice = ChannelChoice(self._channels, self._rate_hz)
            start_stream(self._stream, self._device, Kind.MICROPHONE)

        self._open = open_again
        self._open()

    def read(self) -> Samples:
        """All that came in since the last call."""
        return self._choice.mono(self._ring.read().reshape(-1, self._channels))

    def pause(self) -> None:
        """Release the device for a while."""
        self.close()

    def resume(self) -> None:
        """Open it again; what it had heard before is forgotten. Raises as `start` does."""
        self._open()

    def close(self) -> None:
        """Release the device."""
        self._closing = True
        if self._stream is not None:
            release(self._stream)
            self._stream = None


class DeviceSpeaker:
    """A PortAudio output stream; what is played is resampled to its rate when it is given."""

    def __init__(self, device: Device) -> None:
        """Opened by `start`; nothing is to be given before."""
        self._device = device
        self._failure: AudioError | None = None
        self._closing = False
        self._stream: Stream | None = None
        self._open: Callable[[], int] = lambda: device.rate_hz
        self._far: FarRing | None = None
        self._ring = PlaybackRing(device.rate_hz)
        self._rate_hz = device.rate_hz

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

        def wanted(data: Any, _frames: int, _time: Any, _status: Any) -> None:
            moved = self._ring.render(data[:, 0])
            for channel in range(1, data.shape[1]):
                data[:, channel] = data[:, 0]
            if moved:
                wake()

        def finished() -> None:
            if not self._closing:
                self._failure = _lost(Kind.SPEAKER, self.name)
                wake()

        def open_again() -> int:
            self._closing = False
            opened = open_stream(self._device, Kind.SPEAKER, wanted, finished)
            self._stream = opened.stream
            return opened.rate_hz

        self._open = open_again
        self._rate_hz = self._open()
        self._far = FarRing(self._rate_hz)
        self._ring = PlaybackRing(self._rate_hz, far=self._far)
        assert self._stream is not None  # just opened
        start_stream(self._stream, self._device, Kind.SPEAKER)

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append PCM16 at 24 kHz to an item."""
        self._ring.play(item_id, pcm)

    def finish(self, item_id: str) -> None:
        """No more sound comes for the item."""
        self._ring.finish(item_id)

    def flush(self) -> tuple[Heard, ...]:
        """Silence, now; what was heard of each item."""
        return self._ring.flush()

    def duck(self, gain_db: float) -> None:
        """Play quieter, or with 0 as given."""
        self._ring.duck(gain_db)

    def progress(self) -> Playback:
        """Where the playback is."""
        return self._ring.progress()

    def pause(self) -> None:
        """Release the device for a while; what waits is kept."""
        self.close()

    def resume(self) -> None:
        """Open it again; what waits sounds from where it stopped. Raises as `start` does."""
        rate_hz = self._open()
        assert self._stream is not None  # just opened
        if rate_hz != self._rate_hz:  # what waits is for the old rate
            self.close()
            self._failure = _lost(Kind.SPEAKER, self.name)
            raise self._failure
        start_stream(self._stream, self._device, Kind.SPEAKER)

    def close(self) -> None:
        """Release the device; what waits is not played."""
        self._closing = True
        if self._stream is not None:
            release(self._stream)
            self._stream = None


def _lost(kind: Kind, name: str) -> DeviceLostError:
    return DeviceLostError(f"The {kind} {name} went away. Plug it in again, or choose another one.")
