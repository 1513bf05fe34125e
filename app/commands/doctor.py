"""`realtime doctor`: what the program needs, checked piece by piece."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from app.cli import CliCommand, examples
from app.commands.waiting import Waiting
from app.console import is_terminal, tell, tell_inked


@click.command(
    cls=CliCommand,
    short_help="Check everything; each problem with its remedy.",
    epilog=examples("realtime doctor", "realtime doctor --service azure --json"),
)
@click.option("--service", metavar="WHICH", help="auto, azure, openai, local, or a server's address.")
@click.option("--mic", metavar="WHAT", help="A device's name or number, a .wav file, `example`, or `none`.")
@click.option("--speaker", metavar="WHAT", help="A device's name or number, a .wav file to write, or `none`.")
@click.option("--json", "is_json", is_flag=True, help="As JSON, for scripts.")
def doctor(is_json: bool, **given: str | None) -> None:
    """Check settings, sound, network and service one by one; each problem with its remedy.

    Exit status 0 when all that is needed is fine, 1 when a problem was found.
    """
    from app.doctor.configuration import here
    from app.doctor.finding import Finding, Level, Step
    from app.doctor.report import as_json, checks, last_line, pieces_of
    from app.settings import folders

    places = folders(os.environ)
    values = {name: value for name, value in given.items() if value is not None}
    findings: list[Finding] = []
    # What goes into a file or another program is not cut.
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    with _quiet_libraries(places.logs), Waiting() as waiting:
        for each in checks(here(values, places.settings_file), places, os.environ):
            if isinstance(each, Step):
                waiting.begin(each.check)
                continue
            waiting.end()
            findings.append(each)
            if not is_json:
                tell_inked(pieces_of(each, width))
    tell(as_json(findings) if is_json else last_line(findings))
    sys.exit(any(finding.level is Level.PROBLEM for finding in findings))


@contextlib.contextmanager
def _quiet_libraries(logs: Path) -> Iterator[None]:
    """What ALSA and its like print goes to a file where there can be one."""
    from app.audio.native_stderr import native_stderr_to
    from app.private_files import make_private_folder

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # the check of the folders says so
            make_private_folder(logs)
            stack.enter_context(native_stderr_to(logs / "native.log"))
        yield
