"""One conversation over several devices: every sample sounds once, in order, and is accounted for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.audio.pcm import WIRE_RATE_HZ, to_pcm16
from app.audio.playback import PlaybackRing
from app.audio.ports import AudioError, DeviceBusyError, FarEnd, Heard, Playback, Wake
from app.live.speaker import LastingSpeaker

BLOCK = WIRE_RATE_HZ // 100


class HandSpeaker:
    """A speaker whose blocks are asked for by hand."""

    name = "hand"
    failure: AudioError | None = None
    far: FarEnd | None = None

    def __init__(self, heard: list[float], refuses: AudioError | None = None) -> None:
        self._ring = PlaybackRing(prebuffer_ms=0)
        self._heard = heard
        self._refuses = refuses
        self.is_closed = False

    @property
    def level_dbfs(self) -> float:
        return self._ring.level_dbfs

    def start(self, wake: Wake) -> None:
        if self._refuses:
            raise self._refuses

    def render(self, blocks: int) -> None:
        for _ in range(blocks):
            out = np.zeros(BLOCK, np.float32)
            self._ring.render(out)
            self._heard += [round(float(value), 3) for value in out if abs(value) > 1e-4]

    def play(self, item_id: str, pcm: bytes) -> None:
        self._ring.play(item_id, pcm)

    def finish(self, item_id: str) -> None:
        self._ring.finish(item_id)

    def flush(self) -> tuple[Heard, ...]:
        return self._ring.flush()

    def duck(self, gain_db: float) -> None:
        self._ring.duck(gain_db)

    def expect(self) -> None:
        pass

    def tend(self) -> None:
        pass

    def progress(self) -> Playback:
        return self._ring.progress()

    def close(self) -> None:
        self.is_closed = True


def ramp(ms: int) -> np.ndarray:
    """Samples that tell their place."""
    return (np.arange(ms * 24) + 1).astype(np.float32) / 32_768


@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.booleans())
def test_what_one_device_had_not_played_the_next_one_plays(blocks: list[int], finishes_early: bool):
    heard: list[float] = []
    device = HandSpeaker(heard)
    speaker = LastingSpeaker(device)
    speaker.start(lambda: None)
    speaker.play("a", to_pcm16(ramp(300)))
    if finishes_early:
        speaker.finish("a")
    for count in blocks:
        device.render(count)
        before, device = device, HandSpeaker(heard)
        speaker.change(device)
        assert before.is_closed
    if not finishes_early:
        speaker.finish("a")
    device.render(100)
    assert speaker.progress().items[-1:] == (Heard("a", 300, 300),)


def test_a_flush_after_a_change_tells_what_was_heard_on_both():
    first, second = HandSpeaker([]), HandSpeaker([])
    speaker = LastingSpeaker(first)
    speaker.start(lambda: None)
    speaker.play("a", to_pcm16(ramp(1000)))
    first.render(10)
    speaker.change(second)
    second.render(20)
    (heard,) = speaker.flush()
    assert heard.item_id == "a"
    assert 300 <= heard.heard_ms <= 320  # 100 and 200, and the two fades
    assert heard.received_ms == 1000


def test_a_device_that_cannot_be_opened_is_replaced_by_silence_that_keeps_time():
    speaker = LastingSpeaker(HandSpeaker([], DeviceBusyError("busy")))
    try:
        speaker.start(lambda: None)
    except DeviceBusyError:
        speaker.play("a", to_pcm16(ramp(20)))
    else:
        raise AssertionError("it started")
    assert speaker.flush()[0].received_ms == 20
    speaker.close()
