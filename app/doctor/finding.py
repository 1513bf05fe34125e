"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters; the value is the word the user reads."""

    OK = "ok"
    NOTE = "note"
    """Good to know: the program does without, or does it another way."""
    PROBLEM = "problem"
    """Something that was asked for, or that every conversation needs, will not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Text is one sentence or two, on one line, without secrets."""

    check: str
    """What was looked at, in a word or two."""
    level: Level
    text: str
    remedy: str = ""
    """What to do; of problems always, of notes where there is something."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is looked at from now on, which may take a while."""

    check: str


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, text)


def note(check: str, text: str, remedy: str = "") -> Finding:
    """Good to know."""
    return Finding(check, Level.NOTE, text, remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    """Will not work."""
    return Finding(check, Level.PROBLEM, text, remedy)
