"""A conversation without a service: remembers what it was asked, tells what the test wants told."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from app.audio.capture import Levels
from app.conversation.bill import Budget
from app.conversation.effects import EntryChanged, EntryRemoved, StatusChanged
from app.conversation.session import SessionChange, SessionSettings
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import State, Status
from app.conversation.transcript import Entry, Party
from app.live.events import Ended, HeardSoFar, Listener, LiveEvent
from app.live.service_choice import ServiceChoice
from app.protocol.wire_event import WireEvent

AGREED = {name: SettingStanding(Standing.AGREED) for name in SessionSettings.__struct_fields__}
"""A service that has everything as it was asked for."""

LISTENING = Status(state=State.LISTENING, has_microphone=True, is_microphone_open=True, standings=AGREED)
"""Hands-free, nobody talks."""


@dataclass
class FakeLive:
    """State-based: `asked` is what the screen wanted, `status` and `entries` are what it was told."""

    listener: Listener
    service_label: str = "embedded service"
    microphone_name: str = "headset"
    speaker_name: str = "loudspeaker"
    sound_server: str = ""
    started_at: float = 1_790_000_000.0
    levels: Levels = field(default_factory=Levels)
    heard_so_far: HeardSoFar | None = None
    status: Status = LISTENING
    voices: tuple[str, ...] = ("alloy", "cedar")
    choices: tuple[ServiceChoice, ...] = ()
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    wire: list[WireEvent] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self.closed = threading.Event()
        self.line_ended = threading.Event()
        self.sound_ended = threading.Event()

    # ---------------------------------------------------------------- Live

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries.values())

    def run_line(self) -> None:
        if "line" in self.faults:
            raise self.faults["line"]
        self.tell(StatusChanged(self.status))
        self.closed.wait()
        self.tell(Ended())
        self.line_ended.set()

    def run_sound(self) -> None:
        if "sound" in self.faults:
            raise self.faults["sound"]
        self.closed.wait()
        self.sound_ended.set()

    def talk_key(self) -> None:
        self.asked.append(("talk_key",))
        self.now(is_microphone_open=not self.status.is_microphone_open)

    def hold_microphone(self, is_held: bool) -> None:
        self.asked.append(("hold_microphone", is_held))

    def stop_key(self) -> None:
        self.asked.append(("stop_key",))

    def say(self, text: str) -> None:
        self.asked.append(("say", text))

    def say_again(self, item_id: str) -> None:
        self.asked.append(("say_again", item_id))

    def change(self, change: SessionChange) -> None:
        self.asked.append(("change", change))
        self.now(settings=change.of(self.status.settings))

    def limit_spending(self, budget: Budget) -> None:
        self.asked.append(("limit_spending", budget))

    def reconnect(self) -> None:
        self.asked.append(("reconnect",))

    def stay_offline(self) -> None:
        self.asked.append(("stay_offline",))

    def renew(self, change: SessionChange) -> None:
        self.asked.append(("renew", change))

    def services(self) -> tuple[ServiceChoice, ...]:
        return self.choices

    def switch(self, choice: ServiceChoice, change: SessionChange) -> None:
        self.asked.append(("switch", choice, change))
        self.service_label = choice.label
        self.now(model=choice.model)

    def wire_events(self, number: int) -> tuple[WireEvent, ...]:
        return tuple(event for event in self.wire if event.number >= number)

    def device_names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return ("headset", "webcam"), ("loudspeaker", "headset")

    def use_microphone(self, spec: str) -> None:
        self.asked.append(("use_microphone", spec))

    def use_speaker(self, spec: str) -> None:
        self.asked.append(("use_speaker", spec))

    def set_volume(self, percent: int) -> None:
        self.asked.append(("set_volume", percent))

    def check_speaker(self) -> None:
        self.asked.append(("check_speaker",))

    def check_microphone(self) -> None:
        self.asked.append(("check_microphone",))

    def speak_example(self) -> None:
        self.asked.append(("speak_example",))

    def suspend(self) -> threading.Event:
        self.asked.append(("suspend",))
        closed = threading.Event()
        closed.set()
        return closed

    def resume(self) -> None:
        self.asked.append(("resume",))

    def close(self) -> None:
        self.closed.set()

    # ---------------------------------------------------------------- the test's side

    def tell(self, event: LiveEvent) -> None:
        """As a worker would, from whatever thread."""
        self.listener(event)

    def now(self, **fields: object) -> None:
        """The status is another."""
        self.status = replace(self.status, **fields)
        self.tell(StatusChanged(self.status))

    def put(self, entry: Entry) -> None:
        """An entry is new or has changed; new ones come last."""
        self._entries[entry.item_id] = entry
        self.tell(EntryChanged(entry, list(self._entries).index(entry.item_id)))

    def drop(self, item_id: str) -> None:
        """An entry is gone."""
        del self._entries[item_id]
        self.tell(EntryRemoved(item_id))


def user(text: str = "What time is it?", item_id: str = "u1", **fields: object) -> Entry:
    """A final turn of the user's."""
    return Entry(item_id, Party.USER, text, **{"is_final": True, "ended_ms": 1, **fields})


def program(text: str = "The line broke.", item_id: str = "r1", **fields: Any) -> Entry:
    """A line of the program's."""
    return Entry(**{"item_id": item_id, "speaker": Party.PROGRAM, "text": text, "is_final": True, "is_spoken": False,
                    "started_ms": 15_000, "ended_ms": 15_000, **fields})  # fmt: skip


def assistant(text: str = "It is noon.", item_id: str = "a1", **fields: object) -> Entry:
    """A final turn of the assistant's, wholly heard."""
    base: dict[str, object] = {"is_final": True, "received_ms": 2000, "heard_ms": 2000, "ended_ms": 9}
    return Entry(item_id, Party.ASSISTANT, text, **{**base, **fields})


def session_of(settings: Any) -> SessionSettings:
    """What of the settings the fake's session knows."""
    from app.conversation.session import Detection, Mode

    return SessionSettings(
        mode=Mode(settings.mode),
        detection=Detection(settings.detection),
        threshold=settings.threshold,
        silence_ms=settings.silence_ms,
        voice=settings.voice,
    )
