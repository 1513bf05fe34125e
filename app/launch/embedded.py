"""What is started before anything heavy is imported: the embedded service, which takes a second until it listens."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from app.connection.child import Child, spawn
from app.settings import Settings, which_service


def start_service(settings: Settings, log: Path, *, is_written: bool) -> Child | None:
    """The embedded service's process, where the settings name it and it is installed; its owner ends it.

    None too where it cannot be started: whoever needs it will try again, and say why.
    """
    if which_service(settings) != "local" or (missing_engines() and not is_written):
        return None
    try:
        return spawn(log, serve_options(settings, is_written=is_written))
    except OSError:
        return None


def serve_options(settings: Settings, *, is_written: bool = False) -> dict[str, object]:
    """What the service is told, by the names of `app.server.serve.Options`. `is_written`: nothing is likely to be
    heard or spoken.
    """
    return {
        "recogniser": settings.recogniser,
        "responder": settings.responder,
        "responder_model": settings.responder_model,
        "responder_key": settings.responder_key,
        "session_limit_s": settings.session_limit_s,
        "loads_sound": not is_written,
    }


def missing_engines() -> tuple[str, ...]:
    """The packages of the embedded service that are not installed."""
    return tuple(name for name in ("hibari", "onnxruntime") if importlib.util.find_spec(name) is None)
