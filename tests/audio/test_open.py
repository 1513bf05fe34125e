"""What the user names becomes the right kind of microphone or speaker."""

from __future__ import annotations

import pytest

from app.audio.files import ClipMicrophone, WavMicrophone
from app.audio.open import open_microphone, open_speaker
from app.audio.playback import PlaybackRing
from app.audio.ports import DeviceBusyError
from app.audio.wav import read_wav


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ("none", ClipMicrophone, "none"),
        ("None", ClipMicrophone, "none"),
        ("some/where/question.wav", WavMicrophone, "question.wav"),
        ("QUESTION.WAV", WavMicrophone, "QUESTION.WAV"),
    ],
)
def test_microphones(spec, kind, name):
    microphone = open_microphone(spec)
    assert type(microphone) is kind
    assert microphone.name == name


def test_no_speaker():
    assert open_speaker("none").name == "none"


def test_a_file_as_the_speaker_is_replaced_or_kept_as_told(tmp_path):
    path = tmp_path / "answer.wav"
    path.write_bytes(b"old")
    kept = open_speaker(str(path), overwrite=False)
    with pytest.raises(DeviceBusyError):
        kept.start(PlaybackRing().render, lambda: None)
    speaker = open_speaker(str(path))
    assert path.read_bytes() == b"old"  # until it is started
    speaker.start(PlaybackRing().render, lambda: None)
    speaker.close()
    assert read_wav(path)[1] == 24_000
