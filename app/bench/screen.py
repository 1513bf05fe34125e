"""What the full screen costs: the real program on a pseudo-terminal, talking with a scripted service."""

from __future__ import annotations

import time
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.bench.figures import Figure
from app.bench.processes import use_of
from app.bench.scripted import ScriptedService

if TYPE_CHECKING:
    from app.bench.terminal import PseudoTerminal

FEW, MANY = 10, 10_000
"""Turns in the transcript."""

_KEYS: Final = "§¶µ¤ßðþæœøłđħŋŧ"
"""Letters that no text of the screen holds: the first time one is painted, it is the key."""

_STREAM_S: Final = 10.0
_PATIENCE_S: Final = 180.0


def screen_figures(runs: int, folder: Path) -> list[Figure]:
    """Key to painted frame with few and many turns, memory for each thousand, CPU while words stream in."""
    from app.bench.terminal import PseudoTerminal  # not on Windows, where nothing is measured

    with ScriptedService() as service, PseudoTerminal(arguments(service, folder)) as terminal:
        if not service.wait_until_configured(30):
            return [Figure("screen", "", (), note="the program did not connect")]
        shown(terminal, service, FEW)
        terminal.press("i")
        few = [_key_ms(terminal, _KEYS[number]) for number in range(min(runs, len(_KEYS) // 2))]
        before = use_of(terminal.pid)
        shown(terminal, service, MANY - FEW)
        after = use_of(terminal.pid)
        many = [_key_ms(terminal, _KEYS[-1 - number]) for number in range(min(runs, len(_KEYS) // 2))]
        all_at_once = [_streaming_percent(service, terminal.pid, in_turn=False) for _ in range(min(runs, 3))]
        by_turns = [_streaming_percent(service, terminal.pid, in_turn=True) for _ in range(min(runs, 3))]
        per_thousand = (after.rss_mib - before.rss_mib) * 1000 / (MANY - FEW) if before and after else 0.0
    return [
        Figure(f"key to painted frame, {FEW} turns", "ms", _there(few), "50 at most"),
        Figure(f"key to painted frame, {MANY:,} turns", "ms", _there(many), "50 at most"),
        Figure("memory for 1,000 turns", "MiB", (per_thousand,)),
        Figure("CPU, 50 deltas a second in all", "%", tuple(by_turns), "25 at most", f"{MANY:,} turns above"),
        Figure("CPU, 50 deltas a second of each kind", "%", tuple(all_at_once), "", f"{MANY:,} turns above"),
    ]


def blocked_figures(runs: int, folder: Path) -> list[Figure]:
    """The screen's loop stands still for half of every second: what becomes of the microphone's chunks."""
    from app.bench.terminal import PseudoTerminal

    late, lost = [], []
    for _ in range(runs):
        with ScriptedService() as service, PseudoTerminal(arguments(service, folder), module="app.bench.blocked"):
            if not service.wait_until_configured(30):
                continue
            time.sleep(2.0)  # the first chunks wait for the devices
            first = len(service.appends_s)
            service.stream(_STREAM_S)
            arrived = service.appends_s[first:]
        due = [at - 0.02 * number for number, at in enumerate(arrived)]
        late.append((max(due) - min(due)) * 1000)
        lost.append(max(0, round((arrived[-1] - arrived[0]) / 0.02) + 1 - len(arrived)))
    note = "screen blocked for 500 ms in every second"
    return [
        Figure("blocked screen: a chunk's lateness at most", "ms", tuple(late), "40 at most", note),
        Figure("blocked screen: chunks lost", "", tuple(float(count) for count in lost), "0", note),
    ]


def arguments(service: ScriptedService, folder: Path) -> list[str]:
    """A conversation with the scripted service, heard by nobody."""
    silence = folder / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(600 * 24_000 * 2))
    return ["--service", service.url, "--mic", str(silence), "--speaker", "none", "--no-greeting", "--no-keep"]


def shown(terminal: PseudoTerminal, service: ScriptedService, count: int) -> None:
    """So many turns more, the last of them painted."""
    since = terminal.painted()
    terminal.wait_for(service.add_turns(count) + r"\b", _PATIENCE_S, since=since)
    time.sleep(1.0)


def _key_ms(terminal: PseudoTerminal, letter: str) -> float | None:
    time.sleep(0.3)
    since, pressed_ms = terminal.painted(), terminal.elapsed_ms()
    terminal.press(letter)
    painted_ms = terminal.wait_for(letter, 10, since=since)
    return None if painted_ms is None else painted_ms - pressed_ms


def _streaming_percent(service: ScriptedService, pid: int, *, in_turn: bool) -> float:
    before, began = use_of(pid), time.monotonic()
    service.stream(_STREAM_S, in_turn=in_turn)
    after, ended = use_of(pid), time.monotonic()
    return 100 * (after.cpu_s - before.cpu_s) / (ended - began) if before and after else 0.0


def _there(values: list[float | None]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)
