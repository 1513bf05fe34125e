"""The long run of mutated events and mutated files: `python -m tests.mutate --help`; `.ci/mutate` runs it.

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


async def through_the_program(seed: int, folder: Path) -> str:
    """One conversation of the real program; what is wrong with it, empty when nothing is."""
    frames = mutated(Random(seed))

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
            env={**kept, "HOME": str(folder), "REALTIME_HOME": str(folder / "realtime")},
            start_new_session=True,
        )
        try:
            out, err = await asyncio.wait_for(program.communicate(b"Hello.\n"), HANG_S)
        except TimeoutError:
            os.killpg(program.pid, signal.SIGKILL)
            await program.wait()
            return "it did not end"
    return _what_is_wrong(program.returncode or 0, out.decode(), err.decode(), folder)


def _what_is_wrong(status: int, out: str, err: str, folder: Path) -> str:
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
            print(f"rules, number {seed}:\n{traceback.format_exc()}", flush=True)
    print(f"{asked.rounds} conversations through the rules in {time.monotonic() - began:.0f} s", flush=True)
    for seed in range(asked.first, asked.first + asked.programs):
        with tempfile.TemporaryDirectory() as folder:
            if wrong := asyncio.run(through_the_program(seed, Path(folder))):
                found += 1
                print(f"program, number {seed}: {wrong[:2_000]}", flush=True)
    print(f"{asked.programs} conversations through the program; {found} faults found", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
