"""What is found of microphones, speakers and files, without a sound card."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from app.audio.open import open_speaker
from app.audio.portaudio import Device, Kind
from app.audio.ports import NONE, AudioError, DeviceBusyError, Samples, Wake
from app.doctor import sound_devices
from app.doctor.finding import Finding, Level

MIC = Device(0, "Headset", "ALSA", 1, 0, 48_000, default_input=True, default_output=False)
DOCK = Device(1, "Dock", "ALSA", 1, 0, 48_000, default_input=False, default_output=False)
OUT = Device(2, "Speakers", "ALSA", 0, 2, 48_000, default_input=False, default_output=True)


def silence(frames: int) -> Samples:
    return np.zeros(frames, dtype=np.float32)


@pytest.mark.parametrize(
    ("kind", "found", "level", "text"),
    [
        (Kind.MICROPHONE, (MIC, DOCK, OUT), Level.OK, "0 Headset (default), 1 Dock"),
        (Kind.SPEAKER, (MIC, DOCK, OUT), Level.OK, "2 Speakers (default)"),
        (Kind.MICROPHONE, (OUT,), Level.NOTE, "There is no microphone."),
        (Kind.SPEAKER, (), Level.NOTE, "There is no speaker."),
    ],
)
def test_lists_the_devices_of_a_kind(kind: Kind, found: tuple[Device, ...], level: Level, text: str):
    finding = sound_devices.listing(kind, found)
    assert (finding.level, finding.text) == (level, text)
    assert bool(finding.remedy) is (level is Level.NOTE)


@pytest.mark.parametrize(
    ("samples", "system", "level", "words", "remedy"),
    [
        (silence(0), "linux", Level.PROBLEM, "no sound arrives", "Plug it in again"),
        (silence(24_000), "darwin", Level.PROBLEM, "only digital silence", "Privacy & Security, Microphone"),
        (silence(24_000), "win32", Level.PROBLEM, "only digital silence", "let desktop apps access it"),
        (silence(24_000), "linux", Level.PROBLEM, "only digital silence", "muted"),
        (silence(24_000) + 1e-4, "darwin", Level.OK, "level -80 dBFS, peak -80 dBFS", ""),
        (silence(24_000) + 0.1, "linux", Level.OK, "level -20 dBFS", ""),
        (silence(24_000) + 1.0, "linux", Level.NOTE, "cut off at full scale", "gain down"),
    ],
)
def test_what_a_microphones_sound_tells(samples: Samples, system: str, level: Level, words: str, remedy: str):
    finding = sound_devices.heard("Headset", samples, system)
    assert finding.level is level
    assert finding.text.startswith("Headset opens")
    assert words in finding.text
    assert remedy in finding.remedy


class FakeMicrophone:
    """Gives the samples, or refuses to open."""

    name, rate_hz, ended, failure = "Headset", 48_000, False, None

    def __init__(self, samples: Samples, refusal: AudioError | None = None) -> None:
        self.samples, self.refusal, self.is_closed = samples, refusal, False

    def start(self, wake: Wake) -> None:
        if self.refusal:
            raise self.refusal

    def wake_at(self, frames):
        pass

    def read(self) -> Samples:
        return self.samples

    def close(self) -> None:
        self.is_closed = True


def test_a_microphone_is_listened_to_and_closed():
    microphone = FakeMicrophone(silence(24_000) + 0.1)
    assert sound_devices.listened(microphone, "linux", 0.0).level is Level.OK
    assert microphone.is_closed


def test_a_microphone_that_does_not_open_is_a_problem_with_its_remedy():
    refusal = DeviceBusyError("The microphone Headset cannot be opened: busy. Check that no other program holds it.")
    microphone = FakeMicrophone(silence(0), refusal)
    assert sound_devices.listened(microphone, "linux", 0.0) == Finding(
        "microphone",
        Level.PROBLEM,
        "The microphone Headset cannot be opened: busy.",
        "Check that no other program holds it.",
    )
    assert microphone.is_closed


def test_a_speaker_is_opened_and_closed():
    assert sound_devices.opened(open_speaker(NONE)) == Finding("speaker", Level.OK, f"{open_speaker(NONE).name} opens.")


@pytest.mark.parametrize(
    ("spec", "found", "level", "words"),
    [
        ("none", (MIC,), Level.OK, "none, as set"),
        ("example", (), Level.OK, "the example that comes with the program"),
        ("-", (), Level.OK, "standard input"),
        ("Foo", (MIC,), Level.PROBLEM, 'There is no microphone "Foo". There is: 0 Headset'),
        ("Foo", (), Level.PROBLEM, "There is no microphone on this system"),
        ("7", (MIC,), Level.PROBLEM, 'There is no microphone "7"'),
        ("gone.wav", (), Level.PROBLEM, "There is no file gone.wav"),
    ],
)
def test_the_microphone_as_set(spec: str, found: tuple[Device, ...], level: Level, words: str):
    finding = sound_devices.microphone(spec, found)
    assert finding is not None
    assert finding.level is level
    assert words in finding.text
    assert bool(finding.remedy) is (level is Level.PROBLEM)


def test_no_device_and_none_asked_for_is_no_second_finding():
    assert sound_devices.microphone("", (OUT,)) is None
    assert sound_devices.speaker("", (MIC,)) is None


def test_a_sound_file_as_microphone_is_read(tmp_path: Path):
    with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(48_000))
    finding = sound_devices.microphone(str(tmp_path / "talk.wav"), ())
    assert finding == Finding("microphone", Level.OK, f"{tmp_path / 'talk.wav'}, 1.5 s.")


def test_a_sound_file_as_speaker_is_not_made(tmp_path: Path):
    finding = sound_devices.speaker(str(tmp_path / "out.wav"), ())
    assert finding is not None
    assert finding.level is Level.OK
    assert list(tmp_path.iterdir()) == []
    missing = sound_devices.speaker(str(tmp_path / "no" / "out.wav"), ())
    assert missing is not None
    assert missing.level is Level.PROBLEM


def test_the_parts_are_each_named_once():
    checks = [finding.check for finding in sound_devices.parts(cancels_echo=True)]
    assert checks == ["echo canceller", "voice detector"]
    assert next(iter(sound_devices.parts(cancels_echo=False))).text == "switched off, as set."
