"""An entry of the transcript as rows of a given width. Pure: no widget, no colour, only what each piece is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len

from app.conversation.transcript import Entry, Party
from app.conversation.usage import cost_text
from app.ui.transcript.times import Usual, times_rows
from app.ui.transcript.wrapping import Span, cut_to, shown, wrap

INDENT: Final = 3
"""Cells before the words of a turn."""

WIDEST: Final = INDENT + 100 + 1
"""Cells of a row at most: longer lines are hard to read, and what stands at their end would be far from its turn."""

_LEAST_USD: Final = 0.0005
"""What is shown as $0.001."""

_UNHEARD_ROWS: Final = 1
"""So many rows of what was not heard are shown after the row in which hearing ended."""


class Look(StrEnum):
    """What a piece of a row is; the value names its style."""

    BLANK = "blank"
    TIME = "time"
    YOU = "you"
    ASSISTANT = "assistant"
    PROGRAM = "program"
    """Whose line it is, where it is nobody's turn."""
    LIVE = "live"
    """The speaker of a turn that is still going on."""
    FIGURE = "figure"
    """How fast the answer came."""
    REMARK = "remark"
    """A word about the turn: partial, typed."""
    WORDS = "words"
    PARTIAL = "partial"
    DOUBT = "doubt"
    """Words of which the service is not sure."""
    WAITING = "waiting"
    """Words that have not sounded yet."""
    UNHEARD = "unheard"
    INTERRUPTED = "interrupted"
    NOTE = "note"
    BAR = "bar"
    """A part of the wait for an answer."""
    USUAL = "usual"
    """What is usual, beside what was."""
    CURSOR = "cursor"
    """Where the cursor is; it has a shape of its own in place of the text."""
    IN_HAND = "in-hand"
    """The time of the turn that it is on."""
    MATCH = "match"
    MATCH_HERE = "match-here"
    SELECTED = "selected"


class StyledText(Struct, frozen=True):
    """A part of a row that looks the same throughout."""

    text: str
    look: Look
    is_selected: bool = False
    """It has another ground, and looks the same otherwise."""


CURSOR: Final = "▸"

Row: TypeAlias = tuple[StyledText, ...]

Mark: TypeAlias = tuple[int, int, Look]
"""Characters from, to (not included), and how they look instead."""

Clock: TypeAlias = Callable[[int], str]
"""Milliseconds since the conversation began to the time of the day."""


_BY_SPEAKER: Final = {Party.USER: Look.YOU, Party.ASSISTANT: Look.ASSISTANT, Party.PROGRAM: Look.PROGRAM}


class Block(Struct, frozen=True):
    """One entry in rows: the headline, its words, what happened to it, and an empty row."""

    entry: Entry
    width: int
    is_open: bool
    """Everything that was not heard is shown, too."""
    words: str
    heard: int
    """So many characters of `words` were heard."""
    spans: tuple[Span, ...]
    """The rows of `words`, all of them."""
    shown_rows: int
    """So many of those rows are shown."""
    trailers: tuple[StyledText, ...]
    usual: Usual | None = None
    """Its times are shown, beside these."""
    times: tuple[Row, ...] = ()

    @property
    def height(self) -> int:
        """Rows, the empty one included."""
        return 1 + self.shown_rows + len(self.trailers) + len(self.times) + 1

    @property
    def is_cut(self) -> bool:
        """Some of what was not heard is left out."""
        return self.shown_rows < len(self.spans)

    def row(self, number: int, clock: Clock) -> Row:
        """One row by its number within the block."""
        if number == 0:
            return _headline(self.entry, self.width, clock)
        if number <= self.shown_rows:
            return (StyledText(" " * INDENT, Look.BLANK), *self._words_row(number - 1))
        trailer = number - 1 - self.shown_rows
        if trailer < len(self.trailers):
            return (StyledText(" " * INDENT, Look.BLANK), self.trailers[trailer])
        if (at := trailer - len(self.trailers)) < len(self.times):
            return (StyledText(" " * INDENT, Look.BLANK), *self.times[at])
        return ()

    def heard_for(self, heard_ms: int) -> Block:
        """The block when so much of its entry has sounded; the seam between that and what waits never goes back."""
        heard = len(shown(self.entry.text[: self.entry.chars_heard(heard_ms)])) if self.entry.waits_to_sound else 0
        return replace(self, heard=heard) if heard > self.heard else self

    def words_span(self, number: int) -> Span | None:
        """Which of the words stand in a row; None for the other rows."""
        return self.spans[number - 1] if 0 < number <= self.shown_rows and self.spans else None

    def number_of(self, position: int) -> int:
        """The row that holds a character of the words."""
        for number in range(self.shown_rows, 0, -1):
            if self.spans and self.spans[number - 1][0] <= position:
                return number
        return 0

    def joint(self, number: int) -> str:
        """What stands between a row and the next: nothing or a blank where the row was only broken for want of room."""
        if not 0 < number < self.shown_rows or not self.spans:
            return "\n"
        between = self.words[self.spans[number - 1][1] : self.spans[number][0]]
        return "\n" if "\n" in between else between[:1]

    def _words_row(self, at: int) -> Row:
        look = Look.PARTIAL if _is_partial(self.entry) else Look.WORDS
        if not self.spans:
            return (StyledText("…", look),)
        start, end = self.spans[at]
        heard_end = min(max(start, self.heard), end)
        rest = Look.WAITING if self.entry.waits_to_sound else Look.UNHEARD
        pieces = [StyledText(self.words[start:heard_end], look), StyledText(self.words[heard_end:end], rest)]
        if at == self.shown_rows - 1 and (self.is_cut or not self.entry.is_final):
            pieces = _with_ellipsis(pieces, self.width - INDENT - 1)
        marks = [
            (low - start, high - start, Look.DOUBT) for low, high in self._doubtful() if low < end and start < high
        ]
        return marked(tuple(part for piece in pieces for part in _without_struck_ends(piece)), marks)

    def _doubtful(self) -> Iterable[Span]:
        text = self.entry.text
        return ((len(shown(text[:low])), len(shown(text[:high]))) for low, high in self.entry.doubtful)


