"""A line that broke, as the screen shows it: the lamp counts down, `r` retries, Esc gives up."""

from __future__ import annotations

from app.conversation.status import State, Status
from app.ui.meters.lamp import Lamp
from tests.ui.conftest import Drive

BROKEN = Status(state=State.RECONNECTING, has_microphone=True, is_microphone_open=True, retry_in_s=3)


def lamp_of(run: object) -> str:
    lamp = run.main.query_one(Lamp)  # type: ignore[attr-defined]
    return "".join(segment.text for segment in lamp.render_line(0))


async def test_the_lamp_counts_down(drive: Drive) -> None:
    async with drive(status=BROKEN) as run:
        await run.settle()
        assert "● RECONNECTING in 3 s" in lamp_of(run)
        run.live.now(retry_in_s=2)
        await run.settle()
        assert "RECONNECTING in 2 s" in lamp_of(run)
        run.live.now(retry_in_s=0)
        await run.settle()
        assert "RECONNECTING  " in lamp_of(run)


async def test_r_retries_and_escape_gives_up(drive: Drive) -> None:
    async with drive(status=BROKEN) as run:
        await run.pilot.press("r", "escape")
        await run.settle()
        assert run.live.asked == [("reconnect",), ("stop_key",), ("stay_offline",)]


async def test_given_up_r_connects_all_the_same(drive: Drive) -> None:
    async with drive(status=Status(state=State.OFFLINE, has_microphone=True)) as run:
        await run.pilot.press("escape", "r")
        await run.settle()
        assert run.live.asked == [("stop_key",), ("reconnect",)]


async def test_where_the_line_stands_r_is_nothing(drive: Drive) -> None:
    async with drive() as run:
        await run.pilot.press("r")
        await run.settle()
        assert ("reconnect",) not in run.live.asked
