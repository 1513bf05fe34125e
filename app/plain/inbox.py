"""Where the workers' events and the typed lines meet."""

from __future__ import annotations

import errno
import queue
import threading
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, StatusChanged
from app.live.events import Ended, ExampleOffered, SayingAgain, SoundChecked


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line of standard input, without its end; None: there are no more."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker ended by a fault of the program."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Stop:
    """The program is to end: a signal came, or the terminal is gone."""


Told: TypeAlias = (
    EntryChanged | EntryRemoved | StatusChanged | Notice | Interrupted | ExampleOffered | SoundChecked | SayingAgain
)
Event: TypeAlias = Told | Ended | TypedLine | Failed | Stop


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
        try:
            for line in stream:
                self.put(TypedLine(line.rstrip("\r\n")))
        except (OSError, ValueError) as error:
            self.put(Notice(f"Standard input cannot be read any more: {error}."))
        finally:
            self.put(Stop() if _is_hung_up(stream) else TypedLine(None))


def _is_hung_up(stream: TextIO) -> bool:
    """Whether this was a terminal that was closed. One where Ctrl+D was pressed is still there."""
    try:
        import termios

        termios.tcgetattr(stream.fileno())
    except (ImportError, ValueError):  # Windows, which has other ways to say so; or no terminal ever
        return False
    except termios.error as error:
        return bool(error.args[0] == errno.EIO)
    except OSError:
        return False
    return False


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