def lay_out(
    entry: Entry, width: int, *, is_open: bool = False, usual: Usual | None = None, before: Block | None = None
) -> Block:
    """The entry in rows of a width. `usual`: with its times, beside these. `before` is its last block: what has not
    changed is not wrapped again.
    """
    words = shown(entry.text)
    room = max(1, width - INDENT - 1)
    known: tuple[Span, ...] = ()
    if before is not None and before.width == width and before.spans and words.startswith(before.words):
        known = before.spans
    spans = known if known and before and len(words) == len(before.words) else tuple(wrap(words, room, known))
    if entry.waits_to_sound:
        heard = min(before.heard, len(words)) if before is not None and before.entry.waits_to_sound else 0
    else:
        heard = len(shown(entry.heard_text))
    shown_rows = len(spans)
    if heard < len(words) and not is_open and not entry.waits_to_sound:
        ended_in = max((at for at, span in enumerate(spans) if span[0] <= heard), default=0)
        shown_rows = min(shown_rows, ended_in + 1 + _UNHEARD_ROWS)
    waits_for_words = not spans and not entry.is_final
    return Block(
        entry=entry,
        width=width,
        is_open=is_open,
        words=words,
        heard=heard,
        spans=spans,
        shown_rows=1 if waits_for_words else shown_rows,
        trailers=tuple(_trailers(entry, room, hidden_rows=len(spans) - shown_rows)),
        usual=usual,
        times=_times(entry, usual, room) if usual else (),
    )


def _times(entry: Entry, usual: Usual, room: int) -> tuple[Row, ...]:
    rows = times_rows(entry, usual, room)
    return tuple(tuple(StyledText(text, Look(look)) for text, look in row) for row in rows)


def _is_partial(entry: Entry) -> bool:
    return not entry.is_final and entry.speaker is Party.USER


def _is_live(entry: Entry) -> bool:
    return not entry.is_final or (entry.speaker is Party.ASSISTANT and entry.ended_ms is None)


def _headline(entry: Entry, width: int, clock: Clock) -> Row:
    name = entry.speaker.value if entry.is_turn else f"── {entry.speaker.value} ──"
    speaker = StyledText(name, Look.LIVE if _is_live(entry) else _BY_SPEAKER[entry.speaker])
    left = [StyledText(f" {clock(entry.started_ms)}", Look.TIME), StyledText("  ", Look.BLANK), speaker]
    right = list(_right(entry))
    cost = [StyledText(text, Look.REMARK)] if (text := _cost(entry)) else []
    if cost and width - 1 - sum(cell_len(piece.text) for piece in (*left, *cost, *right)) >= 1:
        right = [*cost, *right]
    gap = width - 1 - sum(cell_len(piece.text) for piece in (*left, *right))
    if not right or gap < 1:
        return tuple(left)
    return (*left, StyledText(" " * gap, Look.BLANK), *right)


