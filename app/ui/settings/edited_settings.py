"""The settings as the user has changed them while the program runs."""

from __future__ import annotations

from collections.abc import Callable, Set
from enum import Enum
from typing import Final, TypeAlias

from msgspec import UNSET
from msgspec.structs import replace

from app.conversation.session import SessionChange, SessionSettings, differences, taken_from
from app.conversation.status import Status
from app.settings import SETTINGS, Loaded, Settings, Source

SessionOf: TypeAlias = Callable[[Settings], SessionSettings]
"""What of the settings the session knows; depends on the service."""

_NONE_IS: Final = {
    **dict.fromkeys(("noise_reduction", "tracing"), "off"),
    **dict.fromkeys(("reasoning_effort", "transcription_delay"), "auto"),
    **dict.fromkeys(
        ("language", "transcription_prompt", "transcription_keywords", "prompt_id", "prompt_version",
         "prompt_variables"), ""),
}  # fmt: skip
"""The setting's value where the session has none."""


class EditedSettings:
    """The loaded settings with the user's changes on top, and which of them are not in the file yet."""

    def __init__(self, loaded: Loaded, session_of: SessionOf | None) -> None:
        self._loaded = loaded
        self._as_saved = loaded.settings
        self._session_of = session_of
        self._unsaved: dict[str, object] = {}
        self._in_session: SessionSettings | None = None
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

    def change(self, name: str, value: object, *, waits: bool = False) -> SessionChange:
        """Set one setting; what is to be changed in the session for it (nothing: it knows no such thing).

        With `waits` this session refuses it, and the next one takes it, see `renewed`.
        """
        before = self._session()
        self._set(name, value)
        if value == getattr(self._as_saved, name):
            self._unsaved.pop(name, None)
        else:
            self._unsaved[name] = value
        after = self._session()
        if waits:
            self._waiting.add(name)
        if waits or before is None or after is None:
            return SessionChange()
        changed = differences(before, after)
        if self._in_session is not None and name in differences(self._in_session, after):
            changed |= {name}  # the session was not as the settings said
        return taken_from(after, changed)

    def renewed(self) -> SessionChange:
        """A new session begins: what is to be set in it of what has waited."""
        session, waiting = self._session(), self._waiting
        self._waiting = set()
        return taken_from(session, waiting) if session is not None else SessionChange()

    def take_status(self, status: Status) -> None:
        """The session as it is now: what it refused is put back, and is no longer to be saved."""
        self._in_session = status.settings
        ours = self._session()
        if ours is None:
            return
        for field, standing in status.standings.items():
            now = getattr(status.settings, field)
            value = _NONE_IS.get(field) if now is None else now
            is_refused = standing.refused is not UNSET and standing.refused != now
            is_wanted = is_refused and getattr(ours, field) == standing.refused
            is_ours = is_wanted and field in self._unsaved and field not in self._waiting
            if is_ours and (value is not None or SETTINGS[field].is_optional):
                self._set(field, value.value if isinstance(value, Enum) else value)
                del self._unsaved[field]

    def saved(self, names: Set[str]) -> None:
        """These are in the file now."""
        for name in names:
            self._unsaved.pop(name, None)
            now = {name: getattr(self.settings, name)}
            self._as_saved = replace(self._as_saved, **now)
        sources = {**self._loaded.sources, **dict.fromkeys(names, Source.FILE)}
        self._loaded = replace(self._loaded, sources=sources)

    def _set(self, name: str, value: object) -> None:
        self._loaded = replace(self._loaded, settings=replace(self.settings, **{name: value}))

    def _session(self) -> SessionSettings | None:
        return self._session_of(self.settings) if self._session_of else None
