"""What the surroundings of the program hold that it did not expect: each costs only what needs it."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.program import realtime
from tests.e2e.screen import needs_terminal, program

ROOT = Path(__file__).parents[2]

needs_alsa = pytest.mark.skipif(
    sys.platform != "linux" or not ctypes.util.find_library("portaudio"),
    reason="needs ALSA's PortAudio (libportaudio2)",
)

OPEN = """
from app.audio.open import open_microphone
microphone = open_microphone("mikro")
microphone.start(lambda: None)
print(ascii(microphone.name))
microphone.close()
"""


@pytest.fixture
def latin1_card(tmp_path: Path) -> dict[str, str]:
    """ALSA with one device whose name is Latin-1, as an old configuration or a driver may have it."""
    conf = tmp_path / "asound.conf"
    conf.write_bytes(
        b'pcm.!default {\n type null\n hint { show on description "usual" }\n}\n'
        b'pcm."Mikro\xfc" {\n type null\n hint { show on description "Mikro\xfc" }\n}\n'
    )
    return {"ALSA_CONFIG_PATH": str(conf)}


@needs_alsa
def test_an_undecodable_name_is_listed_with_a_replacement_character(tmp_path: Path, latin1_card: dict[str, str]):
    result = realtime("devices", folder=tmp_path, env={**latin1_card, "PYTHONUTF8": "1"})
    assert result.status == 0, result.err
    assert "Mikro\N{REPLACEMENT CHARACTER}" in result.out
    assert "default" in result.out


@needs_alsa
def test_the_device_with_the_undecodable_name_can_be_opened(latin1_card: dict[str, str]):
    environ = {**os.environ, **latin1_card, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", OPEN], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == ascii("Mikro\N{REPLACEMENT CHARACTER}"), done.stderr


@needs_alsa
@pytest.mark.parametrize(
    "arguments", [("doctor", "--service", "ws://127.0.0.1:9"), ("--plain", "--service", "local", "--mic", "none")]
)
def test_everything_else_goes_on(tmp_path: Path, latin1_card: dict[str, str], arguments: tuple[str, ...]):
    result = realtime(*arguments, folder=tmp_path, env=latin1_card, typed="What is 2 plus 2?\n")
    assert "should not have" not in result.err
    assert "Mikro" in result.out if arguments[0] == "doctor" else "assistant: 2 plus 2 is 4." in result.lines


AWAY = "ws://192.0.2.1:8080/v1/realtime"
PROXIES = [
    ("HTTP_PROXY", "http://proxy.corp:abc", "HTTP_PROXY is no address of one: its host or port cannot be one."),
    ("ALL_PROXY", "http://127.0.0.1:9", "the proxy http://127.0.0.1:9 that ALL_PROXY names: nothing listens there."),
    ("all_proxy", "socks5h://127.0.0.1:9", "the proxy socks5h://127.0.0.1:9 that all_proxy names"),
]


def without_proxies(**more: str) -> dict[str, str]:
    kinds = ("http", "https", "all", "ws", "wss", "socks", "no")
    return {
        name: "" for kind in kinds for name in (f"{kind}_PROXY".upper(), f"{kind}_proxy") if name in os.environ
    } | more


@pytest.mark.parametrize(("variable", "value", "sentence"), PROXIES)
def test_a_proxy_that_cannot_be_used_is_named_line_by_line(tmp_path: Path, variable: str, value: str, sentence: str):
    result = realtime("--plain", "--service", AWAY, folder=tmp_path, env=without_proxies(**{variable: value}))
    assert result.status == 5, result.err
    assert sentence in result.err
    assert "should not have" not in result.err


@needs_terminal
@pytest.mark.parametrize(("variable", "value", "sentence"), PROXIES)
def test_a_proxy_that_cannot_be_used_is_named_on_the_screen(tmp_path: Path, variable: str, value: str, sentence: str):
    arguments = ("--service", AWAY, "--mic", "none", "--speaker", "none")
    with program(tmp_path, *arguments, env=without_proxies(**{variable: value}), columns=110) as terminal:
        terminal.wait_for("The conversation is over")
        text = " ".join(terminal.wait_for("OFFLINE").replace("▌", " ").split())
        assert sentence in text
        terminal.press("C-q")
        assert terminal.exit_status() == 5
