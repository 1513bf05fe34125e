"""The two front ends of a conversation, each made whole before it runs."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from app import ending
from app.audio.ports import STANDARD_STREAM
from app.connection.eventlog import EventLog
from app.console import is_terminal, say
from app.conversation.effects import Notice, Severity
from app.conversation.session import SessionSettings
from app.exit_status import USAGE
from app.history.export import ExportError, format_of, render
from app.history.export_file import write_export
from app.launch.compose import EXAMPLE, Sound, make_live, open_sound, session_settings
from app.launch.request import Request
from app.launch.switchboard import ConfiguredServices
from app.live.dialling import Dialler
from app.live.events import Listener
from app.settings import Settings

if TYPE_CHECKING:
    from app.live.conversation import LiveConversation


Talk: TypeAlias = Callable[[], int]
"""Runs the conversation to its end; the exit status."""


def _tell_of_log(log: EventLog | None, listener: Listener) -> None:
    if log:
        log.tell_failure_to(lambda sentence: listener(Notice(sentence, Severity.WARNING)))


def _talk_and_export(talk: Talk, lives: list[LiveConversation], paths: tuple[Path, ...]) -> int:
    """Talk, and write what was asked for however that ended, by force too; the exit status. A file that cannot be
    written is one sentence, and costs no other file.
    """
    results: list[bool] = []
    writing = threading.Lock()

    def write() -> None:
        with writing:
            if not results:
                results.extend(_export(live, path) for live in lives for path in paths)

    take_back = ending.when_forced(write)
    try:
        status = talk()
    finally:
        write()
        take_back()
    return status if all(results) else status or USAGE


def _export(live: LiveConversation, path: Path) -> bool:
    """Whether it was written; the user named the file, so one that is there is replaced."""
    status = live.status
    text = render(
        live.entries,
        live.started_at,
        format_of(path),
        service=live.service_label,
        model=status.model,
        spending=status.spending,
    )
    try:
        write_export(path, text, overwrite=True)
    except ExportError as error:
        say(f"realtime: {error}")
        return False
    return True


# ---------------------------------------------------------------- line by line


def make_plain(request: Request, dialler: Dialler, log: EventLog | None) -> Talk:
    """The conversation line by line. Raises NoDeviceError."""
    from app.plain.front import PlainFrontEnd
    from app.plain.inbox import Inbox, begin_reading

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a strange byte ends nothing
    inbox = Inbox()
    settings = request.loaded.settings
    lines = None if settings.mic == STANDARD_STREAM else sys.stdin
    out = sys.stderr if settings.speaker == STANDARD_STREAM else sys.stdout
    is_typing = is_terminal(lines)
    typed, is_typing_over = begin_reading(inbox, lines, is_terminal=is_typing)
    sound, is_mic_wanted = _plain_sound(request)
    has_nothing = not is_typing and not typed and is_mic_wanted and not request.given.get("mic")
    if sound.microphone is None and has_nothing:
        sound = replace(sound, speaks_example=True)
    for notice in (*request.loaded.hints, *sound.notices, *([dialler.hint] if dialler.hint else [])):
        say(notice)
    if is_typing:
        say(_how_to_type(settings))
    greets = settings.greeting and not typed
    kept = request.folders.conversations
    live = make_live(request.loaded, dialler, sound, inbox.put, greets=greets, conversations=kept)
    _tell_of_log(log, inbox.put)
    front = PlainFrontEnd(live, inbox, out=out, err=sys.stderr, typed=typed, is_typing_over=is_typing_over)
    ending.when_marked(front.stop)

    def talk() -> int:
        status = _talk_and_export(front.run, [live], request.exports)
        if log:
            log.close()
        is_whole = not (front.has_lost_output or (log and log.failure))
        return status if is_whole else status or USAGE

    return talk


def _how_to_type(settings: Settings) -> str:
    """Told once to whoever sits at a terminal."""
    talk = " An empty line opens and closes the microphone." if settings.mode == "push-to-talk" else ""
    kept = "What is said is kept: `realtime history` shows it." if settings.keep else "Nothing of it is kept."
    ends = "Ctrl+D ends when the last answer is heard, Ctrl+C at once."
    return f"Type a line and press Enter to say it; {ends}{talk} {kept}"


def make_screen(request: Request, dialler: Dialler, log: EventLog | None) -> Talk:
    """The conversation on the full screen. Raises NoDeviceError."""
    from app.ui.app import RealtimeApp

    settings = request.loaded.settings
    needs_microphone = not request.is_text_only or bool(request.given.get("mic"))
    sound = open_sound(settings, needs_microphone=needs_microphone, given=request.given)
    hints = (*request.loaded.hints, *sound.notices, *([dialler.hint] if dialler.hint else []))
    lives: list[LiveConversation] = []

    def begin(listener: Listener) -> LiveConversation:
        kept = request.folders.conversations
        live = make_live(
            request.loaded,
            dialler,
            sound,
            listener,
            greets=settings.greeting,
            conversations=kept,
            switchboard=ConfiguredServices(request, log, Path.cwd()),
            wire_events=log.events_after if log else lambda _: (),
            stays_offline=True,
        )
        lives.append(live)
        _tell_of_log(log, listener)
        for hint in hints:
            listener(Notice(hint, Severity.WARNING))
        return live

    def session_of(values: Settings) -> SessionSettings:
        return session_settings(values, lives[0].dialler if lives else dialler)

    screen = RealtimeApp(
        begin,
        request.loaded,
        request.folders,
        session_of=session_of,
    )

    def run() -> int:
        screen.run()
        return screen.return_code or 0

    def talk() -> int:
        status = _talk_and_export(run, lives, request.exports)
        if log:
            log.close()
        if log and log.failure:
            say(f"realtime: {log.failure}")  # once more: what the screen said is gone with it
            return status or USAGE
        return status

    return talk


def _plain_sound(request: Request) -> tuple[Sound, bool]:
    """The sound, and whether a microphone would be welcome."""
    settings = request.loaded.settings
    if not request.is_text_only:
        sound = open_sound(settings, needs_microphone=True, given=request.given, has_streams=True)
        return sound, settings.mic not in ("none", EXAMPLE)
    silent = {name: "none" for name in ("mic", "speaker") if not request.given.get(name)}
    settings = replace(settings, **silent)
    return open_sound(settings, needs_microphone=True, given=request.given, has_streams=True), False
