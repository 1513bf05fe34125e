"""Who said what, when, final or still growing, and how much of it was heard.

The transcript is the truth that screens, exports and histories are windows on. Entries are values: a change
makes a new one. Rules kept here:

- every word received is in exactly one entry, the one of its item;
- items stand in the order the service gives them (`previous_item_id`), whenever their words arrive;
- an interruption takes no word away: it says how much was heard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from itertools import takewhile
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.conversation.ordered import OrderedEntries
from app.conversation.usage import Spending

NOT_SENT_YET: Final = "not sent yet: it waits for the connection"
"""The note of what was typed while there is no line."""


class Party(StrEnum):
    """Whose turn an entry is; the program's are no turns but lines that say what happened."""

    USER = "you"
    ASSISTANT = "assistant"
    PROGRAM = "realtime"


class Latency(Struct, frozen=True):
    """How long after the user's last word an answer came, in milliseconds.

    The wait begins when the user fell silent, as the service or the microphone heard it; in push-to-talk when the key
    ended the turn; with a typed text when it was sent.
    """

    first_word_ms: int | None = None
    """The first of it was here: a word, or sound where that came before."""
    first_sound_ms: int | None = None
    """The first of it left the speaker."""
    turn_ms: int | None = None
    """Part of the whole: until the turn was over, such as the silence that the service waits for."""
    service_ms: int | None = None
    """Part of the whole: from there until the service sent the first of what was heard, or read."""
    playback_ms: int | None = None
    """Part of the whole: from there until it left the speaker; none where nothing sounds."""

    @property
    def answered_ms(self) -> int | None:
        """The whole, as the user felt it: to the first sound, or to the first word where nothing sounds."""
        return self.first_sound_ms if self.first_sound_ms is not None else self.first_word_ms


class Entry(Struct, frozen=True):
    """One turn. Times are milliseconds since the conversation began."""

    item_id: str
    speaker: Party
    text: str = ""
    is_final: bool = False
    is_spoken: bool = True
    """Spoken, as against typed (the user) or written (the assistant)."""
    started_ms: int = 0
    ended_ms: int | None = None
    received_ms: int = 0
    """The assistant's speech received for it."""
    heard_ms: int | None = None
    """How much of that left the speaker, once known."""
    is_interrupted: bool = False
    note: str = ""
    """What went wrong with it, for the user; empty when nothing did."""
    latency: Latency | None = None
    """Of the assistant's answers."""
    spending: Spending | None = None
    """What the answer used, or writing down what the user said; None while that is not told."""
    doubtful: tuple[tuple[int, int], ...] = ()
    """Characters (from, to) of the user's words of which the service is not sure."""

    @property
    def is_turn(self) -> bool:
        """Somebody's turn, as against a line of the program's: that is sent to nobody, and counted nowhere."""
        return self.speaker is not Party.PROGRAM

    @property
    def heard_text(self) -> str:
        """The words that were heard. All of them, unless the entry was interrupted."""
        return self.text[: self._heard_end()]

    @property
    def unheard_text(self) -> str:
        """The words after the interruption."""
        return self.text[self._heard_end() :]

    @property
    def waits_to_sound(self) -> bool:
        """Some of it may not have sounded yet: only the speaker knows how much has."""
        is_under_way = self.heard_ms is None and self.ended_ms is None
        return is_under_way and self.speaker is Party.ASSISTANT and self.is_spoken and not self.is_interrupted

    def chars_heard(self, heard_ms: int) -> int:
        """Where in the text its speech is after so long, at the end of a word: it is taken to be even over its words.

        No service that is known here tells times of words; one that did would be asked here.
        """
        if heard_ms <= 0 or not self.received_ms:
            return 0
        if heard_ms >= self.received_ms:
            return len(self.text)
        at = len(self.text) * heard_ms // self.received_ms
        while at < len(self.text) and not _may_part(self.text, at):
            at += 1
        return at

    def _heard_end(self) -> int:
        return self.chars_heard(self.heard_ms or 0) if self.is_interrupted and self.is_spoken else len(self.text)


_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese. Hangul has spaces."""


def is_unspaced(letter: str) -> bool:
    """Whether it is of a script that puts no spaces between words."""
    return _UNSPACED.match(letter) is not None


def _may_part(text: str, at: int) -> bool:
    """Whether the text may be parted before this character: at a space, and in scripts without, at any letter."""
    if text[at].isspace():
        return True
    is_mark = unicodedata.category(text[at]).startswith("M")
    return at > 0 and not is_mark and _UNSPACED.match(text[at - 1]) is not None


class Transcript(OrderedEntries[Entry]):
    """The entries in their order. One owner: the conversation."""

    def entries(self) -> tuple[Entry, ...]:
        """All entries in order."""
        return tuple(self)

    def change(self, item_id: str, **fields: object) -> Entry | None:
        """Replace fields of an entry; the new entry, or None when nothing changed or there is none."""
        old = self.get(item_id)
        if old is None:
            return None
        new = replace(old, **fields)
        if new == old:
            return None
        self.replace(new)
        return new

    def place_after(self, item_id: str, previous_item_id: str) -> bool:
        """Move an entry to right after another one; whether it moved.

        An unknown `previous_item_id` (an item without words, such as a function call) moves nothing. Lines of the
        program's stay where they were said: what came after one stands after it, too.
        """
        if item_id == previous_item_id or item_id not in self or previous_item_id not in self:
            return False
        at, target = self.index(item_id), self.index(previous_item_id) + 1
        target -= at < target
        if at > target and not any(map(self._is_turn, self._between(previous_item_id, item_id))):
            return False
        if at != target:
            self.move(item_id, target)
        return at != target

    def _between(self, first: str, last: str) -> Iterator[str]:
        """The ids after the one and before the other, which stands behind it."""
        return takewhile(lambda item_id: item_id != last, self.after(first))

    def _is_turn(self, item_id: str) -> bool:
        return self[item_id].is_turn
