"""The same through real PortAudio streams, on a virtual sound card."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from app.audio.pcm import resample
from tests.e2e.program import command, followed, home, needs_local, said, turns, words
from tests.e2e.screen import needs_terminal, wait_for_the_end
from tests.rig.fixtures import SoundCard
from tests.rig.service import ScriptedService
from tests.rig.sound import RATE_HZ
from tests.rig.terminal import Terminal

pytestmark = [needs_local, pytest.mark.timeout(120)]


class Talk:
    """The program on the card, followed through its event log as it goes."""

    def __init__(self, card: SoundCard, folder: Path, *arguments: str) -> None:
        self.log = folder / "events"
        self.log.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            command("--plain", "--no-greeting", "--export", "talk.json", "--events", str(self.log), *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**home(folder), **{name: card.env[name] for name in card.env if "PULSE" in name or "ALSA" in name}},
            cwd=folder,
            text=True,
        )
        self.stack = ExitStack()
        self.events = self.stack.enter_context(followed(self.log, self.process))

    def wait_for(self, *types: str) -> dict:
        """The next event of one of these types."""
        for line in self.events:
            event = json.loads(line).get("event", {})
            if event.get("type") in types:
                return event
        raise AssertionError(f"no {types}: {self.process.stderr.read()}")

    def end(self) -> None:
        self.process.stdin.close()
        self.process.terminate()
        assert self.process.wait(20) == 0, self.process.stderr.read()
        self.stack.close()


def test_a_question_into_the_microphone_is_answered_at_the_speaker(soundcard: SoundCard, tmp_path: Path):
    question, rate_hz = said("question_joe.wav", 0.2)
    with soundcard.mouth() as mouth, soundcard.speaker() as speaker:
        talk = Talk(soundcard, tmp_path)
        try:
            talk.wait_for("session.updated")
            mouth.play(resample(question, rate_hz, RATE_HZ))
            asked = talk.wait_for("conversation.item.input_audio_transcription.completed")["transcript"]
            talk.wait_for("response.done")
            answered_s = speaker.samples().size / RATE_HZ + 3.5
            speaker.wait_for(answered_s)
            heard = words(speaker.samples(), RATE_HZ)
        finally:
            talk.end()
    assert "twenty" in asked
    assert "391" in heard or "ninety one" in heard
    assert [turn["speaker"] for turn in turns(tmp_path / "talk.json")] == ["you", "assistant"]


def test_speaking_over_the_answer_silences_the_card(soundcard: SoundCard, tmp_path: Path):
    story, rate_hz = said("story_joe.wav", 0.2)
    stop, _ = said("stop_joe.wav", 0.2)
    with soundcard.mouth() as mouth, soundcard.speaker() as speaker:
        talk = Talk(soundcard, tmp_path)
        try:
            talk.wait_for("session.updated")
            mouth.play(resample(story, rate_hz, RATE_HZ))
            talk.wait_for("response.output_audio.delta")
            speaker.wait_for(speaker.samples().size / RATE_HZ + 4.0)
            mouth.play(resample(stop, rate_hz, RATE_HZ))
            truncated = talk.wait_for("conversation.item.truncate")
            silent_from = speaker.samples().size
            talk.wait_for("input_audio_buffer.speech_stopped")
            silence = speaker.samples()[silent_from + RATE_HZ // 5 : silent_from + RATE_HZ]
            talk.wait_for("response.done")
        finally:
            talk.end()
    assert float(np.max(np.abs(silence))) < 0.003
    told = turns(tmp_path / "talk.json")
    assert told[1]["is_interrupted"]
    assert told[1]["heard_ms"] == truncated["audio_end_ms"]
    assert 2_000 < truncated["audio_end_ms"] < 6_000


def test_without_its_microphone_the_conversation_goes_on_by_text(soundcard: SoundCard, tmp_path: Path):
    talk = Talk(soundcard, tmp_path)
    try:
        talk.wait_for("session.updated")
        talk.wait_for("input_audio_buffer.append")
        soundcard.control("unplug-mic")
        try:
            told = next(line for line in talk.process.stderr if "went away" in line)
            talk.process.stdin.write("What is 2 plus 3?\n")
            talk.process.stdin.close()
            assert talk.process.wait(30) == 0
        finally:
            soundcard.control("replug-mic")
    finally:
        talk.process.kill()
        talk.stack.close()
        talk.process.wait()
    assert told.count(".") <= 2
    assert talk.process.stderr.read() == ""
    assert talk.process.stdout.read().splitlines() == ["you: What is 2 plus 3?", "assistant: 2 plus 3 is 5."]


# ---------------------------------------------------------------- devices that serve nothing are closed


def open_streams(card: SoundCard) -> list[str]:
    """Microphones and speakers that are in use, as the card says."""
    listed = [
        subprocess.run(
            ["pactl", "list", "short", kind], env=card.env, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for kind in ("source-outputs", "sink-inputs")
    ]
    return [line for lines in listed for line in lines if "protocol-native" in line]


def on_the_card(card: SoundCard, folder: Path) -> dict[str, str]:
    return home(folder, {name: card.env[name] for name in card.env if "PULSE" in name or "ALSA" in name})


@needs_terminal
def test_while_suspended_and_after_the_line_is_lost_no_device_is_open(soundcard: SoundCard, tmp_path: Path):
    env = on_the_card(soundcard, tmp_path)
    with ScriptedService() as service, Terminal(["bash", "--norc", "-i"], env=env, cwd=tmp_path) as terminal:
        before = open_streams(soundcard)
        terminal.wait_for("bash")
        terminal.write(shlex.join(command("--service", service.url, "--no-greeting")))
        terminal.press("Enter")
        terminal.wait_for("LISTENING")  # and no welcome, since something is set
        service.wait_for_sound()
        assert len(open_streams(soundcard)) == len(before) + 2
        service.speaks("A long answer.", sound_s=6.0)
        terminal.wait_for("SPEAKING")
        terminal.press("C-z")
        terminal.wait_for("Stopped")
        assert open_streams(soundcard) == before
        terminal.write("fg")
        terminal.press("Enter")
        terminal.wait_for("SPEAKING")
        terminal.wait_for("LISTENING")
        service.wait_for_sound()
        assert len(open_streams(soundcard)) == len(before) + 2
        service.hang_up()
        terminal.wait_for("◌ OFFLINE")
        end_s = time.monotonic() + 20
        while open_streams(soundcard) != before:
            assert time.monotonic() < end_s, "devices that serve nothing stay open"
            time.sleep(0.1)
        terminal.press("Space")
        terminal.wait_for("The microphone is closed")
        terminal.press("C-q")
        wait_for_the_end(tmp_path)
