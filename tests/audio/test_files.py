"""Files, clips and nothing as microphones and speakers."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app.audio import pcm
from app.audio.example import CLIPS, load
from app.audio.files import ClipMicrophone, PacedSpeaker, WavMicrophone, WavSink, silent_speaker
from app.audio.playback import Began, PlaybackRing, PlayedOut
from app.audio.ports import DeviceBusyError, Microphone, NotASoundFileError, Speaker
from app.audio.wav import WavWriter, read_wav

RATE = pcm.WIRE_RATE_HZ


class Bell:
    """A wake that can be waited for: `until` looks again after every ring."""

    def __init__(self):
        self.rung = threading.Condition()
        self.count = 0

    def __call__(self):
        with self.rung:
            self.count += 1
            self.rung.notify_all()

    def until(self, true):
        with self.rung:
            assert self.rung.wait_for(true, timeout=10)


def written(path, samples, rate_hz):
    writer = WavWriter(path, rate_hz)
    writer.write(pcm.to_pcm16(samples))
    writer.close()
    return path


def noise(frames):
    return np.random.default_rng(3).uniform(-0.5, 0.5, frames).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_a_file_is_heard_whole_and_then_over(tmp_path, rate_hz):
    sound = noise(rate_hz // 7)
    microphone: Microphone = WavMicrophone(written(tmp_path / "said.wav", sound, rate_hz))
    assert not microphone.ended
    bell = Bell()
    microphone.start(bell)
    parts = []
    bell.until(lambda: parts.append(microphone.read()) or microphone.ended)
    parts.append(microphone.read())
    microphone.close()
    assert microphone.rate_hz == rate_hz
    assert microphone.name == "said.wav"
    assert len([part for part in parts if part.size]) >= 7  # 143 ms in blocks of 20
    assert np.concatenate(parts) == pytest.approx(sound, abs=1e-4)
    assert microphone.failure is None


def test_what_is_no_sound_file_is_refused_at_the_start(tmp_path):
    path = tmp_path / "letter.wav"
    path.write_text("Dear Robin")
    with pytest.raises(NotASoundFileError, match="not a WAV file"):
        WavMicrophone(path).start(lambda: None)


def test_a_clip_sounds_in_the_silence_and_speaking_tells_when_it_is_over():
    microphone = ClipMicrophone("example")
    port: Microphone = microphone
    assert port.rate_hz == RATE
    clip = noise(1000)
    bell = Bell()
    microphone.cue(clip, RATE)
    microphone.cue(clip[:10], RATE)
    assert microphone.speaking
    microphone.start(bell)
    bell.until(lambda: not microphone.speaking)
    more = bell.count + 2
    bell.until(lambda: bell.count >= more)
    microphone.close()
    heard = microphone.read()
    said = np.concatenate([clip, np.zeros(440, np.float32), clip[:10]])
    assert np.array_equal(heard[: said.size], said)
    assert heard.size >= said.size + 480
    assert not heard[said.size :].any()


def test_a_clip_can_be_broken_off():
    microphone = ClipMicrophone("example")
    microphone.cue(noise(RATE * 60), RATE)
    microphone.silence()
    assert not microphone.speaking


class Playing:
    """A ring of which a speaker takes its blocks, and a bell that rings where it has news."""

    def __init__(self):
        self.ring, self.bell, self.told = PlaybackRing(), Bell(), []

    def render(self, out):
        if self.ring.render(out):
            self.bell()
        return self.ring.is_sounding

    def say(self, item, sound):
        self.ring.play(item, pcm.to_pcm16(sound))
        self.ring.finish(item)

    def until(self, news):
        def is_told():
            self.told += self.ring.news()
            return news in self.told

        self.bell.until(is_told)


def test_a_speaker_without_a_device_hears_in_time():
    speaker: Speaker = silent_speaker()
    playing = Playing()
    speaker.start(playing.render, playing.bell)
    playing.say("a", np.zeros(RATE // 10))
    playing.until(PlayedOut("a", 100))
    speaker.close()
    assert playing.told == [Began("a"), PlayedOut("a", 100)]
    assert 1 <= playing.bell.count <= 3  # where it begins and where it ends, not at each block
    assert speaker.far is None


def test_the_file_holds_the_time_line_of_the_speaker_and_is_complete_after_close(tmp_path):
    path = tmp_path / "answer.wav"
    speaker = PacedSpeaker(WavSink(path))
    playing = Playing()
    speaker.start(playing.render, playing.bell)
    sound = noise(1200)
    for item in "ab":
        playing.say(item, sound)
        playing.until(PlayedOut(item, 50))
    speaker.close()
    speaker.close()
    heard, rate_hz = read_wav(path)
    assert rate_hz == RATE
    assert heard.size % 480 == 0
    first = int(np.flatnonzero(heard)[0])
    assert heard[first : first + 1200] == pytest.approx(sound, abs=1e-4)
    assert heard[heard != 0].size == pytest.approx(2400, abs=4)


def test_a_file_that_is_there_is_kept(tmp_path):
    path = tmp_path / "kept.wav"
    path.write_bytes(b"precious")
    with pytest.raises(DeviceBusyError, match="is there already"):
        PacedSpeaker(WavSink(path)).start(Playing().render, lambda: None)
    assert path.read_bytes() == b"precious"


def test_a_file_that_cannot_be_created_is_named(tmp_path):
    with pytest.raises(DeviceBusyError, match="cannot be written"):
        PacedSpeaker(WavSink(tmp_path / "nowhere" / "answer.wav")).start(Playing().render, lambda: None)


def test_closing_before_the_start_is_no_fault(tmp_path):
    WavMicrophone(tmp_path / "none.wav").close()
    ClipMicrophone("example").close()
    silent_speaker().close()


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.path.stem)
def test_the_examples_clips_are_there_and_small(clip):
    samples, rate_hz = load(clip)
    assert rate_hz == 16_000
    assert 1.0 < samples.size / rate_hz < 3.5
    assert pcm.peak_dbfs(samples) == pytest.approx(-3, abs=0.1)
    assert clip.path.stat().st_size < 110_000
