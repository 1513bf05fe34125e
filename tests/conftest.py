"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import settings

pytest_plugins = ["tests.rig.fixtures"]

# No deadlines: how fast a test is says something about the machine. The same examples each time, so that a run says
# something about the change it tests; new ones are looked for by .ci/fuzz, with the long profile.
settings.register_profile("project", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=5_000)
PROFILE = os.environ.get("REALTIME_TEST_PROFILE", "project")
settings.load_profile(PROFILE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test marked `matrix(n)`, whose many cases each start whole programs, run every n-th; all in .ci/matrix."""
    if PROFILE == "long":
        return
    seen: Counter[str] = Counter()
    left_out = []
    for item in items:
        marker = item.get_closest_marker("matrix")
        if marker is None:
            continue
        test = item.nodeid.partition("[")[0]
        if seen[test] % marker.args[0]:
            left_out.append(item)
        seen[test] += 1
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
