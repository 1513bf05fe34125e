"""Volume, mute and speed of the assistant by key: asked for at once, shown with the number, remembered."""

from __future__ import annotations

import tomllib

from msgspec.structs import replace

from app.conversation.standing import SettingStanding, Standing
from app.live.events import Ended, SayingAgain
from app.settings import Settings
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import LISTENING, assistant, user


def remembered(run: Driven) -> dict[str, object]:
    run.main.settings_controller.write_remembered()
    return tomllib.loads(run.folders.settings_file.read_text()) if run.folders.settings_file.exists() else {}


async def test_the_volume_goes_by_steps_and_is_shown_with_its_number(drive: Drive) -> None:
    async with drive(size=(140, 32)) as run:
        assert "out 100 %" in run.text
        await run.press("minus", "minus")
        assert run.live.asked == [("set_volume", 95), ("set_volume", 90)]
        assert "out  90 %" in run.text
        assert "volume 90 %" in run.text
        await run.press("plus", "equals_sign", "plus")
        assert run.live.asked[-1] == ("set_volume", 100)
        assert remembered(run) == {}  # as it was


async def test_a_muted_assistant_is_said_and_remembered_with_its_volume(drive: Drive) -> None:
    async with drive(size=(140, 32)) as run:
        await run.press("minus", "M")
        assert run.live.asked[-1] == ("set_volume", 0)
        assert "out muted" in run.text
        assert "the assistant is muted, M lets it be heard" in run.text
        assert remembered(run) == {"volume": 95, "muted": True}
        await run.press("M")
        assert run.live.asked[-1] == ("set_volume", 95)
        assert remembered(run) == {"volume": 95}  # not muted is the default


async def test_who_turns_the_volume_up_wants_to_hear_it(drive: Drive) -> None:
    async with drive(settings=Settings(volume=50, muted=True)) as run:
        await run.press("plus")
        assert run.live.asked[-1] == ("set_volume", 55)
        assert not run.main.edited.settings.muted


async def test_it_is_remembered_when_the_program_ends_soon_after(drive: Drive) -> None:
    async with drive() as run:
        await run.press("minus")
    assert tomllib.loads(run.folders.settings_file.read_text()) == {"volume": 95}


async def test_where_the_meter_has_no_room_the_volume_is_said_all_the_same(drive: Drive) -> None:
    async with drive(size=(60, 18)) as run:
        await run.press("minus")
        assert "volume 95 %" in run.text


async def test_the_speed_goes_by_steps(drive: Drive) -> None:
    async with drive() as run:
        await run.press("greater_than_sign", "greater_than_sign", "less_than_sign")
        assert "speed 1.05 ×" in run.text
        assert run.main.edited.settings.speed == 1.05
    assert not run.folders.settings_file.exists()  # as any other setting of the session


async def test_a_service_without_a_speed_is_not_asked_for_one(drive: Drive) -> None:
    async with drive(status=replace(LISTENING, standings={"speed": SettingStanding(Standing.LACKING)})) as run:
        await run.press("greater_than_sign")
        assert "this service cannot speak faster or more slowly" in run.text
        assert run.main.edited.settings.speed == 1.0


async def test_v_says_the_turn_in_hand_again_else_the_last_in_view(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        run.live.put(assistant())
        await run.press("v", "up", "up", "v")
        assert run.live.asked == [("say_again", "a1"), ("say_again", "u1")]


async def test_what_is_said_again_is_told_until_it_is_over(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        run.live.put(assistant())
        run.live.tell(SayingAgain("a1", is_microphone_closed=True))
        await run.settle()
        said = f"saying again what the assistant said at {run.main._time_of_day(0)}, Esc stops"
        assert f"{said}, the microphone is closed meanwhile" in run.text
        run.live.tell(SayingAgain("u1"))
        await run.settle()
        assert "saying again what you said" in run.text
        assert "meanwhile" not in run.text
        run.live.tell(SayingAgain(""))
        await run.settle()
        assert "saying again" not in run.text


async def test_escape_stops_what_is_said_again_before_all_else(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(assistant())
        run.live.tell(SayingAgain("a1"))
        await run.press("up", "escape")
        assert run.live.asked == [("stop_key",)]
        assert run.main.pane.log_view.turn_in_hand
        run.live.tell(SayingAgain(""))
        await run.press("escape")
        assert not run.main.pane.log_view.turn_in_hand


async def test_after_the_end_nothing_is_said_again_and_it_is_told_why(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(assistant())
        run.live.tell(Ended("It is over."))
        await run.press("v")
        assert run.live.asked == []
        assert "no turn can be said again" in run.text
