"""A PulseAudio server's devices through `parec` and `pacat`, where PortAudio sees none: on the virtual sound card."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.audio.test_devices import PROGRAM, Program
from tests.rig.sound import RATE_HZ, chirp, find_chirps

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("pactl", "parec", "pacat"))) or not Path("/usr/share/alsa/alsa.conf").exists(),
    reason="needs pulseaudio-utils and ALSA's own configuration",
)


@contextlib.contextmanager
def running(soundcard, *words):
    with soundcard.python(PROGRAM, *words, env={**soundcard.unseen, "OPENAI_API_KEY": "of-nobody"}) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def children_of(pid: int) -> dict[int, str]:
    """Its parec and pacat, by number."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            name, state = (folder / "stat").read_text().rpartition(")")[::2] if folder.name.isdecimal() else ("", "")
            if state and int(state.split()[1]) == pid:
                found[int(folder.name)] = name.partition("(")[2]
    return found


def awaits_end(pids) -> bool:
    """Waits until they are gone, by their own descriptors."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            watched = os.pidfd_open(pid)
            try:
                if not select.select([watched], [], [], 10)[0]:
                    return False
            finally:
                os.close(watched)
    return True


def test_its_sources_and_sinks_are_listed_without_monitors(soundcard):
    with running(soundcard, "list") as program:
        devices = program.told()["devices"]
    if any(each["host_api"] == "ALSA" for each in devices):
        pytest.skip("this machine has a sound card of its own")
    assert [each["server_name"] for each in devices if each["inputs"]] == ["mic"]
    assert [each["name"] for each in devices if each["default_output"]] == ["Speaker"]
    assert {each["host_api"] for each in devices} == {"PulseAudio"}


def test_a_chirp_said_into_the_microphone_arrives_in_the_chunks(soundcard):
    with soundcard.mouth() as mouth, running(soundcard, "listen") as program:
        assert program.told()["name"] == "Microphone (PulseAudio)"
        mouth.play(chirp(RATE_HZ))
        heard = program.told()
        program.done()
    assert heard["event"] == "heard"
    assert heard["peak_dbfs"] == pytest.approx(-6, abs=1)


def test_what_is_played_is_heard_and_the_account_is_exact_and_all_of_it_ends_with_its_owner(soundcard):
    with soundcard.speaker() as recorder, running(soundcard, "speak") as program:
        program.told()
        (pacat,) = children_of(program.process.pid)
        environ = Path(f"/proc/{pacat}/environ").read_bytes()
        recorder.wait_for(recorder.samples().size / RATE_HZ + 0.5)
        assert len(find_chirps(recorder.samples(), RATE_HZ)) == 1
        marked = recorder.samples().size
        program.go()
        program.told()
        recorder.wait_for(marked / RATE_HZ + 1.0)
        program.go()
        flushed = program.told()
        recorder.wait_for(recorder.samples().size / RATE_HZ + 0.5)
        recorded = recorder.samples()[marked:]
        os.kill(program.process.pid, signal.SIGKILL)
        assert awaits_end([pacat])
    assert b"PULSE_SERVER" in environ
    assert b"of-nobody" not in environ
    sounding = np.flatnonzero(np.abs(recorded) > 0.02)
    sounded_ms = (sounding[-1] - sounding[0]) * 1000 / RATE_HZ
    assert flushed["heard"]["tone"] == pytest.approx(sounded_ms, abs=40)
    assert not np.any(np.abs(recorded[-RATE_HZ // 4 :]) > 0.001)


def test_a_speaker_that_rests_wakes_up_for_what_is_given_and_none_of_it_is_lost(soundcard):
    with soundcard.speaker() as recorder, running(soundcard, "nap") as program:
        assert program.told()["event"] == "resting"
        marked = recorder.samples().size
        program.go()
        assert program.told()["event"] == "heard"
        recorder.wait_for(recorder.samples().size / RATE_HZ + 0.5)
        recorded = recorder.samples()[marked:]
        program.go()
        program.done()
    assert len(find_chirps(recorded, RATE_HZ)) == 1


def test_a_microphone_that_is_pulled_out_is_told_and_leaves_no_process(soundcard):
    with running(soundcard, "lose") as program:
        assert program.told()["event"] == "listening"
        soundcard.control("unplug-mic")
        try:
            lost, refused = program.told(), program.told()
            assert children_of(program.process.pid) == {}
        finally:
            soundcard.control("replug-mic")
        program.go()
        assert program.told()["event"] == "listening"
        program.done()
    assert lost["error"] == "DeviceLostError"
    assert "Microphone (PulseAudio) went away" in lost["says"]
    assert refused["error"] in ("DeviceNotFoundError", "DeviceBusyError")


def test_a_killed_owner_takes_the_recorder_with_it(soundcard):
    with soundcard.mouth(), running(soundcard, "listen") as program:
        program.told()
        recorders = children_of(program.process.pid)
        assert list(recorders.values()) == ["parec"]
        os.kill(program.process.pid, signal.SIGKILL)
        assert awaits_end(recorders)


def test_the_server_going_away_is_told_of_both(soundcard, tmp_path):
    from tests.rig.fixtures import SoundCard

    other = SoundCard(f"gone-{os.getpid()}", tmp_path)
    try:
        with running(other, "both") as program:
            assert program.told()["event"] == "running"
            other.control("stop")
            said = program.told()
            assert children_of(program.process.pid) == {}
            program.go()
            program.done()
    finally:
        other.control("stop")
    assert "microphone" in said["microphone"]
    assert "speaker" in said["speaker"]
    assert "went away" in said["speaker"]
