"""A kept conversation as lines of JSON: a header, then one line for each change of a final turn.

    {"version":1,"started_at":1790000000.0,"service":"OpenAI","model":"gpt-realtime"}
    {"entry":{"item_id":"item_1","speaker":"you","text":"Hello.",...},"index":0}
    {"removed":"item_1"}

Lines of the program's are entries of the speaker `realtime`; a reader that knows none leaves them out, and counts
them. The last line of an item counts, and the last header: what was used in all is known at the end. `index` is the
entry's place among those that the lines before left standing: an item that stands already is taken out first. A newer
program may add keys; it changes the version only where an older reader would be misled.

A file may be cut, edited or made by anybody. A line costs itself at most: one that is no JSON, of an unknown kind, or
with a number that no conversation has, is left out and counted.
"""

from __future__ import annotations

from typing import Final

import msgspec

from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry
from app.conversation.usage import Spending, total
from app.history.sanitise import is_plausible, is_plausible_spending, sanitised, sanitised_id
from app.history.saved import LAST_MOMENT_S, Saved
from app.protocol.text import one_line

VERSION: Final = 1

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Some editors begin a file with it."""

MOST_ENTRIES: Final = 10_000_000
"""No entry stands further from the beginning."""


class _Line(msgspec.Struct, omit_defaults=True):
    version: int | None = None
    started_at: float | None = None
    service: str = ""
    model: str = ""
    spending: Spending | None = None
    entry: Entry | None = None
    index: int | None = None
    removed: str | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Line).decode


def header_line(saved: Saved) -> bytes:
    """The first line, with its end; and the last one, where more was used than the entries tell."""
    spending = None if saved.spending == Spending() else saved.spending
    header = _Line(
        version=VERSION, started_at=saved.started_at, service=saved.service, model=saved.model, spending=spending
    )
    return _encode(header) + b"\n"


def entry_line(entry: Entry, index: int) -> bytes:
    """An entry as it is now and where it stands, with the line's end."""
    return _encode(_Line(entry=entry, index=index)) + b"\n"


def removed_line(item_id: str) -> bytes:
    """An entry that stands no more, with the line's end."""
    return _encode(_Line(removed=item_id)) + b"\n"


class _FileReader:
    """The entries that the lines so far left standing, in their order."""

    def __init__(self) -> None:
        self.header = _Line()
        self.entries: OrderedEntries[Entry] = OrderedEntries()

    def take(self, line: _Line) -> bool:
        """Whether the line was one that can be."""
        if line.entry is not None:
            return self._put(sanitised(line.entry), line.index) if is_plausible(line.entry) else False
        if line.removed is not None:
            self.entries.remove(sanitised_id(line.removed))
            return True
        if line.version is None or not 0 <= (line.started_at or 0.0) <= LAST_MOMENT_S:
            return False
        if line.spending is not None and not is_plausible_spending(line.spending):
            return False
        self.header = line
        return True

    def _put(self, entry: Entry, index: int | None) -> bool:
        if index is not None and not -MOST_ENTRIES <= index <= MOST_ENTRIES:
            return False
        self.entries.put(len(self.entries) if index is None else max(0, index), entry)
        return True


def read_lines(data: bytes, *, started_at: float) -> Saved:
    """The conversation from the file's bytes; `started_at` counts where the header is missing.

    Never fails, see the module's rules. Text comes back harmless, whoever wrote it into the file.
    """
    reading = _FileReader()
    skipped = 0
    for raw in data.removeprefix(_BYTE_ORDER_MARK).split(b"\n"):
        if not raw.strip():
            continue
        try:
            is_taken = reading.take(_decode(raw))
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            is_taken = False  # UnicodeDecodeError is a ValueError; so is a number of thousands of digits
        skipped += not is_taken
    header = reading.header
    began = started_at if header.started_at is None else header.started_at
    entries = tuple(reading.entries)
    spending = header.spending or total(entry.spending for entry in entries)
    return Saved(began, one_line(header.service), one_line(header.model), entries, spending, skipped)
