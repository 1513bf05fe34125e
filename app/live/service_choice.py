"""A service that one could go on with, as a value: all that a front end knows of it."""

from __future__ import annotations

from msgspec import Struct


class ServiceChoice(Struct, frozen=True):
    """A service that the user could go on with, and its model."""

    service: str
    """As the setting `service` says it."""
    label: str
    model: str = ""
    takes_model: bool = False
    """Whether another model may be named."""
