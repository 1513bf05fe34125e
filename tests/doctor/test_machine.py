"""What interpreter, terminal and surroundings mean for the program."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.doctor.finding import Level
from app.doctor.machine import Terminal, python, surroundings, terminal

GOOD = Terminal(is_terminal=True, encoding="utf-8", columns=110, lines=32, system="linux")
XTERM = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 10, 14), Level.PROBLEM),
        ((3, 11, 0), Level.OK),
        ((3, 13, 9), Level.OK),
        ((3, 14, 0), Level.NOTE),
        ((2, 7, 18), Level.PROBLEM),
        ((4, 0, 0), Level.NOTE),
    ],
)
def test_the_interpreters_version(version: tuple[int, int, int], level: Level):
    finding = python(version, "Linux", "x86_64")
    assert finding.level is level
    assert f"Python {'.'.join(map(str, version))} on Linux x86_64" in finding.text


@pytest.mark.parametrize(
    ("seen", "environ", "levels", "words"),
    [
        (GOOD, XTERM, "ok ok", "xterm-256color, 110 x 32"),
        (GOOD, {"TERM": "xterm-256color"}, "ok ok", "256 or more"),
        (GOOD, {"TERM": "xterm"}, "ok note", "few colours"),
        (GOOD, XTERM | {"NO_COLOR": "1"}, "ok note", "NO_COLOR is set"),
        (GOOD, XTERM | {"NO_COLOR": ""}, "ok ok", "All of them"),
        (GOOD, XTERM | {"TMUX": "/tmp/x,1,0"}, "ok ok note", "tmux passes no key releases"),
        (GOOD, XTERM | {"STY": "1.pts"}, "ok ok note", "GNU screen passes"),
        (replace(GOOD, why_plain="TERM is dumb"), XTERM, "note", "TERM is dumb, so the program runs line by line"),
        (replace(GOOD, system="win32"), {}, "ok ok", "Windows console, 110 x 32"),
        (replace(GOOD, columns=79), XTERM, "note ok", "left out below 80 x 24"),
        (replace(GOOD, lines=23), XTERM, "note ok", "left out below 80 x 24"),
        (replace(GOOD, columns=80, lines=24), XTERM, "ok ok", "80 x 24"),
        (replace(GOOD, columns=39), XTERM, "problem ok", "too small"),
        (replace(GOOD, lines=11), XTERM, "problem ok", "too small"),
        (replace(GOOD, is_terminal=False), {}, "note", "line by line"),
        (replace(GOOD, encoding="UTF8"), XTERM, "ok ok", "110"),
        (replace(GOOD, encoding="cp1252"), XTERM, "ok ok note", "encoding is cp1252"),
        (replace(GOOD, encoding="", is_terminal=False), {}, "note note", "encoding is unknown"),
    ],
)
def test_the_terminal(seen: Terminal, environ: dict[str, str], levels: str, words: str):
    findings = terminal(seen, environ)
    assert " ".join(finding.level for finding in findings) == levels
    assert any(words in finding.text for finding in findings)
    assert all(finding.remedy for finding in findings if finding.level is Level.PROBLEM)


@pytest.mark.parametrize(
    ("environ", "kernel", "has_devices", "words"),
    [
        ({}, "6.8.0-generic", True, []),
        ({}, "6.8.0-generic", False, []),
        ({}, "5.15.153.1-Microsoft-standard-WSL2", True, ["sound goes through Windows"]),
        ({}, "5.15.153.1-microsoft-standard-WSL2", False, ["no sound comes through"]),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, "", False, ["no sound comes through"]),
        ({"SSH_CONNECTION": "1 2 3 4"}, "6.8", True, ["over SSH"]),
        ({"SSH_TTY": "/dev/pts/1", "PULSE_SERVER": "tcp:localhost:4713"}, "6.8", True, ["that of PULSE_SERVER"]),
        ({"SSH_TTY": "/dev/pts/1", "PULSE_SERVER": "tcp:localhost:4713"}, "6.8", False, ["over SSH: microphone"]),
        ({"SSH_TTY": "/dev/pts/1", "WSL_DISTRO_NAME": "U"}, "6.8", True, ["through Windows", "over SSH"]),
    ],
)
def test_the_surroundings(environ: dict[str, str], kernel: str, has_devices: bool, words: list[str]):
    findings = surroundings(environ, kernel, has_devices, "linux")
    assert len(findings) == len(words)
    assert all(word in finding.text for word, finding in zip(words, findings, strict=True))
    assert {finding.level for finding in findings} <= {Level.NOTE}


@pytest.mark.parametrize(("environ", "who"), [({"TERM_PROGRAM": "iTerm.app"}, "iTerm.app"), ({}, "your terminal")])
def test_macos_gives_the_microphone_to_the_terminal(environ: dict[str, str], who: str):
    (finding,) = surroundings(environ, "24.0.0", True, "darwin")
    assert who in finding.text
    assert "Microphone" in finding.remedy
