"""What takes longer than a moment is named, where somebody sits there."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from app.commands.waiting import Waiting


class Screen(io.StringIO):
    """A terminal, or none."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self.written = threading.Event()

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        count = super().write(text)
        self.written.set()
        return count


def shown_on(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> Screen:
    """Standard error from now on. Not in a fixture: pytest puts its own there when the test begins."""
    screen = Screen(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_what_is_waited_for_is_named(monkeypatch: pytest.MonkeyPatch):
    terminal = shown_on(monkeypatch, is_terminal=True)
    with Waiting(0.01) as waiting:
        waiting.begin("certificate")
        assert terminal.written.wait(10)
    assert terminal.getvalue() == "... certificate\n"


def test_what_comes_in_time_is_not(monkeypatch: pytest.MonkeyPatch):
    terminal = shown_on(monkeypatch, is_terminal=True)
    with Waiting(3600) as waiting:
        waiting.begin("name")
        waiting.begin("certificate")
        waiting.end()
        waiting.begin("connection")
    assert terminal.getvalue() == ""
    assert not any(isinstance(each, threading.Timer) for each in threading.enumerate())


def test_nobody_is_told_where_nobody_sits(monkeypatch: pytest.MonkeyPatch):
    shown_on(monkeypatch, is_terminal=False)
    before = threading.active_count()
    with Waiting(0.0) as waiting:
        waiting.begin("name")
        assert threading.active_count() == before
