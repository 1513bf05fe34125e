"""Keeps a conversation while it is held: what is final is in the file before the next word is spoken."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry
from app.conversation.usage import Spending, total
from app.history.jsonl import entry_line, header_line, removed_line
from app.history.saved import Saved
from app.private_files import make_private_folder

FILE_NAME: Final = "conversation.jsonl"


def new_folder_name(started_at: float) -> str:
    """A folder's name from the local time (epoch seconds); four random digits part those of one second."""
    return f"{datetime.fromtimestamp(started_at):%Y-%m-%d_%H-%M-%S}_{secrets.token_hex(2)}"


class ConversationWriter:
    """Writes one conversation into a folder of its own. For one thread.

    It is told which turns are different and writes what of them is final and new: so the file, read back, is always
    what was told last. Each line is handed to the operating system at once; a killed program loses nothing of it.
    Folder (0700) and file (0600) are made with the first turn, so a conversation without words leaves nothing
    behind.

    A failure is told once, as a sentence, and never raised. What could not be written is tried again each time.
    """

    def __init__(self, folder: Path, complain: Callable[[str], None]) -> None:
        """`folder` is the conversation's own and must not exist yet, but for what else is kept in it."""
        self._folder = folder
        self._complain = complain
        self._has_complained = False
        self._file: int | None = None
        self._is_line_cut = False
        self._written: OrderedEntries[Entry] = OrderedEntries()
        self._unwritten: set[str] = set()

    def keep(self, about: Saved, entries: OrderedEntries[Entry], changed: Iterable[str]) -> None:
        """Write what is final of the changed entries, and what has left. `about` says whose they are."""
        self._unwritten.update(changed)
        self._write_safely(about, entries, is_end=False)

    def end(self, saved: Saved) -> None:
        """The conversation as it ended: what is not final is written as it is, and the file is closed."""
        entries = OrderedEntries(saved.entries)
        self._unwritten.update(entry.item_id for entry in (*saved.entries, *self._written))
        self._write_safely(saved, entries, is_end=True)
        self._write_total(saved)
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError as error:
                self._failed(error)

    # ---------------------------------------------------------------- within

    def _write_total(self, saved: Saved) -> None:
        """Answers without a word were paid for too."""
        if self._file is not None and saved.spending != total(entry.spending for entry in self._written):
            try:
                self._write(saved, header_line(saved))
            except OSError as error:
                self._failed(error)

    def _write_safely(self, about: Saved, entries: OrderedEntries[Entry], *, is_end: bool) -> None:
        try:
            self._write_new(about, entries, is_end=is_end)
        except OSError as error:
            self._failed(error)

    def _write_new(self, about: Saved, entries: OrderedEntries[Entry], *, is_end: bool) -> None:
        for item_id in [item_id for item_id in self._unwritten if item_id not in entries]:
            if item_id in self._written:
                self._write(about, removed_line(item_id))
                self._written.remove(item_id)
            self._unwritten.discard(item_id)
        due = [entry for item_id in self._unwritten if self._is_due(entry := entries[item_id], is_end=is_end)]
        if self._file is None and not any(entry.is_turn for entry in due):
            self._unwritten = {entry.item_id for entry in due}
            return  # lines of the program's alone are no conversation: they wait for a turn
        # In their order: each is put beside one that stands where it belongs already.
        for item_id in sorted(self._unwritten, key=entries.index):
            if self._is_due(entry := entries[item_id], is_end=is_end):
                self._write_entry(about, entry, self._place(entries, item_id))
            self._unwritten.discard(item_id)

    def _is_due(self, entry: Entry, *, is_end: bool) -> bool:
        return entry.is_final or entry.item_id in self._written or (is_end and bool(entry.text or entry.note))

    def _place(self, entries: OrderedEntries[Entry], item_id: str) -> int:
        """Where the entry belongs among what is written but for itself: beside the nearest that is in its place."""
        for before, after in zip_longest(entries.before(item_id), entries.after(item_id)):
            if before is not None and before in self._written:
                return self._index_without(item_id, before) + 1
            if after is not None and after in self._written and after not in self._unwritten:
                return self._index_without(item_id, after)
        return 0

    def _index_without(self, item_id: str, other: str) -> int:
        at = self._written.index(other)
        return at - (item_id in self._written and self._written.index(item_id) < at)

    def _write_entry(self, about: Saved, entry: Entry, index: int) -> None:
        item_id = entry.item_id
        before = self._written.get(item_id)
        is_placed = before is not None and self._written.index(item_id) == index
        if is_placed and before == entry:
            return
        self._write(about, entry_line(entry, index))
        self._written.put(index, entry)

    def _write(self, saved: Saved, line: bytes) -> None:
        if self._file is None:
            line = header_line(replace(saved, spending=Spending())) + line
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
