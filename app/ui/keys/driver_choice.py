"""Which driver the program has: ours with key releases and Ctrl+Z, or Textual's own."""

from __future__ import annotations

from typing import Final, Protocol, TypeGuard, runtime_checkable

import textual
from textual import constants
from textual.driver import Driver

PINNED: Final = "8.2.8"
"""The only release of Textual whose private parts are known to fit."""


@runtime_checkable
class Suspending(Protocol):
    """A driver of a terminal that can be given back to the shell for a while."""

    def suspend_process(self) -> None:
        """Stop the program, as Ctrl+Z does; returns when it has been continued and has the terminal again."""


def can_suspend(driver: object) -> TypeGuard[Suspending]:
    """Whether this one can. Windows has no such thing."""
    return isinstance(driver, Suspending)


def driver_class() -> type[Driver] | None:
    """The driver that reports releases, for `App(driver_class=...)`; None: take Textual's own.

    Always used where it can be, not only for the setting `hold`: it lets a tap be told from a held key without
    waiting. None on Windows, with any other Textual, and where the user has chosen a driver (`TEXTUAL_DRIVER`) or no
    keyboard protocol (`TEXTUAL_DISABLE_KITTY_KEY`).
    """
    if textual.__version__ != PINNED or constants.DRIVER is not None or constants.DISABLE_KITTY_KEY:
        return None
    try:
        from app.ui.keys.keyboard_driver import KeyboardDriver
    except ImportError:  # no terminals of this kind here
        return None
    return KeyboardDriver
