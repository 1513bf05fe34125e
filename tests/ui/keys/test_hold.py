"""Hold-to-talk: by the releases that a terminal tells, by repeats, with the mouse. Times are in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from app.conversation.session import Mode, SessionSettings
from app.conversation.status import State, Status
from app.settings import Settings
from app.ui.keys.keyboard_protocol import KeyReleased, KeyRepeated, ReleasesPromised
from app.ui.keys.talk_key import FIRST_REPEAT_MS, HELD_MS, RELEASE_MS, SECOND_PRESS_MS, Act, HoldKey, TalkKey, TapKey
from app.ui.meters.lamp import TalkPressed, TalkReleased
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import LISTENING

P, R, U, B = "press", "repeat", "release", "let_go"
Step = tuple[float, str]


def played(key: TalkKey, steps: Iterable[Step]) -> list[tuple[float, Act]]:
    """What the steps do, with the owner's timer kept exactly."""
    acts: list[tuple[float, Act]] = []
    for at, what in [*steps, (float("inf"), "")]:
        while key.due_ms is not None and key.due_ms <= at:
            due_ms = key.due_ms
            acts.append((due_ms, key.due(due_ms)))
        if what:
            acts.append((at, getattr(key, what)(at)))
    return [(at, act) for at, act in acts if act is not Act.NOTHING]


