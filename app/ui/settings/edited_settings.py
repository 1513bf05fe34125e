"""The settings as the user has changed them while the program runs. Pure: the time is given."""

from __future__ import annotations

from collections.abc import Callable, Set
from enum import Enum
from typing import Final, TypeAlias

from msgspec.structs import replace

from app.conversation.session import SessionSettings, differences
from app.settings import SETTINGS, Loaded, Settings

SessionOf: TypeAlias = Callable[[Settings], SessionSettings]
"""What of the settings the session knows; depends on the service."""

_PATIENCE_S: Final = 2.0
"""A change that no status has shown after so long was not taken."""

_NONE_IS: Final = {"noise_reduction": "off", "language": ""}
"""The setting's value where the session has none."""


class EditedSettings:
    """The loaded settings with the user's changes on top, and which of them are not in the file yet."""

    def __init__(self, loaded: Loaded, session_of: SessionOf | None) -> None:
        self._loaded = loaded
        self._as_saved = loaded.settings
        self._session_of = session_of
        self._unsaved: dict[str, object] = {}
        self._told: SessionSettings | None = None
        self._asked: dict[str, tuple[object, float]] = {}
        """Fields of the session that were asked for and not seen in a status yet, and when."""
        self._waiting: set[str] = set()
        """Fields of the session that only a new one takes."""

    @property
    def loaded(self) -> Loaded:
        """As they are now."""
        return self._loaded

    @property
    def settings(self) -> Settings:
        """Their values."""
        return self._loaded.settings

    @property
    def unsaved(self) -> dict[str, object]:
        """What was changed since it was last written to the file."""
        return dict(self._unsaved)

    def change(self, name: str, value: object, now_s: float, *, waits: bool = False) -> dict[str, object]:
        """Set one setting; what is to be changed in the session for it (nothing: it knows no such thing).

        With `waits` this session refuses it, and the next one takes it, see `renewed`.
        """
        before = self._session()
        self._set(name, value)
        if value == getattr(self._as_saved, name):
            self._unsaved.pop(name, None)
        else:
            self._unsaved[name] = value
        if waits:
            self._waiting.add(name)
            return {}
        after = self._session()
        if before is None or after is None:
            return {}
        changed = set(differences(before, after))
        if self._told is not None and name in differences(self._told, after):
            changed.add(name)  # the session was not as the settings said
        fields: dict[str, object] = {field: getattr(after, field) for field in changed}
        self._asked.update({field: (wanted, now_s) for field, wanted in fields.items()})
        return fields

    def renewed(self, now_s: float) -> dict[str, object]:
        """A new session begins: what is to be set in it of what has waited."""
        session, waiting = self._session(), self._waiting
        self._waiting = set()
        if session is None:
            return {}
        fields: dict[str, object] = {field: getattr(session, field) for field in waiting}
        self._asked.update({field: (wanted, now_s) for field, wanted in fields.items()})
        return fields

    def told(self, session: SessionSettings, now_s: float) -> None:
        """The session as a status shows it: what was refused is put back, and is no longer to be saved."""
        self._told = session
        ours = self._session()
        if ours is None:
            return
        for field, (wanted, asked_s) in tuple(self._asked.items()):
            if getattr(session, field) == wanted or now_s - asked_s > _PATIENCE_S:
                del self._asked[field]
        for field in differences(ours, session) - self._asked.keys() - self._waiting:
            value = getattr(session, field)
            value = _NONE_IS.get(field) if value is None else value.value if isinstance(value, Enum) else value
            if field in self._unsaved and (value is not None or SETTINGS[field].is_optional):
                self._set(field, value)
                del self._unsaved[field]

    def saved(self, names: Set[str]) -> None:
        """These are in the file now."""
        for name in names:
            self._unsaved.pop(name, None)
            now = {name: getattr(self.settings, name)}
            self._as_saved = replace(self._as_saved, **now)

    def _set(self, name: str, value: object) -> None:
        self._loaded = replace(self._loaded, settings=replace(self.settings, **{name: value}))

    def _session(self) -> SessionSettings | None:
        return self._session_of(self.settings) if self._session_of else None
