"""The dialect that is spoken on one connection: known before, or found out from what the service says first.

GA is spoken until something tells otherwise. What the session in `session.created` is written in decides what we say;
names of events decide only how the service is read, since some servers mix the two.
"""

from __future__ import annotations

from typing import Final

from msgspec import UnsetType

from app.protocol.client_events import ClientEvent, SessionUpdate
from app.protocol.codec import MalformedEventError, encode_client_event, read_event
from app.protocol.convert import JsonObject
from app.protocol.dialect import Dialect
from app.protocol.recognition import dialect_of_names, dialect_of_session, is_unknown_to_beta

BETA_FOUND: Final = (
    "The service speaks the older beta dialect, and is spoken to in it; settings that came later are unknown to it."
)


class SpokenDialect:
    """Of one connection."""

    def __init__(self, known: Dialect | None) -> None:
        self.reading = known or Dialect.GA
        self._writing = known or Dialect.GA
        self._is_open = known is None
        self._has_found = False
        self._has_seen_session = False
        self._update: SessionUpdate | None = None
        """Said, and not answered so far as is known."""

    @property
    def is_beta_found(self) -> bool:
        """Beta is spoken, and nobody knew before."""
        return self._has_found and Dialect.BETA in (self.reading, self._writing)

    def written(self, event: ClientEvent) -> str:
        """The event as a frame."""
        if self._is_open and isinstance(event, SessionUpdate):
            self._update = event
        return encode_client_event(event, self._writing)

    def learn(self, frame: str | bytes) -> str | None:
        """Look at a frame before it is read. What is to be said again because of it, in the other dialect; then the
        frame is answered with that, and is not for anybody else.
        """
        if not self._is_open:
            return None
        try:
            event = read_event(frame)
        except MalformedEventError:
            return None
        if (of_session := dialect_of_session(event)) is not None:
            self._has_seen_session = True
            self._take(of_session, of_session)
        elif (of_names := dialect_of_names(event)) is not None:
            self._take(of_names, self._writing if self._has_seen_session else of_names)
            self._is_open = event.get("type") in _NOT_YET_TELLING
        if self._update is not None and _answers(event, self._update.event_id):
            update, self._update = self._update, None
            if self._writing is Dialect.GA and is_unknown_to_beta(event):
                self._take(Dialect.BETA, Dialect.BETA)
                return self.written(update)
        return None

    def _take(self, reading: Dialect, writing: Dialect) -> None:
        self.reading, self._writing, self._has_found = reading, writing, True


def _answers(event: JsonObject, event_id: str | UnsetType) -> bool:
    """Whether it confirms or refuses the update of this id. An error that names no event does by naming a setting."""
    error = event.get("error")
    if event.get("type") != "error" or not isinstance(error, dict):
        return event.get("type") == "session.updated"
    named = error.get("event_id")
    return bool(named == event_id if named else str(error.get("param")).partition(".")[0] == "session")


_NOT_YET_TELLING: Final = frozenset({"conversation.item.added", "conversation.item.done"})
"""Of GA; but the names of what is said and heard tell more."""
