"""What the built-in responder can be asked, and what it says: each skill finds its requests in one utterance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.server.engines.arithmetic import sums
from app.server.engines.numbers import read_misheard, read_number, tokens

ABOUT: Final = (
    "I am the small built-in responder of the embedded service, not a language model.",
    "I can tell you the time and the date, do sums, count, tell a short story and remember your name.",
)
LONGEST_COUNT: Final = 50
"""Numbers in one answer; about half a minute."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say to one request, and where in the utterance the request stands (only for the order)."""

    at: int
    sentences: tuple[str, ...]


_ASKS_ABOUT: Final = re.compile(
    r"what (?:else )?(?:can|could|do) you do|what are you able|who are you\b|what are you\b(?! (?:doing|saying))"
    r"|(?:what is|what's|tell me) your name|are you (?:an? |the )?(?:\w+ )?(?:ai|robot|human|machine|model|bot)\b"
    r"|tell me (?:something )?about yourself|how can you help|can you help|^help\b|what can i (?:ask|say)"
)
_TIME: Final = re.compile(
    r"what time\b|what is the (?:current |exact )?time\b|what's the (?:current |exact )?time\b|tell me the time"
    r"|(?:know|have) (?:what|the) time|the time,? (?:please|now)|how late is it|current time"
)
_DATE: Final = re.compile(
    r"(?:what|which) (?:day|date|weekday|month|year)(?: of the \w+)?,? "
    r"(?:(?:is|was|are|will|do) (?:it|today|tomorrow|yesterday|we|this)\b|today|tomorrow|yesterday|now)"
    r"|(?:what is|what was|what's|tell me|know) (?:the |today's |tomorrow's |yesterday's |the current |the day and )?"
    r"(?:date|day|day of the week)\b(?! of (?!the week|today|tomorrow))|(?:what is|what's) today\b"
    r"|today's date|current date"
)
_ELSEWHERE: Final = re.compile(r"time (?:is it |is )?(?:right now |now )?in (?!the |an? )\w+")
_STOP: Final = re.compile(
    r"(?:^|[.!?,;] *)(?:(?:please|okay|ok|no|hey|just),? )*"
    r"(?:stop|be quiet|quiet|shut up|never ?mind|that is enough|that's enough|enough|cancel|hush)\b(?! by| at| in| on)"
)
_THANKS: Final = re.compile(r"\b(?:thank you|thanks|thank's)\b")
_BYE: Final = re.compile(r"\b(?:good ?bye|bye|see you|good night|farewell)\b")
_WELL: Final = re.compile(r"\bhow are you\b|\bhow do you do\b|\bhow's it going\b")
_REPEAT: Final = re.compile(r"\brepeat (?:after me|this|the following)\b[,:.]? *(?P<words>\S.*)", re.DOTALL)
STORY: Final = re.compile(
    r"\b(?:tell|read|know|hear|want|give|another|like)\b[^.!?]*\b(?:story|stories|tale)\b|\bstory,? please"
)


def plain(text: str) -> str:
    """The utterance as the patterns expect it: lower case, straight apostrophes, single spaces."""
    text = text.lower().replace("\u2019", "'").replace("to-day", "today").replace("to-morrow", "tomorrow")
    return re.sub(r"\s+", " ", text).strip()


def about(text: str) -> list[Answer]:
    """ "What can you do?", "Who are you?" """
    return [Answer(found.start(), ABOUT)] if (found := _ASKS_ABOUT.search(text)) else []


def clock(text: str, now: datetime) -> list[Answer]:
    """The time, the date and the day of the week, by this computer's clock."""
    answers: list[Answer] = []
    if found := _TIME.search(text):
        time = f"{now.hour % 12 or 12}:{now.minute:02d} {'AM' if now.hour < 12 else 'PM'}"
        where = "I only know the clock of this computer: it is" if _ELSEWHERE.search(text) else "It is"
        answers.append(Answer(found.start(), (f"{where} {time}.",)))
    if found := _DATE.search(text):
        day, word = now, "Today"
        for name, days in (("tomorrow", 1), ("yesterday", -1)):
            if re.search(rf"\b{name}\b", text[max(0, found.start() - 20) : found.end() + 30]):
                day, word = now + timedelta(days=days), name.capitalize()
        verb = "was" if word == "Yesterday" else "is"
        answers.append(Answer(found.start(), (f"{word} {verb} {_date(day)}.",)))
    return answers


def arithmetic(text: str) -> list[Answer]:
    """All sums, in their order."""
    words = tokens(text)
    return [Answer(_place(text, words, found.start), (found.answer,)) for found in sums(words)]


def counting(text: str) -> list[Answer]:
    """ "Count to twenty", "count from 5 to 12", "count down from ten"."""
    words = tokens(text)
    if "count" not in words:
        return []
    start = words.index("count")
    at = start + 1
    down = False
    while at < len(words) and words[at] in ("up", "down", "backwards", "backward", "for", "me", "out", "loud", ","):
        down = down or words[at] in ("down", "backwards", "backward")
        at += 1
    first = read_number(words, at + (words[at : at + 1] == ["from"]))
    last = None
    if first is not None:
        at = first[1]
    while at < len(words) and words[at] in ("up", "down", "backwards", "all", "the", "way"):
        down = down or words[at] in ("down", "backwards")
        at += 1
    if words[at : at + 1] in (["to"], ["till"], ["until"]):
        last = read_misheard(words, at + 1)
    if first is None and last is None:
        return []
    begin = int(first[0]) if first else (10 if down else 1)
    end = int(last[0]) if last else (1 if down else begin + 9)
    return [Answer(_place(text, words, start), _count(begin, end))]


def courtesy(text: str, name: str | None) -> list[Answer]:
    """Stop, thank you, goodbye, how are you."""
    called = f", {name}" if name else ""
    replies = (
        (_STOP, "All right."),
        (_THANKS, "You are welcome."),
        (_WELL, "I am well, thank you."),
        (_BYE, f"Goodbye{called}."),
    )
    return [Answer(found.start(), (reply,)) for pattern, reply in replies if (found := pattern.search(text))]


def repeating(said: str) -> list[Answer]:
    """ "Repeat after me: the sun is up." Takes the utterance as it was written."""
    found = re.search(_REPEAT.pattern, said, re.DOTALL | re.IGNORECASE)
    return [Answer(found.start(), (found["words"].strip(),))] if found else []


def _count(begin: int, end: int) -> tuple[str, ...]:
    step = 1 if end >= begin else -1
    numbers = list(range(begin, end + step, step)[:LONGEST_COUNT])
    rows = [numbers[at : at + 10] for at in range(0, len(numbers), 10)]
    spoken = [", ".join(f"{number:,}" for number in row) for row in rows]
    sentences = (*(f"{row}," for row in spoken[:-1]), f"{spoken[-1]}.")
    if numbers[-1] != end:
        sentences += (f"I stop here: {LONGEST_COUNT} numbers at a time are enough for anyone.",)
    return sentences


def _date(day: datetime) -> str:
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def _place(text: str, words: list[str], number: int) -> int:
    """About where in the text this token stands: tokens are a little normalised, so they are looked up in order."""
    at = 0
    for word in words[: number + 1]:
        found = text.find(word, at)
        at = found if found >= 0 else at
    return at
