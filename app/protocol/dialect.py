"""The two ways in which services speak the protocol."""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    """How a service speaks. `BETA` is dead at OpenAI and Azure, and alive on some compatible servers."""

    GA = "ga"
    BETA = "beta"
