"""What the surroundings of the program hold that it did not expect: each costs only what needs it."""

from __future__ import annotations

import ctypes.util
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

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


class HeardService:
    """Keeps the head of every request, and hangs up."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.getsockname()[1]}/v1/realtime"

    def _serve(self) -> None:
        while True:
            client, _ = self._server.accept()
            with client:
                head = client.recv(65_536)
                if not head:  # the end
                    return
                self.heard.append(head)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.create_connection(self._server.getsockname()):
            pass
        self._thread.join(10)
        self._server.close()


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


@pytest.mark.parametrize("where", ["import", "query_devices"])
def test_a_sound_system_that_tells_nothing_costs_only_sound(tmp_path: Path, where: str):
    (tmp_path / "library").mkdir()
    failing = "raise PortAudioError('Error querying', -9999, (0, -5, 'Host is down'))"
    (tmp_path / "library" / "sounddevice.py").write_text(
        "class PortAudioError(Exception): ...\n"
        + (f"{failing}\n" if where == "import" else f"def query_devices(*_):\n    {failing}\n")
    )
    env = {"PYTHONPATH": str(tmp_path / "library")}
    listed = realtime("devices", folder=tmp_path, env=env)
    sentence = "The system does not tell which sound devices there are: Host is down."
    assert listed.status == 4
    assert sentence in listed.err
    looked = realtime("doctor", "--service", "ws://127.0.0.1:9", folder=tmp_path, env=env)
    assert looked.status == 1
    assert sentence in looked.out
    assert "connection" in looked.out
    talked = realtime("--plain", "--service", "local", folder=tmp_path, env=env, typed="What is 2 plus 2?\n")
    assert talked.status == 0, talked.err
    assert sentence in talked.err
    assert "assistant: 2 plus 2 is 4." in talked.lines


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


# ---------------------------------------------------------------- a folder of somebody else's


@pytest.mark.parametrize(
    "line", ["set OPENAI_API_KEY=sk-secret", "OPENAI_API_KEY: sk-secret", '$env:OPENAI_API_KEY = "sk-secret"']
)
def test_a_line_of_dotenv_that_is_none_is_told_and_nobody_answers(tmp_path: Path, line: str):
    (tmp_path / ".env").write_text(f"# mine\n{line}\n")
    result = realtime("--plain", "--text-only", folder=tmp_path, typed="What is 2 plus 2?\n")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("realtime: .env, line 2, is no assignment. Write OPENAI_API_KEY=value")
    assert len(result.err.splitlines()) == 1
    assert "sk-secret" not in result.err


def foreign(folder: Path, url: str) -> None:
    (folder / ".env").write_text(f"REALTIME_SERVICE={url}\n")


KEY = {"REALTIME_API_KEY": "k-of-mine-1234", "MY_CLOUD_PASSWORD": "hunter2-hunter2"}


def test_the_env_of_a_folder_gets_neither_a_variable_nor_a_key(tmp_path: Path):
    with HeardService() as service:
        foreign(tmp_path, f"{service.url}?x=${{MY_CLOUD_PASSWORD}}")
        filled_in = realtime("--plain", "--text-only", folder=tmp_path, typed="Hello\n", env=KEY)
        foreign(tmp_path, service.url)
        keyed = realtime("--plain", "--text-only", folder=tmp_path, typed="Hello\n", env=KEY)
        doctor = realtime("doctor", "--mic", "none", "--speaker", "none", folder=tmp_path, env=KEY)
        assert service.heard == []
    assert (filled_in.status, keyed.status, doctor.status) == (2, 2, 1)
    assert "line 1: REALTIME_SERVICE holds ${MY_CLOUD_PASSWORD}" in filled_in.err
    assert "wants your REALTIME_API_KEY" in keyed.err
    assert "--service" in keyed.err
    assert "wants your REALTIME_API_KEY" in doctor.out


@pytest.mark.parametrize("how", ["option", "environment", "same file"])
def test_what_the_user_says_himself_is_trusted(tmp_path: Path, how: str):
    with HeardService() as service:
        foreign(tmp_path, service.url)
        arguments, env = [], dict(KEY)
        if how == "option":
            arguments = ["--service", service.url]
        elif how == "environment":
            env["REALTIME_SERVICE"] = service.url
        else:
            del env["REALTIME_API_KEY"]
            (tmp_path / ".env").write_text(f"REALTIME_SERVICE={service.url}\nREALTIME_API_KEY=k-of-mine-1234\n")
        realtime("--plain", "--text-only", *arguments, folder=tmp_path, typed="Hello\n", env=env)
        assert service.heard[0].count(b"k-of-mine-1234") == 1


@needs_terminal
def test_the_question_is_asked_once_on_a_terminal(tmp_path: Path):
    with HeardService() as service:
        foreign(tmp_path, service.url)
        silent = ("--mic", "none", "--speaker", "none")
        with program(tmp_path, *silent, env=KEY, columns=110) as terminal:
            terminal.wait_for("Allow it from now on")
            terminal.press("Enter")  # No is what nothing means
            terminal.wait_for("answer yes")
            assert terminal.exit_status() == 2
        assert service.heard == []
        with program(tmp_path, *silent, env=KEY, columns=110) as terminal:
            terminal.wait_for("Allow it from now on")
            terminal.press("y", "Enter")
            terminal.wait_for("OFFLINE")
            terminal.press("C-q")
            assert terminal.exit_status() == 5
        assert b"k-of-mine-1234" in service.heard[0]
        with program(tmp_path, *silent, env=KEY, columns=110) as terminal:
            terminal.wait_for("OFFLINE")
            terminal.press("C-q")
            assert terminal.exit_status() == 5
        plain = realtime("--plain", "--text-only", folder=tmp_path, typed="Hello\n", env=KEY)
        assert plain.status == 5


def test_no_file_outside_of_the_folder_is_replaced(tmp_path: Path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    (tmp_path / "mine.wav").write_bytes(b"precious")
    (folder / ".env").write_text("REALTIME_SPEAKER=../mine.wav\n")
    result = realtime("--plain", folder=folder, typed="Hello\n")
    assert result.status == 2
    assert "mine.wav, outside of its folder" in result.err
    assert (tmp_path / "mine.wav").read_bytes() == b"precious"
