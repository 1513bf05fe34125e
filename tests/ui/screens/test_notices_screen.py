"""What toasts said is kept: to be read again, scrolled and copied, also while more comes."""

from __future__ import annotations

import re

from app.conversation.effects import Notice, Severity
from app.live.events import Ended
from app.ui.commands import commands_of
from app.ui.notices import MOST_NOTICES, NoticeLog
from app.ui.screens.notices_screen import NoticesScreen
from tests.ui.conftest import Drive


def test_the_last_ones_are_kept() -> None:
    log = NoticeLog(lambda: 1_790_000_000.0)
    for number in range(MOST_NOTICES + 7):
        log.add(f"number {number}", Severity.WARNING)
    assert len(log.notices) == MOST_NOTICES
    assert (log.notices[0].text, log.notices[-1].text) == ("number 7", f"number {MOST_NOTICES + 6}")


async def test_everything_that_was_told_can_be_read_again(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        run.live.tell(Notice("A [bold] word.", Severity.WARNING))
        for number in range(30):  # toasts have no room for so many
            run.live.tell(Notice(f"Number {number}."))
        run.live.tell(Ended("The hour is over.", 5))
        await run.press("E")
        assert isinstance(run.app.screen, NoticesScreen)
        await run.settle()
        assert re.search(r"\d\d:\d\d:\d\d  error +The conversation is over: The hour is over\.", run.text)
        await run.press("home")
        assert re.search(r"\d\d:\d\d:\d\d  warning +A \[bold\] word\.", run.text)
        assert "Number 0." in run.text
        await run.press("c")
        copied = run.app.clipboard.splitlines()
        assert len(copied) == 32
        assert [line[10:17] for line in (copied[0], copied[1], copied[-1])] == ["warning", "note   ", "error  "]
        await run.press("escape")
        assert not isinstance(run.app.screen, NoticesScreen)


async def test_what_comes_while_it_is_open_is_added(drive: Drive) -> None:
    async with drive(size=(80, 24)) as run:
        await run.press("E")
        assert "There was none yet." in run.text
        for number in range(40):
            run.live.tell(Notice(f"Number {number}."))
        await run.settle()
        await run.settle()
        assert "There was none yet." not in run.text
        assert "Number 39." in run.text
        assert len(run.app._notifications) == 0  # no toast lies over the list
        await run.press("home")
        run.live.tell(Notice("Late."))
        await run.settle()
        assert "Number 0." in run.text
        await run.press("E")
        run.live.tell(Notice("After."))  # nobody looks any more
        await run.settle()
        await run.press("E")
        await run.settle()
        assert "After." in run.text


async def test_the_palette_has_it(drive: Drive) -> None:
    async with drive() as run:
        command = next(command for command in commands_of(run.main) if command.title == "Notices and events")
        await command.callback()  # type: ignore[misc]
        await run.settle()
        assert isinstance(run.app.screen, NoticesScreen)
