"""`python -m tests.judges [--keep FOLDER] [JUDGE ...]`: let them judge, one after the other, and sum up.

Exit status: 0 when every check passed, 1 when one failed, 2 for a judge that is not known, 3 when a judge could not be
had and all others were satisfied.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from tests.judges.installing import HindranceError
from tests.judges.judging_client import judge_with_aimock, judge_with_litellm
from tests.judges.judging_service import Program, judge
from tests.judges.verdicts import Verdict, table

Judging = Callable[[Verdict, Path, Path], Awaitable[None]]

PROGRAMS = (
    Program("openai-agents", "openai_agents_program.py"),
    Program("livekit", "livekit_program.py"),
    Program("pipecat", "pipecat_program.py"),
    Program("agents-realtime", "agents_realtime_program.mjs"),
    Program("openai-node", "openai_node_program.mjs", needs_tls=True),
)
JUDGES: dict[str, Judging] = {
    **{program.judge: partial(judge, program) for program in PROGRAMS},
    "litellm": judge_with_litellm,
    "aimock": judge_with_aimock,
}


async def _judged(name: str, installs: Path) -> Verdict:
    verdict, began = Verdict(name), time.monotonic()
    print(f"{name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="judge-", ignore_cleanup_errors=True) as folder:
        try:
            await JUDGES[name](verdict, installs, Path(folder))
        except HindranceError as error:
            verdict.hindrance = str(error)
            print(f"  not judged: {error}", flush=True)
        except Exception as error:  # a fault of this script counts as one, and the others are still asked
            verdict.check("the judging itself", False, repr(error))
    verdict.seconds = time.monotonic() - began
    return verdict


async def _all(names: list[str], installs: Path) -> list[Verdict]:
    return [await _judged(name, installs) for name in names]


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog=".ci/judges", description="Programs that others wrote, as judges.")
    parser.add_argument("judges", nargs="*", metavar="JUDGE", help=f"of {', '.join(JUDGES)}; all, if none is named")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="install there and leave it for the next run")
    told = parser.parse_args()
    # Ended from outside, it ends what it started, as with Ctrl+C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if unknown := [name for name in told.judges if name not in JUDGES]:
        parser.error(f"no such judge: {', '.join(unknown)}. There are {', '.join(JUDGES)}.")
    with contextlib.ExitStack() as stack:
        installs = told.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="judges-")))
        installs.mkdir(parents=True, exist_ok=True)
        verdicts = asyncio.run(_all(told.judges or list(JUDGES), installs.resolve()))
    print(f"\n{table(verdicts)}")
    for verdict in verdicts:
        for one in verdict.failed:
            print(f"FAIL  {verdict.judge}: {one.name}: {one.found}")
        if verdict.hindrance is not None:
            print(f"not judged  {verdict.judge}: {verdict.hindrance}")
    if any(verdict.word.startswith("FAIL") for verdict in verdicts):
        return 1
    return 3 if any(verdict.hindrance is not None for verdict in verdicts) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped")
