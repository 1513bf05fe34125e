"""What the command line asks a conversation for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.settings import Folders, Loaded

USAGE, NO_DEVICE = 2, 4
"""Exit statuses, see the README."""


@dataclass(frozen=True, slots=True)
class Request:
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
