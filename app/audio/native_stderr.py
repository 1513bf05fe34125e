"""Keeps what C libraries print on file descriptor 2 off the terminal.

ALSA, JACK and PortAudio write to descriptor 2 at will, which breaks a full-screen picture. Textual itself draws on
`sys.__stderr__`, so the descriptor cannot simply be sent elsewhere: Python's own stderr must first move to a
duplicate of it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from app.private_files import open_private_log

_STDOUT_FD: Final = 1
_STDERR_FD: Final = 2


@contextlib.contextmanager
def native_stderr_to(log: Path) -> Iterator[None]:
    """Within: descriptor 2 is appended to `log` (created for the user alone), Python's stderr stays the terminal.

    Programs started within inherit the log as their stderr. Enter it before anything takes hold of `sys.stderr`
    (a logging handler, the screen). Where descriptor 2 is no terminal and standard output is one, `sys.__stderr__`
    is that one: Textual draws on it, and a picture is for the terminal. Where the process has no descriptor 2,
    nothing is done. Raises OSError when the log cannot be opened.
    """
    try:
        terminal_fd = os.dup(_STDERR_FD)
    except OSError:
        yield  # started without stderr (pythonw, a closed descriptor)
        return
    try:
        log_fd = open_private_log(log)
    except OSError:
        os.close(terminal_fd)
        raise
    before, before_original = sys.stderr, sys.__stderr__
    terminal = _text(terminal_fd, before_original)
    drawing = terminal if os.isatty(terminal_fd) or not _is_terminal(_STDOUT_FD) else _text(os.dup(_STDOUT_FD), None)
    # What is not on descriptor 2 itself (a test's capture, a user's replacement) is left alone.
    if before is before_original:
        sys.stderr = terminal
    sys.__stderr__ = drawing  # type: ignore[misc]  # Final in typeshed, but Textual reads it at run time
    _flush(before_original)
    os.dup2(log_fd, _STDERR_FD)
    os.close(log_fd)
    try:
        yield
    finally:
        for stream in {terminal, drawing}:
            _flush(stream)
        os.dup2(terminal_fd, _STDERR_FD)
        sys.stderr, sys.__stderr__ = before, before_original  # type: ignore[misc]
        for stream in {terminal, drawing}:
            with contextlib.suppress(OSError):  # gone or full: what is still in it has no reader
                stream.close()


def _text(fd: int, like: TextIO | None) -> TextIOWrapper:
    encoding = like.encoding if like is not None else "utf-8"
    return open(fd, "w", buffering=1, encoding=encoding, errors="backslashreplace")


def _flush(stream: TextIO | None) -> None:
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _is_terminal(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False
