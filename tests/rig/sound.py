"""Play into the virtual microphone, record the virtual speaker, find markers.

Talks to the sound card's PulseAudio daemon through libpulse-simple. Every recorded sample has a time on
`time.monotonic()`: the daemon's null sinks run on that same clock, so sample n was at t0 + n / RATE_HZ. The sinks
work in blocks of about 5 ms, so t0 has that much play.
"""

from __future__ import annotations

import ctypes
import threading
import time

import numpy as np

RATE_HZ = 48_000
"""Of the virtual sound card."""

_BLOCK = 240  # 5 ms
_S16LE, _PLAYBACK, _RECORD, _UNSET = 3, 1, 2, 0xFFFFFFFF


def chirp(rate_hz: int, seconds: float = 0.02, low_hz: float = 1000.0, high_hz: float = 6000.0) -> np.ndarray:
    """A short rising chirp with soft edges: the marker. Float samples, peak 0.5."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    sweep = np.sin(2 * np.pi * (low_hz * t + (high_hz - low_hz) * t**2 / (2 * seconds)))
    return (0.5 * sweep * np.hanning(t.size)).astype(np.float32)


def find_chirps(samples: np.ndarray, rate_hz: int, threshold: float = 0.5) -> list[float]:
    """Where the markers start, in seconds from the first sample. `threshold` is the normalised correlation."""
    pattern = chirp(rate_hz)
    if samples.size < pattern.size:
        return []
    match = np.correlate(samples.astype(np.float32), pattern, "valid")
    power = np.cumsum(np.concatenate([[0.0], samples.astype(np.float64) ** 2]))
    power = power[pattern.size :] - power[: -pattern.size]
    own = float(np.sum(pattern**2))
    match = match / np.sqrt(np.maximum(power, 1e-3 * own) * own)
    found: list[float] = []
    step = rate_hz // 10
    above = np.flatnonzero(match > threshold)
    while above.size:
        start = int(above[0])
        best = start + int(np.argmax(match[start : start + step]))
        found.append(best / rate_hz)
        above = above[above >= best + step]
    return found


class _Spec(ctypes.Structure):
    _fields_ = [("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8)]


class _Attributes(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint32) for n in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")]


def _open(direction: int, device: str, attributes: _Attributes, server: str):
    library = ctypes.CDLL("libpulse-simple.so.0")
    library.pa_simple_new.restype = ctypes.c_void_p
    error = ctypes.c_int()
    stream = library.pa_simple_new(
        *(server.encode(), b"tests", direction, device.encode(), b"tests"),
        *(ctypes.byref(_Spec(_S16LE, RATE_HZ, 1)), None, ctypes.byref(attributes), ctypes.byref(error)),
    )
    if not stream:
        raise OSError(f"cannot open {device} on {server}: PulseAudio error {error.value}")
    return library, ctypes.c_void_p(stream)


class Recorder:
    """Records a source ("speaker.monitor") as a context manager; `samples` may be looked at meanwhile."""

    def __init__(self, source: str, server: str) -> None:
        attributes = _Attributes(_UNSET, _UNSET, _UNSET, _UNSET, _BLOCK * 2)
        self._library, self._stream = _open(_RECORD, source, attributes, server)
        self._changed = threading.Condition()
        self._blocks: list[bytes] = []
        self._arrived: list[float] = []
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join(5)
        self._library.pa_simple_free(self._stream)

    def _run(self) -> None:
        buffer = ctypes.create_string_buffer(_BLOCK * 2)
        size, error = ctypes.c_size_t(_BLOCK * 2), ctypes.c_int()
        while self._running and self._library.pa_simple_read(self._stream, buffer, size, ctypes.byref(error)) >= 0:
            with self._changed:
                self._blocks.append(buffer.raw)
                self._arrived.append(time.monotonic())
                self._changed.notify_all()

    def wait_for(self, seconds: float) -> None:
        """Until so much is recorded."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._blocks) * _BLOCK / RATE_HZ >= seconds, seconds + 10)

    def samples(self) -> np.ndarray:
        """All so far, float."""
        with self._changed:
            return np.frombuffer(b"".join(self._blocks), "<i2").astype(np.float32) / 32768

    def start_time(self) -> float:
        """When sample 0 was: nothing arrives before its time, so the earliest arrival tells."""
        with self._changed:
            arrived = np.array(self._arrived)
        return float(np.min(arrived - (np.arange(arrived.size) + 1) * _BLOCK / RATE_HZ))


class Player:
    """Plays into a sink ("mic_in") without pause, silence when there is nothing to say; a context manager."""

    def __init__(self, sink: str, server: str) -> None:
        attributes = _Attributes(_UNSET, _BLOCK * 2 * 4, _UNSET, _BLOCK * 2, _UNSET)
        self._library, self._stream = _open(_PLAYBACK, sink, attributes, server)
        self._queue: list[bytes] = []
        self._lock = threading.Lock()
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Player:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join(5)
        self._library.pa_simple_free(self._stream)

    def play(self, samples: np.ndarray) -> None:
        """Say these float samples at 48 kHz, as soon as what was given before is said."""
        data = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        data += bytes(-len(data) % (_BLOCK * 2))
        with self._lock:
            self._queue += [data[at : at + _BLOCK * 2] for at in range(0, len(data), _BLOCK * 2)]

    def _run(self) -> None:
        silence = bytes(_BLOCK * 2)
        size, error = ctypes.c_size_t(_BLOCK * 2), ctypes.c_int()
        while self._running:
            with self._lock:
                block = self._queue.pop(0) if self._queue else silence
            if self._library.pa_simple_write(self._stream, block, size, ctypes.byref(error)) < 0:
                return
