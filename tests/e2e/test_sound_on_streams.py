"""Microphone and speaker on standard input and output, as through ssh."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.audio.pcm import WIRE_RATE_HZ, from_pcm16, resample, to_pcm16
from app.audio.wav import read_wav
from app.launch.request import PACAT, PAREC
from tests.e2e.program import DATA, command, home, needs_local, realtime
from tests.e2e.screen import needs_terminal, program
from tests.rig.service import ScriptedService
from tests.rig.sound import RATE_HZ, chirp

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform == "win32", reason="pipes that can be waited for"),
]

SILENT = ("--service", "local", "--no-keep", "--no-greeting")


def question() -> bytes:
    samples, rate_hz = read_wav(DATA / "question_joe.wav")
    return to_pcm16(resample(samples, rate_hz, WIRE_RATE_HZ))


@needs_local
def test_sound_goes_in_and_out_and_the_words_to_standard_error(tmp_path: Path):
    done = subprocess.run(
        command("--plain", *SILENT, "--mic", "-", "--speaker", "-"),
        input=question(),
        capture_output=True,
        env=home(tmp_path),
        cwd=tmp_path,
        timeout=90,
        check=False,
    )
    err = done.stderr.decode()
    assert done.returncode == 0, err
    assert "microphone: standard input" in err
    assert "assistant: 17 times 23 is 391." in err
    assert np.abs(from_pcm16(done.stdout)).max() > 0.05
    assert len(done.stdout) % 2 == 0
    assert b"assistant" not in done.stdout


@needs_local
def test_a_reader_who_left_ends_it_in_good_order(tmp_path: Path):
    with subprocess.Popen(
        command("--plain", *SILENT, "--mic", "-", "--speaker", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home(tmp_path),
        cwd=tmp_path,
    ) as talk:
        talk.stdout.close()  # the input stays open: only the output can end it
        err = talk.stderr.read().decode()
        talk.stdin.close()
        assert talk.wait(30) == 0, err
    assert "Traceback" not in err
    assert "should not have" not in err


@pytest.mark.skipif(not shutil.which("script"), reason="needs a terminal of util-linux's script")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--plain --mic -", "raw sound on standard input, and that is a terminal. Send it some: parec"),
        ("--plain --speaker - --mic none", "raw sound on standard output, and that is a terminal. Send it on:"),
    ],
)
def test_a_terminal_is_no_sound(tmp_path: Path, arguments: str, sentence: str):
    line = " ".join(command(*arguments.split()))
    done = subprocess.run(
        ["script", "-qec", line, "/dev/null"], env=home(tmp_path), cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 2, done.stdout
    assert sentence in done.stdout.decode()


@needs_terminal
def test_the_full_screen_refuses_it(tmp_path: Path):
    with program(tmp_path, "--mic", "-", columns=110) as terminal:
        terminal.wait_for("only under --plain")
        assert terminal.exit_status() == 2


def test_it_is_said_in_the_help(tmp_path: Path):
    assert "no typed lines are read" in " ".join(realtime("talk", "--help", folder=tmp_path).out.split())


@pytest.mark.skipif(not shutil.which("parec"), reason="needs pulseaudio-utils")
def test_parec_and_pacat_at_the_other_ends_of_the_pipes_are_microphone_and_speaker(soundcard, tmp_path: Path):
    env = {
        **home(tmp_path),
        "PULSE_SERVER": soundcard.server,
        "PULSE_CLIENTCONFIG": soundcard.env["PULSE_CLIENTCONFIG"],
    }
    with ScriptedService() as service, soundcard.mouth() as mouth, soundcard.speaker() as recorder:
        talk = shlex.join(command("--plain", "--no-greeting", "--service", service.url, "--mic", "-", "--speaker", "-"))
        line = f"{PAREC} & echo $! >recorder; wait"
        with subprocess.Popen(
            ["sh", "-c", f"({line}) | {talk} | {PACAT}"], env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as pipeline:
            mouth.play(chirp(RATE_HZ))
            service.wait_for_sound()
            service.speaks("Good day.", sound_s=1.0)
            heard = ""
            while "assistant: Good day." not in heard:
                said = pipeline.stderr.readline()
                assert said, heard
                heard += said
            recorder.wait_for(recorder.samples().size / RATE_HZ + 0.5)
            os.kill(int((tmp_path / "recorder").read_text()), signal.SIGTERM)  # the end of the recording
            assert pipeline.wait(30) == 0, heard + pipeline.stderr.read()
        sounding = np.flatnonzero(np.abs(recorder.samples()) > 0.0002)  # the scripted voice is a soft one
    assert (sounding[-1] - sounding[0]) / RATE_HZ == pytest.approx(1.0, abs=0.1)