def _right(entry: Entry) -> Iterable[StyledText]:
    if _is_partial(entry):
        yield StyledText("partial", Look.REMARK)
    elif entry.speaker is Party.USER and not entry.is_spoken:
        yield StyledText("typed", Look.REMARK)
    if entry.latency and (answered_ms := entry.latency.answered_ms) is not None:
        yield StyledText(f"{answered_ms / 1000:.2f} s", Look.FIGURE)


def _cost(entry: Entry) -> str:
    """Of an answer, where it can be told from nothing; what writing down a turn costs is in the sum alone."""
    if entry.speaker is not Party.ASSISTANT or entry.spending is None:
        return ""
    if (entry.spending.cost_usd or 0.0) < _LEAST_USD:
        return ""
    has_figure = entry.latency is not None and entry.latency.answered_ms is not None
    return cost_text(entry.spending) + ("   " if has_figure else "")


def _trailers(entry: Entry, room: int, *, hidden_rows: int) -> Iterable[StyledText]:
    if entry.is_interrupted:
        text = _interrupted(entry)
        if hidden_rows:
            text += f" (+{hidden_rows} {'line' if hidden_rows == 1 else 'lines'})"
        for start, end in wrap(text, room):
            yield StyledText(text[start:end], Look.INTERRUPTED)
    if entry.note:
        note = "! " + shown(entry.note)
        for start, end in wrap(note, room):
            yield StyledText(note[start:end], Look.NOTE)


def _interrupted(entry: Entry) -> str:
    if not entry.is_spoken:
        return "interrupted"
    if not entry.heard_ms:
        return "interrupted before anything was heard"
    text = f"interrupted after {entry.heard_ms / 1000:.1f} s"
    return f"{text}; the rest was not heard" if entry.unheard_text.strip() else text


def _with_ellipsis(pieces: list[StyledText], room: int) -> list[StyledText]:
    look = next((piece.look for piece in reversed(pieces) if piece.text), Look.WORDS)
    used = sum(cell_len(piece.text) for piece in pieces)
    mark = "…" if used + 1 == room or plain(pieces).endswith(" ") else " …"
    if used + len(mark) <= room:
        return [*pieces, StyledText(mark, look)]
    first, last = pieces
    if last.text:
        return [first, StyledText(_cut_between_words(last.text), look)]
    return [StyledText(_cut_between_words(first.text), look), last]


def _cut_between_words(text: str) -> str:
    """With an ellipsis, in no more cells; not within a word where there is another before it."""
    kept = cut_to(text + " ", cell_len(text)).removesuffix("…")
    before, blank, _ = kept.rpartition(" ")
    is_whole = not kept.strip() or text[len(kept) : len(kept) + 1] == " "
    return f"{kept if is_whole or not before.strip() else before + blank}…"


def _without_struck_ends(piece: StyledText) -> Iterable[StyledText]:
    """Blanks at the ends of what was not heard are not struck: a line through nothing says nothing."""
    if piece.look is not Look.UNHEARD:
        parts = ("", piece.text, "")
    else:
        words = piece.text.strip(" ")
        before = piece.text[: len(piece.text) - len(piece.text.lstrip(" "))] if words else piece.text
        parts = (before, words, piece.text[len(before) + len(words) :])
    for text, look in zip(parts, (Look.BLANK, piece.look, Look.BLANK), strict=True):
        if text:
            yield StyledText(text, look)


def plain(row: Iterable[StyledText]) -> str:
    """The row's characters."""
    return "".join(piece.text for piece in row)


def marked(row: Row, marks: Iterable[Mark]) -> Row:
    """The row with some of its characters looking otherwise; later marks win."""
    pieces = row
    for start, end, look in marks:
        if start < end:
            pieces = tuple(_mark(pieces, start, end, look))
    return pieces


def _mark(row: Row, start: int, end: int, look: Look) -> Iterable[StyledText]:
    at = 0
    for piece in row:
        low, high = max(0, start - at), max(0, end - at)
        inside = replace(piece, is_selected=True) if look is Look.SELECTED else replace(piece, look=look)
        for text, of in ((piece.text[:low], piece), (piece.text[low:high], inside), (piece.text[high:], piece)):
            if text:
                yield replace(of, text=CURSOR * len(text) if of.look is Look.CURSOR else text)
        at += len(piece.text)
