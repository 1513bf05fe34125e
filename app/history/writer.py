"""Keeps a conversation while it is held: what is final is in the file before the next word is spoken."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from app.conversation.transcript import Entry
from app.history.lines import entry_line, header_line, removed_line
from app.history.saved import Saved
from app.private_files import make_private_folder

FILE_NAME: Final = "conversation.jsonl"


def new_folder_name(started_at: float) -> str:
    """A folder's name from the local time (epoch seconds); four random digits part those of one second."""
    return f"{datetime.fromtimestamp(started_at):%Y-%m-%d_%H-%M-%S}_{secrets.token_hex(2)}"


class ConversationWriter:
    """Writes one conversation into a folder of its own. For one thread.

    It is shown the conversation again and again and writes what is new: so the file, read back, is always what was
    shown last. Each line is handed to the operating system at once; a killed program loses nothing of it. Folder
    (0700) and file (0600) are made with the first entry, so a conversation without words leaves nothing behind.

    A failure is told once, as a sentence, and never raised. What could not be written is tried again each time.
    """

    def __init__(self, folder: Path, complain: Callable[[str], None]) -> None:
        """`folder` is the conversation's own and must not exist yet, but for what else is kept in it."""
        self._folder = folder
        self._complain = complain
        self._has_complained = False
        self._file: int | None = None
        self._is_line_cut = False
        self._written: dict[str, Entry] = {}
        self._order: list[str] = []

    def keep(self, saved: Saved) -> None:
        """The conversation so far: its final entries are written where they are new or different."""
        self._write_safely(saved, tuple(entry for entry in saved.entries if self._is_kept(entry)))

    def end(self, saved: Saved) -> None:
        """The conversation as it ended: what is not final is written as it is, and the file is closed."""
        said = tuple(entry for entry in saved.entries if self._is_kept(entry) or entry.text or entry.note)
        self._write_safely(saved, said)
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError as error:
                self._failed(error)

    def _is_kept(self, entry: Entry) -> bool:
        return entry.is_final or entry.item_id in self._written

    # ---------------------------------------------------------------- within

    def _write_safely(self, saved: Saved, entries: tuple[Entry, ...]) -> None:
        try:
            self._write_new(saved, entries)
        except OSError as error:
            self._failed(error)

    def _write_new(self, saved: Saved, entries: tuple[Entry, ...]) -> None:
        standing = {entry.item_id for entry in entries}
        for item_id in [item_id for item_id in self._order if item_id not in standing]:
            self._write(saved, removed_line(item_id))
            self._order.remove(item_id)
            del self._written[item_id]
        for at, entry in enumerate(entries):
            item_id = entry.item_id
            before = self._written.get(item_id)
            is_placed = at < len(self._order) and self._order[at] == item_id
            if is_placed and (before is entry or before == entry):
                continue
            self._write(saved, entry_line(entry, at))
            if not is_placed:
                if before is not None:
                    self._order.remove(item_id)
                self._order.insert(at, item_id)
            self._written[item_id] = entry

    def _write(self, saved: Saved, line: bytes) -> None:
        if self._file is None:
            line = header_line(saved) + line
            self._file = self._create()
        elif self._is_line_cut:
            line = b"\n" + line
        self._is_line_cut = True  # until all of it is written: a full disk may take a part
        while line:
            line = line[os.write(self._file, line) :]
        self._is_line_cut = False

    def _create(self) -> int:
        make_private_folder(self._folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return os.open(self._folder / FILE_NAME, flags, 0o600)

    def _failed(self, error: OSError) -> None:
        if self._has_complained:
            return
        self._has_complained = True
        why = error.strerror or str(error)
        self._complain(
            f"The conversation is not being saved: {self._folder} cannot be written ({why}). "
            "The talk goes on; make room or set another place with REALTIME_HOME, and export it before you quit."
        )
