"""The line-by-line front end: for screen readers, pipes and scripts.

What was said goes to standard output, one line a turn, in the order of the conversation and never rewritten. What
happens otherwise goes to standard error. Each line of standard input is a typed turn, sent when the turn before it
is answered; in push-to-talk an empty line opens and closes the microphone.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, StatusChanged
from app.conversation.session import Mode
from app.conversation.status import State, Status
from app.conversation.transcript import Entry, Speaker
from app.live.conversation import LiveConversation
from app.live.events import Ended, ExampleOffered, SoundChecked
from app.live.mirror import Mirror

_REST_AFTER_SPEECH_S = 1.5
"""Beyond the silence window: a last turn of the microphone may still be found in it."""
_REST_S = 0.3

_BUSY = frozenset({State.CONNECTING, State.HEARING, State.THINKING, State.SPEAKING})


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line of standard input, without its end; None: there are no more."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker ended by a fault of the program."""

    error: BaseException


Told: TypeAlias = EntryChanged | EntryRemoved | StatusChanged | Notice | Interrupted | ExampleOffered | SoundChecked
Event: TypeAlias = Told | Ended | TypedLine | Failed


class Inbox:
    """Where the workers' events and the typed lines meet."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def put(self, event: Event) -> None:
        """From any thread."""
        self._queue.put(event)

    def get(self, timeout_s: float | None) -> Event | None:
        """The next event; None when there was none for so long."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def read_lines(self, stream: TextIO) -> None:
        """Deliver every line, then the end. Blocks: for a daemon thread, since nothing can end a blocked read."""
        for line in stream:
            self.put(TypedLine(line.rstrip("\r\n")))
        self.put(TypedLine(None))


