"""One conversation over several devices: every sample sounds once, in order, and is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.pcm import to_pcm16
from app.audio.playback import Began, PlayedOut
from app.audio.ports import DeviceBusyError, DeviceLostError
from app.live.speaker import LastingSpeaker
from tests.live.fakes import HandSpeaker


def ramp(ms: int) -> np.ndarray:
    """Samples that tell their place."""
    return (np.arange(ms * 24) + 1).astype(np.float32) / 32_768


def heard_of(*devices: HandSpeaker) -> np.ndarray:
    """What sounded on one device after the other."""
    heard = np.concatenate([block for device in devices for block in device.heard])
    return heard[heard != 0]


def started(device: HandSpeaker) -> LastingSpeaker:
    speaker = LastingSpeaker(device, prebuffer_ms=0)
    speaker.start(lambda: None)
    return speaker


@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.booleans())
def test_what_one_device_had_not_played_the_next_one_plays(blocks: list[int], finishes_early: bool):
    devices = [HandSpeaker()]
    speaker = started(devices[0])
    speaker.play("a", to_pcm16(ramp(300)))
    if finishes_early:
        speaker.finish("a")
    for count in blocks:
        devices[-1].sound(10 * count)
        devices.append(HandSpeaker())
        speaker.change(devices[-1])
        assert [device.is_open for device in devices] == [False] * (len(devices) - 1) + [True]
        devices[-2].sound(20)  # its callback may strike once more
    if not finishes_early:
        speaker.finish("a")
    devices[-1].sound(1000)
    assert np.array_equal(heard_of(*devices), ramp(300))
    assert speaker.news() == [Began("a"), PlayedOut("a", 300)]


def test_what_was_heard_is_counted_over_both_devices():
    first, second = HandSpeaker(), HandSpeaker(rate_hz=48_000)
    speaker = started(first)
    speaker.play("a", to_pcm16(ramp(1000)))
    first.sound(100)
    speaker.change(second)
    second.sound(200)
    assert speaker.silence() == {"a": 308}  # with the fade
    second.sound(100)
    speaker.play("a", to_pcm16(ramp(100)))
    speaker.finish("a")
    second.sound(100)
    assert not np.concatenate(second.heard[21:]).any()


def test_what_comes_before_the_speaker_is_open_sounds_when_it_is():
    device = HandSpeaker(rate_hz=48_000)
    speaker = LastingSpeaker(device)
    speaker.play("a", to_pcm16(ramp(20)))
    speaker.play("a", to_pcm16(ramp(40)[480:]))
    speaker.start(lambda: None)
    speaker.finish("a")
    device.sound(60)
    heard = heard_of(device)
    assert heard.size == pytest.approx(40 * 48, abs=64)
    assert heard[200:1700:2] == pytest.approx(ramp(40)[100:850], abs=0.002)
    assert speaker.news() == [Began("a"), PlayedOut("a", 40)]


def test_what_is_silenced_before_the_speaker_is_open_was_not_heard():
    device = HandSpeaker()
    speaker = LastingSpeaker(device)
    speaker.play("a", to_pcm16(ramp(10)))
    assert speaker.silence() == {"a": 0}
    speaker.start(lambda: None)
    device.sound(100)
    assert heard_of(device).size == 0


def test_a_device_that_cannot_be_opened_is_replaced_by_silence_that_keeps_time():
    speaker = LastingSpeaker(HandSpeaker(refuses=DeviceBusyError("busy")))
    with pytest.raises(DeviceBusyError):
        speaker.start(lambda: None)
    speaker.play("a", to_pcm16(ramp(20)))
    assert speaker.name == "none"
    speaker.close()


def test_what_a_lost_device_still_held_is_played_into_silence():
    device = HandSpeaker()
    speaker = started(device)
    speaker.play("a", to_pcm16(ramp(1000)))
    device.sound(100)
    speaker.fall_back()
    assert speaker.name == "hand speaker"  # it works
    device.fail(DeviceLostError("It went away."))
    speaker.fall_back()
    device.sound(100)
    assert not device.is_open
    assert (speaker.name, speaker.failure) == ("none", None)
    assert heard_of(device).size == 2400
    assert 100 <= speaker.silence()["a"] < 1000
    speaker.close()


def test_a_pause_keeps_what_waits_and_what_comes_meanwhile():
    device = HandSpeaker()
    speaker = started(device)
    speaker.play("a", to_pcm16(ramp(100)))
    device.sound(50)
    speaker.pause()
    device.sound(20)
    speaker.play("a", to_pcm16(ramp(150)[2400:]))
    speaker.resume()
    speaker.finish("a")
    device.sound(200)
    assert np.array_equal(heard_of(device), ramp(150))


def test_a_device_that_is_gone_after_a_pause_is_replaced_by_silence():
    device = HandSpeaker()
    speaker = started(device)
    speaker.pause()
    device.refuses = DeviceBusyError("busy")
    with pytest.raises(DeviceBusyError):
        speaker.resume()
    assert speaker.name == "none"
    speaker.close()


def test_the_end_of_an_item_that_has_sounded_already_is_told():
    device, woken = HandSpeaker(), []
    speaker = LastingSpeaker(device, prebuffer_ms=0)
    speaker.start(lambda: woken.append(len(woken)))
    speaker.play("a", to_pcm16(ramp(20)))
    device.sound(50)
    speaker.news()
    before = len(woken)
    speaker.finish("a")
    assert len(woken) == before + 1
