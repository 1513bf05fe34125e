"""What the command line asks a conversation for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.console import is_terminal
from app.exit_status import NO_DEVICE, USAGE
from app.settings import Folders, Loaded

_STREAM: Final = "-"
_FORMAT: Final = "--raw --rate=24000 --channels=1 --format=s16le"
PAREC: Final = f"parec {_FORMAT} --latency-msec=20"
PACAT: Final = f"pacat {_FORMAT} --latency-msec=60"
"""What sends a PulseAudio device's sound into a pipe and takes it out of one; without the latencies they hold seconds
of it."""


class UsageError(Exception):
    """The program cannot begin as it was asked to; `str` is the sentence for the user."""

    exit_status = USAGE


class NoDeviceError(UsageError):
    """A device that was asked for by name cannot be used."""

    exit_status = NO_DEVICE


class Request(Struct, frozen=True):
    """What the command line asked for."""

    given: Mapping[str, object]
    loaded: Loaded
    folders: Folders
    is_plain: bool
    is_text_only: bool
    exports: tuple[Path, ...]
    events: Path | None

    @property
    def service_log(self) -> Path:
        """Where the embedded service writes what goes wrong."""
        return self.folders.logs / "service.log"


def check_streams(request: Request) -> None:
    """Raises UsageError where standard input or output is to carry sound and cannot."""
    settings = request.loaded.settings
    if _STREAM not in (settings.mic, settings.speaker):
        return
    if not request.is_plain:
        raise UsageError(
            "Standard input and output carry sound (`-`) only under --plain, where they are no terminal: "
            "realtime --plain --mic - --speaker -."
        )
    if settings.mic == _STREAM and is_terminal(sys.stdin):
        raise UsageError(
            "--mic - takes raw sound on standard input, and that is a terminal. "
            f"Send it some: {PAREC} | realtime --plain --mic -."
        )
    if settings.speaker == _STREAM and is_terminal(sys.stdout):
        raise UsageError(
            "--speaker - gives raw sound on standard output, and that is a terminal. "
            f"Send it on: realtime --plain --speaker - | {PACAT}."
        )
