"""Names and values that mean harm, from everywhere but the wire: no command lets a terminal obey any of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from app.conversation.transcript import Entry, Party
from app.history.saved import Saved
from app.history.writer import ConversationWriter
from app.settings import SETTINGS
from tests.e2e.program import realtime

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(os.name != "posix", reason="other systems allow few of these in names"),
]

EVIL = "\x1b]0;EVIL\x07\x1b[2J\x9b31m\x85\x7f\u202eEVIL\u2066\n\rEVIL\x08\v\udcff\U000e0041"
FOLDER = EVIL.replace("\x9b", "")[:40]
HARMFUL = re.compile(
    "[^\\S\n\t \u00a0]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
TALK = ("--plain", "--text-only", "--no-greeting", "--service", "ws://127.0.0.1:9/")
"""Ends at once, since nobody listens there."""


def run(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """All that the command writes."""
    done = realtime(*arguments, folder=folder, env=env)
    assert "Traceback" not in done.err, done.err
    assert "should not have" not in done.err, done.err
    assert done.status in (0, 1, 2, 3, 4, 5)
    return done.out + done.err


def assert_harmless(text: str) -> None:
    assert text, "something is said"
    assert HARMFUL.findall(text) == []


@pytest.mark.matrix(2)
@pytest.mark.parametrize(
    "arguments",
    [
        (EVIL,),
        (f"--{EVIL}",),
        ("history", EVIL),
        ("history", "list", EVIL),
        ("history", "show", EVIL),
        ("history", "export", EVIL, "x.md"),
        ("history", "export", "last", f"{EVIL}.md"),
        ("history", "export", "last", f"{EVIL}.pdf"),
        ("history", "delete", "--yes", EVIL),
        ("bench", "--part", EVIL),
        ("bench", "--runs", EVIL),
        ("serve", "--port", EVIL),
        ("serve", "--host", EVIL),
        ("serve", "--recogniser", EVIL),
        ("serve", "--responder", EVIL),
        ("serve", "--synthesiser", EVIL),
        (*TALK, "--service", EVIL),
        (*TALK, "--service", f"ws://127.0.0.1:9/{EVIL}"),
        (*TALK, "--model", EVIL),
        (*TALK, "--mode", EVIL),
        (*TALK, "--mic", EVIL),
        (*TALK, "--mic", f"{EVIL}.wav"),
        (*TALK, "--mic", "words.wav"),
        (*TALK, "--speaker", EVIL),
        (*TALK, "--speaker", f"no/{EVIL}.wav"),
        (*TALK, "--vad-threshold", EVIL),
        (*TALK, "--silence-ms", EVIL),
        (*TALK, "--export", f"{EVIL}.pdf"),
        (*TALK, "--export", f"file/{EVIL}.md"),
        (*TALK, "--events", f"no/{EVIL}"),
        (*TALK, "--events", "."),
        ("doctor", "--service", EVIL),
        ("doctor", "--service", f"ws://127.0.0.1:9/{EVIL}", "--mic", EVIL, "--speaker", EVIL),
        ("doctor", "--service", f"ws://127.0.0.1:9/{EVIL}", "--mic", f"{EVIL}.wav", "--speaker", f"{EVIL}.wav"),
        ("doctor", "--service", f"ws://127.0.0.1:9/{EVIL}", "--mic", f"{EVIL}.wav", "--json"),
    ],
)
def test_options_and_arguments(tmp_path: Path, arguments: tuple[str, ...]):
    (tmp_path / "file").write_text("")
    (tmp_path / "words.wav").symlink_to(f"{EVIL}.wav")
    keep(tmp_path / "realtime")
    assert_harmless(run(tmp_path, *arguments))


@pytest.mark.parametrize("where", ["environment", "dotenv", "file"])
def test_every_setting(tmp_path: Path, where: str):
    """One after the other, and all that may be any text at once; `doctor` says something of each."""
    env = {setting.env: EVIL for setting in SETTINGS.values()} | {f"REALTIME_{EVIL[:-2]}": "x", "OPENAI_API_KEY": "k"}
    if where == "dotenv":
        (tmp_path / ".env").write_bytes(b"".join(b"%s='%s'\n" % (os.fsencode(n), os.fsencode(EVIL)) for n in env))
    elif where == "file":
        shown = EVIL.encode("unicode_escape", "surrogatepass").decode().replace("\\x", "\\u00").replace("\\udcff", "")
        (tmp_path / "realtime").mkdir()
        lines = [f'{name} = "{shown}"' for name in (*SETTINGS, f'"{shown}"')]
        (tmp_path / "realtime/settings.toml").write_text("\n".join([*lines, "[keys]", f'talk = "{shown}"']))
    given = env if where == "environment" else None
    assert_harmless(run(tmp_path, "doctor", "--service", "ws://127.0.0.1:9/", env=given))
    assert_harmless(run(tmp_path, *TALK, env=given))
    texts = [setting for setting in SETTINGS.values() if setting.kind is str and setting.name != "service"]
    env = {setting.env: EVIL for setting in texts}
    assert_harmless(run(tmp_path, *TALK, env=env if where == "environment" else None))


def test_keys_of_the_settings_file_that_are_no_setting(tmp_path: Path):
    (tmp_path / "realtime").mkdir()
    escapes = "\\u001b]0;EVIL\\u0007\\u009b2J\\u202e\\n"
    (tmp_path / "realtime/settings.toml").write_text(f'"{escapes}" = 1\n[keys]\n"{escapes}" = "{escapes}"\n')
    text = run(tmp_path, *TALK)
    assert "is no setting" in text
    assert_harmless(text)
    assert_harmless(run(tmp_path, "doctor", "--service", "ws://127.0.0.1:9/"))


def test_names_of_folders(tmp_path: Path):
    """The home, and kept conversations that somebody renamed."""
    keep(tmp_path / FOLDER)
    env = {"REALTIME_HOME": str(tmp_path / FOLDER)}
    for arguments in (
        ("list",),
        ("show", "last"),
        ("export", "last", "x.md"),
        ("delete", "last"),
        ("delete", "last", "--yes"),
    ):
        assert_harmless(run(tmp_path, "history", *arguments, env=env))
    assert_harmless(run(tmp_path, "history", "list", env=env))
    (tmp_path / FOLDER / "settings.toml").write_text("broken")
    assert_harmless(run(tmp_path, *TALK, env=env))
    (tmp_path / FOLDER / "settings.toml").write_text("nothing = 1")
    (tmp_path / FOLDER / "logs").write_text("")
    assert_harmless(run(tmp_path, *TALK, env=env))
    assert_harmless(run(tmp_path, "doctor", "--service", "ws://127.0.0.1:9/", env=env))


def test_names_of_devices(tmp_path: Path):
    """From a library in the place of sounddevice, with every name as bad as it can be."""
    (tmp_path / "sounddevice.py").write_text(
        "import types\n"
        f"NAME = {EVIL!r}\n"
        "class PortAudioError(Exception): pass\n"
        "default = types.SimpleNamespace(device=(0, 0))\n"
        "def get_portaudio_version(): return 1, NAME\n"
        "def query_hostapis(): return [{'name': NAME}]\n"
        "def query_devices(): return [{'name': NAME, 'hostapi': 0, 'max_input_channels': 1,\n"
        "                              'max_output_channels': 1, 'default_samplerate': 48000.0}] * 2\n"
        "def InputStream(**_): raise PortAudioError(NAME, -1, (0, 0, NAME))\n"
        "OutputStream = InputStream\n"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    talk = ("--plain", "--no-greeting", "--service", "ws://127.0.0.1:9/")
    for arguments in (("devices",), ("doctor", "--service", "ws://127.0.0.1:9/"), talk, (*talk, "--mic", "nothing")):
        text = run(tmp_path, *arguments, env=env)
        assert "EVIL" in text or arguments is talk
        assert_harmless(text)


def keep(home: Path) -> None:
    """A conversation, in a folder and with words that mean harm."""
    entry = Entry("i1", Party.USER, EVIL.replace("\udcff", ""), True, started_ms=0, ended_ms=900)
    saved = Saved(1.7e9, "a service", "a model", (entry,))
    ConversationWriter(home / "conversations" / f"2026-01-02{FOLDER}", pytest.fail).end(saved)
