"""The transcript as a window: following, scrolling, selecting, and what stays where it is."""

from __future__ import annotations

from textual.events import MouseScrollUp
from textual.geometry import Offset
from textual.selection import Selection

from app.conversation.transcript import Latency
from app.ui.transcript.log import TranscriptLog
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import assistant, user

STORY = "once upon a time there was a king who had three daughters and no patience at all with any of them " * 5


async def talk(run: Driven, turns: int) -> None:
    for number in range(turns):
        run.live.put(user(f"turn {number}", f"u{number}"))
    await run.settle()


def log(run: Driven) -> TranscriptLog:
    return run.main.pane.log_view


def rows_in_view(run: Driven) -> list[str]:
    """What stands in the transcript, without its scrollbar."""
    return [row[:78] for row in run.text.splitlines()[1:18]]


async def test_it_follows_the_end(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 50)
        assert "turn 49" in run.text
        assert log(run).is_following


async def test_scrolled_away_it_stays_and_counts_what_waits(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 50)
        await run.press("pageup", "pageup")
        first_row = run.text.splitlines()[1]
        assert not log(run).is_following
        run.live.put(assistant("One line.", "a1"))
        await run.settle()
        assert run.text.splitlines()[1] == first_row
        assert "↓ 3 new lines, End follows" in run.text
        run.live.put(assistant("One line. " * 20, "a1"))
        await run.settle()
        assert "↓ 5 new lines, End follows" in run.text
        assert run.seen(TranscriptLog.Moved)
        await run.press("end")
        assert "new lines" not in run.text
        assert log(run).is_following


async def test_scrolling_down_to_the_end_follows_again(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 50)
        await run.press("pageup")
        assert not log(run).is_following
        await run.press("pagedown")
        assert log(run).is_following
        await run.press("ctrl+up")
        assert not log(run).is_following


async def test_the_wheel_scrolls(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 50)
        await run.pilot._post_mouse_events([MouseScrollUp], log(run), button=0)
        await run.pilot.wait_for_scheduled_animations()
        await run.settle()
        assert not log(run).is_following


async def test_home_is_the_beginning(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 50)
        await run.press("home")
        assert "turn 0" in run.text


async def test_what_grows_above_the_view_moves_nothing_in_it(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 50)
        await run.press("pageup")
        before = rows_in_view(run)
        run.live.put(user(STORY, "u0"))
        await run.settle()
        assert rows_in_view(run) == before
        run.live.drop("u1")
        await run.settle()
        assert rows_in_view(run) == before


async def test_another_width_keeps_the_place(drive: Drive) -> None:
    async with drive(size=(110, 24)) as run:
        for number in range(300):
            run.live.put(assistant(f"turn {number}: {STORY}", f"a{number}"))
        await run.settle()
        for size in ((50, 24), (30, 12), (100, 30)):
            await run.pilot.resize_terminal(*size)
            while not log(run)._rows.is_settled:
                await run.settle()
            assert log(run).is_following
        await run.press("pageup", "pageup", "pageup")
        top = log(run)._rows.locate(log(run).scroll_offset.y)
        await run.pilot.resize_terminal(60, 30)
        while not log(run)._rows.is_settled:
            await run.settle()
        assert top
        now = log(run)._rows.locate(log(run).scroll_offset.y)
        assert now
        assert now[0] == top[0]


async def test_a_turn_is_copied(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(user("Say [b]it[/b]", "u1"))
        run.live.put(assistant("It is said.", "a1"))
        await run.settle()
        await run.press("c")
        assert run.app.clipboard == "It is said."
        await run.press("slash", *"say", "enter", "c")
        assert run.app.clipboard == "Say [b]it[/b]"
        await run.press("C")
        assert "Say [b]it[/b]" in run.app.clipboard
        assert "It is said." in run.app.clipboard


async def test_a_selection_is_copied_without_indent_and_in_one_line(drive: Drive) -> None:
    async with drive(size=(40, 24)) as run:
        run.live.put(assistant("once upon a time there was a king who had\nthree daughters", "a1"))
        await run.settle()
        run.app.screen.selections = {log(run): Selection(Offset(8, 1), Offset(8, 3))}
        await run.press("c")
        assert run.app.clipboard == "upon a time there was a king who had\nthree"
        await run.press("escape")
        assert not run.app.screen.selections
        run.app.screen.selections = {log(run): Selection(None, None)}
        assert run.app.screen.get_selected_text() == (
            f"{run.main._time_of_day(0)}  assistant\nonce upon a time there was a king who had\nthree daughters"
        )


async def test_words_are_selected_with_the_mouse(drive: Drive) -> None:
    async with drive() as run:
        run.live.put(assistant("once 東京 upon a time", "a1"))
        await run.settle()
        await run.pilot.mouse_down(log(run), offset=(8, 1))
        await run.pilot.hover(log(run), offset=(17, 1))
        await run.pilot.mouse_up(log(run), offset=(17, 1))
        await run.settle()
        assert run.app.screen.get_selected_text() == "東京 upon"


async def test_a_click_shows_all_that_was_not_heard(drive: Drive) -> None:
    async with drive(size=(60, 30)) as run:
        run.live.put(assistant(STORY, "a1", received_ms=60_000, heard_ms=1000, is_interrupted=True))
        await run.settle()
        assert "(+" in run.text
        await run.pilot.click(log(run), offset=(10, 2))
        await run.settle()
        assert "(+" not in run.text
        await run.pilot.click(log(run), offset=(10, 2))
        await run.settle()
        assert "(+" in run.text


async def test_a_match_that_was_cut_away_is_shown(drive: Drive) -> None:
    async with drive(size=(60, 30)) as run:
        text = STORY + " the end"
        run.live.put(assistant(text, "a1", received_ms=60_000, heard_ms=1000, is_interrupted=True))
        await run.settle()
        assert "the end" not in run.text
        await run.press("slash", *"the end")
        assert "the end" in run.text


async def test_a_size_that_nobody_told_of_is_noticed_when_it_is_painted(drive: Drive) -> None:
    async with drive(size=(60, 20)) as run:
        run.live.put(assistant(STORY, "a1"))
        await run.settle()
        before = run.text.splitlines()[1:10]
        log(run)._fit(log(run)._view.with_width(100))
        await run.settle()
        log(run).refresh()
        await run.settle()
        assert run.text.splitlines()[1:10] == before  # what stands around it goes on


async def test_lines_are_no_longer_than_can_be_read_and_the_latency_is_beside_its_turn(drive: Drive) -> None:
    async with drive(size=(200, 30)) as run:
        run.live.put(assistant(STORY, "a1", latency=Latency(380, 420)))
        await run.settle()
        rows = [row.rstrip(" ▏▕│") for row in run.text.splitlines()]
        head = next(row for row in rows if "assistant" in row)
        assert head.endswith("0.42 s")
        told = [row for row in rows if "king" in row or "patience" in row]
        assert len(told) >= 5
        assert max(len(row) for row in (head, *told)) <= 104
        assert max(len(row) for row in told) > 95
