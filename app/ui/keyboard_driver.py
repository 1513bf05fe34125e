"""Textual's driver and parser for POSIX terminals, with key releases. The only place that touches their private parts.

They are those of the release that `app.ui.keyboard` pins; the tests tell when they move.
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, TextIO

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message

from app.ui.keyboard import (
    ASK,
    NO_MORE,
    KeyEvent,
    KeyReleased,
    KeyRepeated,
    ReleasesPromised,
    key_sequence,
    promises_releases,
)

_MOST_KEYS_DOWN: Final = 32
_CHUNK_BYTES: Final = 4096
_TICK_S: Final = 0.1
"""As long as Textual waits for the rest of a sequence that a lone Esc may be the beginning of."""


class KeyboardParser(XTermParser):
    """Reads what Textual's own reads, as it does; and event types, which that one takes for a fault.

    Codes that are no character, which that one fails on too, are nothing here.
    """

    def __init__(self, debug: bool = False) -> None:
        self._down: dict[str, events.Key] = {}
        super().__init__(debug)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        ignored = events.Key(Keys.Ignore, sequence)
        if (is_promised := promises_releases(sequence)) is not None:
            if is_promised:
                self._tokens.append(ReleasesPromised())
            return [ignored]
        read = key_sequence(sequence)
        try:
            keys = list(super()._sequence_to_key_events(read.plain if read else sequence, alt))
        except (ValueError, OverflowError):
            return [ignored]
        if read is None:
            return keys
        match read.event:
            case KeyEvent.PRESSED:
                self._remember(read.code, keys)
                return keys
            case KeyEvent.REPEATED:
                self._tokens.extend(KeyRepeated(key.key, key.character) for key in keys)
            case KeyEvent.RELEASED:
                self._tokens.extend(self._released(read.code, keys))
        return [ignored]

    def _remember(self, code: str, keys: list[events.Key]) -> None:
        if keys and keys[0].key != Keys.Ignore:
            self._down[code] = keys[0]
        if len(self._down) > _MOST_KEYS_DOWN:  # more than fingers: a terminal that tells no releases
            del self._down[next(iter(self._down))]

    def _released(self, code: str, keys: list[events.Key]) -> Iterable[Message]:
        key = self._down.pop(code, keys[0] if keys else None)
        return [] if key is None else [KeyReleased(key.key, key.character)]

    def parse_mouse_code(self, code: str) -> Message | None:
        """As Textual does; a mouse on a terminal that says it has no size is nowhere."""
        try:
            return super().parse_mouse_code(code)
        except ZeroDivisionError:
            return None


class _LastingFile:
    """The terminal to write to, also when it is gone: then nothing is written, and that is no error.

    Textual writes in a thread with a short queue. An error there would end the thread, and everybody who writes
    afterwards would wait for room in the queue for ever: a program whose terminal was closed would never end.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()


class KeyboardDriver(LinuxDriver):
    """Asks for event types while the program has the terminal. A terminal that knows none takes no notice.

    And outlives the terminal: see _LastingFile.
    """

    _has_asked = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            self._file = _LastingFile(self._file)  # type: ignore[assignment]  # all of a file that is used

    def start_application_mode(self) -> None:
        """At the beginning, and when the program comes back from being suspended."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual says no types here
        is_reading = self._key_thread is not None and self._key_thread.is_alive()
        if is_reading and self.input_tty:  # else the shell would get the answer
            self._has_asked = True
            self.write(ASK)
            self.flush()

    def disable_input(self) -> None:
        """At the end, and before being suspended. While keys are still read: else the shell got the last release."""
        if self._has_asked:
            self._has_asked = False
            self.write(NO_MORE)
            self.flush()
        super().disable_input()

    def run_input_thread(self) -> None:
        """Textual's loop, with our parser, and with something in place of bytes that are no UTF-8."""
        parser = KeyboardParser(self._debug)
        decoder = getincrementaldecoder("utf-8")("replace")
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_TICK_S):
                    data = os.read(self.fileno, _CHUNK_BYTES)
                    if not data:  # nothing can come any more
                        self.exit_event.wait()
                        break
                    for message in parser.feed(decoder.decode(data)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
