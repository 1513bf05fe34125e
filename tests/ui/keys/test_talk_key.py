"""The talk key: taps, and held keys that are none. Times are in milliseconds; holds are in test_hold.py."""

from __future__ import annotations

import pytest

from app.ui.keys.talk_key import REPEAT_MS, Act, HoldKey, TalkKey, TapKey


def played(key: TalkKey, presses: list[float]) -> list[tuple[float, Act]]:
    """What the presses do, with the owner's timer kept exactly."""
    acts: list[tuple[float, Act]] = []
    for press_ms in [*presses, float("inf")]:
        while key.due_ms is not None and key.due_ms <= press_ms:
            due_ms = key.due_ms
            acts.append((due_ms, key.due(due_ms)))
        if press_ms != float("inf"):
            acts.append((press_ms, key.press(press_ms)))
    return [(at, act) for at, act in acts if act is not Act.NOTHING]


def held(start: float, end: float, first: float = 500, step: float = 35) -> list[float]:
    """The presses that a terminal sends for a held key."""
    presses, at = [start], start + first
    while at <= end:
        presses.append(at)
        at += step
    return presses


@pytest.mark.parametrize(
    ("presses", "toggles"),
    [
        ([0], [0]),
        ([0, 1000], [0, 1000]),
        ([0, 300], [0, 300 + REPEAT_MS]),
        ([0, 600, 1300], [0, 600 + REPEAT_MS, 1300 + REPEAT_MS]),
        (held(0, 3000), [0]),
        (held(0, 3000, first=250, step=30), [0]),
        (held(0, 3000, first=700, step=40), [0]),
        (held(0, 3000, first=225, step=REPEAT_MS - 10), [0]),
        ([*held(0, 2000), 2600], [0, 2600]),
        ([*held(0, 2000), *held(2600, 4000)], [0, 2600]),
        ([*held(0, 2000), 2300, 2335, 2370], [0, 2300]),
        ([0, 2000, 2040, 4000], [0, 2000, 4000]),
    ],
)
def test_taps_toggle_and_repeats_do_not(presses: list[float], toggles: list[float]) -> None:
    assert played(TapKey(), presses) == [(at, Act.TOGGLE) for at in toggles]


@pytest.mark.parametrize("key", [TapKey(), HoldKey()])
def test_a_timer_that_fires_too_early_does_nothing(key: TalkKey) -> None:
    key.press(0)
    key.press(300)
    assert key.due_ms is not None
    assert key.due(310) is Act.NOTHING
