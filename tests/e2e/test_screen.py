"""The real program in a real terminal, driven by keys: a whole conversation, its ends, a window that will not rest."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.program import needs_local, realtime
from tests.e2e.screen import assert_given_back, needs_terminal, pids, program, quiet_microphone, wait_for_the_end
from tests.rig.service import ScriptedService
from tests.rig.terminal import Terminal

pytestmark = [needs_terminal, pytest.mark.timeout(120)]


@needs_local
def test_launch_talk_threshold_scroll_export_quit(tmp_path: Path):
    arguments = ("--service", "local", "--mic", "example", "--speaker", "none")
    with program(tmp_path, *arguments, columns=60, rows=16) as terminal:
        terminal.wait_for("embedded service · hands-free")
        terminal.wait_for("SPEAKING")
        terminal.press("]")
        terminal.press("s")
        terminal.wait_for(r"threshold .* 0\.55 ✓$")
        terminal.press("Escape")
        terminal.wait_for("HEARING YOU", 30)
        terminal.wait_for("(?s)you.*Robin.*assistant.*Robin.*SPEAKING", 30)
        terminal.press("Escape")
        terminal.wait_for("interrupted ")
        terminal.press("Home")
        terminal.wait_for("End follows")
        terminal.press("End")
        terminal.wait_without("End follows")
        terminal.press("e")
        terminal.wait_for("Enter writes the file")
        terminal.press("C-u")
        terminal.wait_for(r"│  file +│\n│ +│")
        terminal.write(str(tmp_path / "talk.md"))
        terminal.press("Enter")
        terminal.wait_for("Exported to")
        terminal.press("C-q")
        assert terminal.exit_status() == 0
        assert_given_back(terminal)
        assert pids(tmp_path) == []
    exported = (tmp_path / "talk.md").read_text()
    assert "Robin" in exported
    assert "interrupted" in exported


# ---------------------------------------------------------------- its ends


def _terminated(_: Terminal, pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def _window_closed(terminal: Terminal, _: int) -> None:
    terminal.hang_up()


def _powered_off(_: Terminal, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("end", [_terminated, _window_closed, _powered_off])
def test_whatever_ends_it_nothing_runs_on_and_what_was_said_is_kept(
    tmp_path: Path, end: Callable[[Terminal, int], None]
):
    with program(tmp_path, "--service", "local", "--text-only", "--no-greeting") as terminal:
        terminal.wait_for("READY")
        terminal.press("i")
        terminal.wait_for("write to the assistant")
        terminal.write("What is 17 times 23?")
        terminal.press("Enter")
        terminal.wait_for(r"17 times 23 is 391\.")
        running = pids(tmp_path)
        assert len(running) == 2, "the program and its service"
        end(terminal, min(running))
        wait_for_the_end(tmp_path)
        assert pids(tmp_path) == []
    listed = realtime("history", "list", folder=tmp_path)
    assert listed.status == 0
    shown = realtime("history", "show", listed.out.split()[0], folder=tmp_path)
    assert "391" in shown.out, listed.out


# ---------------------------------------------------------------- a window that will not rest


def test_resizing_wildly_during_speech_breaks_nothing(tmp_path: Path):
    sizes = random.Random(5)
    arguments = ("--mic", str(quiet_microphone(tmp_path)), "--speaker", "none")
    with ScriptedService() as service, program(tmp_path, "--service", service.url, *arguments) as terminal:
        terminal.wait_for("LISTENING")
        service.wait_for("session.update")
        for number in range(30):
            service.put("user" if number % 2 else "assistant", f"Turn {number}. " + "Some words of it. " * number)
        service.speaks("A long answer. " * 40, sound_s=60.0, is_done=False)
        terminal.wait_for("SPEAKING")
        for _ in range(60):
            terminal.resize(sizes.randint(20, 200), sizes.randint(5, 60))
            if sizes.random() < 0.2:
                terminal.press(sizes.choice(("s", "PageUp", "End", "/", "Escape")))
        terminal.resize(20, 5)
        terminal.wait_for("●|SPEAKING")
        terminal.resize(110, 32)
        terminal.press("F1")  # keys are taken in their order: when help is there, all that was open has been opened
        terminal.wait_for("What the lamp says|Space.*Open or close the microphone")
        terminal.press("Escape")
        terminal.wait_without("Open or close the microphone")
        _close_all(terminal)
        terminal.press("End")
        text = terminal.wait_for(r"\A realtime(?s:.*)^ \d\d:\d\d:\d\d  assistant$(?s:.*)A long answer\.(?s:.*)^─+\s*$")
        rows = text.split("\n")
        assert rows[0].startswith(" realtime"), text
        # End on the first row of the panel changes the mode; whether it got there depends on the moment.
        assert re.match(r" (● SPEAKING +Space mute|◌ SPEAKING +Space talk) +level ", rows[30]), text
        assert set(rows[26].rstrip()) == {"─"}, text
        terminal.press("Escape")
        terminal.wait_for("interrupted after")
        terminal.press("C-q")
        assert terminal.exit_status() == 0
        assert_given_back(terminal)


def _close_all(terminal: Terminal) -> None:
    """Panels and lines that random keys have opened."""
    for opened in ("esc closes", "find in the transcript|Esc closes"):
        if re.search(opened, terminal.text()):
            terminal.press("Escape")
            terminal.wait_without(opened)
