"""Microphones and speakers of a PulseAudio server, through `parec` and `pacat`: each a process, a pipe, and a thread
that blocks on it.

A pipe's other end is what keeps time: a speaker's block is asked for when there is room for it. Room for two blocks, so
that the sound is as near to being heard as PortAudio's: of the samples as they are handed out, 32 bit floats at the
rate of the stream, one page of the pipe holds 21 ms at 48 kHz. What was handed out is heard whatever follows, so the
account of it is exact for any delay; the delay is that of an interruption.

The programs end with us, however that happens: `pacat` when its standard input ends, `parec` when nobody reads it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from typing import IO, Final

import numpy as np

from app import ending
from app.audio.channels import ChannelChoice
from app.audio.devices import LINGER_BLOCKS, UNUSED_BLOCKS
from app.audio.echo import FarRing
from app.audio.portaudio import BLOCK_MS, Kind, clean
from app.audio.ports import AudioError, DeviceBusyError, DeviceLostError, Render, Samples, Wake
from app.audio.pulse_server import PulseDevice, environment

_MICROPHONE_LATENCY_MS: Final = 10
_SPEAKER_LATENCY_MS: Final = 20
"""Asked of the server. Measured on PulseAudio 16.1, on a busy machine: from a block that is handed out to its sound
25 ms with 10, 35 with 20, 40 with 30; with 1 it broke off. 20 leaves a reserve."""

_PIPE_BYTES: Final = 4096
"""The least that Linux gives."""
_LEAST_HZ: Final = 44_100
_FILLING_HZ: Final = 48_000
"""What a slower sink is given, since that page would hold 64 ms at 16 kHz."""
_FRAME_BYTES: Final = 4
_MICROPHONE_BLOCKS: Final = 2000 // BLOCK_MS
"""What may wait while the audio worker is held up: two seconds, or four where reads were short of time."""

_PATIENCE_S: Final = 5.0
"""So long the server may take until it gives or takes the first sound."""
_OPEN_BLOCKS: Final = 4
"""The pipe takes two blocks by itself, and a third waits: when so many have gone, the stream runs."""
_LAST_WORDS_BYTES: Final = 500


class PulseMicrophone:
    """A source at its own rate; of two channels the one that has the voice."""

    def __init__(self, device: PulseDevice, *, follows_default: bool) -> None:
        """Opened by `start`. `follows_default`: whatever the server's default is, also when that changes."""
        self._device, self._follows_default = device, follows_default
        self._channels = min(2, device.inputs)
        self._choice = ChannelChoice(self._channels, device.rate_hz)
        self._blocks: deque[bytes] = deque(maxlen=_MICROPHONE_BLOCKS)
        self._arrived = 0  # frames; moved by the reader
        self._taken = 0  # frames; moved by `read`
        self._wanted = 0
        self._failure: AudioError | None = None
        self._wake: Wake = lambda: None
        self._process: SoundProcess | None = None
        self._reader: threading.Thread | None = None

    @property
    def name(self) -> str:
        """The source's name, and by what it is heard."""
        return _name(self._device)

    @property
    def server(self) -> str:
        """PulseAudio or PipeWire."""
        return self._device.host_api

    @property
    def rate_hz(self) -> int:
        """The source's rate."""
        return self._device.rate_hz

    @property
    def ended(self) -> bool:
        """The source or its server went away."""
        return self._failure is not None

    @property
    def failure(self) -> AudioError | None:
        """DeviceLostError, once it went away."""
        return self._failure

    def start(self, wake: Wake) -> None:
        """Begin to listen. Raises DeviceBusyError."""
        self._wake = wake
        self.resume()

    def wake_at(self, frames: int) -> None:
        """Call `wake` when so many frames are there to be read."""
        self._wanted = frames

    def read(self) -> Samples:
        """All that came in since the last call."""
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        sound = np.frombuffer(b"".join(blocks), dtype=np.float32).reshape(-1, self._channels)
        self._taken += len(sound)
        return self._choice.mono(sound)

    def pause(self) -> None:
        """Release the source for a while."""
        self.close()

    def resume(self) -> None:
        """Listen again; what it had heard before is forgotten. Raises as `start` does."""
        self.read()
        options = [*_format(self.rate_hz, self._channels), "--no-remix", "--no-remap"]
        self._process = process = SoundProcess(
            ["parec", *options, *_latency(_MICROPHONE_LATENCY_MS), *_target(self._device, self._follows_default)],
            stdout=subprocess.PIPE,
        )
        is_open = threading.Event()
        self._reader = threading.Thread(target=self._listen, args=(process, is_open), name="parec", daemon=True)
        self._reader.start()
        _await_opening(self, process, Kind.MICROPHONE, is_open, self._device.name)

    def close(self) -> None:
        """Release the source: the process is gone, and the reader joined."""
        if self._process is not None and self._reader is not None:
            self._process.kill()
            self._reader.join()
            self._process = None

    def _listen(self, process: SoundProcess, is_open: threading.Event) -> None:
        """Thread: until the process ends."""
        frame_bytes = _FRAME_BYTES * self._channels
        at_most = 2 * BLOCK_MS * self.rate_hz // 1000 * frame_bytes
        odd = b""
        while data := process.read(at_most):
            data = odd + data
            cut = len(data) // frame_bytes * frame_bytes
            whole, odd = data[:cut], data[cut:]
            if len(self._blocks) < _MICROPHONE_BLOCKS:  # else the oldest is lost
                self._arrived += cut // frame_bytes
            self._blocks.append(whole)
            is_open.set()
            if self._arrived - self._taken >= self._wanted:
                self._wake()
        process.wait()
        if is_open.is_set() and not process.is_killed:
            self._failure = _lost(Kind.MICROPHONE, self.name, process.last_words)
            self._wake()
        is_open.set()


