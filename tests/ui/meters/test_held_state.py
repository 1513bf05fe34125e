"""Which word is on the screen, by the clock."""

from __future__ import annotations

import pytest

from app.conversation.status import State
from app.ui.meters.lamp import HeldState

C, L, H, T, S, M, O = (  # noqa: E741
    State.CONNECTING,
    State.LISTENING,
    State.HEARING,
    State.THINKING,
    State.SPEAKING,
    State.MUTED,
    State.OFFLINE,
)


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        pytest.param([(0, L)], [L], id="the first change is shown at once"),
        pytest.param([(0, L), (100, T)], [L, L], id="a word stands a quarter of a second"),
        pytest.param([(0, L), (100, T), (250, None)], [L, L, T], id="then the one that waited comes"),
        pytest.param([(0, L), (100, T), (150, H), (250, None)], [L, L, L, H], id="of those that wait, the newest"),
        pytest.param([(0, L), (100, T), (150, L), (250, None)], [L, L, L, L], id="back again: nothing changes"),
        pytest.param([(0, S), (300, L), (499, None), (500, None)], [S, S, S, L], id="speaking stands half a second"),
        pytest.param([(0, S), (900, L)], [S, L], id="held long enough: the next is shown at once"),
        pytest.param([(0, S), (10, M)], [S, M], id="muted waits for nothing"),
        pytest.param([(0, S), (10, O)], [S, O], id="offline waits for nothing"),
        pytest.param([(0, S), (10, "flash"), (20, H), (409, None), (410, None)], [S, "heard", "heard", "heard", H]),
        pytest.param([(0, S), (10, "flash"), (20, M)], [S, "heard", M], id="muted cuts the flash"),
        pytest.param([(0, L), (10, "flash"), (410, None)], [L, "heard", L], id="after the flash the state again"),
    ],
)
def test_words_are_held(steps, shown):
    held = HeldState()
    seen = []
    for now_ms, what in steps:
        match what:
            case None:
                seen.append(held.at(now_ms).word)
            case "flash":
                seen.append(held.flash(now_ms).word)
            case _:
                seen.append(held.show(what, now_ms).word)
    assert seen == shown


def test_it_says_when_to_ask_again_and_only_then():
    held = HeldState()
    assert held.show(L, 1000).due_ms is None
    assert held.show(T, 1100).due_ms == 1250
    assert held.at(1250).due_ms is None
    assert held.flash(2000).due_ms == 2400
