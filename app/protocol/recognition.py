"""Which dialect a service speaks, as far as one of its events tells (protocol reference, sections 3.1 and 4)."""

from __future__ import annotations

from typing import Final

from app.protocol.beta import EVENT_NAMES, SESSION_PATHS
from app.protocol.convert import JsonObject
from app.protocol.dialect import Dialect

_SESSION_EVENTS: Final = frozenset({"session.created", "session.updated"})
_GA_NAMES: Final = frozenset(EVENT_NAMES.values()) - _SESSION_EVENTS | {
    "conversation.item.added",
    "conversation.item.done",
}
_BETA_NAMES: Final = frozenset(EVENT_NAMES)
_GA_KEYS: Final = frozenset({"audio", "output_modalities"})
_BETA_KEYS: Final = frozenset(SESSION_PATHS) | {"temperature"}
_GA_PARAMS: Final = frozenset({"session.type", "session.audio", "session.output_modalities"})


def dialect_of_session(event: JsonObject) -> Dialect | None:
    """What the session in it is written in: nested is GA, flat is beta. None where that cannot be seen."""
    session = event.get("session")
    if event.get("type") not in _SESSION_EVENTS or not isinstance(session, dict):
        return None
    if _GA_KEYS & session.keys():
        return Dialect.GA
    return Dialect.BETA if _BETA_KEYS & session.keys() else None


def dialect_of_names(event: JsonObject) -> Dialect | None:
    """What its name belongs to; None for the many that are the same in both."""
    kind = event.get("type")
    if kind in _BETA_NAMES:
        return Dialect.BETA
    return Dialect.GA if kind in _GA_NAMES else None


def is_unknown_to_beta(event: JsonObject) -> bool:
    """Whether it is an error that refuses the very shape of a GA session, and no field in it."""
    error = event.get("error")
    if event.get("type") != "error" or not isinstance(error, dict) or "missing" in str(error.get("code")):
        return False
    return error.get("param") in _GA_PARAMS
