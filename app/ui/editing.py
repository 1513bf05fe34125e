"""The settings as the user has changed them while the program runs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import msgspec

from app.conversation.session import SessionSettings, differences
from app.settings import Loaded, Settings

SessionOf: TypeAlias = Callable[[Settings], SessionSettings]
"""What of the settings the session knows; depends on the service."""


class EditedSettings:
    """The loaded settings with the user's changes on top, and which of them are not in the file yet."""

    def __init__(self, loaded: Loaded, session_of: SessionOf | None) -> None:
        self._loaded = loaded
        self._session_of = session_of
        self._unsaved: dict[str, object] = {}

    @property
    def loaded(self) -> Loaded:
        """As they are now."""
        return self._loaded

    @property
    def settings(self) -> Settings:
        """Their values."""
        return self._loaded.settings

    @property
    def unsaved(self) -> Mapping[str, object]:
        """What was changed since it was last written to the file."""
        return dict(self._unsaved)

    def change(self, name: str, value: object) -> dict[str, object]:
        """Set one setting; what is to be changed in the session for it (empty: nothing)."""
        before = self._session()
        self._loaded = replace(self._loaded, settings=msgspec.structs.replace(self.settings, **{name: value}))
        self._unsaved[name] = value
        after = self._session()
        if before is None or after is None:
            return {}
        return {field: getattr(after, field) for field in differences(before, after)}

    def put_back(self, name: str, value: object) -> None:
        """The service did not take a change: the setting is again what it was, and nothing is to be saved."""
        self._loaded = replace(self._loaded, settings=msgspec.structs.replace(self.settings, **{name: value}))
        self._unsaved.pop(name, None)

    def saved(self) -> None:
        """Everything is in the file now."""
        self._unsaved.clear()

    def _session(self) -> SessionSettings | None:
        return self._session_of(self.settings) if self._session_of else None
