"""The newest events of the wire, kept in memory for whoever wants to look: cheap to add, worked out when looked at."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from app.protocol.jsontext import read_json
from app.protocol.text import one_line, sanitise_text
from app.protocol.wire_event import WireEvent

MOST_EVENTS: Final = 2_000
_MOST_CHARS: Final = 100_000
"""Kept of one frame; what is longer is shown as text."""
_HEAD_CHARS: Final = 200
"""A frame's type stands within these, with every encoder that was met."""

_SOUND: Final = ("input_audio_buffer.append", "response.output_audio.delta", "response.audio.delta")


class _Kept:
    """A frame, or a run of frames with sound, of which only the number and the size are kept."""

    __slots__ = ("at", "direction", "frame", "frames", "kind", "number", "size")

    def __init__(self, number: int, at: float, direction: str, kind: str, frame: str) -> None:
        self.number, self.at, self.direction, self.kind, self.frame = number, at, direction, kind, frame
        self.frames, self.size = 1, len(frame)


class EventRing:
    """From any thread. Sound is counted, not kept."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now` gives the time since the epoch, in seconds."""
        self._now = now
        self._lock = threading.Lock()
        self._kept: deque[_Kept] = deque(maxlen=MOST_EVENTS)
        self._count = 0

    def add(self, direction: str, frame: str | bytes) -> None:
        """A frame that went out or came in."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        head = text[:_HEAD_CHARS]
        sound = next((kind for kind in _SOUND if f'"{kind}"' in head), None)
        with self._lock:
            last = self._kept[-1] if self._kept else None
            if sound is not None and last is not None and (last.kind, last.direction) == (sound, direction):
                last.frames, last.size, last.number = last.frames + 1, last.size + len(text), self._count
                self._count += 1
                return
            self._append(direction, sound or "", "" if sound else text[:_MOST_CHARS])

    def note(self, text: str) -> None:
        """What happened to the connection itself."""
        with self._lock:
            self._append("note", text, "")

    def _append(self, direction: str, kind: str, frame: str) -> None:
        self._kept.append(_Kept(self._count, self._now(), direction, kind, frame))
        self._count += 1

    def after(self, number: int, clean: Callable[[Any], Any]) -> tuple[WireEvent, ...]:
        """The events from this number on, oldest first, each cleaned of secrets by `clean`.

        A run of sound that has grown meanwhile is told again, with the number of its newest frame.
        """
        with self._lock:
            found = [
                (each.number, each.at, each.direction, each.kind, each.frame, each.frames, each.size)
                for each in self._kept
                if each.number >= number
            ]
        return tuple(_told(*each, clean=clean) for each in found)


def _told(
    number: int,
    at: float,
    direction: str,
    kind: str,
    frame: str,
    frames: int,
    size: int,
    *,
    clean: Callable[[Any], Any],
) -> WireEvent:
    if direction == "note":
        return WireEvent(number, at, direction, one_line(str(clean(kind)), 1_000))
    if not frame:
        sound = f"{kind}  × {frames:,}"
        return WireEvent(number, at, direction, sound, f"{frames:,} events, {size * 3 // 4:,} bytes of sound, not kept")
    try:
        data = clean(read_json(frame))
    except (ValueError, RecursionError):
        return WireEvent(number, at, direction, "unreadable", sanitise_text(str(clean(frame)))[:2_000])
    name = data.get("type") if isinstance(data, dict) else None
    detail = sanitise_text(json.dumps(data, indent=2, ensure_ascii=False))
    return WireEvent(number, at, direction, one_line(str(name or "without a type"), 120), detail)
