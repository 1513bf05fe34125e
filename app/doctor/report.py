"""All checks in their order, and the report they make."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

from app import __version__
from app.console import is_interactive, output_encoding, why_no_screen
from app.doctor import configuration, machine, service, sound_devices
from app.doctor.configuration import Sources
from app.doctor.finding import Finding, Level, note
from app.settings import Folders


def checks(sources: Sources, folders: Folders, environ: Mapping[str, str]) -> Iterator[Finding]:
    """One finding after the other, each as soon as it is known: the connection alone may take seconds."""
    major, minor, micro = sys.version_info[:3]
    yield machine.python((major, minor, micro), platform.system(), platform.machine())
    yield from machine.terminal(_terminal(environ), environ)
    loaded, findings = configuration.read(sources)
    yield from findings
    yield from configuration.places(folders)
    settings = loaded.settings
    found, findings = sound_devices.devices(settings)
    yield from findings
    yield from machine.surroundings(environ, platform.release(), has_devices=bool(found))
    for finding in (sound_devices.microphone(settings.mic, found), sound_devices.speaker(settings.speaker, found)):
        if finding is not None:
            yield finding
    yield from sound_devices.parts(settings.echo_cancelling)
    yield configuration.chosen(loaded)
    yield service.address(settings)
    if (finding := service.proxy(settings)) is not None:
        yield finding
    yield from service.packages(settings)
    unsettled = configuration.claimed(loaded, folders, sources.dotenv.absolute().parent)
    yield from unsettled
    if unsettled:
        yield note("connection", "Not tried: see above.")
    else:
        yield service.connection(settings, folders.logs / "service.log")


def line_of(finding: Finding) -> str:
    """A finding for a reader; the remedy on a line of its own."""
    line = f"{finding.level:<8} {finding.check}: {finding.text}"
    return f"{line}\n{'':8} -> {finding.remedy}" if finding.remedy else line


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
