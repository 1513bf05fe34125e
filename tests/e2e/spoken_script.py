"""What a user says in a long conversation, at fixed moments, with room for each answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from app.audio.example import CLIPS
from app.audio.pcm import VAD_RATE_HZ, resample, to_pcm16
from app.audio.ports import Samples
from app.audio.wav import WavWriter, read_wav
from app.server.engines.builtin_responder import BuiltinResponder
from app.server.engines.hibari import RATE_HZ, HibariSynthesiser
from app.server.engines.interfaces import Message, Prompt
from app.server.engines.speakable_text import SentenceSplitter
from tests.e2e.program import DATA

_ROOM_S = 4.0
"""After an answer: the silence that ends a turn, the way to the answer on a busy machine, and a breath."""
_ROOM_SHARE = 0.4
"""Of what was said, in addition: said again to another session, all of it is to be recognised at once."""

_LONG_TEXT = (
    "I went to the market early this morning and I bought some apples and some pears and a loaf of bread and a little "
    "cheese and then I walked slowly home along the river because the sun was shining and the birds were singing and "
    "on the way I met an old friend of mine who asked me a question that I could not answer and so I would like to ask "
    "you now how much is seventy five plus twenty five?"
)


@dataclass(frozen=True)
class Utterance:
    """Something to say, and what must be in the answer."""

    text: str
    answer: str
    """A regular expression."""
    path: Path | None = None
    """Where it is spoken; None: the synthesiser speaks it."""
    goes_on_after_s: float | None = None
    """So long after its end the user interrupts the answer; None: it is heard to its end."""


LONG = Utterance(_LONG_TEXT, r"\b100\b")
"""Longer than a session of 20 s: whenever it is said, one ends within it."""


@dataclass(frozen=True)
class Spoken:
    """An utterance and when it is said, from the beginning of the recording."""

    utterance: Utterance
    begin_s: float
    end_s: float


_HELLO, _SUM, _STORY, _, _NAME = CLIPS

_TALK = (
    Utterance(_HELLO.text, r"Hello, Robin", _HELLO.path),
    Utterance(_SUM.text, r"\b228\b", _SUM.path),
    Utterance(_STORY.text, r"story of", _STORY.path, goes_on_after_s=11.0),
    Utterance(
        "Stop, please. What day is it today?", r"Today is \w+day"
    ),  # no sum: recognisers write "7+5" as they like
    LONG,
    Utterance(_STORY.text, r"story of", _STORY.path),  # the answer lasts longer than a session too
    Utterance("What is seventeen times twenty three?", r"\b391\b", DATA / "question_joe.wav"),
    Utterance("What time is it now?", r"It is \d+:\d\d", DATA / "question_heart.wav"),
    Utterance("Count from one to forty.", r"\b39, (?:and )?40\b"),
    Utterance(_NAME.text, r"Robin", _NAME.path),
)


class Voice:
    """The service's own synthesiser: the same sentence always gives the same sound."""

    def __init__(self) -> None:
        self._engine = HibariSynthesiser()
        self._engine.load()

    def sentences(self, text: str) -> list[Samples]:
        """An answer as the service speaks it, sentence by sentence, at 24 kHz."""
        splitter = SentenceSplitter()
        return [self._engine.speak(piece) for piece in (*splitter.feed(text), *splitter.finish())]

    def utterance(self, utterance: Utterance) -> Samples:
        """What the user says, at 16 kHz."""
        if utterance.path is None:
            return resample(self._engine.speak(utterance.text), RATE_HZ, VAD_RATE_HZ)
        samples, rate_hz = read_wav(utterance.path)
        return resample(samples, rate_hz, VAD_RATE_HZ)


def write_script(path: Path, lasts_s: float, voice: Voice) -> list[Spoken]:
    """The recording of a user who speaks for so long, and waits for each answer."""
    spoken: list[Spoken] = []
    sounds: list[Samples] = []
    at_s = 1.0
    sounds.append(np.zeros(int(at_s * VAD_RATE_HZ), np.float32))
    for utterance, answer_s in _answered(voice):
        sound = voice.utterance(utterance)
        said_s = sound.size / VAD_RATE_HZ
        room_s = utterance.goes_on_after_s or answer_s + _ROOM_S + said_s * _ROOM_SHARE
        if spoken and at_s + said_s + room_s > lasts_s:
            break
        spoken.append(Spoken(utterance, at_s, at_s + said_s))
        sounds += [sound, np.zeros(int(room_s * VAD_RATE_HZ), np.float32)]
        at_s += said_s + room_s
    _write(path, sounds)
    return spoken


def write_turn(path: Path, utterance: Utterance, voice: Voice) -> list[Spoken]:
    """The recording of a user who says that, and nothing else."""
    sound, quiet = voice.utterance(utterance), np.zeros(VAD_RATE_HZ // 2, np.float32)
    _write(path, [quiet, sound, quiet])
    return [Spoken(utterance, 0.5, 0.5 + sound.size / VAD_RATE_HZ)]


def _write(path: Path, sounds: list[Samples]) -> None:
    writer = WavWriter(path, VAD_RATE_HZ)
    writer.write(to_pcm16(np.concatenate(sounds)))
    writer.close()


def _answered(voice: Voice) -> Iterator[tuple[Utterance, float]]:
    """What is said, over and over, and how long the service speaks in answer to it."""
    responder, messages = BuiltinResponder(), list[Message]()
    for utterance in cycle(_TALK):
        messages.append(Message("user", utterance.text))
        answer = "".join(responder.respond(Prompt("", tuple(messages))))
        assert re.search(utterance.answer, answer), (utterance.text, answer)
        messages.append(Message("assistant", answer))
        yield utterance, sum(sound.size for sound in voice.sentences(answer)) / RATE_HZ
