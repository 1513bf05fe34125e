"""How long a service wants to be left alone, in every way that services say it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connection.retry_after import LONGEST_WAIT_S, wait_told_by, wait_told_in

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "8", "Retry-After-Ms": "7250"}, 7.25),
        ({"Retry-After": "8", "x-ms-retry-after-ms": "500"}, 0.5),
        ({"Retry-After": "8", "retry-after-ms": "soon"}, 8.0),
        ({"Retry-After": "Fri, 27 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Fri, 27 Nov 2026 12:00:30"}, 30.0),
        ({"Retry-After": "Fri, 27 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 27 Nov 2099 11:00:00 GMT"}, LONGEST_WAIT_S),
        ({"Retry-After": "999999999"}, LONGEST_WAIT_S),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "NaN"}, None),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_headers(headers: dict[str, str], wait_s: float | None):
    assert wait_told_by({name.lower(): value for name, value in headers.items()}, NOW) == wait_s


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("Rate limit reached for gpt-x. Please try again in 6.2s. Visit the page.", 6.2),
        ("Please try again in 300ms.", 0.3),
        ("Please try again in 2m3.5s.", 123.5),
        ("Please try again in 1h2m3s", 3723.0),
        ("Please retry after 12 seconds.", 12.0),
        ("Try again in 5 minutes", 300.0),
        ("Try again in 5 min.", 300.0),
        ("Retry in 1m", 60.0),
        ("Retry in 2 hours", 7200.0),
        ("Please try your request again in 4s", None),
        ("Please try again later.", None),
        ("try again in a moment", None),
        ("in 5 s", None),
        ("", None),
    ],
)
def test_words(words: str, wait_s: float | None):
    assert wait_told_in(words) == pytest.approx(wait_s)


@given(st.text(max_size=80), st.sampled_from(["Retry-After", "retry-after-ms", "x-ms-retry-after-ms"]))
def test_whatever_is_said_is_a_time_or_nothing(value: str, name: str):
    for wait_s in (wait_told_by({name.lower(): value}, NOW), wait_told_in(f"try again in {value}")):
        assert wait_s is None or 0 <= wait_s <= LONGEST_WAIT_S
