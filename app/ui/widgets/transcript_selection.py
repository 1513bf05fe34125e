"""The words of selected rows, as somebody would want to paste them. Pure."""

from __future__ import annotations

from textual.selection import Selection

from app.ui.widgets.transcript_layout import INDENT, Clock, plain
from app.ui.widgets.transcript_rows import TranscriptRows


def selected_text(rows: TranscriptRows, selection: Selection, clock: Clock) -> str:
    """Without the indent, and with rows that were only wrapped in one line again.

    Offsets of the selection are rows from the top and characters in the row.
    """
    first = max(0, selection.start.y) if selection.start else 0
    last = min(selection.end.y, rows.height - 1) if selection.end else rows.height - 1
    text = ""
    for row in range(first, last + 1):
        place = rows.locate(row)
        if place is None:
            break
        block, number = rows.block(place[0]), place[1]
        start, end = selection.get_span(row) or (0, 0)
        line = plain(block.row(number, clock))
        text += line[max(start, INDENT if number else 1) : None if end == -1 else end].rstrip()
        if row < last:
            text += block.joint(number)
    return text
