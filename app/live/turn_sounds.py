"""The sound of the conversation's turns, item by item: what went to the service, and what came from it.

In memory only, and only the newest of it. Of the user nothing is kept that was not sent. Fed and asked on the line
worker's thread: by what is said to the service, what it answers, and what is given to the speaker.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from app.audio.pcm import ms_to_bytes
from app.protocol import server_events as sv
from app.protocol.client_events import ClientEvent, InputAppend, InputClear, InputCommit

KEPT_MS: Final = 600_000
"""Ten minutes of speech: 29 MB."""

_LONGEST_TURN_MS: Final = 120_000
"""Of a longer turn of the user's, so much of its end is kept."""

_NOTICED_AFTER_MS: Final = 500
"""A service that does not say where speech began is taken to have noticed it so much later."""


class TurnSounds:
    """PCM16 little endian, mono, 24 kHz. What is oldest leaves first, turn by turn."""

    def __init__(self, kept_ms: int = KEPT_MS) -> None:
        self._most_bytes = ms_to_bytes(kept_ms)
        self._sounds: dict[str, bytearray] = {}
        self._size = 0
        self._left: set[str] = set()
        self.begin_session()

    def begin_session(self) -> None:
        """The service's count of what was sent begins anew. Turns stay."""
        self._sent = bytearray()
        """What was sent last, and belongs to no turn yet."""
        self._sent_from = 0
        """So many bytes were sent before that."""
        self._buffered_from = 0
        """From here on it is in the service's buffer, for the next commit of ours."""
        self._handed_over: deque[tuple[int, int]] = deque()
        """From and to in all that was sent: commits of ours that the service has not answered."""
        self._spoken: dict[str, tuple[int, int | None]] = {}
        """The same of turns that the service finds by itself."""

    # ---------------------------------------------------------------- what is asked

    def of(self, item_id: str) -> bytes:
        """The sound of an item; empty where there is none."""
        return bytes(self._sounds.get(item_id, b""))

    def has_left(self, item_id: str) -> bool:
        """It was kept, and had to make room."""
        return item_id in self._left

    # ---------------------------------------------------------------- what happens

    def sent(self, event: ClientEvent) -> None:
        """This is said to the service."""
        match event:
            case InputAppend(audio=pcm):
                self._sent += pcm
                self._forget_sent(len(self._sent) - ms_to_bytes(_LONGEST_TURN_MS))
            case InputCommit():
                self._handed_over.append((self._buffered_from, self._sent_to))
                self._buffered_from = self._sent_to
            case InputClear():
                self._buffered_from = self._sent_to

    def received(self, event: sv.ServerEvent) -> None:
        """The service says this."""
        match event:
            case sv.SpeechStarted(item_id=item_id, audio_start_ms=start_ms):
                noticed = max(0, self._sent_to - ms_to_bytes(_NOTICED_AFTER_MS))
                self._spoken[item_id] = (ms_to_bytes(start_ms) if start_ms else noticed, None)
            case sv.SpeechStopped(item_id=item_id, audio_end_ms=end_ms) if item_id in self._spoken:
                self._spoken[item_id] = (self._spoken[item_id][0], ms_to_bytes(end_ms) if end_ms else self._sent_to)
            case sv.InputCommitted(item_id=item_id):
                self._committed(item_id)
            case sv.ErrorEvent(error=error) if error.code == "input_audio_buffer_commit_empty" and self._handed_over:
                self._handed_over.popleft()
            case sv.ItemDeleted(item_id=item_id):
                self._size -= len(self._sounds.pop(item_id, b""))

    def played(self, item_id: str, pcm: bytes) -> None:
        """This much more of an item is given to the speaker."""
        self._keep(item_id, pcm)

    # ---------------------------------------------------------------- within

    @property
    def _sent_to(self) -> int:
        return self._sent_from + len(self._sent)

    def _committed(self, item_id: str) -> None:
        if item_id in self._spoken:
            begin, end = self._spoken.pop(item_id)
        elif self._handed_over:
            begin, end = self._handed_over.popleft()
        else:
            return
        begin, end = max(begin, self._sent_from), min(self._sent_to if end is None else end, self._sent_to)
        self._keep(item_id, bytes(self._sent[begin - self._sent_from : max(0, end - self._sent_from)]))
        self._forget_sent(end - self._sent_from)

    def _forget_sent(self, size: int) -> None:
        if size > 0:
            del self._sent[:size]
            self._sent_from += size

    def _keep(self, item_id: str, pcm: bytes) -> None:
        if not item_id or not pcm or item_id in self._left:
            return
        self._sounds.setdefault(item_id, bytearray()).extend(pcm)
        self._size += len(pcm)
        while self._size + len(self._sent) > self._most_bytes and len(self._sounds) > 1:
            oldest = next(iter(self._sounds))
            self._size -= len(self._sounds.pop(oldest))
            self._left.add(oldest)
