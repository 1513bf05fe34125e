"""Sentences of the screen that depend on the state. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from app.conversation.standing import Standing
from app.conversation.status import State, Status
from app.conversation.transcript import Entry, Party
from app.live.events import SayingAgain
from app.ui.keys.situation import Situation
from app.ui.painting import Role, Run

KeyOf: TypeAlias = Callable[[str], str]
"""The key of a binding's id as it is bound and shown."""


class FirstSteps(Struct, frozen=True):
    """What an empty transcript says: a sentence, and keys with what they do."""

    sentence: str
    rows: tuple[tuple[str, str], ...] = ()


def first_steps(now: Situation, service: str, example: str | None, key: KeyOf) -> FirstSteps:
    """What to do first, as things are."""
    status = now.status
    help_row = (key("help"), "shows every key")
    if status.state is State.CONNECTING:
        return FirstSteps(f"Connecting to the {service} …" if service else "Connecting …")
    if now.is_over:
        return FirstSteps("The conversation is over.", (help_row, (key("quit"), "quits")))
    if status.state is State.OFFLINE:
        return FirstSteps("There is no connection.", ((key("reconnect"), "connects"), help_row, (key("quit"), "quits")))
    typing = (key("type"), "types to the assistant")
    if not status.has_microphone and example:
        sentence = f"There is no microphone: press {key('example')} to hear the example, {key('type')} to type."
        return FirstSteps(sentence, ((key("example"), f"says: “{example}”"), typing, help_row))
    if not status.has_microphone:
        return FirstSteps(f"There is no microphone: press {key('type')} to type.", (typing, help_row))
    if now.is_taking:
        ends = f"let go of {key('talk')}" if now.holds else f"press {key('talk')}"
        sentence = f"Speak, and {ends} when you have finished."
        return FirstSteps(sentence, ((key("stop"), "throws away what you said"), help_row))
    if now.is_push_to_talk:
        again = f"Hold {key('talk')} while you speak."
        sentence = again if now.holds else f"Press {key('talk')}, speak, and press {key('talk')} again."
        return FirstSteps(sentence, ((key("mode"), "changes to hands-free: just speak"), typing, help_row))
    if not status.is_microphone_open:
        verb = "Hold" if now.holds else "Press"
        return FirstSteps(f"{verb} {key('talk')} to open the microphone.", (typing, help_row))
    interrupt = (key("stop"), "interrupts the assistant, and so does speaking")
    talk = "closes the microphone" + ("; held, opens it" if now.holds else ", and opens it again")
    return FirstSteps("Just speak.", ((key("talk"), talk), interrupt, typing, help_row))


def waiting_line(waiting: int, key: KeyOf) -> str:
    """What stands below a transcript that is not at its end."""
    if waiting <= 0:
        return f"{key('follow')} follows"
    return f"↓ {waiting:,} new {'line' if waiting == 1 else 'lines'}, {key('follow')} follows"


def saying_line(saying: SayingAgain, entry: Entry | None, clock: Callable[[int], str], key: KeyOf) -> str:
    """What stands below the transcript while a turn is said again."""
    whose = "" if entry is None else f" what {'you' if entry.speaker is Party.USER else 'the assistant'} said"
    when = "" if entry is None else f" at {clock(entry.started_ms)}"
    closed = ", the microphone is closed meanwhile" if saying.is_microphone_closed else ""
    return f"saying again{whose}{when}, {key('stop')} stops{closed}"


def search_line(text: str, number: int, count: int, key: KeyOf, *, is_typing: bool) -> str:
    """What stands below a transcript that is searched; `is_typing`: what to look for is still being written."""
    if not count:
        return f"“{text}” is nowhere here   {key('stop')} closes"
    steps = "Enter keeps" if is_typing else f"{key('search_next')} next   {key('search_previous')} previous"
    return f"{number} of {count}   {steps}   {key('stop')} closes" + ("" if is_typing else f"   “{text}”")


def terminal_title(status: Status) -> str:
    """The title of the terminal's window."""
    sign = "●" if status.is_microphone_open else "◌"
    return f"{sign} {status.state.value} · realtime"


def cannot_talk(now: Situation, example: str | None, key: KeyOf) -> str:
    """What the talk key answers where it can do nothing."""
    closed = "The microphone is closed: there is no connection"
    if now.is_over:
        return f"{closed}."
    if now.status.state is State.CONNECTING:
        return f"{closed} yet."
    if now.status.state is State.OFFLINE:
        return f"{closed}. Press {key('reconnect')} to connect."
    hear = f"press {key('example')} to hear the example, or " if example else "press "
    return f"There is no microphone: {hear}{key('type')} to type."


def held(key: KeyOf) -> str:
    """What a tap of the talk key answers where it is to be held."""
    return f"Hold {key('talk')} while you speak. That a tap is enough is a setting: the talk key ({key('settings')})."


def volume_line(volume: int, is_muted: bool, key: KeyOf) -> str:
    """What a key that changes the assistant's volume answers."""
    return f"the assistant is muted, {key('mute_assistant')} lets it be heard" if is_muted else f"volume {volume} %"


NOT_SAID_AGAIN: Final = "The conversation is over: the loudspeaker is closed, and no turn can be said again."

NOT_SENT: Final = "The conversation is over, so this is not sent. It stays in the line."
"""What Enter answers in the line to write in when nothing is sent any more."""


_MARKS: Final[dict[Standing, tuple[str, Role]]] = {
    Standing.WAITING: ("…", "warning"),
    Standing.AGREED: ("✓", "good"),
    Standing.DIFFERENT: ("≠", "warning"),
    Standing.UNKNOWN: ("?", "dim"),
    Standing.LEFT: ("·", "dim"),
    Standing.REFUSED: ("✗", "error"),
    Standing.LACKING: ("–", "dim"),
}
"""Told apart without colour."""


def standing_mark(standing: Standing) -> Run:
    """How a setting stands: `✓` it is so, `≠` the service has it otherwise, `?` it does not say, `·` it was not asked
    either, `✗` it refused, `–` it has no such thing, `…` it was asked.
    """
    return _MARKS[standing]
