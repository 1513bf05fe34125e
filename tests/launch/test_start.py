"""How a conversation begins: what is begun first is ended where the rest cannot be."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from app.launch.request import Request
from app.launch.start import run
from app.settings import Loaded, Settings, folders
from tests.e2e.program import realtime
from tests.rig.service import ScriptedService


def test_a_request_that_cannot_be_leaves_the_collector_at_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    interval_s = sys.getswitchinterval()
    request = Request(
        given={},
        loaded=Loaded(Settings(service="ws://127.0.0.1:9/v1/realtime")),
        folders=folders({"REALTIME_HOME": str(tmp_path)}),
        is_plain=True,
        is_text_only=True,
        exports=(tmp_path / "talk.docx",),
        events=None,
    )
    try:
        assert run(request) == 2
    finally:
        sys.setswitchinterval(interval_s)
    assert gc.isenabled()
    assert "talk.docx" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_one_sentence_and_the_line_is_hung_up(tmp_path: Path):
    with ScriptedService() as service:
        done = realtime("--plain", "--service", service.url, "--mic", "no such device", folder=tmp_path)
    assert (done.status, done.out) == (4, "")
    assert done.err.startswith("realtime: ")
    assert done.err.count("\n") == 1
    assert service.log == []
