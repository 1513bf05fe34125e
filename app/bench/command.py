"""`realtime bench`: runs the real program and prints what it costs."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.bench.figures import Figure, as_json, as_table
from app.bench.processes import Use, can_measure, children_of, use_of
from app.console import say, tell
from app.settings import Settings

SETTLE_S = 4.0
SAMPLE_S = 10.0


def run(*, runs: int, parts: tuple[str, ...], is_json: bool) -> int:
    """Measure the parts asked for and print; progress goes to standard error."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            say(f"measuring: {part} ...")
            figures += PARTS[part](runs, Path(folder))
    tell(as_json(figures) if is_json else as_table(figures))
    return 0


def _start(runs: int, folder: Path) -> list[Figure]:
    if sys.platform == "win32":  # no pseudo-terminal there
        return [Figure("start", "", (), note="not measured on this system")]
    from app.bench.terminal import PseudoTerminal

    frames, ready = [], []
    for number in range(runs):
        events = folder / f"events-{number}.jsonl"
        with PseudoTerminal(
            ["--mic", "none", "--service", "local", "--no-greeting", "--events", str(events)]
        ) as terminal:
            frame = terminal.wait_for("realtime", 20)
            done = terminal.wait_for("READY|LISTENING", 30)
            if frame is None or done is None:  # a picture of a fault is no first frame
                say(f"start {number + 1}: the program did not come up")
                continue
            frames.append(frame)
            ready.append((_time_of(events, "session.updated") - terminal.started_s) * 1000)
    return [
        Figure("start to first painted frame", "ms", tuple(frames), "under 1000"),
        Figure("start to conversation ready", "ms", tuple(ready), "under 3000", "embedded service"),
    ]


def _time_of(events: Path, kind: str) -> float:
    for line in events.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("event", {}).get("type") == kind:
            return datetime.fromisoformat(row["time"]).timestamp()
    raise RuntimeError(f"no {kind} in the event log")


def _answer(runs: int, folder: Path) -> list[Figure]:
    from app.bench.answer_latency import answers

    found, silence_ms = answers(runs, folder / "service.log"), Settings().silence_ms
    whole = tuple(answer.measured_ms for answer in found)
    parts = {
        "of it, until the turn is over": [answer.told.turn_ms for answer in found],
        "of it, until the service sends sound": [answer.told.service_ms for answer in found],
        "of it, until the speaker plays it": [answer.told.playback_ms for answer in found],
    }
    return [
        Figure("answer in speech, after the last word", "ms", whole, note="to its first sound, measured at both ends"),
        Figure("the same beyond the silence window", "ms", tuple(ms - silence_ms for ms in whole), "under 150"),
        *(
            Figure(name, "ms", tuple(ms for ms in each if ms is not None), note="as the conversation counts it")
            for name, each in parts.items()
        ),
    ]


def _cost(runs: int, folder: Path) -> list[Figure]:
    if not can_measure():
        return [Figure("CPU and memory", "", (), note="not measured on this system")]
    silence = folder / "silence.wav"
    _write_silence(silence, SETTLE_S + SAMPLE_S * runs + 30)
    rest = _cost_of(["--mic", str(silence), "--no-greeting"], runs)
    talk = _cost_of(["--mic", "example"], runs)
    return [
        Figure("CPU at rest, screen and sound", "%", tuple(v[0] for v in rest), "5 at most"),
        Figure("CPU at rest, embedded service", "%", tuple(v[1] for v in rest)),
        Figure("CPU talking, screen and sound", "%", tuple(v[0] for v in talk), "15 at most"),
        Figure("CPU talking, embedded service", "%", tuple(v[1] for v in talk)),
        Figure("memory, screen and sound", "MiB", tuple(v[2] for v in talk)),
        Figure("memory, embedded service", "MiB", tuple(v[3] for v in talk)),
    ]


def _cost_of(arguments: list[str], runs: int) -> list[tuple[float, float, float, float]]:
    """Per sample: CPU % of the program and of its service (of one core), and their memory."""
    from app.bench.terminal import PseudoTerminal

    found = []
    with PseudoTerminal([*arguments, "--service", "local", "--speaker", "none"]) as terminal:
        if terminal.wait_for("LISTENING|SPEAKING|THINKING", 30) is None:
            return []
        time.sleep(SETTLE_S)
        child = next(iter(children_of(terminal.pid)), None)
        for _ in range(runs):
            before = use_of(terminal.pid), use_of(child) if child else None
            time.sleep(SAMPLE_S)
            after = use_of(terminal.pid), use_of(child) if child else None
            own, service = _percent(before[0], after[0]), _percent(before[1], after[1])
            found.append((own, service, after[0].rss_mib if after[0] else 0, after[1].rss_mib if after[1] else 0))
    return found


def _percent(before: Use | None, after: Use | None) -> float:
    return 100 * (after.cpu_s - before.cpu_s) / SAMPLE_S if before and after else 0.0


def _write_silence(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(int(seconds * 16_000) * 2))


def _screen(runs: int, folder: Path) -> list[Figure]:
    if not can_measure():
        return [Figure("screen", "", (), note="not measured on this system")]
    from app.bench.screen import blocked_figures, screen_figures

    return [*screen_figures(runs, folder), *blocked_figures(min(runs, 3), folder)]


PARTS: dict[str, Callable[[int, Path], list[Figure]]] = {
    "start": _start,
    "answer": _answer,
    "cost": _cost,
    "screen": _screen,
}
"""What can be measured."""
