"""What a running conversation tells its front end, and what a front end may ask of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from app.audio.capture import Levels
from app.conversation.bill import Budget
from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, StatusChanged
from app.conversation.session import SessionChange
from app.conversation.transcript import Entry
from app.live.service_choice import ServiceChoice
from app.live.sound_check import CheckStep
from app.protocol.text import flat
from app.protocol.wire_event import WireEvent


class Ended(Struct, frozen=True):
    """The conversation is over. Everything said stays; nothing more comes.

    `why` is one or two sentences for the user, empty when it was asked for. `exit_status` is the program's
    (see docs/commands.md): 0, 3 refused, 5 lost.
    """

    why: str = ""
    exit_status: int = 0

    def __post_init__(self) -> None:
        force_setattr(self, "why", flat(self.why))


class ExampleOffered(Struct, frozen=True):
    """The text of the example's next question, or None when there is none (left)."""

    text: str | None


class SoundChecked(Struct, frozen=True):
    """A sound check has come to this step."""

    step: CheckStep


class SayingAgain(Struct, frozen=True):
    """A turn is being said again; with an empty item, none is any more."""

    item_id: str
    is_microphone_closed: bool = False
    """And the microphone is closed until that is over."""


LiveEvent: TypeAlias = (
    EntryChanged
    | EntryRemoved
    | StatusChanged
    | Notice
    | Interrupted
    | ExampleOffered
    | SoundChecked
    | SayingAgain
    | Ended
)
"""Everything a front end hears. Changes of one entry come at most 10 times a second."""

WireEventsAfter: TypeAlias = Callable[[int], tuple[WireEvent, ...]]
"""The newest events of the wire from a number on, oldest first."""

Listener: TypeAlias = Callable[[LiveEvent], None]
"""Called from a worker thread; must return at once."""


class HeardSoFar(Struct, frozen=True):
    """What the assistant is saying at one moment: so much of an item has left the speaker."""

    item_id: str
    heard_ms: int


class Live(Protocol):
    """A running conversation as a front end sees it. Every method may be called from any thread and returns at once.

    Two bodies of work, `run_line` and `run_sound`, each block until the conversation ends: the front end runs each
    in a thread of its own, and `close` ends both.
    """

    @property
    def service_label(self) -> str:
        """Which service, in words."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of the voices that the service is known to have; it may have others."""

    @property
    def microphone_name(self) -> str:
        """The device or file; empty when there is none."""

    @property
    def speaker_name(self) -> str:
        """The device or file; empty when there is none."""

    @property
    def sound_server(self) -> str:
        """Through which sound server a device is reached, where PortAudio sees none; else empty."""

    @property
    def levels(self) -> Levels:
        """Input and output levels now, to be sampled."""

    @property
    def heard_so_far(self) -> HeardSoFar | None:
        """What sounds now, to be sampled; None while the assistant is silent and nothing of its waits."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The whole transcript now, for exports."""

    @property
    def started_at(self) -> float:
        """When the conversation began, in epoch seconds: the zero of the entries' times."""

    def run_line(self) -> None:
        """The line to the service and the rules. Blocks; ends with an `Ended` event, never with an exception."""

    def run_sound(self) -> None:
        """Microphone, levels and playback. Blocks."""

    def talk_key(self) -> None:
        """Open or close the microphone; in push-to-talk begin or end a turn."""

    def hold_microphone(self, is_held: bool) -> None:
        """Keep the microphone closed, or no longer; also before the work begins."""

    def stop_key(self) -> None:
        """Silence the assistant; in push-to-talk with the microphone open, throw the take away."""

    def say(self, text: str) -> None:
        """Type to the assistant."""

    def say_again(self, item_id: str) -> None:
        """Let the sound of a turn be heard again; a notice says where there is none. The stop key ends it, and so does
        all that the user or the assistant says."""

    def change(self, change: SessionChange) -> None:
        """Change settings of the session."""

    def limit_spending(self, budget: Budget) -> None:
        """What the conversation may cost from now on."""

    def renew(self, change: SessionChange) -> None:
        """Begin a new session with these settings changed; the text of the conversation is carried over."""

    def services(self) -> tuple[ServiceChoice, ...]:
        """The services that one could go on with. May take a moment: not for the screen's own thread."""

    def switch(self, choice: ServiceChoice, change: SessionChange) -> None:
        """Go on with another service and these settings changed; the text of the conversation is carried over. Until
        it has answered, and where it does not, the talk goes on as it was; a notice says how it went.
        """

    def reconnect(self) -> None:
        """Make a broken line again now, also where that was given up. Nothing while it stands."""

    def stay_offline(self) -> None:
        """Do not make a broken line again by itself. Nothing while it stands."""

    def wire_events(self, number: int) -> tuple[WireEvent, ...]:
        """The newest events of the wire from this number on, without sound and secrets, oldest first. A run of sound
        that has grown is told again with a greater number. May take a moment: for whoever looks, not for every frame.
        """

    def device_names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Microphones and speakers of this system. May take a moment: not for the screen's own thread."""

    def use_microphone(self, spec: str) -> None:
        """Another microphone, by name, number or file (empty: the system's); a notice says how it went."""

    def use_speaker(self, spec: str) -> None:
        """Another speaker, in the middle of a word if need be; a notice says how it went."""

    def set_volume(self, percent: int) -> None:
        """How loud the assistant is, 0 (silence) to 100."""

    def check_speaker(self) -> None:
        """Play a tone."""

    def check_microphone(self) -> None:
        """Listen for three seconds, telling the service nothing of it, and play that back."""

    def speak_example(self) -> None:
        """Speak the example's next question into the conversation."""

    def suspend(self) -> threading.Event:
        """Close microphone and speaker for a while; the event is set when they are. The line stays, and so does what
        waits to be heard.
        """

    def resume(self) -> None:
        """Open them again as they were, and go on with what was being said."""

    def close(self) -> None:
        """End it: the line is closed, devices are released, both workers return."""
