"""The word on the screen, from what the parts of a conversation know."""

from __future__ import annotations

from app.conversation.carried import Carried
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.responses import Responses
from app.conversation.session import Mode
from app.conversation.status import State
from app.conversation.turns import Turns


def state_of(
    turns: Turns, responses: Responses, negotiation: SettingsNegotiation, carried: Carried, *, is_offline: bool
) -> State:
    """What is going on, in one word."""
    is_open, is_hands_free = turns.is_open, negotiation.wanted.mode is Mode.HANDS_FREE
    if is_offline:
        return State.OFFLINE
    if not (negotiation.is_ready or carried.is_seamless):
        return State.RECONNECTING if carried.is_cut else State.CONNECTING
    if turns.is_user_speaking or (is_open and turns.is_voiced and not is_hands_free):
        return State.HEARING
    if responses.is_speaking:
        return State.SPEAKING
    if is_open and not is_hands_free:
        return State.LISTENING
    if responses.active.is_awaited or turns.is_handing_over:
        return State.THINKING
    if is_open:
        return State.LISTENING
    return State.MUTED if is_hands_free and turns.has_microphone else State.READY


def is_spoken_in(turns: Turns, mode: Mode) -> bool:
    """The user speaks, or is about to."""
    return turns.is_user_speaking or turns.is_voiced or (turns.is_open and mode is Mode.PUSH_TO_TALK)


def is_answering(responses: Responses) -> bool:
    """An answer is awaited, under way, or sounds."""
    return responses.is_speaking or responses.active.is_awaited or responses.active.is_busy
