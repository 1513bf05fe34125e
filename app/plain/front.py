"""The line-by-line front end: for screen readers, pipes and scripts.

What was said goes to standard output, one line a turn, in the order of the conversation and never rewritten. What
happens otherwise goes to standard error, the program's lines in the transcript too. Each line of standard input is a
typed turn, sent when the turn before it is answered; in push-to-talk an empty line opens and closes the microphone. A
recording as the microphone is heard to its end, and the end of standard input closes the microphone.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol, TextIO

from app import ending
from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, Severity, StatusChanged
from app.conversation.session import Mode
from app.conversation.status import State, Status
from app.conversation.transcript import NOT_SENT_YET, Entry
from app.exit_status import LOST, REFUSED
from app.live.events import Ended, ExampleOffered, Live, SayingAgain, SoundChecked
from app.live.mirror import Mirror
from app.plain.inbox import Failed, Inbox, Stop, Told, TypedLine
from app.plain.lines import is_complete, is_unanswered, line_of
from app.plain.printer import Printer
from app.protocol.text import sanitise_text

_REST_AFTER_SPEECH_S = 1.5
"""Beyond the silence window: a last turn of the microphone may still be found in it."""
_REST_S = 0.3

_LOOK_AGAIN_S = 1.0
"""The end of a recording is no event of its own."""
_LONGEST_WAIT_S = 0.5 if sys.platform == "win32" else None
"""Windows keeps Ctrl+C from a thread that waits."""

_TAKING_UP_S = 5.0
"""A typed turn is taken up by the conversation within this, or never."""

_LONGEST_END_S = 1.5
"""What the two workers may take to end; what was said is told and kept whether they do or not."""

_BUSY = frozenset({State.CONNECTING, State.RECONNECTING, State.HEARING, State.THINKING, State.SPEAKING})


class Last(Enum):
    """What is left to do when nobody says anything any more."""

    TALK_KEY = auto()
    END = auto()


class Talk(Live, Protocol):
    """A running conversation that also tells how far its microphone is."""

    @property
    def is_input_over(self) -> bool:
        """Nothing more will be said into the microphone."""

    @property
    def is_input_finite(self) -> bool:
        """The microphone says what it has to say, and that is all: a recording, or the example."""

    @property
    def is_waiting_to_speak(self) -> bool:
        """The microphone is a recording, which begins when it is opened."""


class PlainFrontEnd:
    """Runs one conversation to its end on two streams."""

    def __init__(
        self,
        live: Talk,
        inbox: Inbox,
        *,
        out: TextIO | None,
        err: TextIO | None,
        typed: tuple[str, ...] = (),
        is_typing_over: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live, self._inbox, self._clock = live, inbox, clock
        self._printer = Printer(out, err)
        self._mirror = Mirror()
        self._printed: dict[str, str] = {}  # what the turns said when they were printed
        self._late: dict[str, None] = {}
        self._typed = deque(typed)
        self._is_typing_over = is_typing_over
        self._status = Status()
        self._is_idle = False
        self._last: Last | None = None
        self._last_since = 0.0
        self._has_spoken_input = False
        self._taken_up_by = math.inf
        self._is_awaiting_answer = False
        self._was_refused = False

    @property
    def has_lost_output(self) -> bool:
        """Whether lines are missing on standard output."""
        return self._printer.has_lost

    def run(self) -> int:
        """Until everything is said and heard, the line is lost, or the user ends it. The exit status."""
        workers = [
            threading.Thread(target=self._watched, args=(work,), name=name, daemon=True)
            for work, name in ((self._live.run_line, "line"), (self._live.run_sound, "sound"))
        ]
        try:
            self._say(f"service: {self._live.service_label}")
            for worker in workers:
                worker.start()
            return self._serve()
        finally:
            ending.under_way()
            self._live.close()
            end_s = time.monotonic() + _LONGEST_END_S
            for worker in workers:
                if worker.ident is not None:  # what was to be said first could not be written
                    worker.join(max(0.0, end_s - time.monotonic()))
            self._tell_rest()

    def stop(self) -> None:
        """Let `run` return. From any thread; the microphone is closed at once, also while a line cannot be written."""
        self._live.close()
        self._inbox.put(Stop())

    # ---------------------------------------------------------------- events

    def _serve(self) -> int:
        while not self._printer.is_reader_gone:
            event = self._inbox.get(self._timeout_s())
            match event:
                case None:
                    match self._rested():
                        case Last.END:
                            return self._outcome()
                        case Last.TALK_KEY:
                            self._press_talk_key()
                case Ended(why, exit_status):
                    if why and not any(entry.text == why for entry in self._mirror if not entry.is_turn):
                        self._say(why)
                    return exit_status
                case Failed(error):
                    raise error
                case Stop():
                    return 0
                case TypedLine(text):
                    if text is None:
                        self._is_typing_over = True
                    else:
                        self._typed.append(text)
                case _:
                    self._take(event)
            self._send_typed()
        return 0

    def _take(self, event: Told) -> None:
        match event:
            case EntryChanged(entry):
                before = self._mirror.get(entry.item_id)
                self._mirror.apply(event)
                if before is not None and before.note == NOT_SENT_YET != entry.note:
                    self._say(f"sent now: {entry.text}")
                if not entry.is_turn:
                    self._print(entry)  # at once, whatever is still being said
                elif entry.text != self._printed.get(entry.item_id, entry.text):
                    self._late[entry.item_id] = None
                self._print_complete()
            case EntryRemoved(item_id):
                self._mirror.apply(event)
                self._late.pop(item_id, None)
                self._print_complete()
            case StatusChanged(status):
                self._take_status(status)
            case Notice(text, severity, is_remarked):
                self._was_refused |= severity is Severity.ERROR
                if not is_remarked:
                    self._say(text)
            case Interrupted():
                self._last = None
            case ExampleOffered() | SoundChecked() | SayingAgain():
                pass

    def _take_status(self, status: Status) -> None:
        was, self._status = self._status, status
        if was.state is State.CONNECTING and status.state not in (State.CONNECTING, State.OFFLINE):
            self._say(f"connected; microphone: {self._live.microphone_name or 'none'}")
        if status.retry_in_s and (was.retry_in_s is None or status.retry_in_s > was.retry_in_s):
            self._say(f"reconnecting in {status.retry_in_s} s")
        if status.state is State.HEARING:
            self._has_spoken_input = True
        if status.state in (State.THINKING, State.SPEAKING) or status.is_response_active:
            self._is_awaiting_answer = False
        self._is_idle = status.state not in _BUSY and not status.is_response_active

    def _send_typed(self) -> None:
        while self._typed:
            text = sanitise_text(self._typed[0]).strip()
            is_key = not text and self._is_push_to_talk
            if not (self._may_close() if is_key and self._status.is_microphone_open else self._may_begin()):
                return
            self._typed.popleft()
            if text:
                self._is_awaiting_answer, self._taken_up_by = True, self._clock() + _TAKING_UP_S
                self._live.say(text)
            elif is_key and self._status.has_microphone:
                self._press_talk_key()
                return  # the microphone's new state comes as an event
            elif is_key:
                self._say("There is no microphone that an empty line could open.")

    def _press_talk_key(self) -> None:
        self._last = None
        self._live.talk_key()

    @property
    def _is_push_to_talk(self) -> bool:
        return self._status.settings.mode is Mode.PUSH_TO_TALK

    def _may_begin(self) -> bool:
        return self._is_idle and not (self._is_awaiting_answer and self._clock() < self._taken_up_by)

    def _may_close(self) -> bool:
        """The user closes the microphone in the middle of a word if need be; a recording is heard to its end."""
        return not self._live.is_input_finite or self._live.is_input_over

    # ---------------------------------------------------------------- the end

    def _outcome(self) -> int:
        """0, unless something was asked and nothing of an answer came."""
        entries, status = self._live.entries, self._status
        if is_unanswered(entries, has_asked=status.has_asked, answers_speech=status.settings.create_response):
            return REFUSED if self._was_refused else LOST
        if self._live.is_input_finite and not (
            self._is_push_to_talk or self._has_spoken_input or any(entry.is_turn for entry in entries)
        ):
            self._say("The service heard no speech.")
            return LOST
        return 0

    def _rest_s(self) -> float:
        if not (self._has_spoken_input or self._live.microphone_name):
            return _REST_S
        return self._status.settings.silence_ms / 1000 + _REST_AFTER_SPEECH_S

    def _what_is_last(self) -> Last | None:
        """What is left to do as things are; None while something is still being said, or may be."""
        if not (self._is_typing_over and not self._typed and self._may_begin()):
            return None
        live, is_open = self._live, self._status.is_microphone_open
        if not self._is_push_to_talk:
            return Last.END if live.is_input_over else None
        if live.is_waiting_to_speak:
            return None if is_open else Last.TALK_KEY  # nobody else is left who could open it
        if live.is_input_finite and not live.is_input_over:
            return None
        return Last.TALK_KEY if is_open else Last.END

    def _timeout_s(self) -> float | None:
        """How long to wait for the next event: for ever, unless the end of something is near."""
        last = self._what_is_last()
        if last is not self._last:
            self._last, self._last_since = last, self._clock()
        if last is not None:
            return max(0.0, self._last_since + self._rest_s() - self._clock())
        if (self._is_typing_over or self._typed) and self._is_idle:
            return _LOOK_AGAIN_S
        return _LONGEST_WAIT_S

    def _rested(self) -> Last | None:
        """What is left to do, once it was all there is to do for a while."""
        last = self._what_is_last()
        is_time = last is self._last and self._clock() >= self._last_since + self._rest_s()
        return last if is_time else None

    # ---------------------------------------------------------------- lines

    def _print_complete(self) -> None:
        while (entry := self._mirror.first_unmarked) is not None and is_complete(entry):
            self._print_late()
            self._print(entry)

    def _print_late(self) -> None:
        """Words that came after their turn was printed, before the next turn is."""
        late, self._late = self._late, {}
        for entry in map(self._mirror.get, late):
            if entry is not None:
                self._print(entry, late=True)

    def _tell_rest(self) -> None:
        fault: BaseException | None = None
        while (event := self._inbox.get(0)) is not None:
            match event:
                case Notice(text):
                    self._say(text)
                case Failed(error):
                    fault = error
                case _:
                    pass  # what was said is in the entries
        for entry in self._live.entries:
            printed = self._printed.get(entry.item_id)
            if entry.text != printed and (entry.text or (entry.note and printed is None)):
                self._print(entry, late=printed is not None)
        if fault is not None:
            raise fault

    def _print(self, entry: Entry, *, late: bool = False) -> None:
        self._printed[entry.item_id] = entry.text
        if entry.item_id in self._mirror:
            self._mirror.mark(entry.item_id)
        if entry.is_turn:
            self._printer.tell(line_of(entry, late=late))
        else:
            self._say(entry.text)

    def _say(self, text: str) -> None:
        self._printer.say(text)

    def _watched(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._inbox.put(Failed(error))
