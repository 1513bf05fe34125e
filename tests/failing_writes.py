"""Every open, write, replacement and new folder of the program made to fail: `python -m tests.failing_writes`.

One at a time: for each way of using the program and each error, a run in which nothing fails says how many such calls
there are, then there is a run for each of them. Whatever fails, there is no traceback and nothing is called a fault
of the program; the exit status is one of those of docs/commands.md; what was said is on standard output and is kept,
unless that was what failed, and then it is said; an export is whole or not there, and its loss is said.
`tests/test_failing_writes.py` runs some of them with the other tests.
"""

from __future__ import annotations

import argparse
import errno
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.conversation.transcript import Entry, Party
from app.history.saved import Saved
from app.history.writer import ConversationWriter
from tests.e2e.program import home

ERRORS: Final = (errno.ENOSPC, errno.EIO, errno.EACCES)
ROOT: Final = Path(__file__).parents[1]
FAILING: Final = Path(__file__).parent / "rig/failing.py"

SAID: Final = "you: What is 2 plus 2?\nassistant: 2 plus 2 is 4.\n"
TALK: Final = ("--plain", "--text-only", "--no-greeting", "--service", "local")
KEPT: Final = "2026-01-02_03-04-05_abcd"


@dataclass(frozen=True)
class Way:
    """A way of using the program."""

    name: str
    arguments: tuple[str, ...]
    typed: str = ""
    out: str | None = None
    """Standard output in full; None: something else each time."""
    file: str = ""
    """What it writes because it was asked to."""


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    status: int
    out: str
    err: str
    steps: tuple[str, ...]
    folder: Path

    @property
    def failed(self) -> str:
        """The call that failed; empty where none did."""
        return next((step for step in self.steps if step.startswith("FAILED")), "")


WAYS: Final = (
    Way("talk", (*TALK, "--export", "talk.txt", "--events", "events.jsonl"), "What is 2 plus 2?\n", SAID, "talk.txt"),
    Way("history list", ("history", "list")),
    Way("history show", ("history", "show", "last")),
    Way("history export", ("history", "export", "last", "new/talk.txt"), file="new/talk.txt"),
    Way("history export over", ("history", "export", "last", "old.txt", "--force"), file="old.txt"),
    Way("history delete", ("history", "delete", "last", "--yes")),
    Way("devices", ("devices",)),
    Way("doctor", ("doctor", "--service", "ws://127.0.0.1:9/")),
    Way("help", ("--help",)),
    Way("wrong", ("--nonsense",)),
)


def run(way: Way, number: int, error: int) -> Run:
    """One run, with a home of its own, in which that call fails."""
    with tempfile.TemporaryDirectory(prefix="failing-") as place:
        folder = Path(place)
        entry = Entry("i1", Party.USER, "Kept words.", True, started_ms=0, ended_ms=900)
        kept = ConversationWriter(folder / "realtime/conversations" / KEPT, print)
        kept.end(Saved(1.7e9, "a service", "a model", (entry,)))
        (folder / "realtime/settings.toml").write_text("threshold = 0.6\n")
        (folder / ".env").write_text("REALTIME_SILENCE_MS=500\n")
        (folder / "old.txt").write_text("old")
        done = subprocess.run(
            [sys.executable, str(FAILING), str(number), str(error), str(folder / "steps"), *way.arguments],
            input=way.typed,
            env=home(folder, {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        steps = tuple((folder / "steps").read_text().splitlines())
        found = Run(done.returncode, done.stdout, done.stderr, steps, folder)
        check(way, found, error)
        return found


def check(way: Way, found: Run, error: int) -> None:
    """Raises AssertionError where a failure cost more than what it struck, or was not said."""
    story = f"{way.name}: {found.failed or 'nothing failed'}\nstatus {found.status}\n{found.out}\n{found.err}"
    assert found.status in range(6), story
    for word in ("Traceback", "should not have", "Exception ignored", "Fatal"):
        assert word not in found.err, story
        assert word not in found.out, story
    if not found.failed:
        return
    is_output = found.failed == "FAILED write 1"
    is_reader_gone = is_output and error == errno.EIO  # of a pipe it can mean nothing else
    if way.out is not None and not is_reader_gone:
        has_not_begun = found.status in (2, 5) and not found.out and bool(found.err)
        is_said = is_output and found.status == 2
        assert found.out == way.out or has_not_begun or is_said, story
        kept = "".join(each.read_text() for each in found.folder.glob("realtime/conversations/*/conversation.jsonl"))
        assert "2 plus 2 is 4." in kept or has_not_begun or "is not being saved" in found.err, story
    elif is_output and not is_reader_gone:
        assert found.status == 2, story
    if way.file and not is_reader_gone:  # who has enough of a talk ends it, and it is exported so far
        check_file(way, found, story)


def check_file(way: Way, found: Run, story: str) -> None:
    """What was asked for is there whole, or its loss is said and no success."""
    file = found.folder / way.file
    text = file.read_text() if file.exists() else ""
    is_whole = "2 plus 2 is 4." in text or "Kept words." in text
    if not is_whole:
        assert text in ("", "old"), story
        assert not file.exists() or text == "old", story
        assert found.status != 0, story
        assert found.err, story
    left = [each.name for each in found.folder.rglob(".new-*")]
    assert left == [] or "unlink" in found.failed, story


def all_runs(ways: tuple[Way, ...] = WAYS, errors: tuple[int, ...] = ERRORS) -> Iterator[Callable[[], Run]]:
    """Every one of them, to be called."""
    for way in ways:
        count = len(run(way, 0, 0).steps)
        for number in range(1, count + 1):
            for error in errors:
                yield lambda way=way, number=number, error=error: run(way, number, error)


def main() -> int:
    """Run all, or those whose names are given; the number of those that failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help=", ".join(way.name for way in WAYS))
    names = parser.parse_args().names
    ways = tuple(way for way in WAYS if not names or way.name in names)
    found: list[str] = []
    total = 0
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(each) for each in all_runs(ways)]:
            total += 1
            if error := done.exception():
                found.append(str(error))
                print(f"--- {error}", flush=True)
    print(f"{total} runs, {len(found)} failed")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
