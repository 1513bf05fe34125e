"""The virtual sound card as a fixture."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.rig.sound import Player, Recorder

_SOUNDCARD = Path(__file__).parent / "soundcard"
_ROOT = Path(__file__).parents[2]


class SoundCard:
    """A private virtual sound card. PortAudio reads its environment when it starts, so what opens devices on it
    runs in a process of its own, with `env`."""

    def __init__(self, name: str, folder: Path) -> None:
        self._base = {**os.environ, "SOUNDCARD_NAME": name, "SOUNDCARD_DIR": str(folder)}
        self.control("start")
        self.env = dict(self._base)
        for line in self.control("env").splitlines():
            key, _, value = line.removeprefix("export ").partition("=")
            self.env[key] = value.strip("'")
        self.server = self.env["PULSE_SERVER"]

    def control(self, *words: str) -> str:
        """`unplug-mic`, `replug-mic`, `echo on 50 -10` ...; what it printed."""
        done = subprocess.run(
            ["bash", str(_SOUNDCARD), *words], env=self._base, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def unseen(self) -> dict[str, str]:
        """An environment in which PortAudio sees no device, and the card's server answers: ALSA without its plugin."""
        return {**self.env, "ALSA_CONFIG_PATH": "/usr/share/alsa/alsa.conf", "ALSA_PLUGIN_DIR": "/nonexistent"}

    def python(self, script: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A script on this card, from the project's root; lines in, lines out, stderr apart."""
        return subprocess.Popen(
            [sys.executable, str(script), *words],
            env={**(env or self.env), "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def speaker(self) -> Recorder:
        """What the program's speaker plays."""
        return Recorder("speaker.monitor", self.server)

    def mouth(self, sink: str = "mic_in") -> Player:
        """What is said into the program's microphone; "right" is its second channel, while there is one."""
        return Player(sink, self.server)


@pytest.fixture(scope="session")
def soundcard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundCard]:
    """A virtual sound card for the whole run; skips where it cannot be had."""
    for program in ("bash", "pulseaudio", "pactl", "pacmd"):
        if shutil.which(program) is None:
            pytest.skip(f"no virtual sound card: {program} is not installed (Debian: pulseaudio pulseaudio-utils)")
    for library in ("libpulse-simple.so.0", "libportaudio.so.2"):
        try:
            ctypes.CDLL(library)
        except OSError as error:
            pytest.skip(f"no virtual sound card: {error}")
    # A short folder: the name of a Unix socket is limited to about 100 characters.
    card = SoundCard(f"tests-{os.getpid()}", tmp_path_factory.getbasetemp().parent)
    yield card
    card.control("stop")
