"""What the settings panel tells. Apart from the panel, which is loaded when it is first opened."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from app.ui.widgets.control import Value


@dataclass
class SettingChanged(Message):
    """The user wants another value; it has been checked and has the setting's type."""

    name: str
    value: Value


class SettingsSaveRequested(Message):
    """The changes are to be written to the settings file."""


class SessionRenewalRequested(Message):
    """A new session is to begin, with what this one does not take any more."""


class SettingsClosed(Message):
    """The panel is to be closed."""
