"""Everything that a person reads of the program, but for the full screen, passes through here on its way out.

What comes in may be anybody's words: a file's name, a key of the settings file, a device. What goes out carries no
control character but tab and newline, and is written in what the stream has letters for.

A stream that was closed before the start takes everything and shows nothing. That standard error does not take
something costs nothing. That standard output does not is told apart: whoever read it has had enough, or what was
written is lost.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Final, TextIO

from app.protocol.text import flat, sanitise_text

_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENXIO, getattr(errno, "ESHUTDOWN", errno.EPIPE)})
"""Errors of writing that mean a reader who left; a terminal that left and Windows say it otherwise, see `_is_gone`."""

_NO_TERMINAL: Final = frozenset({"", "dumb", "unknown"})
"""Values of TERM for what cannot place a cursor, or may be anything."""


class Ink(StrEnum):
    """A colour; the value is its number for a terminal (ECMA-48, SGR)."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"


class OutputLostError(Exception):
    """Standard output did not take all that it was given; `str` is the sentence for the user."""


class ReaderGoneError(Exception):
    """Nobody reads standard output any more, as with `| head`: not an error of anybody's."""


class TextOutput:
    """A stream that text goes out on. None stands for one that was closed before the program began: it takes all.

    What a full disk did not take is kept, and goes first with the next text: if there is room by then, nothing is
    lost. For one thread.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._waiting = b""

    def put(self, text: str) -> None:
        """Write it, harmless, and at once. Raises ReaderGoneError, OutputLostError."""
        self._put(sanitise_text(text))

    def put_inked(self, pieces: Iterable[tuple[str, Ink]]) -> None:
        """The same of pieces of text, each in its colour where the stream is a terminal that wants any."""
        has_colours = wants_colours(self._stream, os.environ)
        self._put("".join(_inked(sanitise_text(text), ink if has_colours else Ink.PLAIN) for text, ink in pieces))

    def _put(self, text: str) -> None:
        """`text` is harmless."""
        if self._stream is None:
            return
        try:
            raw = self._raw(self._stream)
            if raw is None:  # a test's stream, or a user's replacement
                self._stream.write(_with_known_letters(text, self._stream))
                self._stream.flush()
            else:
                self._waiting += _encoded(text, self._stream)
                self._write_waiting(raw)
        except ValueError:
            if self._stream.closed:
                raise ReaderGoneError from None
            raise
        except OSError as error:
            if _is_gone(error, self._stream):
                raise ReaderGoneError from error
            why = error.strerror or str(error)
            raise OutputLostError(
                f"Standard output does not take what is written ({why}), so some of it is missing there. "
                "Make room, or send it somewhere else."
            ) from error

    @staticmethod
    def _raw(stream: TextIO) -> io.RawIOBase | None:
        """What lies below all buffers: a buffer would keep what failed, and fail once more at the very end."""
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)  # PYTHONUNBUFFERED: there is no buffer in between
        if not isinstance(raw, io.RawIOBase):
            return None
        stream.flush()
        return raw

    def _write_waiting(self, raw: io.RawIOBase) -> None:
        while self._waiting:
            written = raw.write(self._waiting)
            if written is None:  # somebody who shares it has made it non-blocking
                select.select([], [raw], [])
            else:
                self._waiting = self._waiting[written:]


def say(sentence: str, stream: TextIO | None = None) -> None:
    """A sentence on standard error (or `stream`), on one line. Where that is impossible, nothing happens."""
    with suppress(ReaderGoneError, OutputLostError):
        TextOutput(stream or sys.stderr).put(f"{flat(sentence)}\n")


def tell(text: str, end: str = "\n") -> None:
    """What a command was asked for, on standard output. Raises ReaderGoneError, OutputLostError."""
    TextOutput(sys.stdout).put(f"{text}{end}")


def tell_inked(pieces: Iterable[tuple[str, Ink]]) -> None:
    """A line of a command's answer, with colours. Raises ReaderGoneError, OutputLostError."""
    TextOutput(sys.stdout).put_inked([*pieces, ("\n", Ink.PLAIN)])


