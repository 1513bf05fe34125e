"""Speech in, speech out: the real program, the real service, files for ears and mouth."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.audio.example import CLIPS
from app.audio.files import PacedSpeaker, WavMicrophone, WavSink
from app.audio.pcm import WIRE_RATE_HZ, from_pcm16
from app.audio.wav import read_wav
from app.connection.client import Connection
from app.conversation.effects import EntryChanged
from app.conversation.transcript import Party
from app.launch.compose import PortAudioSystem, session_settings
from app.live.conversation import LiveConversation
from app.live.dialling import EmbeddedDialler
from app.live.events import LiveEvent
from app.live.mirror import Mirror
from app.protocol.response_events import OutputAudioDelta
from app.protocol.server_events import ServerEvent
from app.settings import Settings
from tests.e2e.program import DATA, command, followed, home, needs_local, realtime, recording, turns, words, words_in

pytestmark = [needs_local, pytest.mark.timeout(180)]


@pytest.mark.parametrize(
    ("question", "asked", "answered"),
    [
        ("question_joe.wav", ["seventeen", "times", "twenty", "three"], "391"),
        ("question_heart.wav", ["what", "time", "is", "it"], ""),
        ("name_joe.wav", ["my", "name", "is", "peter"], "Peter"),
    ],
)
def test_a_spoken_question_is_answered_in_speech(tmp_path: Path, question: str, asked: list[str], answered: str):
    answer, talk = tmp_path / "answer.wav", tmp_path / "talk.json"
    result = realtime(
        *("--plain", "--service", "local", "--mic", str(DATA / question)),
        *("--speaker", str(answer), "--export", str(talk)),
        folder=tmp_path,
    )
    assert result.status == 0, result.err
    you, assistant = turns(talk)
    assert [word.strip(".,?!").lower() for word in you["text"].split()][-len(asked) :] == asked or set(asked) <= {
        word.strip(".,?!").lower() for word in you["text"].split()
    }
    assert answered in assistant["text"]
    assert you["ended_ms"] <= assistant["started_ms"] < assistant["ended_ms"]
    assert assistant["heard_ms"] == assistant["received_ms"] > 0
    assert result.lines == [f"you: {you['text']}", f"assistant: {assistant['text']}"]
    assert words_in(answer)


def test_the_spoken_sum_is_understood_by_the_recogniser(tmp_path: Path):
    answer = tmp_path / "answer.wav"
    realtime(
        *("--plain", "--service", "local", "--mic", str(DATA / "question_joe.wav"), "--speaker", str(answer)),
        folder=tmp_path,
    )
    heard = words_in(answer)
    assert "391" in heard or "three hundred and ninety one" in heard or "three hundred ninety one" in heard


def test_the_example_is_a_whole_conversation_where_there_is_nothing(tmp_path: Path):
    """No device, no terminal, nothing typed: the first command of the README in a container."""
    result = realtime("--plain", folder=tmp_path, timeout_s=150)
    assert result.status == 0, result.err
    assert sum(line.startswith("you:") for line in result.lines) == len(CLIPS)
    assert sum("[interrupted after" in line for line in result.lines) == 1
    assert "228" in result.out
    assert result.lines[-1].startswith("assistant:")
    assert "Robin" in result.lines[-1]


class Overhearing(EmbeddedDialler):
    """A way to the service that remembers the speech that came."""

    def __init__(self, log: Path) -> None:
        super().__init__({}, None, log)
        self.given: dict[str, bytes] = {}

    async def dial(self) -> Any:
        return Overheard(await super().dial(), self.given)


class Overheard:
    def __init__(self, connection: Connection, given: dict[str, bytes]) -> None:
        self._connection, self._given = connection, given

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def __aiter__(self) -> AsyncIterator[ServerEvent]:
        async for event in self._connection:
            if isinstance(event, OutputAudioDelta):
                self._given[event.item_id] = self._given.get(event.item_id, b"") + event.delta
            yield event


def test_speaking_over_the_answer_stops_it_where_the_transcript_says(tmp_path: Path):
    both = recording(tmp_path / "both.wav", "story_joe.wav", 7.0, "stop_joe.wav", 0.5)
    dialler = Overhearing(tmp_path / "service.log")
    mirror, answered = Mirror(), threading.Event()

    def told(event: LiveEvent) -> None:
        if isinstance(event, EntryChanged):
            mirror.apply(event)
            answers = [entry for entry in mirror if entry.speaker is Party.ASSISTANT]
            if len(answers) == 2 and answers[1].ended_ms is not None:
                answered.set()

    live = LiveConversation(
        dialler=dialler,
        settings=session_settings(Settings(greeting=False), dialler),
        microphone=WavMicrophone(both),
        waits_to_speak=True,
        speaker=PacedSpeaker(WavSink(tmp_path / "answer.wav")),
        listener=told,
        system=PortAudioSystem(),
        greets=False,
    )
    workers = [threading.Thread(target=work) for work in (live.run_line, live.run_sound)]
    for worker in workers:
        worker.start()
    try:
        assert answered.wait(60)
    finally:
        live.close()
        for worker in workers:
            worker.join()
    story, reply = (entry for entry in live.entries if entry.speaker is Party.ASSISTANT)
    assert story.is_interrupted
    assert story.heard_text + story.unheard_text == story.text
    assert story.unheard_text
    assert not reply.is_interrupted
    assert abs(_played_ms(dialler.given[story.item_id], tmp_path / "answer.wav") - (story.heard_ms or 0)) <= 40
    assert "12" in reply.text


def _played_ms(given: bytes, file: Path) -> float:
    """How much of an item's sound a file holds, found by laying one over the other."""
    sound, (line, rate_hz) = from_pcm16(given), read_wav(file)
    assert rate_hz == WIRE_RATE_HZ
    pattern = sound[: 2 * rate_hz]
    size = 1 << (line.size + pattern.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(line, size) * np.conj(np.fft.rfft(pattern, size)), size)[: line.size]
    start = int(np.argmax(match))
    length = min(sound.size, line.size - start)
    window = rate_hz // 500
    played = 0
    for at in range(0, length - window, window):
        ours, theirs = sound[at : at + window], line[start + at : start + at + window]
        if np.max(np.abs(ours)) > 0.02:
            if np.max(np.abs(theirs)) < 0.1 * np.max(np.abs(ours)):
                break
            played = at + window
    return played * 1000 / rate_hz


