"""Microphones and speakers that are moved by hand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from app.audio.pcm import WIRE_RATE_HZ
from app.audio.ports import AudioError, FarEnd, Render, Samples, Wake


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
        self.give(np.zeros(ms * self.rate_hz // 1000, np.float32))

    def give(self, sound: Samples) -> None:
        self._sound.append(sound)
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
    """Asks for sound, and says of itself, what it is told to."""

    name: str = "hand speaker"
    refuses: AudioError | None = None
    failure: AudioError | None = None
    far: FarEnd | None = None
    rate_hz: int = WIRE_RATE_HZ
    expectations: int = 0
    tended_on: list[int] = field(default_factory=list)
    is_open: bool = False
    heard: list[Samples] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._render: Render = lambda out: False
        self._wake: Wake = lambda: None
        self.opened = threading.Event()

    def start(self, render: Render, wake: Wake) -> None:
        if self.refuses:
            raise self.refuses
        self._render, self._wake, self.is_open = render, wake, True
        self.opened.set()

    def sound(self, ms: int) -> None:
        """Ask for so much, in blocks of 10 ms."""
        for _ in range(ms // 10):
            block = np.full(self.rate_hz // 100, np.nan, np.float32)
            self._render(block)
            self.heard.append(block)

    def call(self) -> None:
        """It wants to be tended."""
        self._wake()

    def fail(self, failure: AudioError) -> None:
        self.failure = failure
        self._wake()

    def expect(self) -> None:
        self.expectations += 1

    def tend(self) -> None:
        self.tended_on.append(threading.get_ident())

    def pause(self) -> None:
        self.is_open = False

    def resume(self) -> None:
        self.start(self._render, self._wake)

    def close(self) -> None:
        self.is_open = False
