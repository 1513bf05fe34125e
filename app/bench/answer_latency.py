"""How fast the embedded service answers in speech, measured at the two ends of the sound, not by what anyone says."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path

import numpy as np
from msgspec import Struct

from app.audio.example import CLIPS, load
from app.audio.files import ClipMicrophone, PacedSpeaker
from app.audio.ports import Samples
from app.conversation.effects import StatusChanged
from app.conversation.status import State
from app.conversation.transcript import Latency
from app.launch.compose import PortAudioSystem, session_settings
from app.live.conversation import LiveConversation
from app.live.dialling import EmbeddedDialler
from app.live.events import Ended, LiveEvent
from app.settings import Settings

_AUDIBLE = 0.01
"""The answer has begun with a sample above this."""

_LAST_SPEECH = 0.003
"""The question ends with its last sample above this (-50 dBFS): its words may end softly."""

_QUESTIONS = (CLIPS[0], CLIPS[1], CLIPS[4])
"""Each ends differently, and where its end is found depends on that. Those with short answers."""


class FirstSound:
    """A sink that remembers when something was first to be heard since it was last asked to listen."""

    def __init__(self) -> None:
        self.name = "bench"
        self.heard_at = threading.Event()
        self.at_s = 0.0

    def open(self) -> None:
        """Nothing to open."""

    def write(self, samples: Samples) -> None:
        """A block of the speaker's time line."""
        loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
        if loud.size and not self.heard_at.is_set():
            self.at_s = time.monotonic()
            self.heard_at.set()

    def close(self) -> None:
        """Nothing to close."""


class Answer(Struct, frozen=True):
    """How long a spoken answer took after the last word of its question."""

    measured_ms: float
    """At the two ends of the sound."""
    told: Latency
    """As the conversation has it, with its parts."""


def answers(turns: int, log: Path) -> list[Answer]:
    """How long the answer to each of `turns` spoken questions took."""
    microphone, sink = ClipMicrophone("bench"), FirstSound()
    settings = Settings(greeting=False)
    dialler = EmbeddedDialler({}, None, log)
    states: queue.SimpleQueue[State | None] = queue.SimpleQueue()

    def told(event: LiveEvent) -> None:
        if isinstance(event, StatusChanged):
            states.put(event.status.state)
        elif isinstance(event, Ended):
            states.put(None)

    live = LiveConversation(
        dialler=dialler,
        settings=session_settings(settings, dialler),
        microphone=microphone,
        speaker=PacedSpeaker(sink),
        listener=told,
        system=PortAudioSystem(),
        greets=False,
        cancels_echo=False,
    )
    workers = [threading.Thread(target=work) for work in (live.run_line, live.run_sound)]
    for worker in workers:
        worker.start()
    try:
        _wait_for(states, State.LISTENING)
        found = []
        for number in range(turns + 1):
            clip, rate_hz = load(_QUESTIONS[number % len(_QUESTIONS)])
            speech_s = (np.flatnonzero(np.abs(clip) > _LAST_SPEECH)[-1] + 1) / rate_hz
            sink.heard_at.clear()
            said_at_s = time.monotonic()
            microphone.cue(clip, rate_hz)
            if not sink.heard_at.wait(30):
                break
            measured_ms = (sink.at_s - said_at_s - speech_s) * 1000
            _wait_for(states, State.SPEAKING)
            _wait_for(states, State.LISTENING)
            latencies = [entry.latency for entry in live.entries if entry.latency is not None]
            found.append(Answer(measured_ms, latencies[-1]))
        return found[1:]  # the first turn may still wait for models to load
    finally:
        live.close()
        for worker in workers:
            worker.join()


def _wait_for(states: queue.SimpleQueue[State | None], wanted: State) -> None:
    while (state := states.get(timeout=60)) is not wanted:
        if state is None:
            raise RuntimeError("the conversation ended before the measurement did")
