"""What must be so after a spoken conversation with `HearingService`: see `tests.live.spoken_chaos`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from app.conversation.transcript import Entry, Party
from tests.live.hearing_service import PIECES, WORDS, HearingService, named, pieces, written


@dataclass
class Said:
    """What the user has said, and how."""

    spoken: list[int] = field(default_factory=list)
    typed: list[int] = field(default_factory=list)
    hasty: set[int] = field(default_factory=set)
    """Of these the user did not wait for the answer."""


def judge(entries: tuple[Entry, ...], said: Said, service: HearingService) -> list[str]:
    """All that is wrong."""
    return [
        *_lost_words(entries, said),
        *_unanswered(entries, said),
        *_in_pieces(entries, said),
        *_misquoted(entries, service),
        *_twice(service),
    ]


def _lost_words(entries: tuple[Entry, ...], said: Said) -> list[str]:
    users = [entry for entry in entries if entry.speaker is Party.USER]
    found = re.findall(r"u\d+w\d+", " ".join(entry.text for entry in users))
    marked = {number for entry in users if entry.note for number in named(entry.text)}
    is_told = any("were lost" in entry.text for entry in entries if not entry.is_turn)
    wrong = [f"{word} stands {times} times" for word, times in Counter(found).items() if times > 1]
    if found != sorted(found, key=lambda word: [int(part) for part in re.findall(r"\d+", word)]):
        wrong.append(f"words out of order: {found}")
    for number in said.spoken:
        missing = [word for word in range(WORDS) if written(number, word) not in found]
        if missing and number not in marked and not is_told:
            wrong.append(f"u{number}: words {missing} are lost")
    for number in said.typed:
        times = sum(f"u{number} typed" in entry.text for entry in users)
        if times != 1:
            wrong.append(f"u{number}, typed, stands {times} times")
    return wrong


def _unanswered(entries: tuple[Entry, ...], said: Said) -> list[str]:
    answers = [entry for entry in entries if entry.speaker is Party.ASSISTANT]
    wrong = []
    for number in sorted([*said.spoken, *said.typed]):
        own = [entry for entry in answers if number in named(entry.text)]
        marked = any(entry.note for entry in entries if entry.speaker is Party.USER and number in named(entry.text))
        if not own and not marked and not (number in said.hasty and _is_talked_over(number, entries)):
            wrong.append(f"u{number} has no answer and no mark")
        if len(own) > 1 and not all(entry.note or entry.is_interrupted for entry in own[:-1]):
            wrong.append(f"u{number} is answered {len(own)} times: {[entry.text for entry in own]}")
    return wrong


def _in_pieces(entries: tuple[Entry, ...], said: Said) -> list[str]:
    """Answers that the user did not interrupt, of which pieces are missing without a mark, or stand twice."""
    wrong = []
    for number in sorted({*said.spoken, *said.typed} - said.hasty):
        own = [entry for entry in entries if entry.speaker is Party.ASSISTANT and number in named(entry.text)]
        if not own or any(entry.is_interrupted for entry in own):
            continue
        came = [piece for entry in own for piece in pieces(entry.text)]
        if came != sorted(set(came)) or (came != list(range(1, PIECES)) and not own[-1].note):
            wrong.append(f"u{number} was answered in pieces {came}: {[(entry.text, entry.note) for entry in own]}")
    return wrong


def told(entries: tuple[Entry, ...]) -> str:
    """How they were answered, in figures."""
    answers = [entry for entry in entries if entry.speaker is Party.ASSISTANT]
    marked, stopped = sum(bool(entry.note) for entry in answers), sum(entry.is_interrupted for entry in answers)
    waited = sum(_is_talked_over(number, entries) for number in named(" ".join(entry.text for entry in entries)))
    rests = sum(entry.text.startswith("Rest") for entry in answers)
    return (
        f"{len(answers)} answers ({marked} marked, {rests} gone on with, {stopped} interrupted), {waited} talked over"
    )


def _is_talked_over(number: int, entries: tuple[Entry, ...]) -> bool:
    """The user went on before anything of the answer was there: then nobody owes one to what was said before."""
    turns = [entry for entry in entries if entry.is_turn]
    asked = [at for at, turn in enumerate(turns) if turn.speaker is Party.USER and number in named(turn.text)]
    last = max(asked, default=len(turns))
    return last + 1 < len(turns) and turns[last + 1].speaker is Party.USER


def _misquoted(entries: tuple[Entry, ...], service: HearingService) -> list[str]:
    wrong = []
    told = {entry.item_id: entry for entry in entries}
    wrong += [
        f"{entry.text!r} was never said: {service.answers[entry.item_id].text!r}"
        for entry in entries
        if entry.speaker is Party.ASSISTANT and not service.answers[entry.item_id].text.startswith(entry.text)
    ]
    for item_id, answer in service.answers.items():
        is_there = item_id in told and told[item_id].text == answer.text
        if answer.is_whole and answer.went_on and not is_there:
            wrong.append(f"{answer.text!r} stands as {told[item_id].text if item_id in told else None!r}")
    return wrong


def _twice(service: HearingService) -> list[str]:
    wrong = []
    for number, (ids, texts) in enumerate(zip(service.created, service.texts, strict=True)):
        if again := [item_id for item_id, times in Counter(ids).items() if times > 1]:
            wrong.append(f"session {number}: ids given twice: {again}")
        if again := [text for text, times in Counter(texts).items() if times > 1]:
            wrong.append(f"session {number}: told twice: {again}")
    return wrong
