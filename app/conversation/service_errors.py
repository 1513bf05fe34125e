"""What an error or a warning of the service is about: one of our events, an answer that is waited for, or nothing else.

Most errors name the event that they refuse (protocol reference, section 5.5). The owner of that event says what is
lost; what nobody owns is told as the service says it.
"""

from __future__ import annotations

from app.conversation.active_response import ActiveResponse
from app.conversation.effects import Effects, Severity
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.outcome import concerns_answer
from app.conversation.turns import Turns
from app.protocol.benign import is_benign, is_farewell
from app.protocol.items import ErrorDetail
from app.protocol.text import one_line


class ServiceErrors:
    """Finds the owner of each error."""

    def __init__(
        self, effects: Effects, active: ActiveResponse, negotiation: SettingsNegotiation, turns: Turns
    ) -> None:
        self._effects, self._active, self._negotiation, self._turns = effects, active, negotiation, turns
        self._farewell = ""

    def warned(self, warning: ErrorDetail) -> None:
        """Some services tell what is no error."""
        if words := one_line(warning.message or warning.code or ""):
            self._effects.notify(f"The service warns: {words}")

    def went_on(self) -> None:
        """The service says something: had it said farewell, it did not mean it, and only then is that an error."""
        words, self._farewell = self._farewell, ""
        if words:
            self._effects.remark(f"The service says: {words}", Severity.ERROR)

    def refused(self, error: ErrorDetail, now_ms: int) -> None:
        """An error: of whatever of ours it refuses, or of the service at large."""
        event_id, code = error.event_id or "", error.code or ""
        words = one_line(error.message or code or "The service reported an error without saying which.")
        if is_farewell(error):
            self._farewell = words
            return
        if self._active.cancel_refused(event_id):
            return
        is_the_requests = self._negotiation.deadline_ms is None and concerns_answer(error)
        is_final = self._active.refused(event_id, code, now_ms, is_the_requests=is_the_requests)
        if is_final:
            self._effects.remark(f"The service gave no answer: {words}", Severity.ERROR)
        is_ours = is_final is not None or self._negotiation.update_refused(error, words, now_ms)
        if not (is_ours or self._turns.text_refused(event_id, words) or is_benign(error)):
            self._effects.remark(f"The service says: {words}", Severity.ERROR)
