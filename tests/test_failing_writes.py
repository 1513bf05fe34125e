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
        ("history show", errno.EIO),
        ("history export", errno.ENOSPC),
        ("history delete", errno.EACCES),
        ("wrong", errno.EIO),
    ],
)
def test_every_call_of_a_command(name: str, error: int):
    way = BY_NAME[name]
    steps = len(run(way, 0, 0).steps)
    assert steps
    for number in range(1, steps + 1):
        assert run(way, number, error).failed, "the same calls each time"


@pytest.mark.parametrize("what", ["mkdir", "native.log", "service.log", "events.jsonl", "conversation.js", "write 1"])
def test_a_talk_of_which_something_fails(what: str):
    """The first such call; what comes before it is the same each time."""
    way = BY_NAME["talk"]
    steps = run(way, 0, 0).steps
    number = next(number for number, step in enumerate(steps, 1) if what in step)
    run(way, number, errno.ENOSPC)
