"""One conversation from the command line: everything is checked first, then a front end runs it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.audio.native_stderr import native_stderr_to
from app.audio.ports import NotASoundFileError
from app.audio.wav import read_wav
from app.compose import (
    EXAMPLE,
    NoDeviceError,
    Sound,
    UsageError,
    make_dialler,
    make_live,
    open_sound,
    session_settings,
)
from app.connection.eventlog import EventLog, EventLogError
from app.connection.services import ServiceSettingError
from app.conversation.effects import Notice, Severity
from app.history.export import ExportError, format_of, render
from app.history.write import write_export
from app.live.dialling import Dialler
from app.live.events import Listener
from app.settings import Folders, Loaded

if TYPE_CHECKING:
    from app.live.conversation import LiveConversation

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


def run(request: Request) -> int:
    """Talk; the exit status. A problem with the request is one sentence on standard error before anything starts."""
    with ExitStack() as stack:
        try:
            for path in request.exports:
                format_of(path)
            request.folders.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
            stack.enter_context(native_stderr_to(request.folders.logs / "native.log"))
            _check_sound_file(request)
            log = EventLog(request.events) if request.events else None
            if request.is_plain:
                return _run_plain(request, log)
            return _run_screen(request, log)
        except (UsageError, ServiceSettingError, NotASoundFileError, EventLogError, ExportError, OSError) as error:
            print(f"realtime: {error}", file=sys.stderr)
            return USAGE
        except NoDeviceError as error:
            print(f"realtime: {error}", file=sys.stderr)
            return NO_DEVICE


def _check_sound_file(request: Request) -> None:
    """A microphone that is a file must be a sound: said before a service is started for it."""
    mic = request.loaded.settings.mic
    if mic.casefold().endswith((".wav", ".wave")):
        read_wav(Path(mic).expanduser())


def _dialler(request: Request, log: EventLog | None) -> Dialler:
    return make_dialler(
        request.loaded.settings,
        log=log,
        service_log=request.folders.logs / "service.log",
        is_written_only=request.is_text_only,
    )


def _export(live: LiveConversation, paths: tuple[Path, ...]) -> None:
    """Write what was asked for; the user named each file, so one that is there is replaced. Raises ExportError."""
    for path in paths:
        text = render(
            live.entries, live.started_at, format_of(path), service=live.service_label, model=live.status.model
        )
        write_export(path, text, overwrite=True)


# ---------------------------------------------------------------- line by line


def _run_plain(request: Request, log: EventLog | None) -> int:
    from app.plain import Inbox, PlainFrontEnd, begin_reading

    inbox = Inbox()
    is_terminal = sys.stdin is not None and sys.stdin.isatty()
    typed, is_typing_over = begin_reading(inbox, sys.stdin, is_terminal=is_terminal)
    sound, is_mic_wanted = _plain_sound(request)
    has_nothing = not is_terminal and not typed and is_mic_wanted and not request.given.get("mic")
    if sound.microphone is None and has_nothing:
        sound = replace(sound, speaks_example=True)
    dialler = _dialler(request, log)
    for notice in (*request.loaded.hints, *sound.notices, *([dialler.hint] if dialler.hint else [])):
        print(notice, file=sys.stderr)
    greets = request.loaded.settings.greeting and not typed
    kept = request.folders.conversations
    live = make_live(request.loaded.settings, dialler, sound, inbox.put, greets=greets, conversations=kept)
    front = PlainFrontEnd(live, inbox, out=sys.stdout, err=sys.stderr, typed=typed, is_typing_over=is_typing_over)
    try:
        return front.run()
    finally:
        _export(live, request.exports)


def _run_screen(request: Request, log: EventLog | None) -> int:
    from app.ui.app import RealtimeApp

    settings = request.loaded.settings
    needs_microphone = not request.is_text_only or bool(request.given.get("mic"))
    sound = open_sound(settings, needs_microphone=needs_microphone, given=request.given)
    dialler = _dialler(request, log)
    hints = (*request.loaded.hints, *sound.notices, *([dialler.hint] if dialler.hint else []))
    lives: list[LiveConversation] = []

    def begin(listener: Listener) -> LiveConversation:
        kept = request.folders.conversations
        live = make_live(settings, dialler, sound, listener, greets=settings.greeting, conversations=kept)
        lives.append(live)
        for hint in hints:
            listener(Notice(hint, Severity.WARNING))
        return live

    screen = RealtimeApp(
        begin, request.loaded, request.folders, session_of=lambda values: session_settings(values, dialler)
    )
    try:
        screen.run()
        return screen.return_code or 0
    finally:
        for live in lives:
            _export(live, request.exports)


def _plain_sound(request: Request) -> tuple[Sound, bool]:
    """The sound, and whether a microphone would be welcome."""
    settings = request.loaded.settings
    if not request.is_text_only:
        return open_sound(settings, needs_microphone=True, given=request.given), settings.mic not in ("none", EXAMPLE)
    silent = {name: "none" for name in ("mic", "speaker") if not request.given.get(name)}
    return open_sound(msgspec.structs.replace(settings, **silent), needs_microphone=True, given=request.given), False
