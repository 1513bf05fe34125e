"""The shelf of kept conversations: list, load, find, delete. Each is a folder with `conversation.jsonl` in it."""

from __future__ import annotations

import os
import re
import shutil
import stat
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.conversation.transcript import Entry, Party
from app.history.jsonl import read_lines
from app.history.saved import Saved
from app.history.writer import FILE_NAME
from app.protocol.text import one_line

LAST: Final = "last"
"""What a user may write for the newest conversation."""

MOST_BYTES: Final = 256 << 20
"""Of a conversation's file: years of talk. What is larger would fill the memory, and was not written by us."""

_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_[0-9a-f]{4}", re.ASCII)
_SHOWN: Final = 5


class HistoryError(Exception):
    """A conversation that cannot be had; `str` is one or two sentences for the user."""


class Summary(Struct, frozen=True):
    """A conversation in a list."""

    id: str
    """The folder's name."""
    folder: Path
    started_at: float
    turns: int
    first_words: str
    """The user's, or where the user said nothing the assistant's; on one line, often long."""
    service: str = ""
    """With whom it was held."""
    length_ms: int = 0
    """From its beginning to the end of the last turn."""
    trouble: str = ""
    """What of it cannot be read, in a sentence; mostly empty."""


def list_conversations(root: Path) -> tuple[Summary, ...]:
    """All conversations under the folder, newest first. Empty where there is none. Raises HistoryError."""
    return tuple(_summary(folder) for folder in _folders(root))


def load(folder: Path) -> Saved:
    """The conversation in this folder, without what cannot be read in it. Raises HistoryError."""
    try:
        data = _contents(folder / FILE_NAME)
    except OSError as error:
        why = one_line(error.strerror or str(error))
        raise HistoryError(f"The conversation {folder.name} cannot be read: {why}.") from error
    return read_lines(data, started_at=_time_of(folder.name))


def skipped_sentence(saved: Saved) -> str:
    """What is said of a conversation of which lines could not be read; empty where all could."""
    lines = saved.skipped_lines
    if not lines:
        return ""
    return (
        f"{lines} line{'s' if lines != 1 else ''} of it could not be read and {'are' if lines != 1 else 'is'} left out"
    )


def _contents(path: Path) -> bytes:
    """The bytes of a plain file; of none, where it was never written. Raises OSError, and never waits."""
    # Opening a pipe would wait for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        if path.is_symlink():
            raise OSError("its file is a link to nothing") from None
        return b""  # a recording alone: its first words were never written
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(f"{path.name} is not a file")
        if about.st_size > MOST_BYTES:
            raise OSError(f"its file is larger than {MOST_BYTES >> 20} MiB")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    finally:
        os.close(descriptor)


def find(root: Path, wanted: str) -> Path:
    """The folder of the conversation whose id begins so, or with `last` of the newest.

    Raises HistoryError where none or several begin so.
    """
    there = _folders(root)
    if not there:
        raise HistoryError(f"No conversation is kept in {root}.")
    if wanted.casefold() == LAST:
        return there[0]
    found = [folder for folder in there if wanted and folder.name.startswith(wanted)]
    if not found:
        raise HistoryError(
            f'No conversation\'s id begins with "{one_line(wanted, 40)}". `realtime history list` shows them.'
        )
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise HistoryError(f'{len(found)} conversations begin with "{one_line(wanted, 40)}": {names}. Give more of it.')
    return found[0]


def delete(folder: Path) -> None:
    """Remove the conversation with all that is kept of it, for good. Raises HistoryError."""
    if not _NAME.fullmatch(folder.name):
        raise HistoryError(f"{folder} is no folder of a conversation and was left alone.")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise HistoryError(f"{folder} was not deleted: {error.strerror or error}.") from error


def _folders(root: Path) -> list[Path]:
    """Newest first: the names sort as the times do."""
    try:
        found = [each for each in root.iterdir() if _NAME.fullmatch(each.name) and each.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise HistoryError(f"The conversations in {root} cannot be listed: {error.strerror or error}.") from error
    return sorted(found, key=lambda folder: folder.name, reverse=True)


def _summary(folder: Path) -> Summary:
    try:
        saved = load(folder)
    except HistoryError as error:  # one that cannot be read hides no other
        return Summary(folder.name, folder, _time_of(folder.name), 0, str(error), trouble=str(error))
    words = _first_words(saved.entries, Party.USER) or _first_words(saved.entries, Party.ASSISTANT)
    turns = sum(entry.is_turn for entry in saved.entries)
    trouble = f"{folder.name}: {skipped}." if (skipped := skipped_sentence(saved)) else ""
    length_ms = max((entry.ended_ms or entry.started_ms for entry in saved.entries if entry.is_turn), default=0)
    return Summary(folder.name, folder, saved.started_at, turns, words, saved.service, length_ms, trouble)


def _first_words(entries: tuple[Entry, ...], speaker: Party) -> str:
    return next((one_line(each.text) for each in entries if each.speaker is speaker and each.text.strip()), "")


def _time_of(name: str) -> float:
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime(match[1], "%Y-%m-%d_%H-%M-%S").timestamp() if match else 0.0
    except (ValueError, OverflowError, OSError):  # digits, but no date that the system knows
        return 0.0
