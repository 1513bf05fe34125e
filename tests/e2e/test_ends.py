"""The ends of the real program: signals in pairs, a terminal that goes away, a reader that has enough, Ctrl+Z."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.program import command, home, needs_local, turns
from tests.e2e.screen import needs_terminal, pids, quiet_microphone, wait_for_the_end
from tests.e2e.signalled import LIMIT_S, Program, Strike, strike
from tests.rig.service import ScriptedService
from tests.rig.terminal import Terminal

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.timeout(120),
]
HUP, INT, TERM = (getattr(signal, name, None) for name in ("SIGHUP", "SIGINT", "SIGTERM"))


@pytest.mark.parametrize(
    "what",
    [
        Strike("plain", "starting", INT, INT, 20, delay_ms=30),
        Strike("plain", "connecting", TERM, INT, 0),
        Strike("plain", "listening", HUP, INT, 0),
        Strike("plain", "listening", INT, INT, 5),
        Strike("plain", "speaking", TERM, HUP, 10),
        Strike("plain", "ending", HUP, INT, 2, delay_ms=5),
        Strike("screen", "starting", INT, TERM, 0, delay_ms=300),
        Strike("screen", "connecting", HUP, HUP, 1),
        Strike("screen", "listening", HUP, INT, 0),
        Strike("screen", "speaking", INT, TERM, 20),
        Strike("screen", "ending", TERM, INT, 0, delay_ms=30),
    ],
    ids=str,
)
def test_two_signals_end_it_as_one_does(tmp_path: Path, what: Strike):
    """See `.ci/signals` for the rest."""
    assert strike(tmp_path, what).wrong == []


@needs_local
@pytest.mark.parametrize("delay_ms", [0, 300, 900])
def test_the_embedded_service_goes_with_it_also_before_it_listens(tmp_path: Path, delay_ms: int):
    process = subprocess.Popen(
        command("--plain", "--service", "local", "--mic", "none", "--speaker", "none", "--no-greeting"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=home(tmp_path), cwd=tmp_path, text=True,
    )  # fmt: skip
    assert process.stderr
    assert process.stderr.readline().startswith("service: embedded")
    time.sleep(delay_ms / 1000)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    wait_for_the_end(tmp_path, LIMIT_S)


# ---------------------------------------------------------------- nobody is there any more


def talking(folder: Path, service: ScriptedService, *arguments: str) -> Program:
    """A conversation on a pseudo-terminal that nobody's session has, so that no SIGHUP comes."""
    options = ("--mic", str(quiet_microphone(folder)), "--speaker", "none", "--export", str(folder / "talk.json"))
    program = Program(folder, "--service", service.url, *options, *arguments)
    service.wait_for("session.update")
    service.put("user", "Is anybody there?")
    service.wait_for_sound()
    return program


@pytest.mark.parametrize("arguments", [(), ("--plain",)], ids=["screen", "plain"])
def test_a_terminal_that_goes_away_without_a_word_is_the_end(tmp_path: Path, arguments: tuple[str, ...]):
    with ScriptedService() as service:
        program = talking(tmp_path, service, *arguments)
        program.hang_up()
        gone_s = time.monotonic()
        try:
            wait_for_the_end(tmp_path)
        finally:
            program.process.kill()
        assert pids(tmp_path) == []
        assert [at_s for at_s in service.heard_s if at_s > gone_s + LIMIT_S] == []
        assert program.process.wait() == 0
    assert turns(tmp_path / "talk.json")[0]["text"] == "Is anybody there?"
    assert list((tmp_path / "realtime/conversations").iterdir())
    assert not (tmp_path / "realtime/logs/fault.log").exists()


def test_a_reader_that_has_enough_closes_the_microphone(tmp_path: Path):
    """Nothing is said any more, so that nothing would be written either."""
    with ScriptedService() as service:
        process = subprocess.Popen(
            command("--plain", "--service", service.url, "--mic", str(quiet_microphone(tmp_path)), "--speaker", "none"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=home(tmp_path), cwd=tmp_path,
        )  # fmt: skip
        service.wait_for("session.update")
        service.wait_for_sound()
        assert process.stdout
        assert process.stdin
        process.stdout.close()
        assert process.wait(30) == 0
        process.stdin.close()


def test_a_line_that_cannot_be_written_does_not_keep_the_microphone_open(tmp_path: Path):
    """Whoever should read does not: the main thread is stuck in a write, and the end comes all the same."""
    reading, writing = os.pipe()
    export = tmp_path / "talk.json"
    with ScriptedService() as service:
        options = ("--mic", str(quiet_microphone(tmp_path)), "--speaker", "none", "--export", str(export))
        process = subprocess.Popen(
            command("--plain", "--service", service.url, *options),
            stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.DEVNULL, env=home(tmp_path), cwd=tmp_path,
        )  # fmt: skip
        os.close(writing)
        service.wait_for("session.update")
        service.wait_for_sound()
        service.put("user", "so many words " * 10_000)
        service.wait_for_sound()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stdin
        process.stdin.close()
    os.close(reading)
    assert "so many words" in turns(export)[0]["text"]


# ---------------------------------------------------------------- away for a while


@needs_terminal
def test_ctrl_z_gives_the_terminal_back_and_fg_goes_on(tmp_path: Path):
    shell = ["bash", "--norc", "-i"]
    arguments = ("--mic", str(quiet_microphone(tmp_path)), "--speaker", "none")
    with ScriptedService() as service, Terminal(shell, env=home(tmp_path), cwd=tmp_path) as terminal:
        terminal.wait_for("bash")
        terminal.write(shlex.join(command("--service", service.url, *arguments)))
        terminal.press("Enter")
        terminal.wait_for("LISTENING")
        terminal.press("Escape")
        service.wait_for_sound()
        pid = min(pids(tmp_path))
        for suspend in _ways_to_suspend(terminal, pid):
            suspend()
            terminal.wait_for("Stopped")
            assert [terminal.flag(name) for name in ("alternate_on", "cursor_flag", "mouse_any_flag")] == [
                "0",
                "1",
                "0",
            ]
            heard = len(service.heard_s)
            terminal.write("bg; sleep 1; jobs")  # the terminal stays the shell's, and the microphone closed
            terminal.press("Enter")
            terminal.wait_for(r"(?s)Stopped.*\+ +Stopped")
            assert len(service.heard_s) == heard
            terminal.write("clear; fg")
            terminal.press("Enter")
            terminal.wait_for("LISTENING")
            service.wait_for_sound()
        terminal.press("Space")
        terminal.wait_for("MUTED")
        service.speaks("A long answer.", sound_s=3.0)
        terminal.wait_for("SPEAKING")
        terminal.press("C-z")
        terminal.wait_for("Stopped")
        threading.Event().wait(4)  # longer than the answer, which waits
        terminal.write("fg")
        terminal.press("Enter")
        terminal.wait_for("SPEAKING")
        terminal.wait_for("MUTED")
        terminal.press("C-q")
        wait_for_the_end(tmp_path)


def _ways_to_suspend(terminal: Terminal, pid: int) -> list[Callable[[], object]]:
    return [lambda: terminal.press("C-z"), lambda: os.kill(pid, signal.SIGTSTP)]
