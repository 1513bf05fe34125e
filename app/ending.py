"""How the program ends when it is told to from outside: by a signal, or because its terminal is gone.

A signal handler only leaves a mark, a byte on a pipe: no exception ever strikes in the middle of cleaning up, and a
second signal changes nothing. One thread reads the pipe, asks whoever can end the program in good order to do so,
once, and ends it by force where that takes too long. Nothing outlives the program: what must not, is registered here.

The standard library alone, and imported before anything else: signals may come while the rest is being loaded.
"""

from __future__ import annotations

import atexit
import errno
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, TypeAlias

Call: TypeAlias = Callable[[], object]

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_LIMIT_S: Final = 2.4
"""From the mark to the end by force. With the last words it is less than the 3 s that are promised."""
_LAST_WORDS_S: Final = 0.4
_GRACE_S: Final = 0.5
"""The same where nobody has said how to end in good order: a command that only prints, or is still being loaded."""
_UNHURRIED_S: Final = 10.0
"""From the beginning of an end that the user chose, to the end by force."""

_LOOK: Final = 0
_MARK: Final = 254
_UNDER_WAY: Final = 255
"""Bytes on the pipe, besides the numbers of signals."""

_GONE: Final = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO})


class Ending:
    """The end of this process. There is one, see the functions below; more are for tests."""

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None
        self._numbers: set[int] = set()
        self._streams: set[int] = set()
        self._orderly: list[Call] = []
        self._is_orderly = False
        self._forced: list[Call] = []
        self._gate = threading.Lock()  # over the lists above
        self._marked_s: float | None = None
        self._deadline_s = float("inf")
        self._status: int | None = None

    # ---------------------------------------------------------------- from any thread

    def begin(self) -> None:
        """Take the signals. On the main thread, before anything that takes time; again is nothing.

        Also those that were ignored when the program was started, as under nohup: it may hold a microphone, and that
        does not outlive its terminal.
        """
        if self._pipe is not None:
            return
        self._pipe = os.pipe()
        if sys.platform != "win32":
            os.set_blocking(self._pipe[1], False)
        for number in [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]:
            self._numbers.add(int(number))
            signal.signal(number, self._caught)
        # The byte is written at once, also while the main thread waits or is in the middle of an import.
        signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="ending", daemon=True).start()
        atexit.register(self._finish)  # the first to register is the last to be called

    def mark(self) -> None:
        """As a signal does: the program is to end."""
        self._write(_MARK)

    def under_way(self) -> None:
        """The program ends by itself; should that take too long, it is ended."""
        self._write(_UNDER_WAY)

    def leave(self, status: int) -> None:
        """All is done; this is the exit status, whatever happens until the interpreter has ended."""
        self._status = status
        self.under_way()

    def when_marked(self, call: Call) -> None:
        """How to end in good order; called once, in a thread of its own, at once where the mark is there already."""
        with self._gate:
            self._orderly.append(call)
        self._write(_LOOK)

    def when_forced(self, call: Call) -> Call:
        """What must be done even then: last words, in a thread of their own. What is returned takes it back."""
        with self._gate:
            self._forced.append(call)

        def take_back() -> None:
            with self._gate, suppress(ValueError):
                self._forced.remove(call)

        return take_back

    def end_with(self, descriptors: Iterable[int]) -> None:
        """Leave the mark when the other end of one of these goes away: a terminal is closed, a reader has enough."""
        with self._gate:
            self._streams.update(descriptors)
        self._write(_LOOK)

    # ---------------------------------------------------------------- within

    def _caught(self, number: int, _frame: object) -> None:
        self._write(number)  # again, for an event loop on Windows takes the wake-up for itself

    def _write(self, byte: int) -> None:
        if self._pipe is not None:
            with suppress(OSError):  # full: there are marks enough on it
                os.write(self._pipe[1], bytes((byte,)))

    def _watch(self) -> None:
        """Thread: until the end of the process."""
        while (left_s := self._deadline_s - time.monotonic()) > 0:
            self._take(self._news(None if left_s == float("inf") else left_s))
        self._force()

    def _take(self, news: bytes) -> None:
        now_s = time.monotonic()
        if self._marked_s is None and any(byte == _MARK or byte in self._numbers for byte in news):
            self._marked_s = now_s
            self._deadline_s = min(self._deadline_s, now_s + _GRACE_S)
        if _UNDER_WAY in news:
            self._deadline_s = min(self._deadline_s, now_s + _UNHURRIED_S)
        if self._marked_s is None or self._status is not None:
            return
        with self._gate:
            calls, self._orderly = self._orderly, []
        if calls and not self._is_orderly:
            self._is_orderly = True
            self._deadline_s = self._marked_s + _LIMIT_S
        for call in calls:
            _start(call)

    def _news(self, timeout_s: float | None) -> bytes:
        """What was written to the pipe; the mark, too, where a stream has lost its other end."""
        assert self._pipe is not None  # made before this thread
        reading = self._pipe[0]
        if not hasattr(select, "poll"):  # Windows: nothing here has a limit but the read itself
            return _read_within(reading, timeout_s)
        with self._gate:
            streams = set(self._streams)
        poll = select.poll()
        poll.register(reading, select.POLLIN)
        for descriptor in streams:
            poll.register(descriptor, 0)  # only the other end's end
        news = b""
        for descriptor, event in poll.poll(None if timeout_s is None else timeout_s * 1000):
            if descriptor == reading:
                news += os.read(reading, 4096)
                continue
            with self._gate:
                self._streams.discard(descriptor)  # it would be news for ever
            if not event & select.POLLNVAL:  # a system that cannot watch such a thing
                news += bytes((_MARK,))
        return news

    def _force(self) -> None:
        try:
            with self._gate:
                calls = [*self._forced, *map(_flushing, (sys.stdout, sys.stderr))]
            end_s = time.monotonic() + _LAST_WORDS_S
            for thread in [_start(call) for call in calls]:
                thread.join(max(0.0, end_s - time.monotonic()))
        finally:
            os._exit(self._status or 0)

    def _finish(self) -> None:
        """When threads have ended and everything else that wanted to know of the exit does: leave.

        What the interpreter would do now is of no use to anybody, and no signal may strike in it.
        """
        if self._status is not None:
            for stream in (sys.stdout, sys.stderr):
                _flushing(stream)()
            os._exit(self._status)


def _start(call: Call) -> threading.Thread:
    thread = threading.Thread(target=call, name="the end", daemon=True)
    thread.start()
    return thread


def _flushing(stream: object) -> Call:
    def flush() -> None:
        with suppress(OSError, ValueError, AttributeError):  # it is gone, closed, or was never there
            stream.flush()  # type: ignore[attr-defined]

    return flush


def _read_within(descriptor: int, timeout_s: float | None) -> bytes:
    """Where a read has no limit: another thread reads, and is waited for."""
    if timeout_s is None:
        return os.read(descriptor, 4096)
    found: list[bytes] = []
    reader = _start(lambda: found.append(os.read(descriptor, 4096)))
    reader.join(timeout_s)
    return b"".join(found)


def is_gone(error: BaseException) -> bool:
    """Whether this says that the terminal, or who read the output, is gone: the end of the program, and no fault."""
    return isinstance(error, OSError) and error.errno in _GONE and error.filename is None


THE_END: Final = Ending()
begin = THE_END.begin
mark = THE_END.mark
under_way = THE_END.under_way
leave = THE_END.leave
when_marked = THE_END.when_marked
when_forced = THE_END.when_forced
end_with = THE_END.end_with