class PulseSpeaker:
    """A sink at its own rate where that is a usual one, mono; the server gives each of its channels the same.

    After ten seconds of silence, or a second after it was opened, nothing is handed out until sound is expected.
    """

    def __init__(self, device: PulseDevice, *, follows_default: bool) -> None:
        """Opened by `start`. `follows_default`: whatever the server's default is, also when that changes."""
        self._device, self._follows_default = device, follows_default
        self._rate_hz = device.rate_hz if device.rate_hz >= _LEAST_HZ else _FILLING_HZ
        self._failure: AudioError | None = None
        self._render: Render = lambda out: False
        self._wake: Wake = lambda: None
        self._far = FarRing(self._rate_hz)
        self._process: SoundProcess | None = None
        self._writer: threading.Thread | None = None
        self._changed = threading.Condition()  # over what follows
        self._is_over = False  # the process, or our use of it
        self._blocks = 0  # handed out
        self._sounded = -LINGER_BLOCKS  # which of them was the last with sound
        self._expected = 0  # after which of them speech was expected last

    @property
    def name(self) -> str:
        """The sink's name, and by what it is played."""
        return _name(self._device)

    @property
    def server(self) -> str:
        """PulseAudio or PipeWire."""
        return self._device.host_api

    @property
    def failure(self) -> AudioError | None:
        """DeviceLostError, once the sink or its server went away."""
        return self._failure

    @property
    def rate_hz(self) -> int:
        """The sink's rate, or a higher one."""
        return self._rate_hz

    @property
    def far(self) -> FarRing:
        """What is handed out."""
        return self._far

    def start(self, render: Render, wake: Wake) -> None:
        """Begin to play. Raises DeviceBusyError."""
        self._render, self._wake = render, wake
        self.resume()

    def expect(self) -> None:
        """Sound may come soon: hand out blocks again. From any thread."""
        with self._changed:
            self._expected = self._blocks
            self._changed.notify()

    def tend(self) -> None:
        """Nothing to do: the writer rests and wakes up by itself."""

    def pause(self) -> None:
        """Release the sink for a while."""
        self.close()

    def resume(self) -> None:
        """Play again. Raises as `start` does."""
        self._is_over = False
        self._expected = self._blocks - LINGER_BLOCKS + UNUSED_BLOCKS
        self._process = process = SoundProcess(
            [
                *("pacat", "--playback", *_format(self.rate_hz, 1)),
                *(*_latency(_SPEAKER_LATENCY_MS), *_target(self._device, self._follows_default)),
            ],
            stdin=subprocess.PIPE,
        )
        is_open = threading.Event()
        threading.Thread(target=self._watch, args=(process, is_open), name="pacat's end", daemon=True).start()
        self._writer = threading.Thread(target=self._play, args=(process, is_open), name="pacat", daemon=True)
        self._writer.start()
        _await_opening(self, process, Kind.SPEAKER, is_open, self._device.name)

    def close(self) -> None:
        """Release the sink: the process is gone, and the writer joined."""
        if self._process is not None and self._writer is not None:
            self._process.kill()
            self._end()
            self._writer.join()
            self._process.wait()
            self._process = None

    def _play(self, process: SoundProcess, is_open: threading.Event) -> None:
        """Thread: block after block, until the process or our use of it is over."""
        block: Samples = np.zeros(self.rate_hz * BLOCK_MS // 1000, dtype=np.float32)
        first = self._blocks
        while self._is_wanted() and process.write(self._next(block)):
            if self._blocks - first == _OPEN_BLOCKS:
                is_open.set()
        process.close_input()

    def _next(self, block: Samples) -> Samples:
        is_sounding = self._render(block)
        self._far.write(block)
        with self._changed:
            self._blocks += 1
            if is_sounding:
                self._sounded = self._blocks
        return block

    def _is_wanted(self) -> bool:
        """Whether another block is; waits while none is."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_over or self._blocks - max(self._sounded, self._expected) < LINGER_BLOCKS
            )
            return not self._is_over

    def _watch(self, process: SoundProcess, is_open: threading.Event) -> None:
        """Thread: until the process ends, also while nothing is handed out."""
        process.wait()
        if is_open.is_set() and not process.is_killed:
            self._failure = _lost(Kind.SPEAKER, self.name, process.last_words)
            self._wake()
        self._end()
        is_open.set()

    def _end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()


class SoundProcess:
    """`parec` or `pacat`: with what the environment must hold for it and no more, and gone when its owner is."""

    def __init__(
        self, command: Sequence[str], *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
    ) -> None:
        """Raises DeviceBusyError where it cannot be started."""
        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                bufsize=0,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=environment(os.environ),
                start_new_session=True,  # Ctrl+C is for the program, which then ends it in order
            )
        except OSError as error:
            raise DeviceBusyError(f"{command[0]} cannot be started: {error.strerror or error}.") from None
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # then the delay is longer, and the account of it is right all the same
                fcntl.fcntl(self._process.stdin.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.is_killed = False
        self.last_words = ""
        """What it said at its end; after `wait`."""
        self._reaping = threading.Lock()
        self._take_back = ending.when_forced(self._process.kill)

    def read(self, at_most: int) -> bytes:
        """What it gives; waits for that. Empty when it has ended."""
        return _stream(self._process.stdout).read(at_most) or b""

    def write(self, block: Samples) -> bool:
        """Hand it a block; waits for room. False when it has ended."""
        rest = block.data.cast("B")
        try:
            while rest:
                rest = rest[_stream(self._process.stdin).write(rest) or 0 :]
        except (OSError, ValueError):
            return False
        return True

    def close_input(self) -> None:
        """No more is handed to it. On the thread that writes."""
        with contextlib.suppress(OSError):
            _stream(self._process.stdin).close()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it. From any thread, and again."""
        self.is_killed = True
        self._process.kill()

    def wait(self) -> None:
        """Until it has ended, and is no zombie. Whoever calls first reads its last words."""
        with self._reaping:
            said = _stream(self._process.stderr)
            while not said.closed and (words := said.read(4096)):
                self.last_words = (self.last_words + clean(words.decode("utf-8", "replace")))[-_LAST_WORDS_BYTES:]
            self._process.wait()
            self._take_back()
            for stream in (said, self._process.stdout):
                if stream is not None:
                    stream.close()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # a pipe, as was asked for
    return stream


def _await_opening(
    port: PulseMicrophone | PulseSpeaker, process: SoundProcess, kind: Kind, is_open: threading.Event, name: str
) -> None:
    """Until sound flows. Raises DeviceBusyError where it does not, and leaves nothing behind."""
    came = is_open.wait(_PATIENCE_S)
    if came and process.is_running:
        return
    port.close()
    why = process.last_words or ("it ended at once" if came else f"no sound within {_PATIENCE_S:.0f} s")
    raise DeviceBusyError(
        f"The {kind} {name} cannot be opened: {why.rstrip('.')}. Check the sound server (pactl info), or choose "
        "another one."
    )


def _lost(kind: Kind, name: str, words: str) -> DeviceLostError:
    why = f": {words.rstrip('.')}" if words else ""
    return DeviceLostError(f"The {kind} {name} went away{why}. Plug it in again, or choose another one.")


def _name(device: PulseDevice) -> str:
    return f"{device.name} ({device.host_api})"


def _format(rate_hz: int, channels: int) -> tuple[str, ...]:
    return ("--raw", "--format=float32ne", f"--rate={rate_hz}", f"--channels={channels}", "--client-name=realtime")


def _latency(latency_ms: int) -> tuple[str, ...]:
    return (f"--latency-msec={latency_ms}",)


def _target(device: PulseDevice, follows_default: bool) -> tuple[str, ...]:
    return () if follows_default else (f"--device={device.server_name}",)
