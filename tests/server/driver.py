"""Drives a session by hand: a detector that reads the sound as a script, and engines that are the test."""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import dataclass, field

import numpy as np

from app.audio.pcm import to_pcm16
from app.audio.vad import FRAME_FRAMES
from app.protocol.codec import decode_server_event, encode_server_event
from app.server.quota import Quota
from app.server.realtime_session import RealtimeSession
from app.server.request_errors import EngineFailure
from app.server.session_outputs import CancelJob, CloseConnection, JobResult, Recognise, Respond, Speak
from tests.official_types import faults


class LoudnessDetector:
    """Takes the peak of each frame for the probability of speech: a constant 0.8 is speech of probability 0.8."""

    name = "loudness"

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)

    def feed(self, samples_16k):
        held = np.concatenate([self._rest, samples_16k])
        whole = held.size // FRAME_FRAMES * FRAME_FRAMES
        self._rest = held[whole:]
        # The middle of a frame: the resampler rings where one constant meets another.
        return [float(np.median(np.abs(held[at : at + FRAME_FRAMES]))) for at in range(0, whole, FRAME_FRAMES)]

    def reset(self):
        self._rest = np.zeros(0, dtype=np.float32)


def sound(probability: float, ms: int) -> bytes:
    return to_pcm16(np.full(ms * 24, probability, dtype=np.float32))


@dataclass
class Driver:
    """A session and what came out of it. Every event goes over the wire format and back, and the official package's
    types have nothing against it.
    """

    events: list = field(default_factory=list)
    raw: list = field(default_factory=list)
    jobs: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)
    closed: CloseConnection | None = None
    now: float = 100.0
    speculates: bool = False
    limit_s: int = 3600
    quota: Quota | None = None
    detector: type = LoudnessDetector

    def __post_init__(self):
        counter = itertools.count()
        self.session = RealtimeSession(
            "test",
            1_800_000_000,
            self.now,
            lambda word: f"{word}_{next(counter)}",
            self.detector,
            limit_s=self.limit_s,
            quota=self.quota,
            speculates=self.speculates,
        )
        self.take(self.session.start())

    def take(self, outputs):
        new = []
        for output in outputs:
            match output:
                case Recognise() | Respond() | Speak():
                    self.jobs.append(output)
                case CancelJob(job_id):
                    self.cancelled.append(job_id)
                    self.jobs = [job for job in self.jobs if job.job_id != job_id]
                case CloseConnection():
                    self.closed = output
                case _:
                    frame = encode_server_event(output)
                    assert decode_server_event(frame) == output
                    new.append(output)
                    raw = json.loads(frame)
                    assert not (found := faults(raw)), found
                    self.raw.append(raw)
        self.events += new
        return new

    def say(self, type_: str, **fields):
        """A client event; the events it leads to."""
        return self.take(self.session.receive(json.dumps({"type": type_, **fields}), self.now))

    def frame(self, frame):
        return self.take(self.session.receive(frame, self.now))

    def update(self, **session):
        return self.say("session.update", session={"type": "realtime", **session})

    def hear(self, *script: tuple[float, int], chunk_ms: int = 20):
        """Speech of each probability for so many milliseconds, sent in chunks."""
        data = b"".join(sound(probability, ms) for probability, ms in script)
        new = []
        for at in range(0, len(data), chunk_ms * 48):
            new += self.append(data[at : at + chunk_ms * 48])
        return new

    def append(self, data: bytes):
        return self.say("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def job(self, kind):
        """The only waiting job of the kind, which is taken."""
        (job,) = [job for job in self.jobs if isinstance(job, kind)]
        self.jobs.remove(job)
        return job

    def waits_for(self, kind):
        return [job for job in self.jobs if isinstance(job, kind)]

    def recognise(self, text: str):
        return self.take(self.session.found(JobResult(self.job(Recognise).job_id, text), self.now))

    def answer(self, *fragments: str, complete: bool = True):
        job = self.job(Respond)
        new = []
        for fragment in fragments:
            new += self.take(self.session.found(JobResult(job.job_id, fragment), self.now))
        if complete:
            new += self.take(self.session.found(JobResult(job.job_id, None), self.now))
        else:
            self.jobs.append(job)
        return new

    def speak(self, ms: int = 1000):
        job = self.job(Speak)
        return self.take(self.session.found(JobResult(job.job_id, np.full(ms * 24, 0.1, dtype=np.float32)), self.now))

    def speak_all(self, ms: int = 1000):
        new = []
        while self.waits_for(Speak):
            new += self.speak(ms)
        return new

    def fail(self, kind, code: str = "engine_unavailable", message: str = "Not here. Install it."):
        return self.take(self.session.found(JobResult(self.job(kind).job_id, EngineFailure(code, message)), self.now))

    def tick(self, later_s: float = 0.0):
        self.now += later_s
        return self.take(self.session.tick(self.now))

    def typed(self, text: str, **fields):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **fields}
        return self.say("conversation.item.create", item=item)

    def full_answer(self, *sentences: str, ms: int = 1000):
        """A typed turn and its whole spoken answer; the assistant's item id."""
        self.typed("Hello?")
        self.say("response.create")
        self.answer(*sentences)
        self.speak_all(ms)
        done = self.of("response.done")[-1]
        return done.response.output[0].id

    def of(self, type_: str):
        return [event for event in self.events if type_ == event.TYPE]


def types(events) -> list[str]:
    return [event.TYPE for event in events]


def error(events):
    """The one error among the events."""
    (found,) = [event for event in events if event.TYPE == "error"]
    return found.error
