"""The formats for reading and for programs: Markdown, plain text, JSON."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from app.conversation.transcript import Entry
from app.conversation.usage import Spending, cost_text

JSON_VERSION: Final = 1
"""Changes when a reader of the old form would be misled; new keys alone do not change it."""

# What Markdown takes for a sign wherever it stands (GitHub's dialect with its tables, strikes and formulas included).
_INLINE: Final = re.compile(r"([\\`*_\[\]<>~|&$])")
# And only where a line begins: headings, lists, rules, underlines, numbered lists.
_LINE_START: Final = re.compile(r"^([#+=-]|\d+(?=[.)]))")


class ExportedConversation(Struct, frozen=True):
    """What an export is made of. All text in it is harmless already."""

    entries: tuple[Entry, ...]
    began: datetime
    """With a zone."""
    service: str
    model: str
    spending: Spending = Spending()

    @property
    def title(self) -> str:
        """What the document is called."""
        return f"Conversation, {self.began:%Y-%m-%d %H:%M}"

    def at(self, entry: Entry) -> datetime:
        """When the turn began, by the clock."""
        return self.began + timedelta(milliseconds=entry.started_ms)

    @property
    def lasted_ms(self) -> int:
        """Until the last that is known of a turn."""
        return max((max(entry.started_ms, entry.ended_ms or 0) for entry in self.entries), default=0)

    @property
    def used(self) -> str:
        """What it used and cost, in words; empty where nothing is known."""
        tokens, seconds = self.spending.tokens, self.spending.transcribed_s
        parts = []
        if tokens.total:
            cached = f" ({tokens.cached:,} of them cached)" if tokens.cached else ""
            parts.append(f"{tokens.total:,} tokens{cached}")
        if seconds:
            parts.append(f"{seconds:,.0f} s of speech written down")
        if self.spending.cost_usd is not None:
            parts.append(cost_text(self.spending))
        lasted = f"in {self.lasted_ms / 60_000:.0f} min" if self.lasted_ms >= 60_000 else "in under a minute"
        return ", ".join([*parts, lasted]) if parts else ""


def remarks(entry: Entry) -> list[str]:
    """What there is to say about a turn besides its words, in the order of a reader's interest."""
    found = []
    if entry.is_interrupted:
        rest = "; the rest was not heard" if entry.unheard_text.strip() else ""
        found.append(f"interrupted after {(entry.heard_ms or 0) / 1000:.1f} s{rest}")
    if entry.note:
        found.append(entry.note)
    if not entry.is_final:
        found.append("not complete")
    return found


# ---------------------------------------------------------------- Markdown


def as_markdown(conversation: ExportedConversation) -> str:
    """Title, date, and the turns with clock times; words that were not heard are ~~struck~~, the program's own *so*."""
    parts = [f"# {conversation.title}"]
    facts = [f"- Began: {_date(conversation.began)}"]
    facts += [f"- Service: {_escaped(conversation.service)}"] if conversation.service else []
    facts += [f"- Model: {_escaped(conversation.model)}"] if conversation.model else []
    facts += [f"- Used: {_escaped(conversation.used)}"] if conversation.used else []
    parts.append("\n".join(facts))
    for entry in conversation.entries:
        if not entry.is_turn:
            line = " ".join([f"{conversation.at(entry):%H:%M:%S}", *entry.text.split()])
            parts.append(f"*{_escaped(line)}*")
            continue
        how = "" if entry.is_spoken else ", in writing"
        parts.append(f"**{conversation.at(entry):%H:%M:%S} {entry.speaker}**{how}")
        parts += _paragraphs(entry)
        parts += [f"*{_escaped(remark)}*" for remark in remarks(entry)]
    return "\n\n".join(parts) + "\n"


def _paragraphs(entry: Entry) -> list[str]:
    """A line of speech is a paragraph; the one that holds the moment of the interruption has both kinds of words."""
    heard = _lines(entry.heard_text)
    unheard = _lines(entry.unheard_text)
    lines = [_escaped(line) for line in heard]
    struck = [f"~~{_escaped(line)}~~" for line in unheard]
    is_one_line = "\n" not in entry.unheard_text[: len(entry.unheard_text) - len(entry.unheard_text.lstrip())]
    if lines and struck and is_one_line and not entry.heard_text.endswith("\n"):
        return [*lines[:-1], f"{lines[-1]} {struck[0]}", *struck[1:]]
    return lines + struck


