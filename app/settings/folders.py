"""Where the program keeps its files. `REALTIME_HOME` moves everything under one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

APP_NAME = "gpt-realtime-tui"


class Folders(Struct, frozen=True):
    """Folders of the user's; none is created by asking."""

    settings_file: Path
    logs: Path
    conversations: Path
    """Each conversation that is kept has a folder of its own in it."""


def folders(environ: Mapping[str, str]) -> Folders:
    """The usual places of the system, or those under REALTIME_HOME."""
    if home := environ.get("REALTIME_HOME", "").strip():
        root = Path(os.path.expanduser(home))  # leaves `~nobody` as it is, where Path raises
        return Folders(root / "settings.toml", root / "logs", root / "conversations")
    from platformdirs import PlatformDirs

    places = PlatformDirs(APP_NAME, appauthor=False)
    return Folders(
        Path(places.user_config_dir) / "settings.toml",
        Path(places.user_log_dir),
        Path(places.user_data_dir) / "conversations",
    )