def run_of(what: str, start: float, end: float, step: float = 35) -> list[Step]:
    """The repeats of a key that is held from `start` to `end`."""
    return [(start + number * step, what) for number in range(int((end - start) // step) + 1)]


def begun(begin: float, end: float) -> list[tuple[float, Act]]:
    return [(begin, Act.BEGIN), (end, Act.END)]


def tapped(at: float) -> list[tuple[float, Act]]:
    """The user hears that it is to be held."""
    return [(at, Act.TAPPED)]


@pytest.mark.parametrize(
    ("steps", "acts"),
    [
        ([(0, P)], tapped(FIRST_REPEAT_MS)),
        ([(0, P), (SECOND_PRESS_MS + 1, P)], tapped(SECOND_PRESS_MS + 1 + FIRST_REPEAT_MS)),
        ([(0, P), (500, P)], begun(500, 500 + RELEASE_MS)),
        ([(0, P), (SECOND_PRESS_MS, P)], begun(SECOND_PRESS_MS, SECOND_PRESS_MS + RELEASE_MS)),
        # the first repeat after 660 ms, as X has it: the next one begins
        ([(0, P), (660, P), (695, P)], begun(695, 695 + RELEASE_MS)),
        ([(0, P), *run_of(P, 500, 850)], begun(500, 850 + RELEASE_MS)),
        # slow repeats keep it open as long as they come within 300 ms
        ([(0, P), *run_of(P, 500, 2000, 250)], begun(500, 2000 + RELEASE_MS)),
        # a stray repeat after the hold begins nothing; a new hold does
        ([(0, P), (500, P), (801, P)], [*begun(500, 800), *tapped(801 + FIRST_REPEAT_MS)]),
        ([(0, P), (500, P), (801, P), (2000, P), (2500, P)], [*begun(500, 800), *tapped(1551), *begun(2500, 2800)]),
        # the keyboard goes elsewhere
        ([(0, P), (500, P), (600, B)], begun(500, 600)),
        ([(0, P), (100, B), (500, P)], tapped(1250)),
    ],
)
def test_by_repeat_a_second_press_begins_and_silence_ends(steps: list[Step], acts: list[tuple[float, Act]]) -> None:
    assert played(HoldKey(), steps) == acts


@pytest.mark.parametrize(
    ("steps", "acts"),
    [
        # believed at once
        ([(0, P), (100, U)], begun(0, 100)),
        ([(0, P), *run_of(R, 500, 3000), (3010, U)], begun(0, 3010)),
        # auto-repeat is off: from the second hold on for as long as it lasts
        ([(0, P), (100, U), (1000, P), (9000, U)], [*begun(0, 100), *begun(1000, 9000)]),
        # repeats told as presses, but releases told
        ([(0, P), *run_of(P, 500, 3000), (3010, U)], begun(0, 3010)),
        # a promise not kept, with and without repeats
        ([(0, P), *run_of(P, 500, 850)], begun(0, 850 + RELEASE_MS)),
        ([(0, P)], begun(0, FIRST_REPEAT_MS)),
        # elsewhere, and back with the key still down
        ([(0, P), (500, R), (600, B), (700, R), (735, R), (800, U)], begun(0, 600)),
        ([(0, U), (1, R), (2, U)], []),
    ],
)
def test_where_releases_are_promised(steps: list[Step], acts: list[tuple[float, Act]]) -> None:
    assert played(HoldKey(promises_releases=True), steps) == acts


@pytest.mark.parametrize(
    ("steps", "acts"),
    [
        # the first hold shows that releases are told, the second is quick
        ([(0, P), *run_of(R, 500, 1000), (1010, U), (1500, P), (1600, U)], [*begun(500, 1010), *begun(1500, 1600)]),
        ([(0, P), (100, U), (300, P), (350, U)], begun(300, 350)),
        # a release that went missing: the next press is taken for a repeat, and ends it
        ([(0, P), (100, U), (1000, P), (5000, P)], begun(1000, 5000 + RELEASE_MS)),
    ],
)
def test_what_a_terminal_does_counts_without_a_promise(steps: list[Step], acts: list[tuple[float, Act]]) -> None:
    assert played(HoldKey(), steps) == acts


@pytest.mark.parametrize(
    ("steps", "acts"),
    [
        ([(0, P), (100, U)], [(0, Act.TOGGLE)]),
        ([(0, P), (100, U), (200, P), (300, U)], [(0, Act.TOGGLE), (200, Act.TOGGLE)]),
        ([(0, P), *run_of(R, 500, 900), (910, U)], [(0, Act.TOGGLE), (910, Act.END)]),
        ([(0, P), *run_of(P, 500, 900), (910, U)], [(0, Act.TOGGLE), (910, Act.END)]),
        ([(0, P), (HELD_MS - 1, U)], [(0, Act.TOGGLE)]),
        ([(0, P), (HELD_MS, U)], [(0, Act.TOGGLE), (HELD_MS, Act.END)]),
        # the first repeat told as a press, and let go before the second
        ([(0, P), (500, P), (510, U)], [(0, Act.TOGGLE), (510, Act.END)]),
        # elsewhere: held, where releases are known to be told; else nobody knows
        ([(0, P), (50, U), (1000, P), (5000, B)], [(0, Act.TOGGLE), (1000, Act.TOGGLE), (5000, Act.END)]),
        ([(0, P), (5000, B)], [(0, Act.TOGGLE)]),
        ([(0, U), (1, R), (2, B)], []),
    ],
)
def test_taps_toggle_and_a_release_ends_a_hold(steps: list[Step], acts: list[tuple[float, Act]]) -> None:
    assert played(TapKey(), steps) == acts


STEPS = st.lists(st.tuples(st.integers(0, 1000), st.sampled_from([P, R, U, B])), max_size=30)


@given(STEPS, st.booleans())
def test_whatever_a_terminal_tells_a_hold_begins_and_ends_in_turn(gaps: list[Step], is_promised: bool) -> None:
    at, steps = 0.0, list[Step]()
    for gap, what in gaps:
        at += gap
        steps.append((at, what))
    acts = [act for _, act in played(HoldKey(promises_releases=is_promised), [*steps, (at + 1, B)])]
    assert acts == [Act.BEGIN, Act.END] * (len(acts) // 2)


# ---------------------------------------------------------------- in the program

HOLD = Settings(talk_key="hold")
CLOSED = {
    "hands-free": Status(state=State.MUTED, has_microphone=True),
    "push-to-talk": Status(state=State.READY, settings=SessionSettings(mode=Mode.PUSH_TO_TALK), has_microphone=True),
}


async def told(run: Driven, *messages: events.Message) -> None:
    """As the driver would."""
    for message in messages:
        run.app.post_message(message)
    await run.settle()


def space(is_released: bool = True) -> KeyReleased | KeyRepeated:
    return KeyReleased("space", " ") if is_released else KeyRepeated("space", " ")


@pytest.mark.parametrize("status", CLOSED.values(), ids=CLOSED.keys())
@pytest.mark.parametrize("key", ["space", "f9"])
async def test_open_while_held(drive: Drive, status: Status, key: str) -> None:
    async with drive(status=status, settings=HOLD) as run:
        await told(run, ReleasesPromised())
        await run.press(key)
        assert run.live.status.is_microphone_open
        run.seconds[0] += 0.5
        for _ in range(3):
            await told(run, KeyRepeated(key, None))
        await told(run, KeyReleased("left_square_bracket", "["))
        assert run.live.status.is_microphone_open
        await told(run, KeyReleased(key, None))
        assert not run.live.status.is_microphone_open
        assert run.live.asked == [("talk_key",)] * 2


@pytest.mark.parametrize("key", ["space", "f9"])
async def test_a_short_hold_ends_though_the_conversation_has_not_answered_yet(drive: Drive, key: str) -> None:
    async with drive(status=CLOSED["push-to-talk"], settings=HOLD) as run:
        await told(run, ReleasesPromised())
        await told(run, events.Key(key, None), KeyReleased(key, None))
        assert run.live.asked == [("talk_key",)] * 2
        assert not run.live.status.is_microphone_open


async def test_a_take_thrown_away_in_mid_hold_is_not_begun_again_by_its_release(drive: Drive) -> None:
    async with drive(status=CLOSED["push-to-talk"], settings=HOLD) as run:
        await told(run, ReleasesPromised())
        await run.press("space")
        run.live.now(is_microphone_open=False)
        await run.settle()
        await told(run, space())
        assert run.live.asked == [("talk_key",)]


@pytest.mark.parametrize("is_promised", [True, False])
async def test_losing_the_focus_is_a_release(drive: Drive, is_promised: bool) -> None:
    async with drive(status=CLOSED["hands-free"], settings=HOLD) as run:
        if is_promised:
            await told(run, ReleasesPromised())
        await run.press("space")
        run.seconds[0] += 0.5
        await run.press("space")
        assert run.live.status.is_microphone_open
        await told(run, events.AppBlur())
        assert not run.live.status.is_microphone_open
        await told(run, space(False), space())
        assert not run.live.status.is_microphone_open


async def test_without_releases_a_tap_opens_nothing_in_hold(drive: Drive) -> None:
    async with drive(status=CLOSED["hands-free"], settings=HOLD) as run:
        await run.press("space")
        run.seconds[0] += 2
        await run.press("space")
        assert run.live.asked == []


async def test_a_held_tap_key_closes_with_its_release_and_a_tap_stays(drive: Drive) -> None:
    async with drive(status=CLOSED["push-to-talk"]) as run:
        await run.press("space")
        run.seconds[0] += 1
        await told(run, space(False), space())
        assert run.live.asked == [("talk_key",)] * 2
        await run.press("space")
        await told(run, space())
        assert run.live.status.is_microphone_open


async def test_a_repeat_types_where_one_types_and_moves_where_one_moves(drive: Drive) -> None:
    async with drive(settings=HOLD) as run:
        await run.press("i")
        await told(run, KeyRepeated("a", "a"), space(False), KeyRepeated("b", "b"), KeyReleased("b", "b"), space())
        await run.press("enter")
        assert run.live.asked == [("say", "a b")]
        await run.press("escape")
        await told(run, KeyRepeated("right_square_bracket", "]"), KeyRepeated("right_square_bracket", "]"))
        assert [what for what, *_ in run.live.asked[1:]] == ["change", "change"]


async def test_a_repeat_alone_never_talks(drive: Drive) -> None:
    async with drive() as run:
        await told(run, space(False), space(False), KeyRepeated("f9", None), space())
        assert run.live.asked == []


async def test_a_remapped_talk_key_is_held_too(drive: Drive) -> None:
    async with drive(status=CLOSED["hands-free"], settings=HOLD, keys={"talk": "ctrl+t,."}) as run:
        await told(run, ReleasesPromised())
        await run.press("full_stop")
        await told(run, KeyReleased("full_stop", "."))
        assert run.live.asked == [("talk_key",)] * 2
        await run.press("ctrl+t")
        await told(run, space(), KeyReleased("ctrl+t", None))
        assert run.live.asked == [("talk_key",)] * 4


@pytest.mark.parametrize("settings", [Settings(), HOLD], ids=["tap", "hold"])
async def test_the_mouse_clicks_and_holds(drive: Drive, settings: Settings) -> None:
    async with drive(status=LISTENING, settings=settings) as run:
        for seconds, is_open in [(0.1, False), (0.1, True), (2, False), (2, False), (0.1, True)]:
            run.main.post_message(TalkPressed())
            await run.settle()
            assert run.live.status.is_microphone_open
            run.seconds[0] += seconds
            run.main.post_message(TalkReleased())
            await run.settle()
            assert run.live.status.is_microphone_open is is_open
            run.seconds[0] += 1
