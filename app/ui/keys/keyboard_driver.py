"""Textual's driver and parser for POSIX terminals, with key releases. The only place that touches their private parts.

They are those of the release that `app.ui.keys.driver_choice` pins; the tests tell when they move.
"""

from __future__ import annotations

import os
import selectors
import signal
import termios
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, TextIO

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message

from app import ending
from app.ui.keys.keyboard_protocol import (
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
_STOPPING_S: Final = 0.3
"""After so long we have been stopped, or nobody is there to do it."""
_AS_BEFORE: Final = (
    "\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    f"{NO_MORE}\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
).encode()
"""All that a driver has asked of a terminal, taken back."""
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
    """The terminal to write to, also when it is gone: then nothing is written, and that is no error, but the end.

    Textual writes in a thread with a short queue. An error there would end the thread, and everybody who writes
    afterwards would wait for room in the queue for ever: a program whose terminal was closed would never end.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except OSError as error:
            self._failed(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        if ending.is_gone(error):
            ending.mark()

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()


class KeyboardDriver(LinuxDriver):
    """Asks for event types while the program has the terminal. A terminal that knows none takes no notice.

    Outlives the terminal, see _LastingFile; and gives it back to the shell for a while, and in any case at the end.
    """

    _has_asked = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._continued = threading.Event()
        self._is_away = False
        self._keep_back: Callable[[], object] = lambda: None
        if self._file is not None:
            self._file = _LastingFile(self._file)  # type: ignore[assignment]  # all of a file that is used

    def start_application_mode(self) -> None:
        """At the beginning, and when the program comes back from being suspended."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual says no types here
        self._keep_back()
        self._keep_back = ending.when_forced(self._give_back)
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

    def stop_application_mode(self) -> None:
        """At the end, and before being suspended: the terminal is as it was."""
        super().stop_application_mode()
        self._keep_back()

    def _give_back(self) -> None:
        """The same by force, past everything that may be stuck."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})  # in the background, it would stop us here for good
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        with suppress(OSError):
            os.write(self.fileno, _AS_BEFORE)

    # ---------------------------------------------------------------- suspended

    def suspend_process(self) -> None:
        """Stop the program and all that was started with it, as the terminal itself does for Ctrl+Z.

        Where no shell could continue it, the system takes no notice of such a signal, and we are back at once.
        """
        self.suspend_application_mode()
        self._is_away = True
        self._continued.clear()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        self._continued.wait(_STOPPING_S)
        signal.signal(signal.SIGTSTP, self._sigtstp_application)
        self._must_signal_resume = True
        self.resume_application_mode()
        while self._must_signal_resume:  # continued in the background: the terminal is still the shell's
            self._continued.wait()
            self._continued.clear()
            self.resume_application_mode()
        self._is_away = False

    def _sigtstp_application(self, *_: object) -> None:
        """Somebody else wants us to stop: as with the key, the devices first."""
        self._loop.call_soon_threadsafe(self._app.call_later, self._app.run_action, "suspend_program")

    def _sigcont_application(self, *_: object) -> None:
        self._continued.set()
        if not self._is_away:  # stopped by a signal that cannot be caught: the shell has had the terminal meanwhile
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        if self.attrs_before is not None and not self._is_away:
            self.suspend_application_mode()
            self.resume_application_mode()
            self._app.refresh(layout=True)

    def run_input_thread(self) -> None:
        """Textual's loop, with our parser, and with something in place of bytes that are no UTF-8."""
        parser = KeyboardParser(self._debug)
        decoder = getincrementaldecoder("utf-8")("replace")
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_TICK_S):
                    data = self._read()
                    if not data:  # nothing can come any more, and nobody is there: the end of the program
                        ending.mark()
                        self.exit_event.wait()
                        break
                    for message in parser.feed(decoder.decode(data)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _CHUNK_BYTES)
        except OSError as error:
            if ending.is_gone(error):
                return b""
            raise
