"""What the keys mean at a moment, in words: told to the lamp, the row of keys and the first steps alike. Pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from app.conversation.session import Detection, Mode
from app.conversation.status import State, Status

GIVE_UP: Final = "give up"
"""The stop key's word while a lost line is made again."""


LEAVE: Final = "leave"
"""Its word where all that it can do is to leave the turn in hand."""


class Situation(Struct, frozen=True):
    """All that decides what a key does."""

    status: Status = Status()
    holds: bool = False
    """The talk key is to be held (setting `talk_key`)."""
    is_over: bool = False
    """The conversation has ended, and no other one begins by itself."""
    closes: bool = False
    """Something is open that the stop key closes before it means anything else: a line, the search, the panel."""

    has_turn: bool = False
    """A turn of the transcript is in hand."""
    is_saying_again: bool = False
    """One is being said again."""

    @property
    def is_push_to_talk(self) -> bool:
        """The user says when a turn begins and ends."""
        return self.status.settings.mode is Mode.PUSH_TO_TALK

    @property
    def can_talk(self) -> bool:
        """The talk key does something to a microphone."""
        has_line = self.status.state not in (State.OFFLINE, State.CONNECTING)
        return self.status.has_microphone and has_line and not self.is_over

    @property
    def is_taking(self) -> bool:
        """A turn in push-to-talk is being spoken."""
        return self.is_push_to_talk and self.status.is_microphone_open

    @property
    def has_threshold(self) -> bool:
        """The threshold decides something."""
        return not self.is_push_to_talk and self.status.settings.detection is Detection.SERVER_VAD


def talk_word(now: Situation) -> str | None:
    """What the talk key would do; None where it can do nothing."""
    if not now.can_talk:
        return None
    is_open = now.status.is_microphone_open
    if now.holds and not is_open:
        return "hold"
    if now.is_push_to_talk:
        return "let go" if now.holds else ("send" if is_open else "talk")
    return "mute" if is_open else "unmute"


def stop_word(now: Situation) -> str | None:
    """What the stop key would do; None where it can do nothing."""
    if now.is_saying_again:
        return "stop"
    if now.closes:
        return "close"
    leave = LEAVE if now.has_turn else None
    if now.is_over or now.status.state is State.OFFLINE:
        return leave
    if now.is_taking:
        return "discard"
    if now.status.state is State.RECONNECTING:
        return GIVE_UP
    return "interrupt" if now.status.is_response_active or now.status.state is State.SPEAKING else leave