@pytest.mark.skipif(shutil.which("tail") is None, reason="needs tail, to follow a file")
def test_ctrl_c_in_the_middle_of_an_answer_keeps_what_was_said(tmp_path: Path):
    talk, events = tmp_path / "talk.json", tmp_path / "events"
    story = recording(tmp_path / "story.wav", "story_joe.wav", 30.0)
    process = subprocess.Popen(
        [
            *command("--plain", "--service", "local", "--mic", str(story), "--speaker", "none"),
            *("--export", str(talk), "--events", str(events)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home(tmp_path),
        cwd=tmp_path,
        text=True,
    )
    with followed(events, process) as log:
        for line in log:
            if '"response.output_audio_transcript.delta"' in line:
                break
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "\nassistant: " in out
    assert [turn["speaker"] for turn in turns(talk)] == ["you", "assistant"]


def test_what_is_heard_of_a_recording_survives_other_formats(tmp_path: Path):
    """Stereo, 44.1 kHz, float: the same words are understood."""
    import struct

    samples, rate_hz = read_wav(DATA / "question_joe.wav")
    times = np.arange(int(samples.size * 44_100 / rate_hz)) * rate_hz / 44_100
    mono = np.interp(times, np.arange(samples.size), samples).astype("<f4")
    data = np.repeat(mono, 2).tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 2, 44_100, 352_800, 8, 32)
    header = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + form + struct.pack("<4sI", b"data", len(data))
    (tmp_path / "question.wav").write_bytes(header + data)
    result = realtime("--plain", "--mic", "question.wav", "--speaker", "none", folder=tmp_path)
    assert result.status == 0, result.err
    assert "391" in result.out


def test_the_recogniser_of_these_tests_hears_nothing_in_silence():
    assert words(np.zeros(16_000, np.float32), 16_000) == ""
