"""The program struck by two signals, in every state and with both faces: what became of it.

As a script, `python -m tests.e2e.signalled RUNS [SEED]`, it strikes that often and tells what was not as promised; see
`.ci/signals`.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from tests.e2e.program import command, home
from tests.e2e.screen import PROC, pids, quiet_microphone
from tests.rig.service import ScriptedService

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
STATES = ("starting", "connecting", "listening", "speaking", "ending")
FACES = ("plain", "screen")
LIMIT_S = 3.0
_PATIENCE_S = 30.0
_TAKES = 1 << (signal.SIGHUP - 1)


@dataclass(frozen=True)
class Strike:
    """What is done to the program."""

    face: str
    state: str
    first: signal.Signals
    second: signal.Signals
    gap_ms: int
    delay_ms: int = 0
    """In the state `starting` and `ending`: from its beginning."""

    def __str__(self) -> str:
        how = f"{self.first.name}, {self.second.name} after {self.gap_ms} ms"
        return f"{self.face}, {self.state} (+{self.delay_ms} ms): {how}"


@dataclass
class Outcome:
    """What became of it; `wrong` is empty where all is as promised."""

    lived_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Program:
    """The program on a pseudo-terminal of its own, whose screen is read and kept."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.master, self._slave = os.openpty()
        self.before: list[Any] = termios.tcgetattr(self._slave)
        self.painted = b""
        self._is_hung_up = threading.Event()
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=self._slave, stdout=self._slave, stderr=self._slave,
            env=home(folder, {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}),
            cwd=folder, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name="terminal")
        self._reader.start()

    def wait_until_it_takes_signals(self) -> None:
        """Before that, they are the interpreter's, which is being started."""
        status = PROC / str(self.process.pid) / "status"
        while not _caught(status) & _TAKES:
            time.sleep(0.001)  # nobody tells of that

    def settings(self) -> list[Any]:
        """The terminal's settings now."""
        return termios.tcgetattr(self._slave)

    def hang_up(self) -> None:
        """Close our end of the terminal."""
        os.close(self._slave)
        self._is_hung_up.set()
        self._reader.join()
        os.close(self.master)

    def close(self) -> None:
        """End it if need be, and the terminal."""
        for pid in pids(self.folder):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()

    def _read(self) -> None:
        while not self._is_hung_up.is_set():
            try:
                if select.select([self.master], [], [], 0.1)[0]:
                    self.painted += os.read(self.master, 65536)
            except OSError:  # nobody has the other end any more
                return


def _caught(status: Path) -> int:
    for line in status.read_text().splitlines():
        if line.startswith("SigCgt:"):
            return int(line.split()[1], 16)
    return 0


def strike(folder: Path, what: Strike) -> Outcome:
    """Start the program, bring it into the state, send both signals, and look."""
    outcome = Outcome()
    arguments = ["--mic", str(quiet_microphone(folder)), "--speaker", "none", "--export", str(folder / "talk.md")]
    if what.face == "plain":
        arguments.append("--plain")
    with ScriptedService(admits=what.state != "connecting") as service:
        program = Program(folder, "--service", service.url, *arguments)
        try:
            _bring(program, service, what)
            struck_s = time.monotonic()
            program.process.send_signal(what.first)
            time.sleep(what.gap_ms / 1000)
            if program.process.poll() is None:
                program.process.send_signal(what.second)
            _wait_for_all(program, struck_s + LIMIT_S)
            outcome.lived_s = time.monotonic() - struck_s
            _look(program, service, struck_s, outcome, was_talking=what.state in ("listening", "speaking"))
        finally:
            program.close()
    return outcome


def _bring(program: Program, service: ScriptedService, what: Strike) -> None:
    program.wait_until_it_takes_signals()
    if what.state == "starting":
        time.sleep(what.delay_ms / 1000)
        return
    assert service.is_called.wait(_PATIENCE_S)
    if what.state == "connecting":
        return
    service.wait_for("session.update")
    service.put("user", "What time is it?")
    service.wait_for_sound()
    if what.state == "speaking":
        service.speaks("A long answer.", sound_s=60.0, is_done=False)
        service.wait_for_sound()
    elif what.state == "ending":
        if what.face == "plain":
            program.process.send_signal(signal.SIGTERM)
        else:
            os.write(program.master, b"\x11")
        time.sleep(what.delay_ms / 1000)


def _wait_for_all(program: Program, end_s: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        program.process.wait(max(0.0, end_s - time.monotonic()))
    for pid in pids(program.folder):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(handle):
            select.select([handle], [], [], max(0.0, end_s - time.monotonic()))


def _look(program: Program, service: ScriptedService, struck_s: float, outcome: Outcome, *, was_talking: bool) -> None:
    checks: dict[str, Callable[[], bool]] = {
        "something lives on": lambda: not pids(program.folder),
        f"the exit status is {program.process.poll()}": lambda: program.process.poll() == 0,
        "sound was sent too late": lambda: not [at_s for at_s in service.heard_s if at_s > struck_s + LIMIT_S],
        "the terminal is not as before": lambda: program.settings() == program.before,
        "the screen is not given back": lambda: (
            program.painted.count(b"\x1b[?1049h") == program.painted.count(b"\x1b[?1049l")
        ),
        "it says more than it should": lambda: (
            not any(
                words in program.painted for words in (b"Traceback", b"ignored", b"Something went wrong", b"a fault of")
            )
        ),
        "a fault was written down": lambda: not (program.folder / "realtime/logs/fault.log").exists(),
        "the export is missing": lambda: not was_talking or "What time" in (program.folder / "talk.md").read_text(),
    }
    if was_talking and not (program.folder / "talk.md").exists():
        outcome.wrong.append("there is no export")
        del checks["the export is missing"]
    outcome.wrong += [name for name, is_well in checks.items() if not is_well()]
    if outcome.wrong:
        outcome.wrong.append(repr(program.painted[-600:]))


def strikes(count: int, seed: int) -> list[Strike]:
    """Every face in every state and every pair of signals in turn; the times by chance."""
    chance = random.Random(seed)
    every = list(product(FACES, STATES, SIGNALS, SIGNALS))
    chosen = [every[number % len(every)] for number in range(count)]
    return [
        Strike(face, state, first, second, gap_ms=chance.randint(0, 50), delay_ms=chance.randint(0, 700))
        if state == "starting"
        else Strike(face, state, first, second, gap_ms=chance.randint(0, 50), delay_ms=chance.randint(0, 60))
        for face, state, first, second in chosen
    ]


def _main(count: int, seed: int) -> int:
    print(f"{count} strikes, seed {seed}")
    longest_s: Counter[str] = Counter()
    wrong = 0
    for number, what in enumerate(strikes(count, seed)):
        with tempfile.TemporaryDirectory() as folder:
            outcome = strike(Path(folder), what)
        if number and number % 50 == 0:
            print(f"{number} so far", flush=True)
        place = f"{what.face}, {what.state}"
        longest_s[place] = max(longest_s[place], outcome.lived_s)  # type: ignore[assignment]
        if outcome.wrong:
            wrong += 1
            print(f"{number}: {what}: {'; '.join(outcome.wrong)}", flush=True)
    for place, seconds in sorted(longest_s.items()):
        print(f"{place}: ended within {seconds:.2f} s")
    print(f"{wrong} of {count} not as promised")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
