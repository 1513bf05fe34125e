"""What is shown beside the words, put together from the parts that know it."""

from __future__ import annotations

from app.conversation.bill import Bill
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.rate_limits import RateLimits
from app.conversation.responses import Responses
from app.conversation.retry import Retry
from app.conversation.service_events import ServiceEvents
from app.conversation.status import State, Status
from app.conversation.turns import Turns


def status_of(
    turns: Turns,
    responses: Responses,
    negotiation: SettingsNegotiation,
    service: ServiceEvents,
    bill: Bill,
    rate_limits: RateLimits,
    retry: Retry,
    *,
    state: State,
    round_trip_ms: int | None,
) -> Status:
    """Everything that is shown beside the words."""
    return Status(
        state=state,
        settings=negotiation.wanted,
        standings=negotiation.standings,
        has_microphone=turns.has_microphone,
        is_microphone_open=turns.is_open,
        is_response_active=responses.active.is_busy,
        has_asked=turns.has_asked,
        is_voice_fixed=responses.has_spoken,
        fixed=negotiation.fixed,
        model=service.model,
        expires_at=service.expires_at,
        answered_ms=responses.answers_ms[-1] if responses.answers_ms else None,
        median_answered_ms=responses.median_answered_ms,
        spending=bill.spending,
        budget_usd=bill.budget.limit_usd,
        near_limit=rate_limits.near,
        round_trip_ms=round_trip_ms,
        retry_in_s=retry.in_s,
    )
