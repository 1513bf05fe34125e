"""A service on the loopback interface that understands a made-up speech, in which no word can be mistaken.

Each 20 ms of it is a word: every sample has the number `1 + utterance * WORDS + word`. The service finds turns by
silence, writes the words down, sometimes late, answers by itself and is interrupted, as a GA service with server_vad
does. An answer waits for the words, names every utterance that has none yet, and comes in numbered pieces; asked to go
on with one, the service says the pieces that are missing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from app.audio.pcm import WIRE_RATE_HZ
from app.conversation.active_response import GO_ON

WORD_MS = 20
WORDS = 15
"""Of an utterance."""
SILENCE_MS = 200
"""Ends a turn."""
PIECES = 8
"""Of an answer, each with `PIECE_MS` of sound."""
PIECE_MS = 60
_FRAMES = WIRE_RATE_HZ * WORD_MS // 1000

Event = dict[str, Any]
Moment = Callable[[ServerConnection, str], Awaitable[bool]]
"""What happens at an event, said or heard; whether the connection is over with that."""


def spoken(utterance: int, word: int) -> bytes:
    """20 ms."""
    return np.full(_FRAMES, 1 + utterance * WORDS + word, "<i2").tobytes()


def written(utterance: int, word: int) -> str:
    """The word as the service writes it."""
    return f"u{utterance}w{word}"


def named(text: str) -> list[int]:
    """The utterances of which a text speaks."""
    return sorted({int(number) for number in re.findall(r"\bu(\d+)", text)})


def pieces(text: str) -> list[int]:
    """The numbers of the pieces in it; that which names what is answered has none."""
    return [int(number) for number in re.findall(r"\bp(\d+)", text)]


class Gone(Exception):  # noqa: N818  # it is what happened, no error
    """The connection was cut."""


@dataclass
class Answered:
    """What the service said in one item."""

    text: str = ""
    is_whole: bool = False
    went_on: bool = False
    """The client said something afterwards in the same session, so all of it had gone out."""


@dataclass
class HearingService:
    """All of its sessions, and what was said in them."""

    at: Moment
    created: list[list[str]] = field(default_factory=list)
    """Ids of the items in each session."""
    texts: list[list[str]] = field(default_factory=list)
    """What the client told of the user in each session, as text."""
    answers: dict[str, Answered] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=count)
    write_s: Callable[[], float] = lambda: 0.0
    """So long the words of the next turn take."""

    async def __call__(self, socket: ServerConnection) -> None:
        ids, texts = list[str](), list[str]()
        self.created.append(ids)
        self.texts.append(texts)
        session = _Session(self, socket, ids, texts)
        try:
            await session.run()
        except (Gone, ConnectionClosed):  # as it is meant to be
            return
        finally:
            session.end()


class _Session:
    def __init__(self, service: HearingService, socket: ServerConnection, ids: list[str], texts: list[str]) -> None:
        self._service, self._socket, self._ids, self._texts = service, socket, ids, texts
        self._unanswered: list[str] = []
        self._pending = b""
        self._heard_ms = 0
        self._words: list[int] = []
        self._item_id = ""
        self._silent_ms = 0
        self._begun = ""  # an answer that the client told, and after it nothing of the user's
        self._writing: dict[asyncio.Task[None], None] = {}
        self._answering: asyncio.Task[None] | None = None
        self._response_id = ""

    async def run(self) -> None:
        await self._say("session.created", session={"type": "realtime", "model": "m"})
        async for frame in self._socket:
            event = json.loads(frame)
            if await self._service.at(self._socket, event["type"]):
                raise Gone
            for item_id in self._ids:
                if (answer := self._service.answers.get(item_id)) and answer.is_whole:
                    answer.went_on = True
            await self._take(event)

    def end(self) -> None:
        for task in (*self._writing, self._answering):
            if task is not None:
                task.cancel()

    async def _say(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))
        if await self._service.at(self._socket, kind):
            raise Gone

    async def _take(self, event: Event) -> None:
        match event["type"]:
            case "session.update":
                await self._say("session.updated", session={"model": "m", **event["session"]})
            case "input_audio_buffer.append":
                await self._hear(base64.b64decode(event["audio"]))
            case "conversation.item.create":
                await self._told(event["item"])
            case "conversation.item.truncate":
                fields = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
                await self._say("conversation.item.truncated", **fields)
            case "response.create":
                await self._answer(goes_on=GO_ON in event.get("response", {}).get("instructions", ""))
            case "response.cancel":
                await self._cancel()

    async def _told(self, item: Event) -> None:
        text = item["content"][0]["text"]
        self._ids.append(item["id"])
        if item["role"] == "user":
            self._texts.append(text)
            self._unanswered.append(text)
            self._begun = ""
        elif item["role"] == "assistant":
            self._begun = text
            self._unanswered = [each for each in self._unanswered if not set(named(each)) <= set(named(text))]
        await self._say("conversation.item.added", item=item)
        await self._say("conversation.item.done", item=item)

    async def _hear(self, pcm: bytes) -> None:
        self._pending += pcm
        size = _FRAMES * 2
        while len(self._pending) >= size:
            word, self._pending = int.from_bytes(self._pending[:2], "little"), self._pending[size:]
            self._heard_ms += WORD_MS
            if word:
                await self._hear_word(word)
            elif self._words:
                self._silent_ms += WORD_MS
                if self._silent_ms >= SILENCE_MS:
                    await self._end_turn()

    async def _hear_word(self, word: int) -> None:
        self._silent_ms = 0
        if not self._words:
            self._item_id = self._new_id("item")
            at_ms = max(0, self._heard_ms - WORD_MS)
            self._words.append(word)
            await self._say("input_audio_buffer.speech_started", audio_start_ms=at_ms, item_id=self._item_id)
            await self._cancel(is_by_voice=True)
        else:
            self._words.append(word)

    async def _end_turn(self) -> None:
        item_id, words, self._words = self._item_id, self._words, []
        text = " ".join(written(*divmod(word - 1, WORDS)) for word in words)
        await self._say("input_audio_buffer.speech_stopped", audio_end_ms=self._heard_ms, item_id=item_id)
        await self._say("input_audio_buffer.committed", item_id=item_id)
        self._ids.append(item_id)
        self._unanswered.append(text)
        part = {"type": "input_audio", "transcript": None}
        item = {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": [part]}
        await self._say("conversation.item.added", item=item)
        await self._say("conversation.item.done", item=item)
        if delay_s := self._service.write_s():
            writing = asyncio.create_task(self._write_late(delay_s, item_id, text))
            self._writing[writing] = None
            writing.add_done_callback(self._writing.pop)
        else:
            await self._write(item_id, text)
        await self._answer()

    async def _write_late(self, delay_s: float, item_id: str, text: str) -> None:
        await asyncio.sleep(delay_s)
        with suppress(Gone, ConnectionClosed):
            await self._write(item_id, text)

    async def _write(self, item_id: str, text: str) -> None:
        kind = "conversation.item.input_audio_transcription"
        half = len(text) // 2
        await self._say(f"{kind}.delta", item_id=item_id, content_index=0, delta=text[:half])
        await self._say(f"{kind}.delta", item_id=item_id, content_index=0, delta=text[half:])
        await self._say(f"{kind}.completed", item_id=item_id, content_index=0, transcript=text)

    # ---------------------------------------------------------------- answers

    async def _answer(self, *, goes_on: bool = False) -> None:
        if self._answering is not None and not self._answering.done():
            code = "conversation_already_has_active_response"
            await self._say("error", error={"type": "invalid_request_error", "code": code, "message": "Busy."})
            return
        self._response_id, item_id = self._new_id("resp"), self._new_id("item")
        begun = self._begun if goes_on else ""
        self._answering = asyncio.create_task(self._speak(self._response_id, item_id, begun))

    async def _speak(self, response_id: str, item_id: str, begun: str) -> None:
        with suppress(Gone, ConnectionClosed):
            await self._speak_pieces(response_id, item_id, begun)

    async def _speak_pieces(self, response_id: str, item_id: str, begun: str) -> None:
        await self._say("response.created", response={"id": response_id, "status": "in_progress", "output": []})
        if self._writing:
            await asyncio.wait(self._writing)
        about = " ".join(f"u{number}" for number in named(" ".join((begun, *self._unanswered))))
        self._unanswered, self._begun = [], ""
        said = self._service.answers[item_id] = Answered()
        self._ids.append(item_id)
        place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        sound = base64.b64encode(b"\x10\x00" * (WIRE_RATE_HZ * PIECE_MS // 1000)).decode()
        await self._say("response.output_item.added", response_id=response_id, output_index=0, item=item)
        for number in (0, *range(max(pieces(begun), default=0) + 1, PIECES)):
            piece = f" p{number}" if number else f"{'Rest' if begun else 'Answer'} to {about}:"
            said.text += piece
            await self._say("response.output_audio_transcript.delta", **place, delta=piece)
            await self._say("response.output_audio.delta", **place, delta=sound)
            await asyncio.sleep(0.01)
        await self._say("response.output_audio.done", **place)
        await self._say("response.output_audio_transcript.done", **place, transcript=said.text)
        part = {"type": "output_audio", "transcript": said.text}
        done = item | {"status": "completed", "content": [part]}
        await self._say("response.output_item.done", response_id=response_id, output_index=0, item=done)
        await self._say("response.done", response={"id": response_id, "status": "completed", "output": [done]})
        said.is_whole = True

    async def _cancel(self, *, is_by_voice: bool = False) -> None:
        if self._answering is not None and not self._answering.done():
            self._answering.cancel()
            await asyncio.wait({self._answering})
            reason = "turn_detected" if is_by_voice else "client_cancelled"
            details = {"type": "cancelled", "reason": reason}
            response = {"id": self._response_id, "status": "cancelled", "status_details": details, "output": []}
            await self._say("response.done", response=response)

    def _new_id(self, kind: str) -> str:
        return f"{kind}_{next(self._service.numbers)}"
