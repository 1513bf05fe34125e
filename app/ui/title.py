"""The title of the terminal's window."""

from __future__ import annotations

from typing import Any

from textual.app import App

from app.protocol.text import one_line

_KEEP, _RESTORE = "\x1b[22;2t", "\x1b[23;2t"
"""xterm's stack of titles; terminals without one ignore it."""


def keep_terminal_title(app: App[Any]) -> None:
    """Have the terminal remember the title it has."""
    _write(app, _KEEP)


def set_terminal_title(app: App[Any], title: str) -> None:
    """Another title (OSC 2)."""
    _write(app, f"\x1b]2;{one_line(title)}\x1b\\")


def restore_terminal_title(app: App[Any]) -> None:
    """Give the terminal its title back, or none."""
    _write(app, f"\x1b]2;\x1b\\{_RESTORE}")


def _write(app: App[Any], sequence: str) -> None:
    # Textual 8 has no call for this; its own clipboard takes the same way. None: not running, or a test.
    if app._driver is not None and not app.is_headless:
        app._driver.write(sequence)
