"""The settings as the user wants them, as the service was told, and as it took or refused them.

At most one update is under way. The service acknowledges without naming the update, so order is all there is; and a
key that is held sends no flood, since what changed meanwhile goes out in one update when the answer comes.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from app.conversation.effects import Effects
from app.conversation.session import RefusedSetting, SessionChange, SessionSettings, differences, taken_from
from app.conversation.session_update import changed_session, least_session, whole_session
from app.protocol.client_events import SessionUpdate
from app.protocol.session import Session

SETTINGS_TIMEOUT_MS: Final = 5_000
"""Some compatible servers never acknowledge an update: after this it counts as taken."""


class _Sent(Struct, frozen=True):
    """An update that the service has not answered."""

    settings: SessionSettings
    event_id: str
    due_ms: int


class SettingsNegotiation:
    """What the user wants against what the service takes."""

    def __init__(self, settings: SessionSettings, effects: Effects) -> None:
        self.wanted = settings
        self.refused: dict[str, RefusedSetting] = {}
        """The fields that were changed in vain and not changed again since."""
        self._effects = effects
        self._acknowledged: SessionSettings | None = None
        self._sent: _Sent | None = None
        self._is_least_tried = False

    @property
    def is_ready(self) -> bool:
        """The service has taken settings, or will say nothing about them: the conversation may begin."""
        return self._acknowledged is not None

    @property
    def effective(self) -> SessionSettings:
        """What the service works with, as far as it has told."""
        return self._acknowledged or self.wanted

    @property
    def unacknowledged(self) -> frozenset[str]:
        """Names of the fields that the service has not confirmed."""
        return frozenset() if self._acknowledged is None else differences(self._acknowledged, self.wanted)

    @property
    def deadline_ms(self) -> int | None:
        """When `tick` has something to do."""
        return self._sent.due_ms if self._sent else None

    def connected(self, now_ms: int) -> None:
        """The first update, whole."""
        self._send(whole_session(self.wanted), now_ms)

    def change(self, change: SessionChange, *, is_voice_fixed: bool) -> None:
        """The user wants other settings. `is_voice_fixed`: the service refuses another voice."""
        new = change.of(self.wanted)
        if new.voice != self.wanted.voice and is_voice_fixed:
            self.refused = {**self.refused, "voice": RefusedSetting(new.voice, self.wanted.voice)}
            self._effects.notify(
                "The voice can change only before the assistant has spoken; begin a new session for another one."
            )
            return
        self.refused = {name: refusal for name, refusal in self.refused.items() if name not in change.names}
        self.wanted = new

    def update_if_due(self, now_ms: int) -> None:
        """Send what differs from what the service has, once it has answered what it was told before."""
        if self._sent is None and self._acknowledged is not None and self.wanted != self._acknowledged:
            self._send(changed_session(self._acknowledged, self.wanted), now_ms)

    def acknowledged(self) -> None:
        """The service took an update; if none of ours is under way, that is no news."""
        if self._sent is not None:
            self._acknowledged, self._sent = self._sent.settings, None

    def update_refused(self, event_id: str, why: str, now_ms: int) -> bool:
        """The service refused this update as a whole: its fields go back, unless they were changed again meanwhile.

        Whether it was an update of ours. Of a first update, less is tried; then the service keeps its own.
        """
        if self._sent is None or event_id != self._sent.event_id:
            return False
        sent, self._sent = self._sent.settings, None
        if self._acknowledged is not None:
            self._put_back(self._acknowledged, sent, why)
        elif self._is_least_tried:
            self._acknowledged = self.wanted  # nobody knows what it works with; from here on changes are sent
            self._effects.remark(f"The service refused the settings and uses its own: {why}")
        else:
            self._is_least_tried = True
            self._send(least_session(self.wanted), now_ms)
            self._effects.notify(f"The service refused some settings; trying with fewer: {why}")
        return True

    def tick(self, now_ms: int) -> None:
        """An update that is not answered counts as taken."""
        if self._sent is None or now_ms < self._sent.due_ms:
            return
        if not self.is_ready:
            self._effects.notify("The service did not confirm the settings; it may be using its own.")
        self.acknowledged()

    # ---------------------------------------------------------------- within

    def _send(self, session: Session, now_ms: int) -> None:
        event_id = self._effects.send(SessionUpdate(session=session))
        self._sent = _Sent(self.wanted, event_id, now_ms + SETTINGS_TIMEOUT_MS)

    def _put_back(self, before: SessionSettings, sent: SessionSettings, why: str) -> None:
        names = [name for name in differences(before, sent) if getattr(self.wanted, name) == getattr(sent, name)]
        back = {name: RefusedSetting(getattr(sent, name), getattr(before, name)) for name in names}
        self.refused = {**self.refused, **back}
        self.wanted = taken_from(before, names).of(self.wanted)
        what = ", ".join(sorted(name.replace("_", " ") for name in names)) or "a setting"
        self._effects.remark(f"The service refused {what}, which is as before: {why}")
