"""`realtime doctor` as a user runs it, on whatever machine this is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.rig.fixtures import SoundCard
from tests.rig.sound import RATE_HZ

ROOT = Path(__file__).parent.parent.parent

NOTHING_NEEDED = ("--mic", "none", "--speaker", "none")
NOBODY = ("--service", "ws://127.0.0.1:1/v1")


def doctor(
    tmp_path: Path, *arguments: str, base: Mapping[str, str] = os.environ, **environ: str
) -> subprocess.CompletedProcess[str]:
    foreign = ("REALTIME_", "AZURE_", "OPENAI_")
    inherited = {name: value for name, value in base.items() if not name.startswith(foreign)}
    here = {"REALTIME_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "app", "doctor", *arguments],
        cwd=tmp_path,
        env=inherited | here | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )


def test_this_machine_needs_no_sound_card(tmp_path: Path):
    done = doctor(tmp_path, "--json", *NOTHING_NEEDED)
    report = json.loads(done.stdout)
    findings = {finding["check"]: finding for finding in report["findings"]}
    wrong = [finding for finding in report["findings"] if finding["level"] == "problem"]
    assert report["problems"] == len(wrong)
    assert done.returncode == (1 if wrong else 0)
    assert done.stderr == ""
    assert {finding["check"] for finding in wrong} <= {"embedded", "connection", "answer", "transcription"}, wrong
    assert all(finding["remedy"] for finding in wrong)
    assert findings["microphone"]["text"] == "none, as set."
    assert findings["microphones"]["level"] in ("ok", "note")
    assert findings["speakers"]["level"] in ("ok", "note")
    assert findings["service"]["text"].startswith("auto: the embedded service")


def test_a_problem_has_its_remedy_and_ends_with_1(tmp_path: Path):
    done = doctor(tmp_path, *NOBODY, *NOTHING_NEEDED)
    lines = done.stdout.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("problem connection "))
    assert "cannot be reached" in lines[at]
    assert lines[at + 1].startswith(f"{'':24}-> ")
    assert lines[-1] == "1 problem was found."
    assert (done.returncode, done.stderr) == (1, "")


def test_wrong_settings_are_all_named_and_the_rest_is_checked(tmp_path: Path):
    done = doctor(tmp_path, *NOBODY, *NOTHING_NEEDED, REALTIME_MODE="x", REALTIME_SPEED="9")
    assert done.stdout.count("problem settings ") == 2
    assert "problem connection " in done.stdout
    assert done.stdout.splitlines()[-1] == "3 problems were found."
    assert done.returncode == 1


def test_no_key_is_ever_shown(tmp_path: Path):
    key = "sk-very-secret-key-0123456789"
    done = doctor(tmp_path, *NOTHING_NEEDED, OPENAI_API_KEY=key, OPENAI_BASE_URL="http://127.0.0.1:1/v1")
    assert "because OPENAI_API_KEY is set (environment)" in done.stdout
    assert key not in done.stdout + done.stderr
    assert done.returncode == 1


def test_a_home_that_cannot_be_one_is_a_problem_and_no_fault(tmp_path: Path):
    (tmp_path / "home").write_text("")
    done = doctor(tmp_path, *NOBODY, *NOTHING_NEEDED)
    assert done.stdout.count("problem folders ") == 3
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_a_sound_card_is_opened_and_listened_to(tmp_path: Path, soundcard: SoundCard):
    silent = doctor(tmp_path, *NOBODY, base=soundcard.env)
    assert "\nok      speaker " in silent.stdout
    assert "opens, but only digital silence arrives" in silent.stdout
    with soundcard.mouth() as mouth:
        hum = 0.1 * np.sin(np.arange(60 * RATE_HZ) * 2 * np.pi * 200 / RATE_HZ)
        mouth.play(hum)
        hearing = doctor(tmp_path, *NOBODY, base=soundcard.env)
    assert re.search(r"\nok      microphone +.+ opens; level -2\d dBFS", hearing.stdout), hearing.stdout


def coloured(tmp_path: Path, **environ: str) -> str:
    """What it prints on a terminal of sixty columns."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    ours, theirs = pty.openpty()
    home = {"REALTIME_HOME": str(tmp_path / "home"), "COLUMNS": "60", "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "app", "doctor", *NOBODY, *NOTHING_NEEDED]
    with subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | home | environ, stdout=theirs, stderr=theirs
    ) as program:
        os.close(theirs)
        output = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while chunk := os.read(ours, 65_536):
                output += chunk
        os.close(ours)
        assert program.wait(60) == 1
    return output.decode()


def test_on_a_terminal_it_has_columns_and_colours_and_fits(tmp_path: Path):
    output = coloured(tmp_path, NO_COLOR="")
    assert "\x1b[32mok      \x1b[0mPython" in output
    assert "\x1b[31mproblem \x1b[0mconnection" in output
    lines = re.sub(r"\x1b\[\d*m", "", output).splitlines()
    assert max(map(len, lines)) < 60
    at = next(at for at, line in enumerate(lines) if line.startswith("problem connection "))
    assert lines[at + 1].startswith(" " * 24)


def test_nobody_who_wants_no_colours_gets_any(tmp_path: Path):
    assert "\x1b" not in coloured(tmp_path, NO_COLOR="1")
