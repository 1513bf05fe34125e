"""A PulseAudio server, or PipeWire in its place: whether one answers, and which devices it has, as `pactl` tells.

Asked where PortAudio sees nothing: without ALSA's plugin in WSL and containers, or over ssh with a PULSE_SERVER that is
forwarded. `pactl`, `parec` and `pacat` (Debian: pulseaudio-utils) find the server as every program of PulseAudio
does. They get what they need of our environment, and nobody's keys.

JSON where pactl speaks it (since 16). Its version 16.1 writes "(null)" for a text that is not ASCII, so such names are
taken from the listing for people, which the locale C keeps in English.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.audio.portaudio import Device, Kind, clean, usable_rate_hz

_PROGRAMS: Final = ("pactl", "parec", "pacat")
_PATIENCE_S: Final = 3.0
"""A server behind a dead tunnel takes the connection and never answers."""

_WORDS: Final = {Kind.MICROPHONE: ("sources", "Source"), Kind.SPEAKER: ("sinks", "Sink")}
_MOST_CHANNELS: Final = 32
"""PA_CHANNELS_MAX."""
_UNTOLD: Final = frozenset({"", "(null)", "n/a"})

_NAMES: Final = frozenset(
    {
        # where programs, their libraries and the user's files are
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LD_LIBRARY_PATH", "LD_PRELOAD"),
        # where the server is, and its cookie: beside PULSE_SERVER, the folder of its socket, or the X display's word
        *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "XAUTHORITY"),
    }
)
_FAMILIES: Final = ("PULSE_", "PIPEWIRE_")

Facts: TypeAlias = Mapping[str, str]
"""What is told of a device: `index`, `name`, `description`, `specification`, `monitored`."""

Ask: TypeAlias = Callable[..., str | None]
"""What `pactl` with these words prints; None where it fails."""


@dataclass(frozen=True, slots=True)
class PulseDevice(Device):
    """A source or a sink of the server; `index` is its number there."""

    server_name: str = ""
    """What it is called by programs, as in `pactl list short`."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.server_name)


def is_installed() -> bool:
    """Whether the programs are there through which all of this goes."""
    return sys.platform == "linux" and all(shutil.which(program) for program in _PROGRAMS)


def list_devices(kinds: Collection[Kind] = tuple(Kind)) -> tuple[PulseDevice, ...]:
    """The server's devices of these kinds; none where no server answers. What hears a speaker is no microphone."""
    if not kinds or not is_installed():
        return ()
    return devices_told(_ask, kinds)


def devices_told(ask: Ask, kinds: Collection[Kind]) -> tuple[PulseDevice, ...]:
    """The same of whatever `ask` tells."""
    info = ask("info")
    if info is None:
        return ()
    about = _fields(info)
    api = "PipeWire" if "pipewire" in about.get("Server Name", "").casefold() else "PulseAudio"
    found: list[PulseDevice] = []
    for kind in Kind:
        if kind in kinds:
            default = about.get("Default Source" if kind is Kind.MICROPHONE else "Default Sink", "")
            found += (
                _device(facts, kind, api, default) for facts in _listed(ask, kind) if not _is_monitor(facts, kind)
            )
    return tuple(found)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What of our environment programs of PulseAudio get, with words in English."""
    kept = {name: value for name, value in environ.items() if name in _NAMES or name.startswith(_FAMILIES)}
    return {**kept, "LC_ALL": "C"}


def _ask(*words: str) -> str | None:
    """Names may hold any bytes: those that are no UTF-8 become surrogates, so that they can be given back."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["pactl", *words],
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "surrogateescape")
    return None


def _listed(ask: Ask, kind: Kind) -> list[Facts]:
    words, _ = _WORDS[kind]
    found = _from_json(ask("-f", "json", "list", words) or "")
    if found and all(_is_told(facts["description"]) for facts in found):
        return found
    in_text = _from_text(ask("list", words) or "", kind)
    if not found:
        return in_text
    told = {facts["index"]: facts["description"] for facts in in_text}
    return [
        facts if _is_told(facts["description"]) else {**facts, "description": told.get(facts["index"], "")}
        for facts in found
    ]


def _from_json(text: str) -> list[Facts]:
    """Empty where it is none: an older pactl, or one that writes a name that breaks it."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [
        {
            "index": str(item.get("index")),
            "name": _word(item.get("name")),
            "description": _word(item.get("description")),
            "specification": _word(item.get("sample_specification")),
            "monitored": _word(item.get("monitor_source")),
        }
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and _word(item.get("name"))
    ]


def _from_text(text: str, kind: Kind) -> list[Facts]:
    """The listing for people: a head for each, then its fields behind a tab each. A name may have lines of its own."""
    _, head = _WORDS[kind]
    parts = re.split(rf"^{head} #(\d+)$", text, flags=re.MULTILINE)
    found: list[Facts] = []
    for index, block in zip(parts[1::2], parts[2::2], strict=True):
        fields = _fields(block)
        if fields.get("Name"):
            found.append(
                {
                    "index": index,
                    "name": fields["Name"],
                    "description": fields.get("Description", ""),
                    "specification": fields.get("Sample Specification", ""),
                    "monitored": fields.get("Monitor of Sink", ""),
                }
            )
    return found


def _fields(text: str) -> dict[str, str]:
    """`Key: value` lines with a tab before them or nothing; of a key that comes twice, the first."""
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        key, colon, value = line.removeprefix("\t").partition(": ")
        if colon and not key.startswith(("\t", " ")):
            fields.setdefault(key, value)
    return fields


def _is_monitor(facts: Facts, kind: Kind) -> bool:
    if kind is Kind.SPEAKER:
        return False  # every sink has one
    return _is_told(facts["monitored"]) or facts["name"].endswith(".monitor")


def _device(facts: Facts, kind: Kind, api: str, default: str) -> PulseDevice:
    name, description = facts["name"], facts["description"]
    channels = re.search(r"\b(\d{1,4})ch\b", facts["specification"])
    rate_hz = re.search(r"\b(\d{1,9})Hz\b", facts["specification"])
    count = min(_MOST_CHANNELS, max(1, int(channels[1]))) if channels else 1
    is_microphone, is_default = kind is Kind.MICROPHONE, name == default
    return PulseDevice(
        index=int(facts["index"]) if facts["index"].isdecimal() else -1,
        name=_shown(description) if _is_told(description) else _shown(name),
        host_api=api,
        inputs=count if is_microphone else 0,
        outputs=0 if is_microphone else count,
        rate_hz=usable_rate_hz(float(rate_hz[1]) if rate_hz else 0.0),
        default_input=is_microphone and is_default,
        default_output=not is_microphone and is_default,
        server_name=name,
    )


def _is_told(text: str) -> bool:
    return text.strip() not in _UNTOLD


def _shown(text: str) -> str:
    return clean(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")) or "a device without a name"


def _word(value: Any) -> str:
    """A text that can be given back to the system: JSON may name halves of a letter, which no byte stands for."""
    text = value if isinstance(value, str) else ""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
