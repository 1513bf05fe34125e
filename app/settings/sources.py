"""Where values come from, in order: command line, environment, `.env`, the settings file, defaults. And back.

A wrong value is one sentence that names where it stands and what it must be. Saving keeps the user's comments, is
all or nothing, and never writes a secret.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from app.redaction import shown
from app.settings.about import Setting
from app.settings.declaration import SETTINGS, Settings


class SettingError(Exception):
    """A value that cannot be used; `str` is the sentence for the user."""


class Source(StrEnum):
    """Where a setting's value comes from."""

    COMMAND_LINE = "command line"
    ENVIRONMENT = "environment"
    DOTENV = ".env"
    FILE = "settings file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, where each comes from, the keys as remapped by the user, and what was odd on the way."""

    settings: Settings
    sources: Mapping[str, Source] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding id -> key, from the table [keys] of the settings file."""
    hints: tuple[str, ...] = ()

    def source(self, name: str) -> Source:
        """Where a setting's value comes from."""
        return self.sources.get(name, Source.DEFAULT)


_WORDS = {"yes": True, "on": True, "true": True, "1": True, "no": False, "off": False, "false": False, "0": False}

# The names that the samples of the services use as well.
_ALIASES = {"AZURE_OPENAI_DEPLOYMENT": "AZURE_OPENAI_DEPLOYMENT_NAME"}

_VARIABLES = {setting.env: name for name, setting in SETTINGS.items()} | {
    alias: name for name, setting in SETTINGS.items() if (alias := _ALIASES.get(setting.env))
}
"""Every name that counts in the environment and in `.env`, and its setting's."""


def checked(name: str, value: object, where: str) -> Any:
    """The value as the setting's type. Raises SettingError, which says `where` it stands."""
    setting = SETTINGS[name]
    if isinstance(value, str):
        value = _from_text(setting, value.strip())
    try:
        converted = msgspec.convert({name: value}, Settings, strict=False)
    except msgspec.ValidationError as error:
        found = "" if setting.about.is_secret else f" is {shown(value)}, but it"
        raise SettingError(f"{where}{found} must be {setting.must_be}.") from error
    return getattr(converted, name)


def _from_text(setting: Setting, text: str) -> object:
    if setting.kind is bool:
        return _WORDS.get(text.lower(), text)
    if setting.is_optional and text.lower() in ("", "none", "off"):
        return None
    return text


def load(
    *,
    given: Mapping[str, object],
    environ: Mapping[str, str],
    dotenv: Path | None,
    file: Path | None,
) -> Loaded:
    """All sources together. `given` are the options of the command line (None: not given).

    Raises SettingError for a value that cannot be used and for a file that cannot be read.
    """
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    keys: dict[str, str] = {}
    hints: list[str] = []

    def take(name: str, value: object, where: str, source: Source) -> None:
        values[name], sources[name] = checked(name, value, where), source

    for name, value in _read_file(file, keys, hints).items():
        take(name, value, f"`{name}` in {file}", Source.FILE)
    written = _read_dotenv(dotenv)
    for names, source in ((written, Source.DOTENV), (environ, Source.ENVIRONMENT)):
        for setting in SETTINGS.values():
            variable = setting.env
            text = names.get(variable) or names.get(_ALIASES.get(variable, ""))
            if text and text.strip():
                place = variable if source is Source.ENVIRONMENT else f"{variable} in {dotenv}"
                take(setting.name, text, place, source)
    for name, value in given.items():
        if value is not None:
            take(name, value, SETTINGS[name].option, Source.COMMAND_LINE)
    hints += _odd_names(dotenv, written, sources)
    return Loaded(Settings(**values), sources, keys, tuple(hints))


def _read_dotenv(path: Path | None) -> Mapping[str, str]:
    """What stands in `.env`; see `app.settings.env_file`."""
    if path is None or not os.path.lexists(path):
        return {}
    from app.settings.env_file import EnvFileError, read_env_file

    try:
        return read_env_file(path, {name: SETTINGS[of].about.is_multiline for name, of in _VARIABLES.items()})
    except EnvFileError as error:
        raise SettingError(str(error)) from error


def _odd_names(path: Path | None, dotenv: Mapping[str, str], sources: Mapping[str, Source]) -> list[str]:
    """What in `.env` looks as if it were meant for us."""
    if path is None or not dotenv:
        return []
    from app.settings.env_file import odd_names

    missing = [variable for variable, name in _VARIABLES.items() if name not in sources]
    return odd_names(path, dotenv, _VARIABLES, missing)


def _read_file(path: Path | None, keys: dict[str, str], hints: list[str]) -> dict[str, object]:
    if path is None or not path.is_file():
        return {}
    import tomllib

    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"The settings file {path} cannot be read: {error}. Correct or remove it.") from error
    table = raw.pop("keys", {})
    if isinstance(table, dict):
        keys.update({str(name): str(key) for name, key in table.items()})
    values: dict[str, object] = {}
    for name, value in raw.items():
        if name not in SETTINGS:
            hints.append(f"The settings file {path} has `{name}`, which is no setting; it is left alone.")
        elif SETTINGS[name].about.is_secret:
            hints.append(f"`{name}` in {path} is ignored: put secrets into the environment or .env.")
        else:
            values[name] = value
    return values


def save(path: Path, values: Mapping[str, object]) -> None:
    """Write these settings into the file, beside what stands there; None or the default removes a line.

    Atomic: the file is replaced whole or stays as it was. Raises SettingError when it cannot be written.
    """
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        document = tomlkit.parse(path.read_text("utf-8")) if path.is_file() else tomlkit.document()
        for name, value in values.items():
            setting = SETTINGS[name]
            if setting.about.is_secret:
                continue
            if value is None or value == setting.default:
                document.pop(name, None)
            else:
                document[name] = tomlkit.item(value, _sort_keys=False)
        write_private(path, tomlkit.dumps(document))
    except (OSError, ParseError, UnicodeDecodeError) as error:
        raise SettingError(f"The settings file {path} was not saved: {error}.") from error


def write_private(path: Path, text: str) -> None:
    """Replace a file of the user's by one with this text, at once or not at all; readable by the user only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
