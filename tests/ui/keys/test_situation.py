"""What lamp, row of keys and first steps say of a key is what the key does, in every state and mode."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace
from textual import events
from textual.widgets import Static

from app.conversation.session import Mode, SessionSettings
from app.conversation.status import State, Status
from app.live.events import Ended
from app.settings import Settings
from app.ui.keys.situation import Situation, stop_word, talk_word
from app.ui.screens.sound_check_screen import SoundCheckScreen
from app.ui.screens.welcome_screen import WelcomeScreen
from app.ui.wording import first_steps
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import LISTENING, user

PUSH = SessionSettings(mode=Mode.PUSH_TO_TALK)


def situations() -> list[Status]:
    """Every state in both modes, with the microphone open, closed and not there, an answer under way or not."""
    return [
        Status(
            state,
            SessionSettings(mode=mode),
            has_microphone=microphone != "none",
            is_microphone_open=microphone == "open" and state not in (State.CONNECTING, State.OFFLINE),
            is_response_active=is_answering,
        )
        for state, mode, microphone in product(State, Mode, ("open", "closed", "none"))
        for is_answering in {state is State.SPEAKING, state is State.LISTENING}
        if not (microphone == "open" and state in (State.MUTED, State.READY))
    ]


def names(run: Driven) -> dict[str, str]:
    """The row of keys: key and word."""
    return {hint.word: hint.key for hint in run.main.key_bar._hints if hint.word}


async def do(run: Driven, key: str) -> list[str]:
    """What pressing the key asks of the conversation; long after the press before it, so that it is a tap."""
    run.live.asked.clear()
    run.seconds[0] += 10
    run.app.post_message(events.Key(key, None))
    await run.settle()
    return [asked[0] for asked in run.live.asked]


@pytest.mark.parametrize("is_typing", [False, True], ids=["", "typing"])
async def test_the_words_are_what_the_keys_do(drive: Drive, is_typing: bool) -> None:
    async with drive() as run:
        run.live.put(user())
        for status in situations()[:: 3 if is_typing else 1]:  # a line that is open changes little
            run.live.now(**{name: getattr(status, name) for name in Status.__struct_fields__})
            await run.settle()
            if is_typing:
                run.main.action_type()
                await run.settle()
            shown, now = names(run), run.main.situation
            talk, stop = talk_word(now), stop_word(now)
            assert (talk in shown) == (talk is not None), (status, shown)
            assert (stop in shown) == (stop is not None), (status, shown)
            if talk is not None:
                assert shown[talk] == ("f9" if is_typing else "space")
                assert talk in run.main.strip.lamp.text
                is_open = status.is_microphone_open
                assert await do(run, shown[talk]) == ["talk_key"]
                assert run.live.status.is_microphone_open is not is_open
                assert (talk in ("mute", "send")) == is_open
                run.live.now(is_microphone_open=is_open)
                await run.settle()
            else:
                assert await do(run, "f9") == []
            stopped = await do(run, "escape")
            assert not run.main.pane.say.is_open
            match stop:
                case "close":
                    assert (is_typing, stopped) == (True, [])
                case "give up":
                    assert stopped == ["stop_key", "stay_offline"]
                case None:
                    assert not (status.is_response_active and status.state is not State.OFFLINE)
                case _:
                    assert stopped == ["stop_key"]


async def test_while_the_panel_is_open_esc_closes_it_and_nothing_else(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        run.live.now(state=State.SPEAKING, is_response_active=True)
        await run.press("s")
        assert "esc closes" in run.text
        assert "interrupt" not in names(run)
        assert await do(run, "escape") == []
        assert not run.main.settings_controller.is_open
        assert "interrupt" in names(run)


def test_when_it_is_over_no_key_promises_anything_of_it() -> None:
    for status in situations():
        now = Situation(status, is_over=True)
        assert (talk_word(now), stop_word(now)) == (None, None)


@pytest.mark.parametrize(
    ("status", "holds", "sentence", "talk"),
    [
        (Status(State.READY, PUSH, has_microphone=True), False, "Press Space, speak, and press Space again.", "talk"),
        (Status(State.READY, PUSH, has_microphone=True), True, "Hold Space while you speak.", "hold"),
        (
            Status(State.LISTENING, PUSH, has_microphone=True, is_microphone_open=True),
            False, "Speak, and press Space when you have finished.", "send",
        ),
        (
            Status(State.LISTENING, PUSH, has_microphone=True, is_microphone_open=True),
            True, "Speak, and let go of Space when you have finished.", "let go",
        ),
        (LISTENING, False, "Just speak.", "mute"),
        (Status(State.MUTED, has_microphone=True), False, "Press Space to open the microphone.", "unmute"),
        (Status(State.MUTED, has_microphone=True), True, "Hold Space to open the microphone.", "hold"),
        (Status(State.OFFLINE, has_microphone=True), False, "There is no connection.", None),
    ],
)  # fmt: skip
def test_first_steps(status: Status, holds: bool, sentence: str, talk: str | None) -> None:
    now = Situation(status, holds=holds)
    assert first_steps(now, "service", None, lambda name: {"talk": "Space"}.get(name, name)).sentence == sentence
    assert talk_word(now) == talk


async def test_a_tap_where_the_key_is_to_be_held_says_so(drive: Drive) -> None:
    async with drive(settings=Settings(talk_key="hold")) as run:
        run.live.put(user())
        run.live.now(state=State.MUTED, is_microphone_open=False)
        await run.settle()
        assert "hold" in names(run)
        run.main.talk_control.press()
        run.seconds[0] += 0.8
        run.main.talk_control._due()
        await run.settle()
        assert "Hold Space while you speak." in run.text
        assert run.live.asked == []
        run.live.now(state=State.LISTENING, is_microphone_open=True)
        await run.settle()
        assert "mute" in names(run)
        run.main.talk_control.press()
        run.seconds[0] += 0.8
        run.main.talk_control._due()
        await run.settle()
        assert run.live.asked == [("talk_key",)]
        run.live.now(has_microphone=False)
        await run.settle()
        run.main.talk_control.press()
        run.seconds[0] += 0.8
        run.main.talk_control._due()
        await run.settle()
        assert "There is no microphone" in run.text


async def test_without_a_line_no_clock_runs_and_nothing_is_left_of_a_session(drive: Drive) -> None:
    async with drive() as run:
        run.live.now(expires_at=1_790_003_600)
        await run.settle()
        run.main.header.tick(1_790_000_060.0)
        assert "01:00   59 min left" in run.main.header.text
        run.live.now(state=State.OFFLINE, is_response_active=True)
        run.live.tell(Ended("The line is gone.", 5))
        await run.settle()
        run.main.header.tick(1_790_000_360.0)
        assert "min left" not in run.main.header.text
        assert "01:00" in run.main.header.text
        assert not {"interrupt", "mute", "unmute"} & set(names(run))


# ---------------------------------------------------------------- welcome, sound check


async def test_the_microphone_is_closed_until_the_welcome_has_been_read(drive: Drive) -> None:
    async with drive(sources={}) as run:
        assert run.live.asked == [("hold_microphone", True)]
        run.app.notify("There is no speaker on this system.")
        await run.settle()
        assert "▌ There is no speaker on this system." in run.text
        assert not run.app._notifications
        await run.press("f1")
        assert "Help" in run.text
        await run.press("escape", "i")
        assert not isinstance(run.app.screen, WelcomeScreen)
        assert run.main.pane.say.is_open
        assert run.live.asked[1:] == [("hold_microphone", False)]


async def test_without_a_microphone_the_sound_check_promises_none(drive: Drive) -> None:
    async with drive(microphone_name="", status=replace(LISTENING, has_microphone=False)) as run:
        run.main.action_check_sound()
        await run.settle()
        assert isinstance(run.app.screen, SoundCheckScreen)
        said = run.app.screen.query_one("#check-said", Static)
        assert "only the tone" in str(said.content)
        await run.press("r")
        assert run.live.asked == []
