"""The long run of mutated events: `python -m tests.mutate --help`; `.ci/mutate` runs it.

Thousands of conversations through the rules, and now and then one through the whole program in a process of its own,
against a service on the loopback interface that makes the same mistakes. What fails is printed with the number that
repeats it, and ends the run with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.conversation.test_mutations import check, hold_conversation
from tests.mutations import mutated

HANG_S: Final = 120
"""Only a program that waits for ever takes so long."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STATUSES: Final = (0, 1, 2, 3, 4, 5)


def through_the_rules(seed: int) -> None:
    """One conversation; raises what is wrong with it."""
    chance = Random(seed)
    check(hold_conversation(mutated(chance), chance))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def through_the_program(frames: list[str], folder: Path) -> tuple[int, str, str]:
    """One conversation of the real program: how it ended, and what it wrote. Raises TimeoutError where it hangs."""

    async def play(socket: ServerConnection) -> None:
        try:
            for frame in frames:
                await socket.send(frame.encode("utf-8", "replace").decode())
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.5)
        except ConnectionClosed:
            pass

    async with serve(play, "127.0.0.1", 0, close_timeout=0.5) as server:
        port = server.sockets[0].getsockname()[1]
        arguments = ("--plain", "--text-only", "--mic", "none", "--speaker", "none", "--no-greeting")
        kept = {
            name: each for name, each in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_", "REALTIME_"))
        }
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", *arguments, "--service", f"ws://127.0.0.1:{port}/v1/realtime"),
            *("--events", str(folder / "events"), "--export", str(folder / "talk.json")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**kept, "HOME": str(folder), "REALTIME_HOME": str(folder / "realtime"), "REALTIME_RECONNECT_S": "0"},
            start_new_session=True,
        )
        try:
            out, err = await asyncio.wait_for(program.communicate(b"Hello.\n"), HANG_S)
        except TimeoutError:
            os.killpg(program.pid, signal.SIGKILL)
            await program.wait()
            raise
    return program.returncode or 0, out.decode(), err.decode()


def what_is_wrong(status: int, out: str, err: str, folder: Path) -> str:
    """With a run of the program, whatever the service said; empty when nothing is."""
    for text in (out, err):
        if found := _CONTROL.search(text):
            return f"control character {found[0]!r} in {text!r}"
        if "Traceback" in text:
            return text
    if status not in _STATUSES or status == 1:
        return f"status {status}: {err}"
    for line in (folder / "events").read_text().splitlines():
        json.loads(line)
    for path in folder.glob("*.json"):
        json.loads(path.read_text())
    return ""


def main() -> int:
    """Run; 1 when something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", type=int, nargs="?", default=20_000, help="conversations through the rules")
    parser.add_argument("--programs", type=int, default=40, help="conversations through the whole program")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with: repeats what was found")
    asked = parser.parse_args()
    found = 0
    began = time.monotonic()
    for seed in range(asked.first, asked.first + asked.rounds):
        try:
            through_the_rules(seed)
        except Exception:  # whatever it is, it is what we look for
            found += 1
            _say(f"rules, number {seed}:\n{traceback.format_exc()}")
    _say(f"{asked.rounds} conversations through the rules in {time.monotonic() - began:.0f} s")
    for seed in range(asked.first, asked.first + asked.programs):
        with tempfile.TemporaryDirectory() as folder:
            try:
                ended = asyncio.run(through_the_program(mutated(Random(seed)), Path(folder)))
                wrong = what_is_wrong(*ended, Path(folder))
            except TimeoutError:
                wrong = "it did not end"
            if wrong:
                found += 1
                _say(f"program, number {seed}: {wrong[:2_000]}")
    _say(f"{asked.programs} conversations through the program; {found} faults found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
