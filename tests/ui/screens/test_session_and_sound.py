"""A new session, other devices and the sound check, as the screen asks for them."""

from __future__ import annotations

from msgspec.structs import replace

from app.conversation.session import SessionChange
from app.live.events import SoundChecked
from app.live.sound_check import CheckStep
from app.ui.screens.sound_check_screen import SoundCheckScreen
from app.ui.settings.panel import SettingsPanel
from app.ui.settings.setting_row import SettingRow
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import LISTENING

SPOKEN = replace(LISTENING, is_voice_fixed=True)


def asked(run: Driven, *kinds: str) -> list[tuple]:
    return [what for what in run.live.asked if what[0] in kinds]


async def test_another_voice_is_carried_into_a_new_session(drive: Drive) -> None:
    async with drive(status=SPOKEN) as run:
        await run.press("s")
        run.app.screen.change("voice", "cedar")
        await run.settle()
        assert asked(run, "change") == []
        await run.press("ctrl+n")
        assert asked(run, "renew") == [("renew", SessionChange(voice="cedar"))]


async def test_a_voice_that_was_not_heard_yet_changes_at_once(drive: Drive) -> None:
    async with drive() as run:
        run.app.screen.change("voice", "cedar")
        await run.settle()
        assert asked(run, "change", "renew") == [("change", SessionChange(voice="cedar"))]


async def test_devices_change_while_talking_and_are_there_to_choose_from(drive: Drive) -> None:
    async with drive() as run:
        await run.press("s")
        panel = run.app.screen.query_one(SettingsPanel)
        while "mic" not in panel._suggestions:
            await run.settle()
        assert panel._suggestions["mic"] == ("", "headset", "webcam", "none")
        run.app.screen.change("mic", "webcam")
        run.app.screen.change("speaker", "none")
        assert asked(run, "use_microphone", "use_speaker") == [("use_microphone", "webcam"), ("use_speaker", "none")]


async def test_the_voices_to_choose_from_are_those_of_the_service(drive: Drive) -> None:
    async with drive() as run:
        run.live.voices = ("Ara", "Rex")
        await run.press("s")
        panel = run.app.screen.query_one(SettingsPanel)
        assert panel._suggestions["voice"] == ("Ara", "Rex")
        run.live.voices = ("alloy", "ash")
        run.live.now(model="of another service")
        await run.settle()
        assert panel._suggestions["voice"] == ("alloy", "ash")
        row = next(row for row in panel.query(SettingRow) if row.setting.name == "voice")
        row.control.focus()
        await run.press("right")
        assert asked(run, "change")[-1][1].voice == "alloy"


async def test_the_sound_check_says_what_happens(drive: Drive) -> None:
    async with drive() as run:
        run.app.screen.action_check_sound()
        await run.settle()
        assert isinstance(run.app.screen, SoundCheckScreen)
        assert "Microphone: headset" in run.text
        await run.press("t", "r")
        assert asked(run, "check_speaker", "check_microphone") == [("check_speaker",), ("check_microphone",)]
        for step, words in ((CheckStep.TONE, "hear a tone"), (CheckStep.RECORDING, "three seconds")):
            run.live.tell(SoundChecked(step))
            await run.settle()
            assert words in run.text
        await run.press("escape")
        assert not isinstance(run.app.screen, SoundCheckScreen)
        assert asked(run, "talk_key", "stop_key") == []