def ask(question: str) -> str | None:
    """A question on standard error, and the line of standard input that answers it; None: there is no answer."""
    with suppress(ReaderGoneError, OutputLostError):
        TextOutput(sys.stderr).put(f"{question} ")
    try:
        answer = sys.stdin.readline() if sys.stdin is not None else ""
    except (OSError, ValueError):
        return None
    return answer.strip() if answer else None


# ---------------------------------------------------------------- the streams themselves


def open_missing_streams() -> None:
    """Put the null device where standard input, output or error was closed before the start.

    Otherwise the next file to be opened would get that number, and whoever writes to standard error would write
    into it. Python's own streams stay None: nothing is read, and nothing shown.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                null = os.open(os.devnull, os.O_RDWR)
                if null != descriptor:
                    os.dup2(null, descriptor)
                    os.close(null)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits there."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def is_interactive() -> bool:
    """Whether input and output are a terminal, which the full screen needs."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)


def wants_colours(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether it is a terminal that shows colours, and nobody said that there should be none (no-color.org)."""
    term = environ.get("TERM", "").strip()
    has_any = "WT_SESSION" in environ or bool(term) if sys.platform == "win32" else term not in _NO_TERMINAL
    return is_terminal(stream) and has_any and not environ.get("NO_COLOR")


def _inked(text: str, ink: Ink) -> str:
    return f"\x1b[{ink}m{text}\x1b[0m" if ink and text else text


def output_encoding() -> str:
    """Of standard output; empty where there is none."""
    return getattr(sys.stdout, "encoding", None) or ""


def why_no_screen(environ: Mapping[str, str], encoding: str, system: str = sys.platform) -> str:
    """Why this terminal cannot show the full screen, as the first half of a sentence; empty where it can."""
    term = environ.get("TERM", "").strip()
    if system != "win32":
        if term in _NO_TERMINAL:
            return f"TERM is {term}, which draws no full screen" if term else "TERM is not set"
        if not _places_cursor(term):
            return f"TERM is {flat(term)[:40]}, which cannot place a cursor"
    codeset = "" if _is_encoding_said(environ) else _codeset(environ)
    for name in (encoding, codeset):
        if name and not _is_utf8(name):
            return f"The terminal's encoding is {flat(name)[:40]}, and the full screen needs UTF-8 (LC_ALL=C.UTF-8)"
    return ""


def _places_cursor(term: str) -> bool:
    """What the system's terminal descriptions say; one that they do not know is taken for a new one, which does."""
    try:
        import curses

        curses.setupterm(term, 2)
        return curses.tigetstr("cup") is not None
    except (ImportError, curses.error):
        return True


def _codeset(environ: Mapping[str, str]) -> str:
    """What the locale says of the terminal's encoding. Python knows it only where that locale is installed."""
    locale = next(filter(None, map(environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return locale.partition("@")[0].partition(".")[2]


def _is_encoding_said(environ: Mapping[str, str]) -> bool:
    return environ.get("PYTHONUTF8") == "1" or bool(environ.get("PYTHONIOENCODING"))


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    except (LookupError, ValueError):
        return False


def _with_known_letters(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None)
    return text.encode(encoding, "replace").decode(encoding) if encoding else text


def _encoded(text: str, stream: TextIO) -> bytes:
    if os.linesep != "\n":
        text = text.replace("\n", os.linesep)
    return text.encode(stream.encoding or "utf-8", "replace")


def _is_gone(error: OSError, stream: TextIO) -> bool:
    if error.errno in _GONE:
        return True
    if error.errno == errno.EIO:  # a terminal that was closed; of a disk it means something else
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    return sys.platform == "win32" and error.errno == errno.EINVAL  # its word for a closed pipe
