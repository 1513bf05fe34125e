"""Sentences of the screen that depend on the state. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from app.conversation.session import Mode
from app.conversation.status import State, Status

KeyOf: TypeAlias = Callable[[str], str]
"""The key of a binding's id as it is bound and shown."""


def first_steps(status: Status, service: str, example: str | None, key: KeyOf) -> tuple[str, ...]:
    """What to do first, in an empty transcript; at most three lines."""
    if status.state is State.CONNECTING:
        return (f"Connecting to the {service} …" if service else "Connecting …",)
    if status.state is State.OFFLINE:
        return ("There is no connection.", f"{key('help')} shows every key, {key('quit')} quits.")
    typing = f"{key('type')}  types to the assistant.   {key('help')}  shows every key."
    if not status.has_microphone:
        first = f"There is no microphone: press {key('example')} to hear the example, {key('type')} to type."
        says = (f"The example says: “{example}”",) if example else ()
        if not example:
            return (f"There is no microphone: press {key('type')} to type.", f"{key('help')}  shows every key.")
        return (first, *says, f"{key('help')}  shows every key.")
    if status.settings.mode is Mode.PUSH_TO_TALK:
        return (
            f"Press {key('talk')}, speak, and press {key('talk')} again: the assistant answers.",
            f"{key('stop')}  interrupts it, and so does {key('talk')}.   {key('mode')}  changes to hands-free.",
            typing,
        )
    speak = "Just speak: the microphone is open." if status.is_microphone_open else f"{key('talk')}  opens the microphone."
    return (speak, f"{key('talk')}  closes and opens it.   {key('stop')}  interrupts the assistant.", typing)


def waiting_line(waiting: int, key: KeyOf) -> str:
    """What stands below a transcript that is not at its end."""
    if waiting <= 0:
        return f"{key('follow')} follows"
    return f"↓ {waiting:,} new {'line' if waiting == 1 else 'lines'}, {key('follow')} follows"


def search_line(text: str, number: int, count: int, key: KeyOf) -> str:
    """What stands below a transcript that is searched."""
    if not count:
        return f"“{text}” is nowhere in the transcript   {key('stop')} closes"
    steps = f"{key('search_next')} next   {key('search_previous')} previous   {key('stop')} closes"
    return f"“{text}”  {number} of {count}   {steps}"


def terminal_title(status: Status) -> str:
    """The title of the terminal's window."""
    sign = "●" if status.is_microphone_open else "◌"
    return f"{sign} {status.state.value} · realtime"


def no_microphone(example: str | None, key: KeyOf) -> str:
    """What the talk key answers where there is nothing to open."""
    other = f"press {key('example')} to hear the example, or {key('type')} to type" if example else f"press {key('type')} to type"
    return f"There is no microphone: {other}."
