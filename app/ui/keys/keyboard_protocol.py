"""Held keys, where the terminal tells that a key was let go: the keyboard protocol of kitty with its event types.

Textual asks terminals for that protocol, but not for event types, and its parser fails on them. This module knows the
protocol and no private part of Textual; `app.ui.keys.keyboard_driver` hangs it into Textual. Both can be deleted:
without them held keys are known by their repeats alone (`app.ui.keys.talk_key`).

A key arrives as `CSI code:alternates ; modifiers:event ; text final`, everything but the final letter may be left out:
https://sw.kovidgoyal.net/kitty/keyboard-protocol/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from msgspec import Struct
from textual.message import Message

ASK: Final = "\x1b[=2;2u\x1b[?u"
"""Report event types, on top of what is reported already; and: what is reported now?"""

NO_MORE: Final = "\x1b[=2;3u"
"""Report no event types any more."""

_EVENT_TYPES: Final = 0b10
_ANSWER: Final = re.compile(r"\x1b\[\?([0-9]+)u")
_KEY: Final = re.compile(r"\x1b\[([0-9:]*)(?:;([0-9:]*))?(?:;([0-9:]*))?([u~A-FHPQRS])")
_NO_MODIFIERS: Final = ("", "0", "1")


class KeyEvent(IntEnum):
    """What happened to a key, by the protocol's numbers."""

    PRESSED = 1
    REPEATED = 2
    RELEASED = 3


_EVENTS: Final = {"": KeyEvent.PRESSED, "1": KeyEvent.PRESSED, "2": KeyEvent.REPEATED, "3": KeyEvent.RELEASED}


class KeySequence(Struct, frozen=True):
    """A key's sequence, taken apart."""

    plain: str
    """The same key without event type and alternates, as Textual reads it."""
    code: str
    """The key on the keyboard, whatever else is pressed with it."""
    event: KeyEvent | None
    """None: an event that the protocol does not know."""


def key_sequence(sequence: str) -> KeySequence | None:
    """Take a whole sequence apart; None where it is no key's. Without event type it is a press, and `plain` is it."""
    if (match := _KEY.fullmatch(sequence)) is None:
        return None
    codes, modifiers, text, final = match.groups(default="")
    code = codes.partition(":")[0]
    key = f"{code or 1}{final}"
    if ":" not in codes + modifiers:
        return KeySequence(sequence, key, KeyEvent.PRESSED)
    modifier, _, rest = modifiers.partition(":")
    plain = ";".join((code, "" if modifier in _NO_MODIFIERS else modifier, text)).rstrip(";")
    return KeySequence(f"\x1b[{plain}{final}", key, _EVENTS.get(rest.partition(":")[0]))


def promises_releases(sequence: str) -> bool | None:
    """Whether the answer to `ASK` says that event types are reported; None where it is no such answer."""
    answer = _ANSWER.fullmatch(sequence)
    return None if answer is None else bool(int(answer[1]) & _EVENT_TYPES)


@dataclass
class KeyRepeated(Message):
    """A held key repeated itself. Where the terminal tells repeats from presses, this comes in place of `Key`."""

    key: str
    character: str | None


@dataclass
class KeyReleased(Message):
    """A key was let go. Named as it was when it was pressed, whatever else has been let go before it."""

    key: str
    character: str | None
    is_under_way: bool = False
    """It was sent the way of its press; see `RealtimeApp`."""


class ReleasesPromised(Message):
    """The terminal says that it will report releases. Not all that say so do."""