def _lines(text: str) -> list[str]:
    return [line for line in (" ".join(line.split()) for line in text.split("\n")) if line]


def _escaped(line: str) -> str:
    return _LINE_START.sub(_with_backslash, _INLINE.sub(r"\\\1", line))


def _with_backslash(match: re.Match[str]) -> str:
    # A number is not punctuation, so that the backslash belongs before the dot behind it.
    return f"{match[1]}\\" if match[1].isdigit() else f"\\{match[1]}"


# ---------------------------------------------------------------- plain text


def as_text(conversation: ExportedConversation) -> str:
    """A turn a line: clock time, speaker, words, and remarks in brackets; the program's own are nothing else."""
    head = [f"Conversation, {_date(conversation.began)}"]
    if about := ", ".join(part for part in (conversation.service, conversation.model) if part):
        head.append(about)
    if conversation.used:
        head.append(f"used {conversation.used}")
    return "\n".join([*head, "", *(_line(conversation, entry) for entry in conversation.entries)]) + "\n"


def _line(conversation: ExportedConversation, entry: Entry) -> str:
    if not entry.is_turn:
        return f"{conversation.at(entry):%H:%M:%S} [{' '.join(entry.text.split())}]"
    heard, unheard = " ".join(entry.heard_text.split()), " ".join(entry.unheard_text.split())
    parts = [f"{conversation.at(entry):%H:%M:%S} {entry.speaker}:", heard]
    parts += [f"[not heard: {unheard}]"] if unheard else []
    parts += [f"[{remark}]" for remark in remarks(entry)]
    return " ".join(part for part in parts if part)


def _date(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")


# ---------------------------------------------------------------- JSON


def as_json(conversation: ExportedConversation) -> str:
    """Everything that is known of each turn, for programs. The keys always stand in this order."""
    document = {
        "version": JSON_VERSION,
        "started_at": _iso(conversation.began),
        "service": conversation.service,
        "model": conversation.model,
        "lasted_ms": conversation.lasted_ms,
        "usage": _usage(conversation.spending),
        "turns": [_turn(conversation, entry) for entry in conversation.entries if entry.is_turn],
        "remarks": _remarks_of_program(conversation),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _turn(conversation: ExportedConversation, entry: Entry) -> dict[str, object]:
    latency = entry.latency
    return {
        "item_id": entry.item_id,
        "speaker": entry.speaker.value,
        "text": entry.text,
        "heard_text": entry.heard_text,
        "unheard_text": entry.unheard_text,
        "is_final": entry.is_final,
        "is_spoken": entry.is_spoken,
        "is_interrupted": entry.is_interrupted,
        "started_ms": entry.started_ms,
        "ended_ms": entry.ended_ms,
        "heard_ms": entry.heard_ms,
        "received_ms": entry.received_ms,
        "started_at": _iso(conversation.at(entry)),
        "note": entry.note,
        "latency_ms": latency and {name.removesuffix("_ms"): ms for name, ms in asdict(latency).items()},
        "doubtful": [entry.text[start:end] for start, end in entry.doubtful],
        "usage": _usage(entry.spending),
    }


def _usage(spending: Spending | None) -> dict[str, object] | None:
    """Tokens by kind, cached ones being part of the input; None where nothing is known."""
    if spending is None or spending == Spending():
        return None
    cost = spending.cost_usd
    return {
        "tokens": asdict(spending.tokens),
        "transcribed_s": spending.transcribed_s,
        "cost_usd": None if cost is None else round(cost, 9),
        "has_unpriced": spending.has_unpriced,
    }


def _remarks_of_program(conversation: ExportedConversation) -> list[dict[str, object]]:
    """What the program said of the conversation, and after how many of its turns."""
    found: list[dict[str, object]] = []
    turns = 0
    for entry in conversation.entries:
        turns += entry.is_turn
        if not entry.is_turn:
            at = {"started_ms": entry.started_ms, "started_at": _iso(conversation.at(entry)), "after_turns": turns}
            found.append({"text": entry.text, **at})
    return found


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
