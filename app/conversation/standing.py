"""How each setting stands with the service: what it was asked for, and what it says that is so."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from app.conversation.session import SettingValue


class Standing(StrEnum):
    """What is known of one setting."""

    WAITING = "waiting"
    """To be asked for, or asked for and not answered."""
    AGREED = "agreed"
    """The service says that it is so."""
    DIFFERENT = "different"
    """The service says that it is otherwise."""
    UNKNOWN = "unknown"
    """It was asked for, and the service says nothing of it."""
    LEFT = "left"
    """It is left to the service, which does not say how it is."""
    REFUSED = "refused"
    """The service took anything but this value."""
    LACKING = "lacking"
    """The service is known to have no such setting, so it is not asked for."""


class SettingStanding(Struct, frozen=True):
    """One setting at the service."""

    standing: Standing
    value: SettingValue | UnsetType = UNSET
    """As the service says that it is; UNSET where it does not say."""
    refused: SettingValue | UnsetType = UNSET
    """The last value that it refused, until the setting is changed again."""
    why: str = ""
    """The service's own words about the refusal."""
