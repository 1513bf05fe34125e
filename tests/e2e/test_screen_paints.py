"""Words that streamed in, in a real terminal: painted bit by bit, the screen is as if painted at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bench.scripted import ScriptedService
from tests.e2e.screen import needs_terminal, program, quiet_microphone
from tests.rig.terminal import Terminal

pytestmark = [needs_terminal, pytest.mark.timeout(90)]

COLUMNS, ROWS = 80, 24


def transcript(terminal: Terminal) -> list[str]:
    """Its rows with their colours; the rest of the screen moves by itself."""
    return terminal.styled().splitlines()[2 : ROWS - 5]


@pytest.mark.parametrize("in_turn", [False, True], ids=["fast", "slow"])
def test_what_streamed_in_looks_as_if_painted_at_once(tmp_path: Path, in_turn: bool) -> None:
    arguments = ("--speaker", "none", "--no-greeting", "--mic", str(quiet_microphone(tmp_path)))
    with ScriptedService() as service, program(tmp_path, "--service", service.url, *arguments) as terminal:
        assert service.wait_until_configured(30)
        service.add_turns(20)
        terminal.wait_for("turn-20 ")
        service.stream(3, in_turn=in_turn)
        terminal.wait_for(r"(?m)word48\s*$" if in_turn else r"(?m)word49\s*$")  # of 150 deltas the last, and final
        terminal.wait_for("LISTENING")  # spoken to its end
        terminal.wait_for(service.add_turns(1))  # what is told before this is painted with it at the latest
        streamed = transcript(terminal)
        terminal.resize(COLUMNS, ROWS + 1)
        terminal.wait_until(lambda text: len(text.splitlines()) > ROWS, "more rows")
        terminal.resize(COLUMNS, ROWS)
        terminal.wait_until(lambda text: "help" in text.splitlines()[ROWS - 1], "the old size")
        terminal.wait_until(lambda _: transcript(terminal) == streamed, "the same screen")
