"""The formats for players: SRT and WebVTT. The time line is the conversation's, as in its recording.

Rules for cues:

- turns stand in the order in which they began, and never overlap: where one speaks into another, the earlier one's
  last cue ends when the later begins;
- a turn whose end is missing, or not after its beginning, lasts as long as its words take to say;
- a cue has at most two lines, and a turn's time is shared among its cues by their length;
- lines of the program's are left out: nobody said them;
- what was not heard comes last, in brackets, in the last quarter of the turn.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from app.conversation.transcript import Entry
from app.history.documents import ExportedConversation

LINE_CHARACTERS: Final = 42
"""What is usual for subtitles in Latin letters."""
LINES: Final = 2

_MS_PER_CHARACTER: Final = 65
"""About 150 English words a minute."""
_SHORTEST_TURN_MS: Final = 700
_SHORTEST_CUE_MS: Final = 100
_UNHEARD_SHARE: Final = 0.25

# SRT knows no escape, and its players read tags and placing commands: look-alikes say the same and do nothing.
_SRT_LOOK_ALIKES: Final = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})
_VTT_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Cue(Struct, frozen=True):
    """Some lines of one turn and when they show: `start_ms` < `end_ms`."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str
    is_first: bool
    """Of its turn."""


def as_srt(conversation: ExportedConversation) -> str:
    """SubRip: numbered cues; a turn's first one names the speaker."""
    blocks = []
    for number, cue in enumerate(cues(conversation.entries), 1):
        text = "\n".join(cue.lines).translate(_SRT_LOOK_ALIKES)
        who = f"{cue.speaker}: " if cue.is_first else ""
        blocks.append(f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{who}{text}\n")
    return "\n".join(blocks) or "\n"


def as_vtt(conversation: ExportedConversation) -> str:
    """WebVTT: every cue carries its speaker as a voice; date and service stand in a comment."""
    about = ", ".join(part for part in (conversation.title, conversation.service, conversation.model) if part)
    blocks = ["WEBVTT\n", f"NOTE {about.translate(_VTT_ESCAPES)}\n"]
    for cue in cues(conversation.entries):
        text = "\n".join(cue.lines).translate(_VTT_ESCAPES)
        blocks.append(f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n<v {cue.speaker}>{text}\n")
    return "\n".join(blocks)


def cues(entries: tuple[Entry, ...]) -> Iterator[Cue]:
    """Every turn that has words, cut into cues by the rules above."""
    turns = sorted(
        (entry for entry in entries if entry.is_turn and entry.text.strip()), key=lambda entry: entry.started_ms
    )
    free_ms = 0
    for at, entry in enumerate(turns):
        heard, unheard = _pages(entry.heard_text), _pages(_bracketed(entry.unheard_text))
        start_ms = max(entry.started_ms, free_ms)
        end_ms = max(_end_ms(entry), start_ms)
        if at + 1 < len(turns):
            end_ms = min(end_ms, max(turns[at + 1].started_ms, start_ms))
        shortest_ms = max(_SHORTEST_TURN_MS, _SHORTEST_CUE_MS * (len(heard) + len(unheard)))
        free_ms = max(end_ms, start_ms + shortest_ms)
        yield from _shared(heard, unheard, start_ms, free_ms, entry.speaker)


def _end_ms(entry: Entry) -> int:
    if entry.ended_ms is not None and entry.ended_ms > entry.started_ms:
        return entry.ended_ms
    return entry.started_ms + _MS_PER_CHARACTER * len(entry.text)


def _bracketed(text: str) -> str:
    return f"[not heard: {' '.join(text.split())}]" if text.strip() else ""


def _pages(text: str) -> list[tuple[str, ...]]:
    """The words on lines, the lines on cues. Languages without spaces are cut where a line is full."""
    lines = textwrap.wrap(" ".join(text.split()), LINE_CHARACTERS, break_on_hyphens=False)
    return [tuple(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]


def _shared(
    heard: list[tuple[str, ...]], unheard: list[tuple[str, ...]], start_ms: int, end_ms: int, speaker: str
) -> Iterator[Cue]:
    """The turn's time from its start to its end, shared by length; what was not heard has the last quarter."""
    shared = _UNHEARD_SHARE if heard and unheard else float(bool(unheard))
    weights = [w * (1 - shared) for w in _weights(heard)] + [w * shared for w in _weights(unheard)]
    pages = heard + unheard
    # Each cue has its shortest time first, and the rest is shared: so none is ever empty.
    spare_ms = end_ms - start_ms - _SHORTEST_CUE_MS * len(pages)
    done, begin_ms = 0.0, start_ms
    for at, (lines, weight) in enumerate(zip(pages, weights, strict=True)):
        done += weight
        is_last = at == len(pages) - 1
        until_ms = end_ms if is_last else start_ms + _SHORTEST_CUE_MS * (at + 1) + int(spare_ms * done)
        yield Cue(begin_ms, until_ms, lines, speaker, is_first=at == 0)
        begin_ms = until_ms


def _weights(pages: list[tuple[str, ...]]) -> list[float]:
    lengths = [sum(map(len, lines)) for lines in pages]
    return [length / sum(lengths) for length in lengths]


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{ms:03d}"
