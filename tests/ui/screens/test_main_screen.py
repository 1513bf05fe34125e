"""The main screen: what it is told is shown, what is pressed is asked of the conversation."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from app.audio.capture import Levels
from app.conversation.bill import Budget
from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, Severity, StatusChanged
from app.conversation.session import Mode, SessionChange, SessionSettings
from app.conversation.status import State, Status
from app.live.events import Ended, ExampleOffered, Listener, LiveEvent
from app.settings import Folders, Loaded, Settings, Source
from app.ui.app import RealtimeApp
from app.ui.commands import commands_of
from app.ui.messages import LiveUpdate
from app.ui.screens.export_dialog import ExportDialog
from app.ui.screens.help_screen import HelpScreen
from app.ui.screens.main_screen import MainScreen
from app.ui.screens.welcome_screen import WelcomeScreen
from app.ui.settings.setting_row import SettingRow
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import LISTENING, FakeLive, assistant, user

PUSH_TO_TALK = SessionSettings(mode=Mode.PUSH_TO_TALK)
READY = Status(state=State.READY, settings=PUSH_TO_TALK, has_microphone=True)
SPEAKING = Status(state=State.SPEAKING, has_microphone=True, is_microphone_open=True, is_response_active=True)
NO_MICROPHONE = Status(state=State.READY)
OFFLINE = Status(state=State.OFFLINE)


def test_only_the_newest_of_a_kind_is_waited_for() -> None:
    def told(event: LiveEvent) -> LiveUpdate:
        return LiveUpdate(event)

    first, second = told(EntryChanged(user("It"), 0)), told(EntryChanged(user("It is"), 0))
    assert first.can_replace(second)
    assert not first.can_replace(told(EntryChanged(assistant(), 1)))
    assert told(StatusChanged(READY)).can_replace(told(StatusChanged(OFFLINE)))
    assert not told(StatusChanged(READY)).can_replace(first)
    assert not told(EntryRemoved("u1")).can_replace(told(EntryRemoved("u1")))
    assert not told(Notice("one")).can_replace(told(Notice("two")))


async def test_what_was_told_before_there_is_a_screen_comes_first(tmp_path: Path) -> None:
    def make(listener: Listener) -> FakeLive:
        live = FakeLive(listener)
        for number in range(3):
            live.put(user(f"turn {number}", f"u{number}"))
        return live

    folders = Folders(tmp_path / "settings.toml", tmp_path / "logs", tmp_path / "conversations")
    app = RealtimeApp(make, Loaded(Settings(), {"service": Source.DEFAULT}), folders)
    async with app.run_test(size=(110, 32)) as pilot:
        await pilot.pause()
        rows = "".join(segment.text for row in app.screen._compositor.render_strips() for segment in row)
        assert rows.index("turn 0") < rows.index("turn 1") < rows.index("turn 2")


async def test_levels_are_sampled_when_words_are_painted_anyway(drive: Drive) -> None:
    async with drive(levels=Levels(-40.0)) as run:
        run.main.sampling.timer.pause()
        await run.settle()
        run.live.levels = Levels(-7.0)
        run.seconds[0] += 1.0
        run.live.put(user())
        await run.settle()
        assert "-7 dBFS" in run.text


async def test_what_a_worker_tells_is_shown(drive: Drive) -> None:
    async with drive() as run:
        told = threading.Thread(target=lambda: (run.live.put(user()), run.live.put(assistant())))
        told.start()
        told.join(10)
        await run.settle()
        heard = [message.event for message in run.seen(LiveUpdate) if isinstance(message.event, EntryChanged)]
        assert {changed.entry.item_id for changed in heard} == {"u1", "a1"}
        assert "What time is it?" in run.text
        assert "It is noon." in run.text
        run.live.drop("u1")
        await run.settle()
        assert "What time is it?" not in run.text


async def test_of_many_states_of_an_entry_the_last_is_shown(drive: Drive) -> None:
    async with drive() as run:
        words = ["one", "two", "three", "four", "five", "six", "seven"]
        for count in range(len(words)):
            run.live.put(assistant(" ".join(words[: count + 1]), is_final=False))
        await run.settle()
        assert "one two three four five six seven …" in run.text


@pytest.mark.parametrize("status", [LISTENING, SPEAKING], ids=["listening", "speaking"])
async def test_keys_hands_free(drive: Drive, status: Status) -> None:
    async with drive(status=status) as run:
        await run.press("escape", "left_square_bracket", "right_square_bracket", "right_square_bracket", "x", "space")
        run.seconds[0] += 5
        await run.press("f9", "m")
        assert run.live.asked == [
            ("stop_key",),
            ("change", SessionChange(threshold=0.45)),
            ("change", SessionChange(threshold=0.5)),
            ("change", SessionChange(threshold=0.55)),
            ("talk_key",),
            ("talk_key",),
            ("change", SessionChange(mode=Mode.PUSH_TO_TALK)),
        ]


async def test_another_budget_holds_at_once(drive: Drive) -> None:
    async with drive(settings=Settings(budget_stops=True)) as run:
        run.main.change("budget", 2.5)
        run.main.change("budget_stops", False)
        run.main.change("budget", None)
        await run.settle()
        assert run.live.asked == [
            ("limit_spending", Budget(2.5, stops=True)),
            ("limit_spending", Budget(2.5)),
            ("limit_spending", Budget()),
        ]


async def test_keys_in_push_to_talk(drive: Drive) -> None:
    async with drive(status=READY) as run:
        assert "Space talk" in run.main.key_bar.text
        await run.press("escape", "space")
        assert "Space send" in run.main.key_bar.text
        assert "Esc discard" in run.main.key_bar.text
        run.seconds[0] += 5
        await run.press("f9", "m")
        assert run.live.asked == [
            ("stop_key",),
            ("talk_key",),
            ("talk_key",),
            ("change", SessionChange(mode=Mode.HANDS_FREE)),
        ]


@pytest.mark.parametrize("key", ["space", "f9"])
async def test_without_a_microphone_the_talk_key_says_what_to_do(drive: Drive, key: str) -> None:
    async with drive(status=NO_MICROPHONE) as run:
        run.live.tell(ExampleOffered("What is the capital of France?"))
        await run.settle()
        assert "press x to hear the example, i to type" in run.text
        assert "What is the capital of France?" in run.text
        await run.press(key)
        assert run.live.asked == []
        assert "There is no microphone" in next(iter(run.app._notifications)).message
        await run.press("x")
        assert run.live.asked == [("speak_example",)]


async def test_the_example_key_works_only_while_there_is_an_example(drive: Drive) -> None:
    async with drive() as run:
        await run.press("x")
        run.live.tell(ExampleOffered("One more?"))
        await run.settle()
        assert "x example" in run.main.key_bar.text
        await run.press("x")
        run.live.tell(ExampleOffered(None))
        await run.settle()
        await run.press("x")
        assert run.live.asked == [("speak_example",)]


async def test_offline_changes_nothing_and_quits(drive: Drive) -> None:
    async with drive(status=OFFLINE) as run:
        await run.press("m", "right_square_bracket", "left_square_bracket")
        assert run.live.asked == []


async def test_a_held_space_toggles_once(drive: Drive) -> None:
    async with drive() as run:
        await run.pilot.press("space")
        run.seconds[0] += 0.5
        for _ in range(10):
            await run.pilot.press("space")
            run.seconds[0] += 0.035
        await run.settle()
        assert run.live.asked == [("talk_key",)]
        run.seconds[0] += 1
        await run.press("space")
        assert run.live.asked == [("talk_key",), ("talk_key",)]


async def test_the_threshold_stays_between_0_and_1(drive: Drive) -> None:
    async with drive() as run:
        await run.press(*["right_square_bracket"] * 12)
        assert run.live.asked[-1] == ("change", SessionChange(threshold=1.0))
        assert run.live.status.settings.threshold == 1.0


async def test_without_room_for_the_meter_the_threshold_is_told(drive: Drive) -> None:
    async with drive(size=(40, 12)) as run:
        await run.press("right_square_bracket")
        assert "Threshold 0.55" in run.text


@pytest.mark.parametrize("name", ["mode", "threshold", "silence_ms", "voice", "instructions", "speed"])
async def test_enter_on_a_row_is_the_rows(drive: Drive, name: str) -> None:
    async with drive() as run:
        await run.press("s")
        row = next(row for row in run.main.query(SettingRow) if row.setting.name == name)
        row.control.focus()
        await run.press("enter")
        assert not run.main.pane.say.is_open
        assert run.app.focused in (row.control, *row.query(".setting-editor"))


# ---------------------------------------------------------------- writing


async def test_typing_to_the_assistant(drive: Drive) -> None:
    async with drive() as run:
        await run.press("enter", "escape", "i")
        await run.press(*"hi", "space", "m", "[", "slash", "enter")
        assert run.live.asked == [("say", "hi m[/")]
        assert run.main.pane.say.is_open
        await run.press("escape")
        assert not run.main.pane.say.is_open
        await run.press("escape")
        assert run.live.asked == [("say", "hi m[/"), ("stop_key",)]


async def test_f9_talks_while_typing_and_an_empty_line_closes(drive: Drive) -> None:
    async with drive() as run:
        await run.press("i", "f9", "a", "backspace", "enter")
        assert run.live.asked == [("talk_key",)]
        assert not run.main.pane.say.is_open
        assert [message.value for message in run.seen(Input.Changed)] == ["a", ""]


async def burst(run: Driven, *keys: str) -> None:
    """Keys that come at once, as from a slow terminal or a paste without brackets."""
    for key in keys:
        run.app.post_message(events.Key(key, key if len(key) == 1 else {"space": " ", "slash": "/"}.get(key)))
    await run.settle()


async def test_a_burst_of_keys_is_typed_from_the_key_on_that_opens_the_line(drive: Drive) -> None:
    async with drive() as run:
        await burst(run, "i", *"mesh", "space", *"rex", "enter", *"then", "enter", "escape", "m")
        assert [asked[1] for asked in run.live.asked if asked[0] == "say"] == ["mesh rex", "then"]
        assert [asked[0] for asked in run.live.asked] == ["say", "say", "change"]
        assert run.app.screen is run.main
        await burst(run, "enter", *"see", "enter", "escape")
        assert run.live.asked[-1] == ("say", "see")


async def test_a_burst_of_keys_is_looked_for(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.settle()
        await burst(run, "slash", *"time", "enter", "n")
        assert not run.main.pane.search.is_open
        assert run.main.pane.is_searching
        assert "1 of 1" in run.text
        await burst(run, "escape", "slash", *"mn", "escape")
        assert not run.main.pane.is_searching
        assert run.live.asked == []


async def test_what_is_pasted_is_written_and_no_command(drive: Drive) -> None:
    async with drive() as run:
        run.app.post_message(events.Paste("messages\n  export m\n"))
        await run.settle()
        assert run.main.pane.say.text == "messages export m"
        run.app.post_message(events.Paste(" and\nmore"))
        await run.settle()
        await run.press("enter")
        assert run.live.asked == [("say", "messages export m and more")]


async def test_what_was_typed_is_recalled_and_the_keyboard_goes_back(drive: Drive) -> None:
    async with drive() as run:
        await run.press("i", *"one", "enter", *"two", "enter", *"dra")
        line = run.main.pane.say
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await run.press(key)
            seen.append(line.text)
        assert seen == ["two", "one", "one", "two", "dra", "dra"]
        await run.press("escape", "s")
        assert line.text == ""
        panel_has_it = run.main.focused
        run.main.action_type()
        await run.press("x", "escape")
        assert run.main.focused is panel_has_it
        assert run.live.asked == [("say", "one"), ("say", "two")]


# ---------------------------------------------------------------- search


async def test_search(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        for number in range(40):
            run.live.put(user(f"This is turn number {number}.", f"u{number}"))
        await run.settle()
        await run.press("slash", *"number", "space", "7")
        assert "1 of 1" in run.text
        assert "This is turn number 7." in run.text
        await run.press("enter", "n", "N")
        assert not run.main.pane.search.is_open
        assert run.main.pane.is_searching
        assert "n next" in run.main.key_bar.text
        await run.press("escape")
        assert not run.main.pane.is_searching
        assert "n next" not in run.main.key_bar.text
        assert run.live.asked == []


async def test_what_is_not_found_is_said(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.press("slash", *"zebra")
        assert "“zebra” is nowhere here" in run.text
        await run.press("enter")
        assert not run.main.pane.is_searching


# ---------------------------------------------------------------- panels and dialogs


async def test_escape_closes_the_settings_before_it_interrupts(drive: Drive) -> None:
    async with drive(status=SPEAKING) as run:
        await run.press("s")
        assert run.main.settings_controller.is_open
        await run.press("escape")
        assert not run.main.settings_controller.is_open
        assert run.live.asked == []
        await run.press("escape")
        assert run.live.asked == [("stop_key",)]


async def test_the_settings_key_closes_them_too(drive: Drive) -> None:
    async with drive() as run:
        await run.press("s", "s")
        assert not run.main.settings_controller.is_open


async def test_help_has_the_keys_as_they_are_bound(drive: Drive) -> None:
    async with drive(keys={"talk": "ctrl+t", "settings": "f5"}) as run:
        await run.press("f1")
        assert isinstance(run.app.screen, HelpScreen)
        assert "Ctrl+T" in run.text
        await run.press("f1")
        assert isinstance(run.app.screen, MainScreen)
        assert run.main.key_bar.text.startswith(" Ctrl+T mute")
        await run.press("space")
        assert run.live.asked == []
        await run.press("ctrl+t")
        assert run.live.asked == [("talk_key",)]


async def test_a_key_means_nothing_to_the_conversation_while_a_dialog_is_open(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.settle()
        await run.press("f1", "m", "x", "i")
        assert isinstance(run.app.screen, HelpScreen)
        assert run.live.asked == []
        await run.press("f9")
        assert run.live.asked == [("talk_key",)]
        await run.press("escape", "e")
        assert isinstance(run.app.screen, ExportDialog)
        await run.press("escape")
        assert isinstance(run.app.screen, MainScreen)


async def test_the_palette_has_every_command(drive: Drive) -> None:
    async with drive() as run:
        titles = [command.title for command in commands_of(run.main)]
        assert {"Export as JSON", "Mode: push-to-talk", "Follow the end", "Copy everything"} <= set(titles)
        await run.press("ctrl+p", *"push-to-talk")
        assert "Mode: push-to-talk" in run.text
        next(command for command in commands_of(run.main) if command.title == "Mode: push-to-talk").callback()
        assert run.live.asked == [("change", SessionChange(mode=Mode.PUSH_TO_TALK))]


# ---------------------------------------------------------------- state in words


@pytest.mark.parametrize("state", list(State))
async def test_the_state_is_on_the_smallest_screen_in_its_word(drive: Drive, state: State) -> None:
    async with drive(size=(40, 12), status=Status(state=state, has_microphone=True)) as run:
        assert state.upper() in run.text


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (LISTENING, "Just speak."),
        (READY, "Press Space, speak, and press Space again."),
        (Status(), "Connecting to the embedded service"),
        (NO_MICROPHONE, "There is no microphone: press i to type."),
        (OFFLINE, "There is no connection."),
    ],
)
async def test_an_empty_transcript_says_what_to_do_first(drive: Drive, status: Status, says: str) -> None:
    async with drive(status=status) as run:
        assert says in run.text
        run.live.put(user())
        await run.settle()
        assert says not in run.text


async def test_the_talk_key_stays_at_40_by_12(drive: Drive) -> None:
    async with drive(size=(40, 12)) as run:
        run.live.put(user())
        await run.settle()
        assert "What time is it?" in run.text
        assert "● LISTENING" in run.text
        assert "Space mute" in run.main.key_bar.text


async def test_notices_are_never_markup(drive: Drive) -> None:
    async with drive() as run:
        run.live.tell(Notice("[/] [@click=app.quit]click[/]", Severity.WARNING))
        run.live.tell(Interrupted())
        await run.settle()
        assert "[@click=app.quit]click[/]" in run.text
        assert "HEARD" in run.text


async def test_words_from_outside_are_never_markup_nor_controls(drive: Drive) -> None:
    text = "[/] [bold]x[/bold] [@click=app.quit]go[/] 東京 👩‍👩‍👧 e\u0301 \t tab " + "w" * 100_000
    async with drive(size=(60, 20)) as run:
        run.live.put(assistant(text))
        await run.settle()
        await run.press("home")
        assert "[/] [bold]x[/bold] [@click=app.quit]go[/]" in run.text
        await run.press("end")
        assert "w" * 50 in run.text


async def test_resizing_wildly_while_words_come_breaks_nothing(drive: Drive) -> None:
    async with drive() as run:
        text = ""
        for step in range(30):
            text += f"word{step} 東京 "
            run.live.put(user(f"turn {step}", f"u{step}"))
            run.live.put(assistant(text, is_final=False))
            await run.pilot.resize_terminal(20 + step * 37 % 120, 4 + step * 11 % 40)
        await run.pilot.resize_terminal(110, 32)
        await run.settle()
        assert "turn 29" in run.text


# ---------------------------------------------------------------- beginning and end


async def test_quitting_ends_the_conversation_and_waits_for_both_threads(drive: Drive) -> None:
    async with drive() as run:
        await run.press("ctrl+q")
        assert run.live.line_ended.is_set()
        assert run.live.sound_ended.is_set()
    assert run.app.return_code == 0


async def test_ctrl_c_quits_from_a_text_field_too(drive: Drive) -> None:
    async with drive() as run:
        await run.press("i", "ctrl+c")
        assert run.live.closed.is_set()


async def test_however_the_program_ends_no_thread_is_left(drive: Drive) -> None:
    async with drive() as run:
        run.app.exit()
    assert run.live.line_ended.is_set()
    assert run.live.sound_ended.is_set()


async def test_an_end_that_nobody_asked_for_is_said_and_leaves_its_status(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        run.live.tell(Ended("The service refused the key. Set OPENAI_API_KEY.", 3))
        await run.settle()
        assert "The service refused the key." in run.text
        assert "What time is it?" in run.text
        await run.press("ctrl+q")
    assert run.app.return_code == 3


async def test_after_the_end_nothing_typed_vanishes_without_a_word(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.settle()
        await run.press("i", "H", "i")
        run.live.tell(Ended("The line is gone.", 5))
        await run.settle()
        await run.press("enter")
        assert "The conversation is over, so this is not sent." in run.text
        assert run.main.pane.say.text == "Hi"
        await run.press("escape")
        await burst(run, "i", *"again", "enter", *" and", "enter")
        assert run.main.pane.say.text == "again and"
        assert run.live.asked == []


async def test_a_fault_in_a_thread_is_said_and_the_screen_stays(drive: Drive) -> None:
    async with drive(faults={"sound": RuntimeError("[/] no sound")}) as run:
        run.live.put(user())
        await run.settle()
        assert "[/] no sound" in run.text
        assert "What time is it?" in run.text
        await run.press("ctrl+q")
    assert run.app.return_code == 0


async def test_a_fault_of_the_screen_is_a_sentence_without_secrets(
    drive: Drive, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: list[Driven] = []

    async def whole() -> None:
        async with drive(settings=Settings(openai_api_key="sk-secret")) as run:
            runs.append(run)
            run.app.call_later(lambda: 1 // 0)
            await run.settle()

    with pytest.raises(ZeroDivisionError):
        await whole()
    said = " ".join(capsys.readouterr().err.split())
    assert "a fault of the program ended it (ZeroDivisionError" in said
    report = (runs[0].folders.logs / "fault.log").read_text("utf-8")
    assert "Traceback" in report
    assert "sk-secret" not in said + report
    assert runs[0].app.return_code == 1
    assert runs[0].live.sound_ended.is_set()


async def test_the_first_start_of_all_is_a_welcome_and_the_next_is_not(drive: Drive) -> None:
    async with drive(sources={}) as run:
        assert isinstance(run.app.screen, WelcomeScreen)
        assert "OPENAI_API_KEY" in run.text
        await run.press("enter")
        assert run.folders.settings_file.exists()
    async with drive(sources={}) as run:
        assert isinstance(run.app.screen, MainScreen)


async def test_a_key_that_comes_while_the_screen_is_made_ends_nothing(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "settings.toml", tmp_path / "logs", tmp_path / "conversations")

    class Early(RealtimeApp):
        """Somebody types before there is anything to type into."""

        def on_mount(self) -> None:
            super().on_mount()
            self.post_message(events.Key("x", "x"))

    app = Early(FakeLive, Loaded(Settings(), {"service": Source.DEFAULT}), folders)
    async with app.run_test(size=(110, 32)) as pilot:
        await pilot.pause()
        assert app.is_running
