"""What C libraries print goes to the log, what Python prints to the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CHATTY = """
import ctypes, os, subprocess, sys
from pathlib import Path
from app.audio.native_stderr import native_stderr_to

libc = ctypes.CDLL(None) if os.name != "nt" else ctypes.cdll.msvcrt
def chat(text):
    libc.write(2, text, len(text))

print("before", file=sys.stderr)
chat(b"C before\\n")
with native_stderr_to(Path(sys.argv[1])):
    chat(b"C within\\n")
    print("within", file=sys.stderr)
    print("drawn \\u2713", file=sys.__stderr__, flush=True)
    subprocess.run([sys.executable, "-c", "import sys; print('child', file=sys.stderr)"])
    print(sys.__stderr__.isatty(), sys.stderr is sys.__stderr__, flush=True)
chat(b"C after\\n")
print("after", file=sys.stderr)
"""


def run(log, **more):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen([sys.executable, "-c", CHATTY, str(log)], env=env, **more)


def test_within_c_goes_to_the_log_and_python_to_stderr_and_after_it_all_is_as_before(tmp_path):
    log = tmp_path / "native.log"
    log.write_text("earlier\n")
    process = run(log, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=30)
    assert err.decode().split("\n") == ["before", "C before", "within", "drawn ✓", "C after", "after", ""]
    assert log.read_text().split("\n") == ["earlier", "C within", "child", ""]
    assert out.split() == [b"False", b"True"]


def test_a_real_terminal_stays_one_and_stays_clean(tmp_path):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = run(tmp_path / "native.log", stdout=subprocess.PIPE, stderr=theirs)
    out, _ = process.communicate(timeout=30)
    os.close(theirs)
    seen = os.read(ours, 10_000).decode()
    os.close(ours)
    assert out.split() == [b"True", b"True"]
    assert "C within" not in seen
    assert "child" not in seen
    assert "drawn ✓" in seen


def test_a_process_without_stderr_is_left_alone(tmp_path):
    if os.name == "nt":
        pytest.skip("closing descriptor 2 needs a POSIX shell")
    code = (
        "import sys; from pathlib import Path; from app.audio.native_stderr import native_stderr_to\n"
        "with native_stderr_to(Path(sys.argv[1])): print('fine')"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", code, str(tmp_path / "log")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        timeout=30,
        check=True,
    )
    assert done.stdout == b"fine\n"
