"""A service that says what the measurement wants and notes when the user's sound arrives. On a thread of its own.

It speaks plain JSON: what is measured is the program, over a real socket.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from types import TracebackType
from typing import Any, Final, Self

from websockets.asyncio.server import ServerConnection, serve

_DELTA_S: Final = 0.02
_SOUND: Final = base64.b64encode(bytes(960)).decode()
"""20 ms of the assistant's speech."""


class ScriptedService:
    """Listens on the loopback interface. A context manager that ends it."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._configured = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._socket: ServerConnection | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), name="scripted")
        self.url = ""
        self.turns = 0
        self.appends_s: list[float] = []
        """When each chunk of the user's sound arrived, on the monotonic clock."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def wait_until_configured(self, timeout_s: float) -> bool:
        """Whether the program has connected and set its session within that time."""
        return self._configured.wait(timeout_s)

    def add_turns(self, count: int) -> str:
        """Say so many written turns, by turns of user and assistant; the last one's words."""
        return asyncio.run_coroutine_threadsafe(self._add_turns(count), self._loop).result()

    def stream(self, seconds: float, *, in_turn: bool = False) -> None:
        """Both sides speak at once: 50 deltas a second of the user's words, of the assistant's, and of its sound.

        `in_turn`: 50 a second in all, of each kind by turns.
        """
        asyncio.run_coroutine_threadsafe(self._stream(seconds, in_turn=in_turn), self._loop).result()

    # ---------------------------------------------------------------- on the loop

    async def _serve(self) -> None:
        async with serve(self._talk, "127.0.0.1", 0, compression=None, max_size=None) as server:
            self.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/realtime"
            self._ready.set()
            await self._stop.wait()

    async def _talk(self, socket: ServerConnection) -> None:
        self._socket = socket
        session: dict[str, Any] = {"id": "sess_bench", "object": "realtime.session", "type": "realtime"}
        await self._say("session.created", session=session)
        async for frame in socket:
            if '"input_audio_buffer.append"' in frame:
                self.appends_s.append(time.monotonic())
            elif (event := json.loads(frame))["type"] == "session.update":
                await self._say("session.updated", session={**session, **event["session"]})
                self._configured.set()

    async def _say(self, kind: str, **fields: object) -> None:
        if self._socket is not None:
            await self._socket.send(json.dumps({"type": kind, "event_id": "event_bench", **fields}))

    async def _add_turns(self, count: int) -> str:
        words = ""
        for _ in range(count):
            self.turns += 1
            by_user = self.turns % 2 == 1
            words = f"turn-{self.turns} of a long conversation that goes on and on, about nothing in particular."
            content = {"type": "input_text" if by_user else "output_text", "text": words}
            await self._item("user" if by_user else "assistant", content)
        return words.split()[0]

    async def _item(self, role: str, content: dict[str, str], *, is_done: bool = True) -> str:
        item_id = f"item_{role}_{self.turns}_{content['type']}"
        item = {"id": item_id, "type": "message", "role": role, "status": "completed", "content": [content]}
        await self._say("conversation.item.added", item=item, previous_item_id=None)
        if is_done:
            await self._say("conversation.item.done", item=item, previous_item_id=None)
        return item_id

    async def _stream(self, seconds: float, *, in_turn: bool) -> None:
        self.turns += 2
        user = await self._item("user", {"type": "input_audio"})
        response = {"id": f"resp_{self.turns}", "object": "realtime.response", "status": "in_progress", "output": []}
        await self._say("response.created", response=response)
        answer = await self._item("assistant", {"type": "output_audio"}, is_done=False)
        place = {"response_id": response["id"], "item_id": answer, "output_index": 0, "content_index": 0}
        begun = self._loop.time()
        for number in range(round(seconds / _DELTA_S)):
            word = f" word{number % 100}"
            deltas: list[tuple[str, dict[str, object]]] = [
                ("conversation.item.input_audio_transcription.delta", {"item_id": user, "content_index": 0}),
                ("response.output_audio_transcript.delta", {**place, "delta": word}),
                ("response.output_audio.delta", {**place, "delta": _SOUND}),
            ]
            for kind, fields in [deltas[number % len(deltas)]] if in_turn else deltas:
                await self._say(kind, **{"delta": word, **fields})
            await asyncio.sleep(max(0.0, begun + (number + 1) * _DELTA_S - self._loop.time()))
        await self._say("response.done", response={**response, "status": "completed"})
