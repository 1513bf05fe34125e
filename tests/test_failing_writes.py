"""Some of the runs of `.ci/failing-writes`: a call into the file system fails, and costs only what it was for."""

from __future__ import annotations

import errno
import os

import pytest

from tests.failing_writes import WAYS, run

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name != "posix", reason="standard streams are replaced in the POSIX way"),
]

BY_NAME = {way.name: way for way in WAYS}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("history export", errno.ENOSPC),
        ("wrong", errno.EIO),
    ],
)
def test_every_call_of_a_command(name: str, error: int):
    way = BY_NAME[name]
    steps = len(run(way, 0, 0).steps)
    assert steps
    for number in range(1, steps + 1):
        assert run(way, number, error).failed, "the same calls each time"


def test_a_talk_of_which_something_fails():
    """The first call of each kind; what comes before it is the same each time."""
    way = BY_NAME["talk"]
    steps = run(way, 0, 0).steps
    for what in ("mkdir", "events.jsonl", "conversation.jsonl", "write 1"):
        number = next(number for number, step in enumerate(steps, 1) if what in step)
        assert run(way, number, errno.ENOSPC).failed
