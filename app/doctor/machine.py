"""Interpreter, terminal and surroundings. Pure: what is to be judged is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.doctor.finding import Finding, note, ok, problem
from app.launch.request import PACAT, PAREC
from app.protocol.text import one_line

_OLDEST: Final = (3, 11)
_NEWEST_TRIED: Final = (3, 13)

_LEAST_COLUMNS, _LEAST_LINES = 40, 12
_GOOD_COLUMNS, _GOOD_LINES = 80, 24


def python(version: tuple[int, int, int], system: str, machine: str) -> Finding:
    """The interpreter's version against those the program is made for."""
    text = f"Python {'.'.join(map(str, version))} on {system} {machine}"
    if version[:2] < _OLDEST:
        return problem("Python", f"{text} is too old.", "Install Python 3.11 or newer and the program with it.")
    if version[:2] > _NEWEST_TRIED:
        return note("Python", f"{text} is newer than what was tried (3.11 to 3.13).")
    return ok("Python", text)


@dataclass(frozen=True, slots=True)
class Terminal:
    """What can be known of the terminal without asking it."""

    is_terminal: bool
    """Input and output are one."""
    encoding: str
    """Of standard output."""
    columns: int
    lines: int
    system: str
    """As `sys.platform` says."""
    why_plain: str = ""
    """Why it cannot show the full screen, see `app.console.why_no_screen`."""


def terminal(seen: Terminal, environ: Mapping[str, str]) -> list[Finding]:
    """Whether the full screen can be drawn here, and how well."""
    if not seen.is_terminal:
        text = "Standard input or output is no terminal, so the program runs line by line, as with --plain."
        return [note("terminal", text), *_encoding(seen)]
    name = environ.get("TERM", "")
    if seen.why_plain:
        text = f"{seen.why_plain}, so the program runs line by line, as with --plain."
        return [note("terminal", text), *_encoding(seen)]
    findings = [_size(seen, name), _colour(environ, seen.system), *_encoding(seen)]
    if environ.get("TMUX") or environ.get("STY"):
        which = "tmux" if environ.get("TMUX") else "GNU screen"
        text = f"{which} passes no key releases on, so Space opens and closes the microphone and cannot be held."
        findings.append(note("terminal", text))
    return findings


def _size(seen: Terminal, name: str) -> Finding:
    text = f"{name or 'Windows console'}, {seen.columns} x {seen.lines}"
    if seen.columns < _LEAST_COLUMNS or seen.lines < _LEAST_LINES:
        remedy = f"Make it at least {_LEAST_COLUMNS} x {_LEAST_LINES}, or use --plain."
        return problem("terminal", f"{text}: too small for the full screen.", remedy)
    if seen.columns < _GOOD_COLUMNS or seen.lines < _GOOD_LINES:
        return note("terminal", f"{text}: parts of the screen are left out below {_GOOD_COLUMNS} x {_GOOD_LINES}.")
    return ok("terminal", text)


def _colour(environ: Mapping[str, str], system: str) -> Finding:
    if environ.get("NO_COLOR"):
        return note("colours", "NO_COLOR is set, so the screen has none.")
    if environ.get("COLORTERM", "").casefold() in ("truecolor", "24bit"):
        return ok("colours", "All of them (COLORTERM).")
    if system == "win32" or "256" in environ.get("TERM", ""):
        return ok("colours", "256 or more.")
    return note(
        "colours",
        "The terminal promises few colours.",
        "If it has more, set COLORTERM=truecolor or TERM=xterm-256color.",
    )


def _encoding(seen: Terminal) -> list[Finding]:
    if seen.encoding.casefold().replace("-", "").replace("_", "") == "utf8":
        return []
    text = f"The output's encoding is {seen.encoding or 'unknown'}, so some signs cannot be shown."
    return [note("terminal", text, "Set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8.")]


def surroundings(environ: Mapping[str, str], kernel: str, has_devices: bool, system: str) -> list[Finding]:
    """Where the program runs, when that changes what sound can do. `kernel` is the text of `uname -r`, `system` that of
    `sys.platform`.
    """
    findings = []
    is_wsl = "microsoft" in kernel.casefold() or bool(environ.get("WSL_DISTRO_NAME"))
    if is_wsl and has_devices:
        findings.append(note("surroundings", "This is WSL: sound goes through Windows, with some delay."))
    elif is_wsl:
        text = "This is WSL, and no sound comes through to it."
        remedy = (
            "Update with `wsl --update` (WSLg brings sound) and install pulseaudio-utils; allow the microphone for "
            "desktop apps in Windows; or run the program in Windows itself."
        )
        findings.append(note("surroundings", text, remedy))
    if system == "darwin":
        terminal_name = environ.get("TERM_PROGRAM", "") or "your terminal"
        text = f"macOS gives the microphone to {one_line(terminal_name, 40)}, not to this program, and asks once."
        remedy = "If it was refused: System Settings, Privacy & Security, Microphone; then start the terminal again."
        findings.append(note("surroundings", text, remedy))
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        findings.append(_over_ssh(environ, has_devices))
    return findings


def _over_ssh(environ: Mapping[str, str], has_devices: bool) -> Finding:
    if has_devices and environ.get("PULSE_SERVER"):
        return note("surroundings", "This is a session over SSH: the sound is that of PULSE_SERVER.")
    text = "This is a session over SSH: microphone and speaker would be those of the remote machine, not yours."
    remedy = (
        "Run the program on the machine that you speak to, let ssh forward a sound server (PULSE_SERVER), or pipe the "
        f"sound: {PAREC} | ssh HOST realtime --plain --mic - --speaker - | {PACAT}"
    )
    return note("surroundings", text, remedy)
