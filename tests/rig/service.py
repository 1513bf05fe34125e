"""A realtime service on the loopback interface that says what a test tells it to. The GA dialect, by hand."""

from __future__ import annotations

import base64
import http
import itertools
import json
import queue
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

Event = dict[str, Any]

_CHUNK_S = 0.5
_SECOND = base64.b64encode(b"\x10\x00" * int(24_000 * _CHUNK_S)).decode()
_PATIENCE_S = 15.0


class ScriptedService:
    """One session at a time. A context manager that ends it.

    By itself it confirms settings and whatever a client puts into the conversation; it never answers by itself.
    """

    def __init__(
        self, *, admits: bool = True, refuses: Mapping[str, Any] | None = None, model: str = "scripted"
    ) -> None:
        """`admits` False: nobody gets a session before `admit`. `refuses`: the error in answer to any key, a 401."""
        self._admitted = threading.Event()
        if admits:
            self._admitted.set()
        self._refuses = refuses
        self._socket: ServerConnection | None = None
        self._received: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.heard_s: list[float] = []
        """When each chunk of sound came, on the monotonic clock."""
        self.is_called = threading.Event()
        """Somebody has connected."""
        self._active = ""
        """The response that is under way."""
        self.log: list[str] = []
        """The types of all that it was told, but for sound."""
        self._numbers = itertools.count(1)
        self._session: Event = {"type": "realtime", "id": "sess_1", "model": model}
        self._server = serve(self._serve, "127.0.0.1", 0, process_request=self._greet, close_timeout=0.5)
        self._thread = threading.Thread(target=self._server.serve_forever, name="scripted service")
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/v1/realtime"

    # ---------------------------------------------------------------- what it says

    def admit(self) -> None:
        """Let in who is waiting."""
        self._admitted.set()

    def tell(self, kind: str, **fields: Any) -> None:
        """One event."""
        self.tell_raw(json.dumps({"type": kind, "event_id": self._id("event"), **fields}))

    def tell_raw(self, text: str) -> None:
        """One frame."""
        assert self._socket, "nobody is connected"
        self._socket.send(text)

    def put(self, role: str, text: str) -> None:
        """An item of the conversation as it was before."""
        part = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
        item = {"id": self._id("item"), "type": "message", "role": role, "status": "completed", "content": [part]}
        self._confirm(item)

    def thinks(self, response_id: str = "resp_a") -> None:
        """An answer has begun, of which nothing is to be heard yet."""
        self._active = response_id
        self.tell("response.created", response={"id": response_id, "status": "in_progress", "output": []})

    def speaks(self, *pieces: str, sound_s: float = 0.0, is_done: bool = True) -> str:
        """An answer, in pieces; written where it has no sound. The id of its item."""
        text = "".join(pieces)
        response_id, item_id = self._id("resp"), self._id("item")
        kind = "output_audio" if sound_s else "output_text"
        words = "output_audio_transcript" if sound_s else "output_text"
        place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.thinks(response_id)
        self.tell("response.output_item.added", response_id=response_id, output_index=0, item=item)
        for piece in pieces:
            self.tell(f"response.{words}.delta", **place, delta=piece)
        for _ in range(round(sound_s / _CHUNK_S)):
            self.tell("response.output_audio.delta", **place, delta=_SECOND)
        if is_done:
            part = {"type": kind, "transcript" if sound_s else "text": text}
            done = item | {"status": "completed", "content": [part]}
            self.tell(f"response.{words}.done", **place, **{"transcript" if sound_s else "text": text})
            self.tell("response.output_item.done", response_id=response_id, output_index=0, item=done)
            self.tell("response.done", response={"id": response_id, "status": "completed", "output": [done]})
        return item_id

    def hears(self, so_far: str) -> str:
        """The user began to speak, and has said so much. The id of what becomes of it."""
        item_id = self._id("item")
        self.tell("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item_id)
        kind = "conversation.item.input_audio_transcription.delta"
        self.tell(kind, item_id=item_id, content_index=0, delta=so_far)
        return item_id

    def has_heard(self, item_id: str, text: str) -> None:
        """The user stopped, having said this."""
        self.tell("input_audio_buffer.speech_stopped", audio_end_ms=1000, item_id=item_id)
        self._commit(item_id)
        self.transcribed(item_id, text)

    def transcribed(self, item_id: str, text: str) -> None:
        """What the user said, in writing."""
        kind = "conversation.item.input_audio_transcription.completed"
        self.tell(kind, item_id=item_id, content_index=0, transcript=text)

    def hang_up(self, code: int = 1011, reason: str = "") -> None:
        """Close the line."""
        assert self._socket, "nobody is connected"
        self._socket.close(code, reason)

    # ---------------------------------------------------------------- what it is told

    def wait_for(self, kind: str) -> Event:
        """The next event of that kind; those before it are forgotten. Raises queue.Empty when none comes."""
        while True:
            event = self._received.get(timeout=_PATIENCE_S)
            if event["type"] == kind:
                return event

    def wait_for_sound(self) -> None:
        """The client sends sound. Raises queue.Empty when none comes."""
        while not self._heard.empty():
            self._heard.get()
        self._heard.get(timeout=_PATIENCE_S)

    # ---------------------------------------------------------------- within

    def _greet(self, _: ServerConnection, __: Request) -> Response | None:
        if self._refuses is None:
            return None
        body = json.dumps({"error": self._refuses}).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
        return Response(http.HTTPStatus.UNAUTHORIZED, "Unauthorized", headers, body)

    def _serve(self, socket: ServerConnection) -> None:
        self._socket = socket
        self.is_called.set()
        self._admitted.wait()
        try:
            self.tell("session.created", session=self._session)
            for frame in socket:
                self._take(json.loads(frame))
        except ConnectionClosed:  # as the client wishes
            return

    def _take(self, event: Event) -> None:
        match event["type"]:
            case "input_audio_buffer.append":
                self.heard_s.append(time.monotonic())
                self._heard.put(len(event["audio"]))
                return
            case "session.update":
                _merge(self._session, event["session"])
                self.tell("session.updated", session=self._session)
            case "conversation.item.create":
                self._confirm(event["item"])
            case "conversation.item.truncate":
                fields = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
                self.tell("conversation.item.truncated", **fields)
            case "input_audio_buffer.commit":
                item_id = self._id("item")
                self._commit(item_id)
                self.transcribed(item_id, "Spoken words.")
            case "response.cancel":
                done = {"id": self._active, "status": "cancelled", "output": []}
                self.tell("response.done", response=done)
            case "input_audio_buffer.clear":
                self.tell("input_audio_buffer.cleared")
        self.log.append(event["type"])
        self._received.put(event)

    def _commit(self, item_id: str) -> None:
        self.tell("input_audio_buffer.committed", item_id=item_id)
        content = [{"type": "input_audio", "transcript": None}]
        self._confirm({"id": item_id, "type": "message", "role": "user", "status": "completed", "content": content})

    def _confirm(self, item: Event) -> None:
        self.tell("conversation.item.added", item=item)
        self.tell("conversation.item.done", item=item)

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admitted.set()
        if self._socket:
            self._socket.close()
        self._server.shutdown()
        self._thread.join()


def _merge(into: Event, changes: Event) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
