"""A whole conversation line by line, in this process, over a real socket: what is said, where, and how it ends."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass

from websockets.http11 import Response

from app.audio.open import NONE, open_speaker
from app.connection.services import Service
from app.conversation.transcript import Entry
from app.launch.compose import PortAudioSystem, session_settings
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.plain.front import PlainFrontEnd
from app.plain.inbox import Inbox
from app.settings import Settings
from tests.connection.failure_rows import Row
from tests.connection.loopback import Script, playing, run, says

NEVER_MS = 600_000
"""A wait of which the test would rather be told that it hangs."""


@dataclass
class PlainTalk:
    """How it went."""

    status: int
    out: list[str]
    err: list[str]
    entries: tuple[Entry, ...]

    @property
    def remarks(self) -> list[str]:
        """The program's own lines in the transcript."""
        return [entry.text for entry in self.entries if not entry.is_turn]

    @property
    def all(self) -> str:
        """Everything that anybody can read of it."""
        return "\n".join([*self.out, *self.err, *(f"{entry.text} {entry.note}" for entry in self.entries)])


def talk_over(row: Row, *typed: str, timeout_ms: int = NEVER_MS) -> PlainTalk:
    """The user types these lines to the service of this row."""
    ended: list[PlainTalk] = []

    async def talk() -> None:
        script: Script = says() if isinstance(row.plays, Response) else row.plays
        answer = row.plays if isinstance(row.plays, Response) else None
        async with playing(script, answer) as server:
            ended.append(await asyncio.to_thread(_converse, row.make(server.port), typed, timeout_ms))

    run(talk())
    return ended[0]


def _converse(service: Service, typed: tuple[str, ...], timeout_ms: int) -> PlainTalk:
    inbox, dialler = Inbox(), ServiceDialler(service, None)
    live = LiveConversation(
        dialler=dialler,
        settings=session_settings(Settings(output="text"), dialler),
        microphone=None,
        speaker=open_speaker(NONE),
        listener=inbox.put,
        system=PortAudioSystem(),
        greets=False,
        timeout_ms=timeout_ms,
    )
    out, err = io.StringIO(), io.StringIO()
    status = PlainFrontEnd(live, inbox, out=out, err=err, typed=typed, is_typing_over=True).run()
    return PlainTalk(status, out.getvalue().splitlines(), err.getvalue().splitlines(), live.entries)
