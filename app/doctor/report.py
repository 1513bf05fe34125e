"""All checks in their order, and the report they make."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from app import __version__
from app.console import Ink, is_interactive, output_encoding, why_no_screen
from app.doctor import configuration, machine, service, sound_devices
from app.doctor.configuration import Sources
from app.doctor.finding import Finding, Level, Step, note
from app.settings import Folders
from app.ui.transcript.wrapping import wrap

_LEVEL_WIDTH: Final = max(len(level) for level in Level)
_CHECK_WIDTH: Final = 15
_TEXT_COLUMN: Final = _LEVEL_WIDTH + 1 + _CHECK_WIDTH + 1
_LEAST_ROOM: Final = 20
_ARROW: Final = "-> "
_INKS: Final = {Level.OK: Ink.GREEN, Level.NOTE: Ink.YELLOW, Level.PROBLEM: Ink.RED}


def checks(sources: Sources, folders: Folders, environ: Mapping[str, str]) -> Iterator[Finding | Step]:
    """One finding after the other, each as soon as it is known; a step tells of one that may take a while."""
    major, minor, micro = sys.version_info[:3]
    yield machine.python((major, minor, micro), platform.system(), platform.machine())
    yield from machine.terminal(_terminal(environ), environ)
    loaded, findings = configuration.read(sources)
    yield from findings
    yield from configuration.places(folders)
    settings = loaded.settings
    found, findings = sound_devices.devices(settings, environ)
    yield from findings
    yield from machine.surroundings(environ, platform.release(), bool(found), sys.platform)
    for finding in (sound_devices.microphone(settings.mic, found), sound_devices.speaker(settings.speaker, found)):
        if finding is not None:
            yield finding
    yield from sound_devices.parts(settings.echo_cancelling)
    yield configuration.chosen(loaded)
    yield service.address(settings)
    yield service.prices(settings)
    yield from service.packages(settings)
    unsettled = configuration.claimed(loaded, folders, sources.dotenv.absolute().parent)
    yield from unsettled
    if unsettled:
        yield note(service.CONNECTION, "Not tried: see above.")
        return
    is_there = True
    for each in service.way(settings):
        yield each
        is_there &= not isinstance(each, Finding) or each.level is not Level.PROBLEM
    if is_there:
        yield from service.connection(settings, folders.logs / "service.log")
    else:
        yield note(service.CONNECTION, "Not tried: see above.")


def pieces_of(finding: Finding, width: int | None) -> list[tuple[str, Ink]]:
    """A finding for a reader, in three columns, of which the last is wrapped at `width` cells (None: not at all).

    What to do stands below, in the same column.
    """
    indent = " " * _TEXT_COLUMN
    room = None if width is None else max(_LEAST_ROOM, width - _TEXT_COLUMN - 1)
    rows = _rows(finding.text, room)
    if finding.remedy:
        arrow, *rest = _rows(finding.remedy, None if room is None else room - len(_ARROW))
        rows += [f"{_ARROW}{arrow}", *(f"{' ' * len(_ARROW)}{row}" for row in rest)]
    head = f"{finding.check:<{_CHECK_WIDTH}} "
    return [(f"{finding.level:<{_LEVEL_WIDTH}} ", _INKS[finding.level]), (head + f"\n{indent}".join(rows), Ink.PLAIN)]


def _rows(text: str, room: int | None) -> list[str]:
    return [text] if room is None else [text[start:end] for start, end in wrap(text, room)] or [""]


def last_line(findings: Sequence[Finding]) -> str:
    """What it comes to."""
    problems = sum(finding.level is Level.PROBLEM for finding in findings)
    if not problems:
        return "No problem was found."
    return f"{problems} problem{'s were' if problems > 1 else ' was'} found."


def as_json(findings: Sequence[Finding]) -> str:
    """The report for scripts; the keys always stand in this order."""
    document = {
        "version": __version__,
        "problems": sum(finding.level is Level.PROBLEM for finding in findings),
        "findings": [
            {"check": each.check, "level": each.level.value, "text": each.text, "remedy": each.remedy}
            for each in findings
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _terminal(environ: Mapping[str, str]) -> machine.Terminal:
    size = shutil.get_terminal_size()
    encoding = output_encoding()
    why_plain = why_no_screen(environ, encoding)
    return machine.Terminal(is_interactive(), encoding, size.columns, size.lines, sys.platform, why_plain)
