"""The end of a program that is told to end: in small programs of its own, since signals are a process's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE_S = 30.0
EVERY = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

BEGIN = """
import os, sys, threading, time
from app import ending
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
ending.begin()
"""


@contextmanager
def running(script: str, *before: str) -> Iterator[subprocess.Popen[str]]:
    """A program; with what happens after BEGIN, and a first line that says that it has come so far."""
    command = [*before, sys.executable, "-c", BEGIN + script]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream
            stream.close()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


@pytest.mark.parametrize("numbers", [*permutations(EVERY), (signal.SIGINT,) * 9])
def test_many_signals_end_it_once_and_in_good_order(numbers: tuple[signal.Signals, ...]):
    script = """
over = threading.Event()
ending.when_marked(lambda: (say("told"), over.set()))
say("ready")
try:
    over.wait()
finally:
    time.sleep(0.3)  # a cleanup that takes a while
    say("cleaned up")
ending.leave(3)
sys.exit(3)
"""
    with running(script) as process:
        for number in numbers:
            process.send_signal(number)
        assert ended(process) == (3, "told\ncleaned up\n", "")


def test_what_does_not_end_is_ended_with_its_last_words():
    script = """
def forget(): say("never")
ending.when_forced(lambda: say("last words"))
ending.when_forced(threading.Event().wait)
ending.when_forced(forget)()
ending.when_marked(lambda: say("told"))
say("ready")
while True:
    try:
        time.sleep(60)
    except BaseException as error:
        say(error)
"""
    with running(script) as process:
        begun_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert ended(process) == (0, "told\nlast words\n", "")
        assert time.monotonic() - begun_s < 20, "by force, not by the test's patience"


def test_a_thread_that_never_ends_does_not_hold_up_an_end_that_was_chosen():
    script = """
ending._UNHURRIED_S = 0.2
threading.Thread(target=threading.Event().wait).start()
say("ready")
ending.leave(5)
sys.exit(5)
"""
    with running(script) as process:
        assert ended(process) == (5, "", "")


def test_while_nobody_has_said_how_it_is_ended_soon():
    with running('say("ready"); threading.Event().wait()') as process:
        process.send_signal(signal.SIGINT)
        assert ended(process) == (0, "", "")


def test_who_comes_too_late_is_told_at_once():
    script = """
ending.mark()
say("ready")
over = threading.Event()
ending.when_marked(over.set)
over.wait()
ending.leave(0)
"""
    with running(script) as process:
        assert ended(process) == (0, "", "")


def test_nothing_strikes_while_the_interpreter_ends():
    script = """
import atexit
atexit.register(lambda: (say("ready"), time.sleep(0.5)))
ending.leave(4)
sys.exit(4)
"""
    with running(script) as process:
        for number in EVERY * 10:
            process.send_signal(number)
        assert ended(process) == (4, "", "")


def test_a_reader_that_goes_away_is_the_end():
    script = """
over = threading.Event()
ending.when_marked(over.set)
ending.end_with([1])
say("ready")
over.wait()
print("said", file=sys.stderr)
ending.leave(0)
"""
    with running(script) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):  # the end of what is typed is not
            process.wait(0.3)
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == "said\n"


def test_a_hang_up_that_was_ignored_is_taken_all_the_same():
    with running('say("ready"); threading.Event().wait()', "nohup") as process:
        process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE_S) == 0


def test_output_that_nobody_can_take_any_more_is_no_fault():
    reading, writing = os.pipe()
    os.close(reading)
    script = BEGIN + 'print("x"); ending.leave(0); sys.exit(0)'
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
