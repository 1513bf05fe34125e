"""The service's limits: shown while they are near, told when that begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.status import NearLimit
from app.protocol import server_events as sv
from app.protocol.codec import decode_server_event
from app.protocol.items import RateLimit
from tests.conversation.driver import Talk


def told(*limits: RateLimit) -> sv.RateLimitsUpdated:
    return sv.RateLimitsUpdated(rate_limits=limits)


def limit(name: str, remaining: int, whole: int, reset_s: float = 8.0) -> RateLimit:
    return RateLimit(name=name, limit=whole, remaining=remaining, reset_seconds=reset_s)


@pytest.mark.parametrize(
    ("limits", "near"),
    [
        ((limit("requests", 400, 400), limit("tokens", 100_000, 200_000)), None),
        ((limit("requests", 40, 400),), None),
        ((limit("requests", 39, 400),), NearLimit("requests", 39, 8)),
        ((limit("tokens", 19_999, 200_000, 0.2),), NearLimit("tokens", 19_999, 1)),
        ((limit("requests", 39, 400), limit("tokens", 1, 200_000)), NearLimit("tokens", 1, 8)),
        ((limit("requests", 2, 15),), NearLimit("requests", 2, 8)),
        ((limit("requests", 3, 15),), None),
        ((limit("tokens", 2, 15),), None),
        ((limit("requests", 1, 1),), None),  # all there is
        ((limit("requests", 0, 1),), NearLimit("requests", 0, 8)),
        ((limit("requests", 0, 0),), NearLimit("requests", 0, 8)),
        ((RateLimit(name="requests", remaining=1),), NearLimit("requests", 1, None)),
        ((RateLimit(name="tokens", remaining=1),), None),
        ((RateLimit(remaining=0, limit=9),), NearLimit("requests", 0, None)),
        ((RateLimit(name="requests"),), None),
        ((), None),
    ],
)
def test_what_is_near(limits: tuple[RateLimit, ...], near: NearLimit | None):
    talk = Talk()
    talk.hear(told(*limits))
    assert talk.conversation.status.near_limit == near


def test_it_is_told_when_it_begins_and_leaves_when_it_is_whole_again():
    talk = Talk()
    talk.hear(told(limit("requests", 2, 400)))
    assert talk.notices == ["The service's limit is near: 2 requests left; the limit is whole again in 8 s."]
    talk.hear(told(limit("requests", 1, 400, 6.0)))
    assert talk.notices == []
    assert talk.conversation.deadline_ms == talk.now_ms + 6000
    talk.later(6000).tick()
    assert talk.conversation.status.near_limit is None
    talk.hear(told(limit("requests", 2, 400)))
    assert len(talk.notices) == 1
    talk.hear(told(limit("requests", 300, 400)))
    assert talk.conversation.status.near_limit is None


def test_the_sample_of_the_service_is_far_from_its_limits():
    talk = Talk()
    event = decode_server_event(
        '{"type":"rate_limits.updated","rate_limits":['
        '{"name":"requests","limit":1000,"remaining":999,"reset_seconds":60},'
        '{"name":"tokens","limit":50000,"remaining":4000,"reset_seconds":"soon"}]}'
    )
    talk.hear(event)
    assert talk.conversation.status.near_limit == NearLimit("tokens", 4000, None)


numbers = st.integers(0, 2**53)


@given(st.lists(st.builds(limit, st.text(max_size=40), numbers, numbers, st.floats(0, 30_000_000))))
def test_whatever_is_told_it_ends_by_itself(limits: list[RateLimit]):
    talk = Talk()
    talk.hear(told(*limits))
    talk.later(3_600_000).tick()
    assert talk.conversation.status.near_limit is None
