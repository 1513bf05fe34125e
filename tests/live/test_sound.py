"""The audio worker: what it reports, on which thread it works, and what it leaves behind."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from app.audio.capture import Chunk, Levels
from app.audio.pcm import to_pcm16
from app.audio.ports import AudioError, DeviceBusyError, DeviceLostError, Samples
from app.live.sound import SoundWorker
from app.live.speaker import LastingSpeaker
from tests.live.fakes import HandMicrophone, HandSpeaker

PATIENCE_S = 10


class Reports:
    """Everything that was reported, in order; to be waited for."""

    def __init__(self) -> None:
        self._reports: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()

    def next(self) -> tuple[object, ...]:
        return self._reports.get(timeout=PATIENCE_S)

    def captured(self, chunk: Chunk) -> None:
        self._reports.put(("captured",))

    def sounding(self, item_id: str) -> None:
        self._reports.put(("sounding", item_id))

    def played_out(self, item_id: str, played_ms: int) -> None:
        self._reports.put(("played out", item_id, played_ms))

    def microphone_ended(self, error: AudioError | None) -> None:
        self._reports.put(("microphone", error))

    def speaker_failed(self, error: AudioError) -> None:
        self._reports.put(("speaker", error))


class Worker:
    """A running worker, and what it may be asked."""

    def __init__(self, microphone: HandMicrophone | None, speaker: HandSpeaker) -> None:
        self.reports = Reports()
        self.speaker = LastingSpeaker(speaker, prebuffer_ms=0)
        self.sound = SoundWorker(microphone, self.speaker, self.reports, cancels_echo=True)
        self.thread = threading.Thread(target=self.sound.run)

    def done(self) -> None:
        """Everything that was asked for until now is done, and all that moved until now is looked at."""
        for _ in range(2):
            passed = threading.Event()
            self.sound.do(passed.set)
            assert passed.wait(PATIENCE_S)


@contextmanager
def running(microphone: HandMicrophone | None, speaker: HandSpeaker) -> Iterator[Worker]:
    worker = Worker(microphone, speaker)
    worker.thread.start()
    try:
        yield worker
    finally:
        worker.sound.close()
        worker.thread.join(PATIENCE_S)
        assert not worker.thread.is_alive()


def test_the_beginning_and_the_end_of_an_item_are_told_once():
    speaker = HandSpeaker()
    with running(None, speaker) as worker:
        worker.done()
        worker.speaker.play("a", tone(40))
        for _ in range(6):
            speaker.sound(10)
            worker.done()
        worker.speaker.play("a", tone(20))  # more of it came after all
        worker.speaker.play("b", tone(20))
        speaker.sound(30)
        worker.done()
        assert [worker.reports.next() for _ in range(4)] == [
            ("sounding", "a"),
            ("played out", "a", 40),
            ("played out", "a", 60),
            ("sounding", "b"),
        ]


def tone(ms: int) -> bytes:
    return to_pcm16(np.full(24 * ms, 0.5))


def test_after_a_recording_comes_a_quiet_room():
    microphone = HandMicrophone()
    with running(microphone, HandSpeaker()) as worker:
        assert microphone.opened.wait(PATIENCE_S)
        assert not worker.sound.is_input_over
        microphone.end()
        assert worker.reports.next() == ("microphone", None)
        assert [worker.reports.next() for _ in range(3)] == [("captured",)] * 3
        assert worker.sound.is_input_over
        assert not microphone.is_open


def test_another_loudspeaker_does_not_begin_a_recording_again():
    microphone, speaker = HandMicrophone(), HandSpeaker()
    with running(microphone, speaker) as worker:
        assert microphone.opened.wait(PATIENCE_S)
        microphone.end()
        assert worker.reports.next() == ("microphone", None)
        speaker.far = Silence()
        worker.done()
        assert worker.sound.is_input_over


class Silence:
    """A far end that hears nothing."""

    rate_hz = 24_000

    def read(self) -> Samples:
        return np.zeros(0, np.float32)


def test_a_lost_microphone_is_told_and_is_over():
    microphone, lost = HandMicrophone(), DeviceLostError("It went away.")
    with running(microphone, HandSpeaker()) as worker:
        assert microphone.opened.wait(PATIENCE_S)
        microphone.end(lost)
        assert worker.reports.next() == ("microphone", lost)
        assert worker.sound.is_input_over
        assert not microphone.is_open


def test_devices_that_cannot_be_opened_are_told():
    no_sound, no_microphone = DeviceBusyError("speaker"), DeviceBusyError("microphone")
    with running(HandMicrophone(refuses=no_microphone), HandSpeaker(refuses=no_sound)) as worker:
        assert worker.reports.next() == ("speaker", no_sound)
        assert worker.reports.next() == ("microphone", no_microphone)
        assert worker.sound.is_input_over


def test_a_lost_speaker_is_told_once():
    speaker, lost = HandSpeaker(), DeviceLostError("It went away.")
    with running(None, speaker) as worker:
        worker.done()
        speaker.fail(lost)
        worker.done()
        worker.speaker.play("a", tone(40))
        speaker.sound(20)
        assert [worker.reports.next() for _ in range(2)] == [("speaker", lost), ("sounding", "a")]


def test_devices_are_opened_and_closed_on_the_workers_thread_and_tasks_run_there():
    microphone, another, threads = HandMicrophone(), HandMicrophone(), []
    with running(microphone, HandSpeaker()) as worker:
        worker.sound.do(lambda: threads.append(threading.get_ident()))
        worker.sound.do(lambda: worker.sound.change_microphone(another))
        worker.done()
        assert (microphone.is_open, another.is_open) == (False, True)
    assert {*threads, *microphone.threads, *another.threads} == {worker.thread.ident}


@pytest.mark.parametrize("is_broken", [False, True])
def test_the_end_releases_both_devices_whatever_happens(is_broken: bool):
    class Stuck(HandMicrophone):
        def close(self) -> None:
            super().close()
            if is_broken:
                raise OSError("stuck")

    microphone, speaker = Stuck(), HandSpeaker()
    worker = Worker(microphone, speaker)
    worker.sound.close()
    if is_broken:
        with pytest.raises(OSError, match="stuck"):
            worker.sound.run()
    else:
        worker.sound.run()
    assert microphone.opened.is_set()
    assert not microphone.is_open
    assert not speaker.is_open


def test_a_speaker_that_calls_is_tended_on_the_workers_thread_and_is_left_alone_while_suspended():
    speaker = HandSpeaker()
    with running(None, speaker) as worker:
        worker.done()
        assert not speaker.tended_on
        speaker.call()
        worker.done()
        assert worker.sound.suspend().wait(PATIENCE_S)
        speaker.call()
        worker.done()
        assert speaker.tended_on == [worker.thread.ident]


def test_the_levels_are_those_of_the_moment_in_which_somebody_looks():
    speaker = HandSpeaker()
    with running(None, speaker) as worker:
        worker.done()
        worker.speaker.play("a", tone(40))
        speaker.sound(20)
        assert worker.sound.levels.output_dbfs == pytest.approx(-6.0, abs=0.1)
    assert worker.sound.levels == Levels()


def test_while_suspended_both_devices_are_closed_and_nothing_is_captured():
    microphone, speaker = HandMicrophone(), HandSpeaker()
    with running(microphone, speaker) as worker:
        assert microphone.opened.wait(PATIENCE_S)
        assert worker.sound.suspend().wait(PATIENCE_S)
        assert not microphone.is_open
        assert not speaker.is_open
        worker.sound.resume()
        worker.done()
        assert microphone.is_open
        assert speaker.is_open
        microphone.hear(40)
        assert worker.reports.next() == ("captured",)


def test_devices_that_are_gone_when_we_come_back_are_told():
    microphone, speaker = HandMicrophone(), HandSpeaker()
    with running(microphone, speaker) as worker:
        assert microphone.opened.wait(PATIENCE_S)
        assert worker.sound.suspend().wait(PATIENCE_S)
        microphone.refuses, speaker.refuses = DeviceBusyError("microphone"), DeviceBusyError("speaker")
        worker.sound.resume()
        assert worker.reports.next() == ("speaker", speaker.refuses)
        assert worker.reports.next() == ("microphone", microphone.refuses)
        assert worker.sound.is_input_over


def test_nothing_is_done_any_more_when_its_end_has_begun():
    worker = Worker(None, HandSpeaker())
    worker.sound.close()
    assert worker.sound.suspend().is_set()
    assert not worker.sound.do(lambda: None)
