"""Connections that were left are closed beside what goes on."""

from __future__ import annotations

import asyncio

from app.live.goodbyes import Goodbyes


class Lingering:
    """A connection whose service takes its time to say goodbye."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.is_closed = False

    async def close(self) -> None:
        await self.answers.wait()
        self.is_closed = True


def test_nobody_waits_for_a_goodbye_but_the_end():
    async def leave() -> None:
        ended: list[asyncio.Task[None]] = []
        goodbyes, connections = Goodbyes(ended.append), [Lingering(), Lingering()]
        for connection in connections:
            goodbyes.say(connection)
        all_said = asyncio.create_task(goodbyes.all_said())
        await asyncio.sleep(0)
        assert not all_said.done()
        for connection in connections:
            connection.answers.set()
        await all_said
        assert all(connection.is_closed for connection in connections)
        assert len(ended) == 2
        await goodbyes.all_said()  # there is nothing left to wait for

    asyncio.run(leave())
