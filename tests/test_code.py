"""The checkers of the source, as tests: one command proves everything, and its last line counts everything."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.timeout(600)  # a strict type check without a cache, on a small machine
@pytest.mark.parametrize("check", ["ruff check", "ruff format --check", "mypy", "lint-imports"])
def test_the_source_passes(check: str):
    name, *arguments = check.split()
    program = shutil.which(name, path=str(Path(sys.executable).parent))
    if program is None:
        pytest.fail(f"{name} is not installed beside {sys.executable}; `uv sync --extra local` installs it")
    done = subprocess.run(
        [program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"{check} found something:\n{done.stdout}", pytrace=False)
