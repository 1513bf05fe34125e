"""Changes of the session on their way: wanted, sent, acknowledged or refused.

At most one update is under way. The service acknowledges without naming the update, so order is all there is; and a
key that is held sends no flood, since what changed meanwhile goes out in one update when the answer comes.
"""

from __future__ import annotations

from msgspec.structs import replace

from app.conversation.ids import Ids
from app.conversation.session import SessionSettings, changed_session, differences
from app.protocol.client_events import SessionUpdate


class Settling:
    """The settings as wanted and as acknowledged."""

    def __init__(self, settings: SessionSettings) -> None:
        self.wanted = settings
        self._acknowledged: SessionSettings | None = None
        self._sent: SessionSettings | None = None
        self._event_id = ""

    @property
    def effective(self) -> SessionSettings:
        """What the service works with, as far as it has told."""
        return self._acknowledged or self.wanted

    @property
    def unacknowledged(self) -> frozenset[str]:
        """Names of the fields that the service has not confirmed."""
        return frozenset() if self._acknowledged is None else differences(self._acknowledged, self.wanted)

    def begin(self, event_id: str) -> None:
        """The first, whole update is being sent."""
        self._sent, self._event_id = self.wanted, event_id

    def give_up(self) -> None:
        """The service takes no first update, so nobody knows what it works with; from here on changes are sent."""
        self._acknowledged, self._sent = self.wanted, None

    def next_update(self, ids: Ids) -> SessionUpdate | None:
        """What to send now, if anything."""
        if self._sent is not None or self._acknowledged is None or self.wanted == self._acknowledged:
            return None
        event_id = ids.event()
        update = SessionUpdate(event_id=event_id, session=changed_session(self._acknowledged, self.wanted))
        self.begin(event_id)
        return update

    def acknowledged(self) -> bool:
        """The service took an update; whether it was ours."""
        if self._sent is None:
            return False
        self._acknowledged, self._sent = self._sent, None
        return True

    def refused(self, event_id: str) -> frozenset[str] | None:
        """The service refused this update as a whole: its fields go back, unless changed again meanwhile.

        The names of the fields put back; None when the event was no update of ours.
        """
        if self._sent is None or event_id != self._event_id:
            return None
        sent, self._sent = self._sent, None
        if self._acknowledged is None:
            return frozenset()
        back = {
            name: getattr(self._acknowledged, name)
            for name in differences(self._acknowledged, sent)
            if getattr(self.wanted, name) == getattr(sent, name)
        }
        self.wanted = replace(self.wanted, **back)
        return frozenset(back)
