"""Engines by the names a user gives them. They are only made here; `load` does the slow part and may refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from app.redaction import shown
from app.server.engines import moonshine, whisper
from app.server.engines.builtin_responder import BuiltinResponder
from app.server.engines.chat import ChatResponder
from app.server.engines.gguf import ENDING, GgufResponder, small_model
from app.server.engines.hibari import HibariSynthesiser
from app.server.engines.interfaces import EngineUnavailableError, Recogniser, Responder, Synthesiser

RECOGNISERS: Final = ("auto", "moonshine", "whisper")
SYNTHESISERS: Final = ("hibari",)
RESPONDERS: Final = ("builtin", "llm", "FILE.gguf", "http://HOST:PORT/v1#MODEL", "https://HOST/v1#MODEL")


def open_recogniser(name: str = "auto") -> Recogniser:
    """`auto` is Moonshine, or Whisper where only that is installed. Raises ValueError for an unknown name."""
    match name:
        case "moonshine":
            return moonshine.MoonshineRecogniser()
        case "whisper":
            return whisper.WhisperRecogniser()
        case "auto":
            only_whisper = not _is_there(moonshine.find_model) and _is_there(whisper.find_model)
            return open_recogniser("whisper" if only_whisper else "moonshine")
        case _:
            raise ValueError(f"There is no recogniser {shown(name)}; known are {', '.join(RECOGNISERS)}.")


def open_synthesiser(name: str = "hibari") -> Synthesiser:
    """Raises ValueError for an unknown name."""
    if name == "hibari":
        return HibariSynthesiser()
    raise ValueError(f"There is no synthesiser {shown(name)}; known are {', '.join(SYNTHESISERS)}.")


def open_responder(
    name: str = "builtin",
    *,
    model: str | None = None,
    key: str | None = None,
    now: Callable[[], datetime] = datetime.now,
) -> Responder:
    """`builtin`; a GGUF file; `llm`, the small model that is installed as a package; or the base address of a chat
    server, the model behind its `#` or given apart.

    `now` gives the local time to the built-in responder. Raises ValueError for anything else, and for a file that
    cannot be a model.
    """
    if name == "builtin":
        return BuiltinResponder(now)
    if name.startswith(("http://", "https://")):
        return ChatResponder(name, model, key)
    if name == "llm":
        return GgufResponder(small_model(), is_small=True)
    if name.lower().endswith(ENDING):
        return GgufResponder(Path(name).expanduser())
    raise ValueError(f"There is no responder {shown(name)}; known are {', '.join(RESPONDERS)}.")


def _is_there(find: Callable[[], object]) -> bool:
    try:
        find()
    except EngineUnavailableError:
        return False
    return True
