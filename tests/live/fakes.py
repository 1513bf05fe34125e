"""Microphones and speakers that are moved by hand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from app.audio.pcm import WIRE_RATE_HZ
from app.audio.ports import AudioError, FarEnd, Heard, Playback, Samples, Wake


@dataclass
class HandMicrophone:
    """Gives what it was given, and ends or fails when it is told to."""

    name: str = "hand microphone"
    refuses: AudioError | None = None
    rate_hz: int = WIRE_RATE_HZ
    ended: bool = False
    failure: AudioError | None = None
    is_open: bool = False
    threads: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wake: Wake = lambda: None
        self._sound: list[Samples] = []
        self.opened = threading.Event()

    def start(self, wake: Wake) -> None:
        self.threads.append(threading.get_ident())
        if self.refuses:
            raise self.refuses
        self._wake, self.is_open = wake, True
        self.opened.set()

    def hear(self, ms: int) -> None:
        self._sound.append(np.zeros(ms * self.rate_hz // 1000, np.float32))
        self._wake()

    def end(self, failure: AudioError | None = None) -> None:
        self.failure, self.ended = failure, True
        self._wake()

    def wake_at(self, frames: int) -> None:
        """Every sound wakes."""

    def read(self) -> Samples:
        sound, self._sound = self._sound, []
        return np.concatenate([np.zeros(0, np.float32), *sound])

    def pause(self) -> None:
        self.is_open = False

    def resume(self) -> None:
        self.start(self._wake)

    def close(self) -> None:
        self.threads.append(threading.get_ident())
        self.is_open = False


@dataclass
class HandSpeaker:
    """Says of itself what it is told to say."""

    name: str = "hand speaker"
    refuses: AudioError | None = None
    failure: AudioError | None = None
    far: FarEnd | None = None
    items: tuple[Heard, ...] = ()
    level_dbfs: float = -90.0
    expectations: int = 0
    tended_on: list[int] = field(default_factory=list)
    is_open: bool = False
    given: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wake: Wake = lambda: None
        self.opened = threading.Event()

    def start(self, wake: Wake) -> None:
        if self.refuses:
            raise self.refuses
        self._wake, self.is_open = wake, True
        self.opened.set()

    def now(self, *items: Heard) -> None:
        self.items = items
        self._wake()

    def fail(self, failure: AudioError) -> None:
        self.failure = failure
        self._wake()

    def play(self, item_id: str, pcm: bytes) -> None:
        self.given.append((item_id, pcm))

    def finish(self, item_id: str) -> None:
        """Nothing is waited for here."""

    def flush(self) -> tuple[Heard, ...]:
        return self.items

    def duck(self, gain_db: float) -> None:
        """As loud as before."""

    def expect(self) -> None:
        self.expectations += 1

    def tend(self) -> None:
        self.tended_on.append(threading.get_ident())

    def progress(self) -> Playback:
        return Playback(self.items)

    def pause(self) -> None:
        self.is_open = False

    def resume(self) -> None:
        self.start(self._wake)

    def close(self) -> None:
        self.is_open = False
