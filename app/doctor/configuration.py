"""Settings from every source: what is wrong, what is odd, and which service they choose."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.doctor.finding import Finding, note, ok, problem
from app.protocol.text import one_line
from app.settings import SETTINGS, Folders, Loaded, SettingError, Source, load, which_service
from app.settings.trust import can_sign_in, claims, file_of, is_allowed

_ALSO_KNOWN: Final = frozenset({"REALTIME_HOME", "REALTIME_SERVE_TOKEN"})

_OF_AZURE: Final = ("azure_endpoint", "azure_api_key", "azure_deployment")
_SERVICES: Final = {"azure": "Azure OpenAI", "openai": "OpenAI", "local": "the embedded service"}


@dataclass(frozen=True, slots=True)
class Sources:
    """All that settings are read from, see `app.settings.load`."""

    given: Mapping[str, object]
    environ: Mapping[str, str]
    dotenv: Path
    file: Path


def read(sources: Sources) -> tuple[Loaded, list[Finding]]:
    """The settings without the values that cannot be used, and what is to be said about each source."""
    findings: list[Finding] = []
    nothing: Mapping[str, str] = {}

    def works(given: Mapping[str, object], environ: Mapping[str, str], dotenv: Path | None, file: Path | None) -> bool:
        try:
            load(given=given, environ=environ, dotenv=dotenv, file=file)
        except SettingError as error:
            findings.append(problem("settings", one_line(str(error)), _remedy(given, environ, dotenv)))
            return False
        return True

    file = sources.file if works({}, nothing, None, sources.file) else None
    dotenv = sources.dotenv if works({}, nothing, sources.dotenv, None) else None
    environ = {
        name: value for name, value in sources.environ.items() if works({}, {name: value}, None, None)
    }  # one by one: every wrong variable is named
    given = {name: value for name, value in sources.given.items() if works({name: value}, nothing, None, None)}
    try:
        loaded = load(given=given, environ=environ, dotenv=dotenv, file=file)
    except SettingError as error:  # a file that could be read a moment ago
        findings.append(problem("settings", one_line(str(error)), "The rest was checked without the files."))
        loaded = load(given=given, environ=environ, dotenv=None, file=None)
    findings += [note("settings", one_line(hint)) for hint in loaded.hints]
    findings += [_unknown(name) for name in sorted(sources.environ) if _is_unknown(name)]
    return loaded, [*findings, _read_from(loaded, sources)]


def _remedy(given: Mapping[str, object], environ: Mapping[str, str], dotenv: Path | None) -> str:
    if given:
        return "Give another value; the rest was checked without it."
    if environ:
        return f"Set {next(iter(environ))} to such a value, or unset it; the rest was checked without it."
    return f"Correct the file; the rest was checked without {'.env' if dotenv else 'the settings file'}."


def _read_from(loaded: Loaded, sources: Sources) -> Finding:
    parts = []
    for source in (Source.COMMAND_LINE, Source.ENVIRONMENT, Source.DOTENV, Source.FILE):
        names = [name for name in SETTINGS if loaded.source(name) is source]
        if names:
            parts.append(f"{source}: {', '.join(names)}")
    where = f"The settings file is {sources.file}" + ("" if sources.file.is_file() else ", which is not there yet")
    return ok("settings", f"{'; '.join(parts) if parts else 'All are the defaults'}. {where}.")


def _is_unknown(name: str) -> bool:
    known = {setting.env for setting in SETTINGS.values()} | _ALSO_KNOWN
    return name.startswith("REALTIME_") and name not in known


def _unknown(name: str) -> Finding:
    prefix = "REALTIME_"
    names = [setting.env.removeprefix(prefix) for setting in SETTINGS.values() if setting.env.startswith(prefix)]
    near = difflib.get_close_matches(name.removeprefix(prefix), names, 1)
    remedy = f"Is {prefix}{near[0]} meant?" if near else "Unset it, or see .env.example for the names."
    return note("settings", f"{one_line(name, 60)} is set, but no setting has this name.", remedy)


def chosen(loaded: Loaded) -> Finding:
    """Which service the conversation would use, and why."""
    settings = loaded.settings
    which = which_service(settings)
    name = _SERVICES.get(which, "a compatible server")
    if settings.service != "auto":
        return ok("service", f"{name}, as said by the {_where(loaded, 'service')}.")
    azure = [each for each in _OF_AZURE if getattr(settings, each)]
    if which == "azure":
        missing = not settings.azure_endpoint
        because = f"{SETTINGS[azure[0]].env} is set ({_where(loaded, azure[0])})"
        return ok("service", f"auto: {name}, because {because}" + (", but not all it needs." if missing else "."))
    if which == "openai":
        return ok("service", f"auto: {name}, because OPENAI_API_KEY is set ({_where(loaded, 'openai_api_key')}).")
    return ok("service", f"auto: {name}, because neither AZURE_OPENAI_* nor OPENAI_API_KEY is set.")


def claimed(loaded: Loaded, folders: Folders, folder: Path) -> list[Finding]:
    """What the folder's `.env` wants that the user has not allowed."""
    file = file_of(folders.settings_file)
    return [
        problem("service", claim.sentence, claim.remedy)
        for claim in claims(loaded, which_service(loaded.settings), signs_in=can_sign_in())
        if not is_allowed(claim, folder, file)
    ]


def _where(loaded: Loaded, name: str) -> str:
    return str(loaded.source(name))


def places(folders: Folders) -> list[Finding]:
    """Whether the program can write where it keeps its files. Each folder is tried with a file that is gone at once."""
    wanted = {
        "settings": folders.settings_file.parent,
        "conversations": folders.conversations,
        "logs": folders.logs,
    }
    return [_writable(what, folder) for what, folder in wanted.items()]


def _writable(what: str, folder: Path) -> Finding:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "Change its permissions, make room, or name another place with REALTIME_HOME."
        return problem("folders", f"The {what} cannot be written to {folder}: {why}.", remedy)
    later = "" if there == folder else ", which is made when it is needed"
    return ok("folders", f"{what}: {folder}{later}")


def here(given: Mapping[str, object], file: Path) -> Sources:
    """The sources of this process."""
    return Sources(given, dict(os.environ), Path(".env"), file)
