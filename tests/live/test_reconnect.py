"""A line that breaks and is made again, over a real socket: the conversation goes on."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from app.audio.open import NONE, open_speaker
from app.connection.services import compatible
from app.conversation.active_response import GO_ON
from app.conversation.effects import StatusChanged
from app.conversation.status import State
from app.exit_status import LOST, REFUSED
from app.launch.compose import PortAudioSystem, session_settings
from app.live.backoff import Backoff
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.events import LiveEvent
from app.plain.front import PlainFrontEnd
from app.plain.inbox import Inbox
from app.settings import Settings
from tests.connection.loopback import CREATED, error, playing, run

NEVER_MS = 600_000

Cut = Callable[[ServerConnection, str], Awaitable[bool]]
"""What happens at an event of the client's; whether the connection is over with that."""


@dataclass
class Answering:
    """A service that answers what it is asked last, unless it is told to cut the line first; it goes on with an answer
    of its own that came last."""

    cut: Cut
    sessions: list[list[dict[str, object]]] = field(default_factory=list)

    async def __call__(self, socket: ServerConnection) -> None:
        items: list[dict[str, object]] = []
        self.sessions.append(items)
        session = len(self.sessions)
        await socket.send(CREATED)
        while (frame := await received(socket)) is not None:
            event = json.loads(frame)
            if await self.cut(socket, f"{session} {event['type']}"):
                return
            match event["type"]:
                case "session.update":
                    await socket.send(json.dumps({"type": "session.updated", "session": event["session"]}))
                case "conversation.item.create":
                    items.append(event["item"])
                case "response.create":
                    words = answer_to(items, goes_on=GO_ON in event.get("response", {}).get("instructions", ""))
                    await self._answer(socket, f"r{session}_{len(items)}", words)

    async def _answer(self, socket: ServerConnection, response_id: str, words: list[str]) -> None:
        about = {"response_id": response_id, "item_id": f"i{response_id}", "content_index": 0, "output_index": 0}
        whole = {"id": response_id, "status": "completed", "output": []}
        for event in (
            {"type": "response.created", "response": whole | {"status": "in_progress"}},
            *({"type": "response.output_text.delta", **about, "delta": word} for word in words),
            {"type": "response.output_text.done", **about, "text": "".join(words)},
            {"type": "response.done", "response": whole},
        ):
            await socket.send(json.dumps(event))
            if await self.cut(socket, f"{len(self.sessions)} {event['type']}"):
                return


async def received(socket: ServerConnection) -> str | bytes | None:
    """What the client says next; None when it has gone."""
    try:
        return await socket.recv()
    except ConnectionClosed:
        return None


def answer_to(items: list[dict[str, object]], *, goes_on: bool) -> list[str]:
    """What is to be said, in deltas."""
    begun = said(items[-1]) if goes_on else ""
    question = said(items[-2] if goes_on else items[-1])
    return [words for words in ("You said", f" {question}") if words not in begun]


def said(item: dict[str, object]) -> str:
    (part,) = item["content"]  # type: ignore[misc]
    return str(part["text"])


def cutting(*moments: str, code: int | None = None, frame: str | None = None) -> Cut:
    """Cut the line at each of these moments, once."""
    left = set(moments)

    async def cut(socket: ServerConnection, moment: str) -> bool:
        if moment not in left:
            return False
        left.remove(moment)
        if frame:
            await socket.send(frame)
        if code is None:
            socket.transport.abort()
        else:
            await socket.close(code)
        return True

    return cut


@dataclass
class Told:
    """How a conversation line by line went."""

    status: int
    out: list[str]
    err: str
    states: list[State]


def talk(service: Answering, *typed: str, reconnect_s: float = 60) -> Told:
    told: list[Told] = []

    def converse(url: str) -> None:
        inbox, dialler = Inbox(), ServiceDialler(compatible(url), None)
        states: list[State] = []

        def listen(event: LiveEvent) -> None:
            if isinstance(event, StatusChanged):
                states.append(event.status.state)
            inbox.put(event)

        live = LiveConversation(
            dialler=dialler,
            settings=session_settings(Settings(output="text"), dialler),
            microphone=None,
            speaker=open_speaker(NONE),
            listener=listen,
            system=PortAudioSystem(),
            greets=False,
            timeout_ms=NEVER_MS,
            backoff=Backoff(1, first_ms=5, longest_ms=20),
            reconnect_s=reconnect_s,
        )
        out, err = io.StringIO(), io.StringIO()
        status = PlainFrontEnd(live, inbox, out=out, err=err, typed=typed, is_typing_over=True).run()
        told.append(Told(status, out.getvalue().splitlines(), err.getvalue(), states))

    async def play() -> None:
        async with playing(service) as server:
            await asyncio.to_thread(converse, server.url)

    run(play())
    return told[0]


@pytest.mark.parametrize(
    "moment",
    [
        "1 session.update",
        "1 conversation.item.create",
        "1 response.create",
        "1 response.created",
        "1 response.done",
    ],
)
def test_every_question_is_answered_wherever_the_line_breaks(moment: str):
    service = Answering(cutting(moment))
    told = talk(service, "one", "two")
    assert told.status == 0
    assert told.out == ["you: one", "assistant: You said one", "you: two", "assistant: You said two"]
    assert len(service.sessions) == 2
    assert "The connection is back" in told.err
    assert State.RECONNECTING in told.states
    ids = [item["id"] for items in service.sessions for item in items]
    assert len(ids) == len(set(ids))


def test_an_answer_that_is_cut_is_marked_and_gone_on_with():
    service = Answering(cutting("1 response.output_text.delta"))
    told = talk(service, "one", "two")
    assert told.status == 0
    assert told.out == [
        "you: one",
        "assistant: You said [cut off: the connection was lost]",
        "assistant: one",
        "you: two",
        "assistant: You said two",
    ]
    assert [said(item) for item in service.sessions[1]] == ["one", "You said", "two"]


def test_a_fatal_cause_is_not_tried_again():
    service = Answering(cutting("1 response.create", code=1013, frame=error("x", "insufficient_quota", "No credit.")))
    told = talk(service, "one")
    assert told.status == REFUSED
    assert len(service.sessions) == 1


def test_a_session_that_reached_its_limit_is_no_alarm():
    frame = error("invalid_request_error", "session_expired", "Your session hit the maximum duration of 60 minutes.")
    service = Answering(cutting("1 response.done", code=1001, frame=frame))
    told = talk(service, "one", "two")
    assert told.status == 0
    assert "in a new one" in told.err
    assert "maximum duration" not in told.err
    assert "lost" not in told.err
    assert "reconnecting in" not in told.err


def test_line_by_line_it_ends_when_the_line_cannot_be_made_again():
    """Each session breaks as it begins, which is no line that stands."""
    service = Answering(cutting(*(f"{session} session.update" for session in range(1, 1000))))
    told = talk(service, "one", reconnect_s=0.3)
    assert told.status == LOST
    assert len(service.sessions) > 2
    assert "not sent" in "\n".join(told.out) or "one" in "\n".join(told.out)


def test_a_few_cuts_at_random_moments_lose_and_double_nothing():
    from tests.live.chaos import judge

    assert judge(4, seed=7, questions=4) == []