class PlainFrontEnd:
    """Runs one conversation to its end on two streams."""

    def __init__(
        self,
        live: LiveConversation,
        inbox: Inbox,
        *,
        out: TextIO,
        err: TextIO,
        typed: tuple[str, ...] = (),
        is_typing_over: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live, self._inbox, self._out, self._err, self._clock = live, inbox, out, err, clock
        self._mirror = Mirror()
        self._printed: set[str] = set()
        self._typed = deque(typed)
        self._is_typing_over = is_typing_over
        self._status = Status()
        self._idle_since: float | None = None
        self._has_spoken_input = False
        self._is_awaiting_answer = False

    def run(self) -> int:
        """Until everything is said and heard, the line is lost, or the user ends it. The exit status."""
        workers = [
            threading.Thread(target=self._watched, args=(work,), name=name)
            for work, name in ((self._live.run_line, "line"), (self._live.run_sound, "sound"))
        ]
        self._say(f"service: {self._live.service_label}")
        for worker in workers:
            worker.start()
        try:
            return self._serve()
        except KeyboardInterrupt:
            return 0
        finally:
            self._live.close()
            for worker in workers:
                worker.join()
            self._print_rest()

    # ---------------------------------------------------------------- events

    def _serve(self) -> int:
        while True:
            event = self._inbox.get(self._timeout_s())
            match event:
                case None:
                    if self._is_finished():
                        return 0
                case Ended(why, exit_status):
                    if why:
                        self._say(why)
                    return exit_status
                case Failed(error):
                    raise error
                case TypedLine(text):
                    if text is None:
                        self._is_typing_over = True
                    else:
                        self._typed.append(text)
                case _:
                    self._take(event)
            self._send_typed()

    def _take(self, event: Told) -> None:
        match event:
            case EntryChanged() | EntryRemoved():
                self._mirror.apply(event)
                self._print_complete()
            case StatusChanged(status):
                self._take_status(status)
            case Notice(text):
                self._say(text)
            case Interrupted():
                self._idle_since = self._clock()
            case ExampleOffered() | SoundChecked():
                pass

    def _take_status(self, status: Status) -> None:
        was, self._status = self._status, status
        if was.state is State.CONNECTING and status.state not in (State.CONNECTING, State.OFFLINE):
            self._say(f"connected; microphone: {self._live.microphone_name or 'none'}")
        if status.state is State.HEARING:
            self._has_spoken_input = True
        if status.state in (State.THINKING, State.SPEAKING):
            self._is_awaiting_answer = False
        is_idle = status.state not in _BUSY and not status.is_response_active
        if not is_idle:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = self._clock()

    def _send_typed(self) -> None:
        if not self._typed or self._is_awaiting_answer or self._idle_since is None:
            return
        text = self._typed.popleft()
        if not text.strip():
            if self._status.settings.mode is Mode.PUSH_TO_TALK:
                self._live.talk_key()
            return
        self._is_awaiting_answer = True
        self._live.say(text)

    # ---------------------------------------------------------------- the end

    def _rest_s(self) -> float:
        if not (self._has_spoken_input or self._live.microphone_name):
            return _REST_S
        return self._status.settings.silence_ms / 1000 + _REST_AFTER_SPEECH_S

    def _may_finish(self) -> bool:
        return self._is_typing_over and not self._typed and not self._is_awaiting_answer and self._live.is_input_over

    def _timeout_s(self) -> float | None:
        """How long to wait for the next event: for ever, unless the end of the conversation is near."""
        if self._idle_since is None or not self._is_typing_over:
            return None
        if not self._may_finish():
            return 1.0  # a microphone's end is no event of its own
        return max(0.0, self._idle_since + self._rest_s() - self._clock())

    def _is_finished(self) -> bool:
        rested_s = self._clock() - self._idle_since if self._idle_since is not None else 0.0
        return self._may_finish() and rested_s >= self._rest_s()

    # ---------------------------------------------------------------- lines

    def _print_complete(self) -> None:
        for entry in self._mirror.entries:
            if entry.item_id in self._printed:
                continue
            if not _is_complete(entry):
                return  # later turns wait for their turn
            self._print(entry)

    def _print_rest(self) -> None:
        while (event := self._inbox.get(0)) is not None:
            if isinstance(event, EntryChanged | EntryRemoved):
                self._mirror.apply(event)
        for entry in self._live.entries:
            if entry.item_id not in self._printed and (entry.text or entry.note):
                self._print(entry)

    def _print(self, entry: Entry) -> None:
        self._printed.add(entry.item_id)
        print(line_of(entry), file=self._out, flush=True)

    def _say(self, text: str) -> None:
        print(text, file=self._err, flush=True)

    def _watched(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._inbox.put(Failed(error))


def line_of(entry: Entry) -> str:
    """A turn as one line."""
    words = " ".join(entry.heard_text.split())
    if entry.is_interrupted:
        unheard = " ".join(entry.unheard_text.split())
        after = f"interrupted after {(entry.heard_ms or 0) / 1000:.1f} s"
        words = f"{words} [{after}; not heard: {unheard}]" if unheard else f"{words} [{after}]"
    elif not entry.is_final and entry.text:
        words = f"{words} [partial]"
    if entry.note:
        words = f"{words} [{entry.note}]".strip()
    return f"{entry.speaker}: {words}"


def _is_complete(entry: Entry) -> bool:
    if not entry.is_final:
        return False
    return entry.speaker is Speaker.USER or not entry.is_spoken or entry.ended_ms is not None


def begin_reading(
    inbox: Inbox, stream: TextIO | None, *, is_terminal: bool, patience_s: float = 0.5
) -> tuple[tuple[str, ...], bool]:
    """Start reading standard input; its first line, if one is there at once, and whether it ended.

    So a pipe with a question can be told from one that holds nothing, before the conversation begins.
    """
    if stream is None:
        return (), True
    threading.Thread(target=inbox.read_lines, args=(stream,), name="stdin", daemon=True).start()
    match None if is_terminal else inbox.get(patience_s):
        case TypedLine(str(text)):
            return (text,), False
        case TypedLine(None):
            return (), True
        case _:
            return (), False
