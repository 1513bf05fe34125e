"""Sound on standard streams: real pipes and files."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time

import numpy as np
import pytest

from app.audio.pcm import WIRE_RATE_HZ, to_pcm16
from app.audio.standard_streams import StandardInput, StandardOutput, passes_after_s

fcntl = pytest.importorskip("fcntl")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes that can be waited for")

TONE = to_pcm16((0.5 * np.sin(np.arange(WIRE_RATE_HZ // 2) / 9)).astype(np.float32))


class Listener:
    """Waits until the microphone has given so much, or is over."""

    def __init__(self, microphone: StandardInput) -> None:
        self.microphone, self.woken, self.heard = microphone, threading.Event(), b""
        microphone.start(self.woken.set)

    def until(self, is_enough) -> bytes:
        while not is_enough(self):
            assert self.woken.wait(10)
            self.woken.clear()
            is_over = self.microphone.ended
            self.heard += to_pcm16(self.microphone.read())
            if is_over:
                break
        return self.heard


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def test_what_comes_in_pieces_of_any_size_is_whole_and_its_end_is_the_end(pipe):
    reading, writing = pipe
    listener = Listener(StandardInput(reading))
    for at in range(0, len(TONE), 333):
        os.write(writing, TONE[at : at + 333])
    os.close(writing)
    assert listener.until(lambda _: False) == TONE
    assert listener.microphone.ended
    assert listener.microphone.failure is None


@pytest.mark.parametrize(
    ("seconds", "is_file", "after_s"), [(10, False, 0.0), (31, False, 20.0), (21, True, 20.0), (0, True, 0.0)]
)
def test_what_a_remote_microphone_heard_before_does_not_stay_late(seconds: int, is_file: bool, after_s: float):
    assert passes_after_s(seconds * WIRE_RATE_HZ, is_file=is_file) == pytest.approx(after_s)


def test_a_file_takes_its_time(tmp_path):
    path = tmp_path / "said.raw"
    path.write_bytes(TONE)
    with path.open("rb") as file:
        began_s = time.monotonic()
        assert Listener(StandardInput(file.fileno())).until(lambda _: False) == TONE
    assert time.monotonic() - began_s > 0.4


def test_a_stream_that_cannot_be_read_is_told(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    listener = Listener(StandardInput(folder))
    listener.until(lambda _: False)
    os.close(folder)
    assert "Standard input cannot be read any more: Is a directory" in str(listener.microphone.failure)


class Sounding:
    """Renders a tone, or with `is_silent` nothing."""

    def __init__(self, *, is_silent: bool = False) -> None:
        self.is_silent, self.blocks = is_silent, 0

    def __call__(self, out) -> bool:
        out[:] = 0.0 if self.is_silent else 0.25
        self.blocks += 1
        return not self.is_silent


def test_what_is_rendered_is_written_and_is_there_for_the_echo_canceller(pipe):
    reading, writing = pipe
    speaker = StandardOutput(writing)
    speaker.start(Sounding(), lambda: None)
    heard = b""
    while len(heard) < 9600:
        heard += os.read(reading, 9600)
    speaker.close()
    assert set(np.frombuffer(heard[:9600], "<i2")) == {8192}
    assert np.all(speaker.far.read()[:4800] == 0.25)
    assert speaker.failure is None


def test_a_reader_who_takes_nothing_holds_up_the_account_and_keeps_nobody_from_closing(pipe):
    _, writing = pipe
    rendering = Sounding()
    speaker = StandardOutput(writing)
    speaker.start(rendering, lambda: None)
    waiting = threading.Event()
    waiting.wait(0.6)  # more than the pipe has room for
    speaker.close()
    assert rendering.blocks * 960 <= fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ) + 960


def test_a_reader_who_left_is_no_failure_of_a_device(pipe):
    reading, writing = pipe
    speaker, woken = StandardOutput(writing), threading.Event()
    os.close(reading)
    speaker.start(Sounding(), woken.set)
    speaker._thread.join(10)
    assert speaker.failure is None
    speaker.close()


def test_a_full_disk_is_one():
    full = os.open("/dev/full", os.O_WRONLY)
    speaker, woken = StandardOutput(full), threading.Event()
    speaker.start(Sounding(), woken.set)
    assert woken.wait(10)
    assert "does not take the sound any more: No space left" in str(speaker.failure)
    speaker.close()
    os.close(full)
