"""Standard input as the microphone, standard output as the speaker: raw PCM16 little endian, mono, 24 kHz.

So a pipe carries the sound, through ssh for one. Whoever writes and reads at the other ends has the devices.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
import threading
import time
from collections import deque
from typing import Final

import numpy as np

from app.audio.echo import FarRing
from app.audio.files import BLOCK_FRAMES
from app.audio.paced import BLOCK_MS, Paced
from app.audio.pcm import BYTES_PER_FRAME, WIRE_RATE_HZ, from_pcm16, ms_to_frames, to_pcm16
from app.audio.ports import AudioError, Render, Samples, Wake

if sys.platform != "win32":
    import fcntl

_AHEAD_FRAMES: Final = ms_to_frames(10_000)
_FASTER: Final = 1.05
"""How far a pipe's sound may be ahead of time, and how much faster than time it may come: what a remote microphone
heard while the program started comes at once, or it would come late for ever (`parec` keeps all of it), and a device's
clock may be the faster one. A file is never ahead."""

_BLOCK_BYTES: Final = BLOCK_FRAMES * BYTES_PER_FRAME
_BLOCKS: Final = 100
"""What may wait here while the audio worker is held up, two seconds; the rest waits in the pipe."""

_PIPE_BYTES: Final = 8192
"""Room for 170 ms where a pipe's size can be chosen, so that a reader who was held up is not late by more for long."""
_LINGER_BLOCKS: Final = 500 // BLOCK_MS
"""So much silence goes into a pipe after the last sound, and then nothing: the reader plays what it holds to its end,
and is not late any more. A file holds all of it, the whole time line."""

_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.EINVAL})
"""Nobody reads any more; the last is what Windows says."""


def passes_after_s(frames: int, *, is_file: bool) -> float:
    """How long after the beginning the first `frames` of standard input may have passed, at the earliest."""
    ahead_frames = 0 if is_file else _AHEAD_FRAMES
    return max(0.0, (frames - ahead_frames) / (WIRE_RATE_HZ * _FASTER))


class StandardInput:
    """A microphone that is a stream; its end is the end of the recording."""

    rate_hz: int = WIRE_RATE_HZ
    name: str = "standard input"

    def __init__(self, descriptor: int = 0) -> None:
        """Not read before `start`."""
        self._descriptor = descriptor
        self._blocks: deque[bytes] = deque()
        self._is_over = False
        self._failure: AudioError | None = None
        self._stop = threading.Event()
        self._taken = threading.Event()

    @property
    def ended(self) -> bool:
        """The stream is over."""
        return self._is_over

    @property
    def failure(self) -> AudioError | None:
        """Why it cannot be read any more, where that is not its end."""
        return self._failure

    def start(self, wake: Wake) -> None:
        """Begin to read: in a daemon thread, since nothing can end a blocked read."""
        threading.Thread(target=self._listen, args=(wake,), name="standard input", daemon=True).start()

    def wake_at(self, frames: int) -> None:
        """It calls for each of its blocks."""

    def read(self) -> Samples:
        """What has come since the last call."""
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        self._taken.set()
        return from_pcm16(b"".join(blocks))

    def pause(self) -> None:
        """Nothing to release: what comes meanwhile waits."""

    def resume(self) -> None:
        """Go on."""

    def close(self) -> None:
        """Take no more."""
        self._stop.set()
        self._taken.set()

    def _listen(self, wake: Wake) -> None:
        """Thread: to the end of the stream."""
        began_s, came_frames, odd = time.monotonic(), 0, b""
        try:
            is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
            while not self._stop.is_set() and (data := os.read(self._descriptor, _BLOCK_BYTES)):
                data = odd + data
                cut = len(data) // BYTES_PER_FRAME * BYTES_PER_FRAME
                whole, odd = data[:cut], data[cut:]
                came_frames += cut // BYTES_PER_FRAME
                passes_s = began_s + passes_after_s(came_frames, is_file=is_file)
                self._stop.wait(max(0.0, passes_s - time.monotonic()))
                self._taken.clear()
                self._blocks.append(whole)
                wake()
                if len(self._blocks) >= _BLOCKS:
                    self._taken.wait()
        except OSError as error:
            self._failure = AudioError(f"Standard input cannot be read any more: {error.strerror or error}.")
        self._is_over = True
        wake()


class StandardOutput(Paced):
    """A speaker that is a stream, at the speed of time: what its reader has not taken yet holds up what follows.

    A reader who leaves ends the program in good order (`app.ending` watches the descriptor); to the conversation that
    is no failure of a device.
    """

    rate_hz: int = WIRE_RATE_HZ
    name: str = "standard output"

    def __init__(self, descriptor: int = 1) -> None:
        """Nothing is written before `start`."""
        super().__init__("standard output")
        self._descriptor = descriptor
        self._block: Samples = np.zeros(BLOCK_FRAMES, dtype=np.float32)
        self._failure: AudioError | None = None
        self._render: Render = lambda out: False
        self._wake: Wake = lambda: None
        self._far = FarRing(WIRE_RATE_HZ)
        self._waking: tuple[int, int] | None = None
        self._is_pipe = True
        self._silent_blocks = 0

    @property
    def failure(self) -> AudioError | None:
        """Why nothing is written any more."""
        return self._failure

    @property
    def far(self) -> FarRing:
        """What is written: the microphone at the other end may hear it."""
        return self._far

    def start(self, render: Render, wake: Wake) -> None:
        """Begin with silence."""
        self._render, self._wake = render, wake
        self._is_pipe = not stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # it is none
                fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.resume()

    def expect(self) -> None:
        """It runs all the time."""

    def tend(self) -> None:
        """Nothing to do."""

    def resume(self) -> None:
        """Begin, or go on."""
        self._waking = os.pipe()
        super().resume()

    def pause(self) -> None:
        """Time stands still, also where the reader takes nothing."""
        waking, self._waking = self._waking, None
        if waking is None:
            return
        os.write(waking[1], b"\0")
        super().pause()
        for end in waking:
            os.close(end)

    def _step(self) -> bool:
        waking = self._waking
        if waking is None or not self._has_room(waking[0]):
            return False
        is_sounding = self._render(self._block)
        self._far.write(self._block)
        self._silent_blocks = 0 if is_sounding else self._silent_blocks + 1
        if self._is_pipe and self._silent_blocks > _LINGER_BLOCKS:
            return True
        try:
            rest = memoryview(to_pcm16(self._block))
            while rest and self._has_room(waking[0]):
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            if error.errno not in _GONE:
                why = error.strerror or str(error)
                self._failure = AudioError(f"Standard output does not take the sound any more: {why}.")
                self._wake()
            return False
        return True

    def _has_room(self, waking: int) -> bool:
        """Waits for it; False when it is not waited for any more."""
        if sys.platform == "win32":  # which cannot wait for a pipe: the write itself waits
            return True
        stopped, _, _ = select.select([waking], [self._descriptor], [])
        return not stopped
