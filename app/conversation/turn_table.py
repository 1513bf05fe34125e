"""Turn-taking as a table.

Two rules for this file: whatever decides what a key, a voice or a typed line does to the turn stands here, and
nothing here knows how it is carried out. Hands-free, the service decides that a turn is over; in push-to-talk the
user does. Space opens and closes the microphone in both.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from app.conversation.session import Mode


class Trigger(Enum):
    """What happened."""

    TALK_KEY = auto()
    """The talk key, tapped: open or close the microphone."""
    SPEECH_STARTED = auto()
    """The service hears the user."""
    TEXT = auto()
    """The user typed to the assistant."""
    STOP_KEY = auto()
    """The user wants silence (Esc)."""
    BUDGET_SPENT = auto()
    """Nothing more may be sent."""
    TO_HANDS_FREE = auto()
    TO_PUSH_TO_TALK = auto()


class Action(Enum):
    """What to do about it, in the order of the table."""

    INTERRUPT = auto()
    """Silence the assistant, cancel its response if one is active, truncate at what was heard."""
    INTERRUPT_UNLESS_SERVER_DOES = auto()
    """The same, but the service cancels its own response at speech. Nothing where speech may not interrupt."""
    OPEN = auto()
    """Open the microphone."""
    CLOSE = auto()
    """Close the microphone; the end of what was said still goes out."""
    END_TURN = auto()
    """Commit what was said and ask for an answer."""
    DISCARD = auto()
    """Throw away what was said since the microphone was opened."""


_HF, _PTT = Mode.HANDS_FREE, Mode.PUSH_TO_TALK
_OPEN, _CLOSED = True, False

TURNS: Final[dict[tuple[Mode, bool, Trigger], tuple[Action, ...]]] = {
    (_HF, _CLOSED, Trigger.TALK_KEY): (Action.OPEN,),
    (_HF, _OPEN, Trigger.TALK_KEY): (Action.CLOSE,),
    (_HF, _OPEN, Trigger.SPEECH_STARTED): (Action.INTERRUPT_UNLESS_SERVER_DOES,),
    # The service may still hear the last words from before the microphone was closed.
    (_HF, _CLOSED, Trigger.SPEECH_STARTED): (Action.INTERRUPT_UNLESS_SERVER_DOES,),
    (_HF, _OPEN, Trigger.TEXT): (Action.INTERRUPT,),
    (_HF, _CLOSED, Trigger.TEXT): (Action.INTERRUPT,),
    (_HF, _OPEN, Trigger.STOP_KEY): (Action.INTERRUPT,),
    (_HF, _CLOSED, Trigger.STOP_KEY): (Action.INTERRUPT,),
    (_HF, _OPEN, Trigger.TO_PUSH_TO_TALK): (Action.CLOSE, Action.DISCARD),
    (_HF, _CLOSED, Trigger.TO_PUSH_TO_TALK): (Action.DISCARD,),
    (_PTT, _CLOSED, Trigger.TALK_KEY): (Action.INTERRUPT, Action.OPEN),
    (_PTT, _OPEN, Trigger.TALK_KEY): (Action.CLOSE, Action.END_TURN),
    # A typed line while the microphone is open is a turn of its own; the spoken one goes on.
    (_PTT, _OPEN, Trigger.TEXT): (Action.INTERRUPT,),
    (_PTT, _CLOSED, Trigger.TEXT): (Action.INTERRUPT,),
    (_PTT, _OPEN, Trigger.STOP_KEY): (Action.CLOSE, Action.DISCARD),
    (_PTT, _CLOSED, Trigger.STOP_KEY): (Action.INTERRUPT,),
    # Neither may go out: the end of what was said, and the commit of a turn.
    (_HF, _OPEN, Trigger.BUDGET_SPENT): (Action.CLOSE, Action.DISCARD),
    (_HF, _CLOSED, Trigger.BUDGET_SPENT): (),
    (_PTT, _OPEN, Trigger.BUDGET_SPENT): (Action.CLOSE, Action.DISCARD),
    (_PTT, _CLOSED, Trigger.BUDGET_SPENT): (),
    (_PTT, _OPEN, Trigger.TO_HANDS_FREE): (Action.END_TURN,),
    (_PTT, _CLOSED, Trigger.TO_HANDS_FREE): (Action.OPEN,),
    # An update that switches detection off can cross a last speech_started on the wire.
    (_PTT, _OPEN, Trigger.SPEECH_STARTED): (),
    (_PTT, _CLOSED, Trigger.SPEECH_STARTED): (),
    (_HF, _OPEN, Trigger.TO_HANDS_FREE): (),
    (_HF, _CLOSED, Trigger.TO_HANDS_FREE): (),
    (_PTT, _OPEN, Trigger.TO_PUSH_TO_TALK): (),
    (_PTT, _CLOSED, Trigger.TO_PUSH_TO_TALK): (),
}
"""What a trigger does in a mode, with the microphone open or closed. Every case is there."""
