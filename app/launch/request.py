"""What the command line asks a conversation for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from app.exit_status import NO_DEVICE, USAGE
from app.settings import Folders, Loaded


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
