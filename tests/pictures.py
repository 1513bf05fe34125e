"""The README's pictures, taken of the real program in a real terminal: `python -m tests.pictures`. Takes four
minutes; names of pictures after it take only these.

Needs tmux and, for the letters, DejaVu Sans Mono (Debian: tmux fonts-dejavu).
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.e2e.program import command, home
from tests.rig.picture import Frame, animate, draw
from tests.rig.terminal import Terminal, why_not

DOCS = Path(__file__).parents[1] / "docs"
MOVING_S = 30.0
"""The longest a moving picture may be."""

TALK_S = 90.0
"""As long as the example may take to come to a place."""

CLEAR = r"level -2\d dBFS.*speech 1\.00"
"""Somebody speaks loud enough for the meters to show it."""


@contextmanager
def program(columns: int, rows: int, *arguments: str, theme: str) -> Iterator[Terminal]:
    """The program, in an empty home, speaking its example."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = home(folder, {"REALTIME_THEME": theme})
        arguments = ("--service", "local", "--mic", "example", "--speaker", "none", *arguments)
        with Terminal(command(*arguments), columns=columns, rows=rows, env=environ, cwd=folder) as terminal:
            yield terminal
            terminal.press("C-q")
            assert terminal.exit_status() == 0


def take(terminal: Terminal, name: str, columns: int, rows: int) -> None:
    """Write what the terminal shows now."""
    path = DOCS / name
    draw(terminal.styled(), terminal.flag("pane_title"), columns, rows, path)
    print(f"{path} {path.stat().st_size / 1000:.0f} kB")


def screen() -> None:
    """The whole program: settings beside the conversation, an interrupted answer, somebody speaking."""
    with program(110, 32, theme="textual-dark") as terminal:
        terminal.wait_for("SPEAKING", TALK_S)
        terminal.press("]")
        terminal.press("s")
        terminal.wait_for(r"threshold .* 0\.55 ✓")
        terminal.press("Down", "Down")
        terminal.wait_for("interrupted after", TALK_S)
        terminal.wait_for(r"(?s)Stop, .*" + CLEAR)
        take(terminal, "screen.png", 110, 32)


def search() -> None:
    """Looking for words in what was said, while the assistant speaks."""
    with program(80, 24, theme="tokyo-night") as terminal:
        terminal.wait_for("interrupted after", TALK_S)
        terminal.wait_for("(?s)All right.*SPEAKING", TALK_S)
        terminal.press("/")
        terminal.write("story")
        terminal.wait_for("^ */ story")
        terminal.press("Enter")
        terminal.wait_for(r"\d of \d +n next")
        take(terminal, "search.png", 80, 24)


def narrow() -> None:
    """A small window, on a light ground, with push-to-talk."""
    with program(60, 18, "--mode", "push-to-talk", theme="textual-light") as terminal:
        terminal.wait_for("(?s)228.*HEARING YOU.*level ███", TALK_S)
        take(terminal, "narrow.png", 60, 18)


def tape(theme: str, name: str) -> None:
    """The last minute of both voices, with an interruption, and an answer of which a part has sounded."""
    with program(160, 40, theme=theme) as terminal:
        terminal.wait_for("(?s)Thank.*assistant.*SPEAKING", TALK_S)
        for columns, rows in ((160, 40), (110, 32), (80, 24)):
            terminal.resize(columns, rows)
            terminal.wait_for(r"min left *$")  # tmux cuts rows off until the program has painted them anew
            take(terminal, f"tape-{columns}-{name}.png", columns, rows)


def moving() -> None:
    """A conversation as it goes: a story, an interruption, an answer."""
    columns, rows = 96, 28
    with program(columns, rows, theme="textual-dark") as terminal:
        terminal.wait_for("Please tell me a story", TALK_S)
        frames: list[Frame] = []
        begun = before = time.monotonic()
        is_over = False
        while not is_over and time.monotonic() - begun < MOVING_S:
            frames.append(Frame(terminal.styled(), terminal.flag("pane_title"), 0))
            time.sleep(0.15)  # as often as a picture is worth taking
            now = time.monotonic()
            frames[-1] = replace(frames[-1], lasts_ms=round((now - before) * 1000))
            before = now
            is_over = re.search(r"(?s)Today is.*LISTENING", terminal.text()) is not None
        frames.append(replace(frames[-1], lasts_ms=2_000))
        path = DOCS / "talk.gif"
        animate(frames, columns, rows, path)
        print(f"{path} {path.stat().st_size / 1000:.0f} kB, {len(frames)} frames")


PICTURES = {
    "screen": screen,
    "search": search,
    "narrow": narrow,
    "dark": lambda: tape("textual-dark", "dark"),
    "light": lambda: tape("textual-light", "light"),
    "moving": moving,
}

if __name__ == "__main__":
    if reason := why_not():
        sys.exit(reason)
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
