"""The event log: every event of a connection, both ways, as JSON Lines, for whoever looks for a fault.

Sound is left out (its size stands in its place) and secrets are removed, so that a log can be shown to others;
what was said stays in it. The file is private to the user.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from app.connection.event_ring import EventRing
from app.private_files import open_private_log
from app.protocol.jsontext import read_json
from app.protocol.text import one_line, sanitise_text
from app.protocol.wire_event import WireEvent
from app.redaction import Redaction

REMOVED: Final = "[removed]"

_SECRET_KEYS: Final = re.compile(r"(?i)authorization|client[-_]?secret|api[-_]?key|access[-_]?token|password|headers")
_AUDIO_DELTAS: Final = ("response.output_audio.delta", "response.audio.delta")  # GA and beta
_UNREADABLE_CHARS: Final = 2_000


def _now() -> datetime:
    return datetime.now(UTC)


class EventLogError(Exception):
    """The log cannot be opened. `str()` is one sentence with the reason and the remedy."""


class EventLog:
    """The wire's events: one log file, appended to, and the newest in memory; either may be wanted or not.

    May be used from several threads; a line is written whole or not at all.

    An error while writing (a full disk) ends the log, not the talk: see `failure`.
    """

    def __init__(
        self,
        path: Path | None,
        now: Callable[[], datetime] = _now,
        ring: EventRing | None = None,
    ) -> None:
        """Open or create the file, mode 0600; None: there is none. Raises EventLogError."""
        self._path = path or Path()
        self._ring = ring
        self._now = now
        self._tell: Callable[[str], None] | None = None
        self._failure = ""
        self._lock = threading.Lock()
        self._secrets: tuple[str, ...] = ()
        self._redaction = Redaction()
        self._file: io.FileIO | None = None
        if path is None:
            return
        try:
            descriptor = open_private_log(path)
        except OSError as error:
            raise EventLogError(_sentence(path, error, "name another file")) from error
        self._file = open(descriptor, "ab", buffering=0)  # noqa: SIM115  # closed by close()

    @property
    def failure(self) -> str:
        """Why the log is not whole, as a sentence for the user; empty where it is."""
        return self._failure

    def tell_failure_to(self, listener: Callable[[str], None]) -> None:
        """Who is told once, from whichever thread writes, that the log has ended; at once where it has already."""
        with self._lock:
            self._tell = listener
            told = self._failure
        if told:
            listener(told)

    def hide(self, secrets: tuple[str, ...]) -> None:
        """Also remove these strings wherever they stand, such as the key of the service just connected to."""
        with self._lock:
            self._secrets = tuple(dict.fromkeys((*self._secrets, *secrets)))
            self._redaction = Redaction(self._secrets)

    def sent(self, frame: str) -> None:
        """A text frame that went out."""
        self._event("sent", frame)

    def received(self, frame: str | bytes) -> None:
        """A frame that came in, readable or not."""
        self._event("received", frame)

    def note(self, text: str) -> None:
        """What happened to the connection itself: opened, refused, closed."""
        if self._ring is not None:
            self._ring.note(text)
        self._line({"note": one_line(self._redaction.message(text), 1_000)})

    def events_after(self, number: int) -> tuple[WireEvent, ...]:
        """The newest events from this number on, without sound and secrets, oldest first."""
        return self._ring.after(number, lambda value: _cleaned(value, self._redaction)) if self._ring else ()

    def close(self) -> None:
        """End the log. May be called again; what is logged afterwards is dropped."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def _event(self, direction: Literal["sent", "received"], frame: str | bytes) -> None:
        if self._ring is not None:
            self._ring.add(direction, frame)
        if self._file is None:
            return
        if isinstance(frame, bytes):  # some services send their events so
            try:
                frame = frame.decode("utf-8")
            except UnicodeDecodeError:
                self._line({"direction": direction, "binary_bytes": len(frame)})
                return
        try:
            data: Any = read_json(frame)
            is_delta = isinstance(data, dict) and data.get("type") in _AUDIO_DELTAS
            content = {"event": _cleaned(data, self._redaction, is_delta=is_delta)}
        except (ValueError, RecursionError):
            content = {"unreadable": one_line(self._redaction.message(sanitise_text(frame)), _UNREADABLE_CHARS)}
        self._line({"direction": direction, **content})

    def _line(self, content: dict[str, Any]) -> None:
        stamp = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        tell: Callable[[str], None] | None = None
        with self._lock:
            if self._file is None or self._file.closed:
                return
            text = json.dumps({"time": stamp, **content}, separators=(",", ":"))
            rest = memoryview(text.replace("\x7f", "\\u007f").encode() + b"\n")
            try:
                while rest:  # a disk nearly full takes a part first
                    rest = rest[self._file.write(rest) :]
            except OSError as error:
                self._failure = _sentence(self._path, error, "the log ends here, the talk goes on")
                self._file.close()
                tell = self._tell
        if tell is not None:
            tell(self._failure)


def _sentence(path: Path, error: OSError, then: str) -> str:
    return f"The event log {one_line(str(path))} cannot be written ({error.strerror or error}): {then}."


def _cleaned(value: Any, redaction: Redaction, *, is_delta: bool = False) -> Any:
    """The event without sound, images and secrets."""
    match value:
        case dict():
            return {
                redaction.message(key): _cleaned_field(key, item, redaction, is_delta) for key, item in value.items()
            }
        case list():
            return [_cleaned(item, redaction) for item in value]
        case str():
            return redaction.message(value)
        case _:
            return value


def _cleaned_field(key: str, value: Any, redaction: Redaction, is_delta: bool) -> Any:
    if _SECRET_KEYS.fullmatch(key) and value is not None:
        return REMOVED
    if isinstance(value, str):
        if key == "audio" or (is_delta and key == "delta"):
            return f"[{_decoded_bytes(value)} bytes of audio]"
        if value.startswith("data:"):
            return f"[{_decoded_bytes(value.partition(',')[2])} bytes of data]"
    return _cleaned(value, redaction)


def _decoded_bytes(base64_text: str) -> int:
    return len(base64_text) * 3 // 4 - base64_text[-2:].count("=")
