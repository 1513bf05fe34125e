"""How the screen begins in a real terminal: services that do not answer as hoped, no configuration, poor terminals."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.screen import assert_given_back, needs_terminal, program
from tests.rig.picture import cells
from tests.rig.service import ScriptedService

pytestmark = [needs_terminal, pytest.mark.timeout(60)]

SILENT = ("--mic", "none", "--speaker", "none", "--no-greeting")


def words(screen: str) -> str:
    """The text of the screen without its borders and breaks."""
    return " ".join(re.sub("[▌│]", " ", screen).split())


def test_a_refused_key_is_said_in_the_words_of_the_service(tmp_path: Path):
    refusal = {"type": "invalid_request_error", "code": "invalid_api_key", "message": "No such key here: sk-1."}
    with ScriptedService(refuses=refusal) as service:
        arguments = ("--service", service.url, *SILENT)
        with program(tmp_path, *arguments, env={"REALTIME_API_KEY": "sk-1"}, columns=110) as terminal:
            terminal.wait_for("The conversation is over")
            text = words(terminal.wait_for("OFFLINE"))
            assert "No such key here" in text
            assert "REALTIME_API_KEY" in text
            assert "sk-1" not in text, "a secret"
            assert "── realtime ──" in text, "a line of the program's in the transcript"
            terminal.press("F1")
            terminal.wait_for("─ Help ─")
            terminal.press("C-q")
            assert terminal.exit_status() == 3
            assert_given_back(terminal)


def test_a_service_that_is_not_there_is_said_with_what_to_do(tmp_path: Path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, not listening: nobody else answers there
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
        with program(tmp_path, "--service", f"ws://{place}/v1/realtime", *SILENT, columns=110) as terminal:
            terminal.wait_for("The conversation is over")
            text = words(terminal.wait_for("OFFLINE"))
            assert re.search(rf"over .*{place}.*(refused|not be reached).*\. Check ", text), text
            terminal.press("C-q")
            assert terminal.exit_status() == 5
            assert_given_back(terminal)


def test_without_configuration_it_says_welcome_once(tmp_path: Path):
    """The service is the embedded one; what it needs may not be installed here."""
    pytest.importorskip("hibari", reason="the extra `local` is not installed (uv sync --extra local)")
    with program(tmp_path, env={"REALTIME_RECONNECT_S": ""}) as terminal:
        text = words(terminal.wait_for("─ Welcome ─"))
        for needed in ("You talk with the embedded service.", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_KEY", "F1 shows"):
            assert needed in text
        terminal.press("Enter")
        terminal.wait_without("─ Welcome ─")
        terminal.press("C-q")
        assert terminal.exit_status() == 0
    with program(tmp_path, env={"REALTIME_RECONNECT_S": ""}) as terminal:
        terminal.wait_for("READY|LISTENING|SPEAKING|THINKING")
        assert "Welcome" not in terminal.text()
        terminal.press("C-q")
        assert terminal.exit_status() == 0


@pytest.mark.parametrize(
    ("term", "env"),
    [
        ("tmux-256color", {"NO_COLOR": "1"}),
        ("xterm-256color", {"REALTIME_THEME": "ansi-dark"}),
        ("xterm-256color", {"REALTIME_THEME": "ansi-light", "COLORTERM": ""}),
        ("screen", {"COLORTERM": "", "TEXTUAL_ANIMATIONS": "none"}),
        ("linux", {"COLORTERM": ""}),
    ],
)
def test_it_can_be_read_and_answers_on_poor_terminals(tmp_path: Path, term: str, env: Mapping[str, str]):
    with (
        ScriptedService() as service,
        program(tmp_path, "--service", service.url, *SILENT, env=env, term=term) as terminal,
    ):
        terminal.wait_for("There is no microphone")
        service.speaks("Can you read this?")
        terminal.wait_for("Can you read this")
        looks = {cell.look.colours() for row in cells(terminal.styled()) for cell in row if cell.text.isalnum()}
        assert all(fore != back for fore, back in looks), looks
        if "NO_COLOR" in env:
            assert all(len(set(colour)) == 1 for pair in looks for colour in pair), looks
        terminal.press("F1")
        terminal.wait_for("─ Help ─")
        terminal.press("C-q")
        assert terminal.exit_status() == 0
        assert_given_back(terminal)
