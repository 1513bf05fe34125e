"""A kept conversation as lines of JSON: a header, then one line for each change of a final turn.

    {"version":1,"started_at":1790000000.0,"service":"OpenAI","model":"gpt-realtime"}
    {"entry":{"item_id":"item_1","speaker":"you","text":"Hello.",...},"index":0}
    {"removed":"item_1"}

The last line of an item counts. `index` is the entry's place among those that the lines before left standing: an
item that stands already is taken out first. A newer program may add keys; it changes the version only where an
older reader would be misled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from app.conversation.transcript import Entry
from app.history.saved import Saved
from app.protocol.text import one_line, sanitise_text

VERSION: Final = 1


class _Line(msgspec.Struct, omit_defaults=True):
    version: int | None = None
    started_at: float | None = None
    service: str = ""
    model: str = ""
    entry: Entry | None = None
    index: int | None = None
    removed: str | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Line).decode


def header_line(saved: Saved) -> bytes:
    """The first line, with its end."""
    return (
        _encode(_Line(version=VERSION, started_at=saved.started_at, service=saved.service, model=saved.model)) + b"\n"
    )


def entry_line(entry: Entry, index: int) -> bytes:
    """An entry as it is now and where it stands, with the line's end."""
    return _encode(_Line(entry=entry, index=index)) + b"\n"


def removed_line(item_id: str) -> bytes:
    """An entry that stands no more, with the line's end."""
    return _encode(_Line(removed=item_id)) + b"\n"


def read_lines(data: bytes, *, started_at: float) -> Saved:
    """The conversation from the file's bytes; `started_at` counts where the header is missing.

    Never fails: a line that is cut, broken or of an unknown kind is left out and counted. Text comes back harmless,
    whoever wrote it into the file.
    """
    header = _Line()
    entries: dict[str, Entry] = {}
    order: list[str] = []
    skipped = 0
    for raw in data.split(b"\n"):
        if not raw.strip():
            continue
        try:
            line = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            skipped += 1
            continue
        if line.entry is not None:
            item_id = line.entry.item_id
            if item_id in entries:
                order.remove(item_id)
            entries[item_id] = _harmless(line.entry)
            order.insert(len(order) if line.index is None else max(0, line.index), item_id)
        elif line.removed is not None:
            if entries.pop(line.removed, None) is not None:
                order.remove(line.removed)
        elif line.version is not None:
            header = line
        else:
            skipped += 1
    began = started_at if header.started_at is None else header.started_at
    turns = tuple(entries[item_id] for item_id in order)
    return Saved(began, one_line(header.service), one_line(header.model), turns, skipped)


def _harmless(entry: Entry) -> Entry:
    return replace(entry, text=sanitise_text(entry.text), note=one_line(entry.note))
