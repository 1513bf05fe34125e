"""Which levels are painted."""

from __future__ import annotations

import pytest

from app.audio.capture import Levels
from app.ui.meters.level_meter import SAMPLES_HZ, LevelThrottle

HUM = [Levels(-58.0 + number % 3 * 0.5, -50.0, False, 0.01) for number in range(SAMPLES_HZ)]


def shown(levels: list[Levels], *, is_watched: bool = True) -> int:
    throttle = LevelThrottle()
    return sum(throttle.is_worth_showing(level, is_watched=is_watched) for level in levels)


def test_what_stands_still_is_not_painted_again() -> None:
    assert shown([Levels(-40.0)] * SAMPLES_HZ) == 1


def test_a_hum_is_painted_seldom() -> None:
    assert 1 < shown(HUM) <= SAMPLES_HZ // 4 + 1


@pytest.mark.parametrize(
    "now",
    [Levels(-54.0), Levels(-58.0, voice=0.4), Levels(-58.0, clipping=True), Levels(-58.0, output_dbfs=-20.0)],
    ids=["louder", "voice", "clipping", "output"],
)
def test_what_happens_is_painted_at_once(now: Levels) -> None:
    throttle = LevelThrottle()
    throttle.is_worth_showing(Levels(-58.0), is_watched=True)
    assert throttle.is_worth_showing(now, is_watched=True)


def test_speech_is_painted_with_every_look_and_less_when_nobody_watches() -> None:
    speech = [Levels(-30.0 + number % 2 * 10, voice=0.9) for number in range(SAMPLES_HZ)]
    assert shown(speech) == SAMPLES_HZ
    assert shown(speech, is_watched=False) == SAMPLES_HZ // 5
