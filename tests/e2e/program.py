"""The real program in a process of its own, in an empty home, and ears of our own to hear what it said."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest

from app.audio.pcm import VAD_RATE_HZ, resample, to_pcm16
from app.audio.wav import WavWriter, read_wav

DATA = Path(__file__).parents[1] / "data"
SPOKEN_S = 60.0

needs_local = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("hibari", "moonshine_voice", "onnxruntime")),
    reason="the extra `local` is not installed (uv sync --extra local)",
)


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The turns, one a line."""
        return self.out.splitlines()


def home(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without any setting or key of the user's. A line that breaks is the end there, unless said."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_", "REALTIME_"))
    }
    ours = {"HOME": str(folder), "REALTIME_HOME": str(folder / "realtime"), "REALTIME_RECONNECT_S": "0"}
    return {**kept, **ours, **(extra or {})}


def command(*arguments: str) -> list[str]:
    """The command line of the program as installed in this environment."""
    return [sys.executable, "-P", "-m", "app", *arguments]


def realtime(
    *arguments: str,
    folder: Path,
    typed: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = SPOKEN_S,
) -> Result:
    """Run it to its end; `typed` is its standard input (None: empty)."""
    done = subprocess.run(
        command(*arguments),
        input=typed or "",
        env=home(folder, env),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@contextmanager
def followed(log: Path, process: subprocess.Popen[str]) -> Iterator[TextIO]:
    """The lines of a file as the process writes them, until it has ended: whoever reads them needs no clock."""
    log.touch()
    arguments = ["tail", "-n", "+1", "-s", "0.05", "-f", f"--pid={process.pid}", str(log)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None  # as asked for above
        try:
            yield tail.stdout
        finally:
            tail.kill()


def turns(path: Path) -> list[dict]:
    """The turns of a JSON export."""
    return json.loads(path.read_text())["turns"]


def words_in(path: Path) -> str:
    """What the project's own recogniser understands of a sound file, in lower case without punctuation."""
    samples, rate_hz = read_wav(path)
    return words(samples, rate_hz)


def words(samples: np.ndarray, rate_hz: int) -> str:
    """What the project's own recogniser understands."""
    from app.server.engines.moonshine import MoonshineRecogniser

    recogniser = MoonshineRecogniser()
    recogniser.load()
    text = recogniser.transcribe(resample(samples, rate_hz, VAD_RATE_HZ))
    return "".join(char for char in text.lower() if char.isalnum() or char == " ")


def said(*parts: str | float) -> tuple[np.ndarray, int]:
    """Speech of the test data and pauses in seconds, one after the other."""
    sounds = [
        np.zeros(int(part * VAD_RATE_HZ), np.float32) if isinstance(part, float) else read_wav(DATA / part)[0]
        for part in parts
    ]
    return np.concatenate(sounds), VAD_RATE_HZ


def recording(path: Path, *parts: str | float) -> Path:
    """The same as a file."""
    samples, rate_hz = said(*parts)
    writer = WavWriter(path, rate_hz)
    writer.write(to_pcm16(samples))
    writer.close()
    return path
