"""Fixtures and settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["tests.rig.fixtures"]

# No deadlines: how fast a test is says something about the machine. The long profile is for .ci/fuzz.
settings.register_profile("project", deadline=None)
settings.register_profile("long", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("REALTIME_TEST_PROFILE", "project"))
