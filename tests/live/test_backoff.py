"""When a broken line is made again."""

from __future__ import annotations

from app.live.backoff import Backoff
from app.live.session_limit import SessionLimit


def test_the_same_seed_gives_the_same_waits_and_another_one_others():
    def waits(seed: int) -> list[int]:
        return [Backoff(seed, attempts).delay_ms() for attempts in range(8)]

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


def test_a_wait_is_drawn_from_all_of_a_room_that_doubles_up_to_a_limit():
    for attempts, room_ms in enumerate((1000, 2000, 4000, 8000, 16_000, 30_000, 30_000)):
        drawn = [Backoff(seed, attempts).delay_ms() for seed in range(300)]
        assert 0 <= min(drawn) < room_ms * 0.1
        assert room_ms * 0.9 < max(drawn) <= room_ms


def test_never_sooner_than_the_service_asks_for():
    assert all(Backoff(seed).delay_ms(7.5) == 7500 for seed in range(20))


def test_a_line_that_stood_begins_anew():
    backoff = Backoff(3)
    assert backoff.after_attempt().after_attempt().anew() == backoff


def test_an_hour_is_followed_two_minutes_ahead_and_a_short_session_a_quarter_ahead():
    hour = SessionLimit(0, 3600)
    assert (hour.due_s, hour.last_call_s) == (3480, 3552)
    short = SessionLimit(100, 120)
    assert (short.due_s, short.last_call_s) == (115, 118)
