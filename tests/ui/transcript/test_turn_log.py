"""A turn in hand: the cursor that shows it, the keys and the mouse that move it, and what they do with its turn."""

from __future__ import annotations

from typing import Any

from app.conversation.status import State
from app.conversation.transcript import Latency
from app.ui.transcript.turn_log import TurnLog
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import LISTENING, assistant, program, user

WAIT = Latency(first_word_ms=600, first_sound_ms=700, turn_ms=500, service_ms=150, playback_ms=50)


def log(run: Driven) -> TurnLog:
    return run.main.pane.log_view


def in_hand(run: Driven) -> str:
    """The item of the turn with the cursor; the screen shows one mark exactly where there is one."""
    turn = log(run).turn_in_hand
    marked = [row for row in run.text.splitlines() if row.startswith("▸")]
    assert len(marked) == (turn is not None)
    return turn.item_id if turn else ""


async def talk(run: Driven, turns: int = 3) -> None:
    for number in range(turns):
        run.live.put(user(f"question {number}", f"u{number}"))
        run.live.put(assistant(f"answer {number}", f"a{number}", latency=WAIT))
    await run.settle()


async def test_up_begins_at_the_last_turn_and_goes_from_turn_to_turn(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run)
        assert in_hand(run) == ""
        await run.press("up")
        assert in_hand(run) == "a2"
        await run.press("up", "up")
        assert in_hand(run) == "a1"
        await run.press("down")
        assert in_hand(run) == "u2"
        await run.press("down", "down", "down")
        assert in_hand(run) == "a2"  # there is no other


async def test_down_begins_at_the_first_turn_in_view(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 30)
        await run.press("home", "down")
        assert in_hand(run) == "u0"


async def test_it_is_scrolled_into_view_and_the_last_turn_is_followed(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 30)
        for _ in range(12):
            await run.press("up")
        assert in_hand(run) == "u24"
        assert not log(run).is_following
        for _ in range(12):
            await run.press("down")
        assert in_hand(run) == "a29"
        assert log(run).is_following


async def test_a_turn_longer_than_the_view_is_read_to_its_end_before_the_next(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        run.live.put(assistant("long words " * 400, "a0"))
        run.live.put(user("next", "u1"))
        await run.settle()
        await run.press("up", "up")
        assert (in_hand(run), log(run).scroll_offset.y) == ("a0", 0)
        for _ in range(2):
            await run.press("down")
            assert log(run).turn_in_hand.item_id == "a0"
        for _ in range(6):
            await run.press("down")
        assert in_hand(run) == "u1"


async def test_lines_of_the_program_are_passed_over(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run, 1)
        run.live.put(program("The line broke."))
        run.live.put(user("question 1", "u1"))
        await run.settle()
        await run.press("up", "up")
        assert in_hand(run) == "a0"


async def test_it_stays_on_its_turn_and_leaves_with_it(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run)
        await run.press("up", "up", "up")
        assert in_hand(run) == "a1"
        run.live.put(assistant("answer 1, and more", "a1"))
        await run.settle()
        assert in_hand(run) == "a1"
        run.live.drop("a1")
        await run.settle()
        assert in_hand(run) == ""


async def test_escape_leaves_it_and_interrupts_first_what_sounds(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run)
        await run.press("up", "escape")
        assert (in_hand(run), run.live.asked) == ("", [])
        await run.press("up")
        run.live.now(state=State.SPEAKING, is_response_active=True)
        await run.settle()
        await run.press("escape")
        assert (in_hand(run), run.live.asked) == ("a2", [("stop_key",)])
        run.live.now(state=State.LISTENING, is_response_active=False)
        await run.settle()
        await run.press("escape")
        assert in_hand(run) == ""


async def test_enter_unfolds_the_times_of_the_turn_and_folds_them_again(drive: Drive) -> None:
    async with drive(size=(90, 32), status=LISTENING) as run:
        await talk(run)
        before = run.text.splitlines()[:20]
        await run.press("up", "enter")
        rows = run.text.splitlines()
        at = next(number for number, row in enumerate(rows) if "answer 2" in row)
        assert [row.split()[0] for row in rows[at + 1 : at + 6]] == ["end", "end", "first", "first", "answered"]
        assert "the median is of 3 answers" in rows[at + 5]
        assert "median   0.70 s" in rows[at + 5]
        assert not run.main.pane.say.is_open
        await run.press("enter", "escape")
        assert run.text.splitlines()[:20] == before


async def test_what_is_unfolded_stays_so_when_the_width_is_another(drive: Drive) -> None:
    async with drive(size=(90, 32)) as run:
        await talk(run)
        await run.press("up", "enter")
        await run.pilot.resize_terminal(40, 32)
        await run.settle()
        assert "first sound" in run.text
        run.live.put(assistant("answer 2, and more", "a2", latency=WAIT))
        await run.settle()
        assert "first sound" in run.text


async def test_it_stays_in_view_when_the_screen_gets_small(drive: Drive) -> None:
    async with drive(size=(90, 40)) as run:
        await talk(run, 5)
        await run.press("home", "down")
        assert in_hand(run) == "u0"
        await run.pilot.resize_terminal(60, 16)
        await run.settle()
        assert in_hand(run) == "u0"


async def test_enter_without_a_turn_in_hand_types(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run)
        await run.press("up", "escape", "enter")
        assert run.main.pane.say.is_open


async def test_c_copies_the_turn_in_hand(drive: Drive, monkeypatch: Any) -> None:
    async with drive(size=(80, 24)) as run:
        copied: list[str] = []
        monkeypatch.setattr(run.app, "copy_to_clipboard", copied.append)
        await talk(run)
        await run.press("up", "up", "up", "c")
        assert copied == ["answer 1"]


async def test_a_turn_of_mine_is_edited_and_sent_again_also_in_one_burst(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run)
        await run.press("up", "up", "t", "?", "enter")
        assert run.live.asked == [("say", "question 2?")]
        assert in_hand(run) == ""


async def test_what_the_assistant_said_is_not_mine_to_edit(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await talk(run)
        await run.press("up", "t")
        assert not run.main.pane.say.is_open


async def test_a_click_on_the_head_line_takes_the_turn_in_hand_and_another_unfolds_it(drive: Drive) -> None:
    async with drive(size=(80, 32)) as run:
        await talk(run)
        assert await run.pilot.click(TurnLog, offset=(4, 3))
        await run.settle()
        assert in_hand(run) == "a0"
        assert await run.pilot.click(TurnLog, offset=(4, 3))
        await run.settle()
        assert "first sound" in run.text
        assert await run.pilot.click(TurnLog, offset=(4, 4))  # on its words
        await run.settle()
        assert in_hand(run) == "a0"
