"""What all clients together may ask for in a minute: said after each response, and kept."""

from __future__ import annotations

import pytest

from app.protocol.items import RateLimit
from app.server.quota import Quota
from tests.server.driver import Driver, types


def limits(event) -> dict[str, dict]:
    return {limit.name: limit for limit in event.rate_limits}


def test_where_nothing_is_limited_nothing_is_told():
    talk = Driver()
    talk.full_answer("Hello.")
    assert talk.events[-1].TYPE == "response.done"
    assert Quota().told() is None


def test_what_is_left_is_told_after_the_response():
    talk = Driver(quota=Quota(10, 1_000))
    talk.full_answer("Hello.", ms=1_000)
    done, told = talk.events[-2:]
    assert types([done, told]) == ["response.done", "rate_limits.updated"]
    used = done.response.usage.total_tokens
    assert used > 0
    left = limits(told)
    assert left["requests"] == RateLimit(name="requests", limit=10, remaining=9, reset_seconds=6.0)
    assert left["tokens"].remaining == 1_000 - used
    assert left["tokens"].reset_seconds == pytest.approx(used * 0.06)


def test_it_comes_back_evenly():
    quota = Quota(10)
    quota.advance(0.0)
    for _ in range(10):
        assert quota.ask() is None
    assert "10 requests per minute" in quota.ask().message
    assert "again in 6.0s" in quota.ask().message
    quota.advance(5.9)
    assert quota.ask() is not None
    quota.advance(6.0)
    assert quota.ask() is None
    quota.advance(5.0)  # a clock that is read late takes nothing back
    assert quota.ask() is not None


def test_a_response_that_finds_no_room_fails_and_the_session_goes_on():
    talk = Driver(quota=Quota(1))
    talk.full_answer("Hello.")
    new = talk.say("response.create")
    assert types(new) == ["response.created", "response.done", "rate_limits.updated"]
    assert new[1].response.status == "failed"
    refused = new[1].response.status_details.error
    assert (refused.code, refused.type) == ("rate_limit_exceeded", "requests")
    talk.now += 60
    assert types(talk.say("response.create")) == ["response.created"]


def test_tokens_may_be_overdrawn_by_the_answer_under_way_and_are_paid_back():
    talk = Driver(quota=Quota(tokens_per_minute=10))
    talk.full_answer("Hello.", ms=1_000)
    used = talk.of("response.done")[-1].response.usage.total_tokens
    assert used > 10
    assert limits(talk.events[-1])["tokens"].remaining == 0
    failed = talk.say("response.create")[1].response
    assert failed.status_details.error.type == "tokens"
    talk.now += (used - 9) * 6
    assert types(talk.say("response.create")) == ["response.created"]


def test_two_sessions_share_what_is_left():
    quota = Quota(1)
    Driver(quota=quota).full_answer("Hello.")
    assert Driver(quota=quota).say("response.create")[1].response.status == "failed"
