"""Where values come from, in order: command line, environment, `.env`, the settings file, defaults. And back.

A wrong value is one sentence that names where it stands and what it must be. Saving keeps the user's comments, is
all or nothing, and never writes a secret.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from app.private_files import replace_private_file
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


class Loaded(Struct, frozen=True):
    """The settings, where each comes from, the keys as remapped by the user, and what was odd on the way."""

    settings: Settings
    sources: Mapping[str, Source] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Binding id -> key, from the table [keys] of the settings file."""
    hints: tuple[str, ...] = ()

    def source(self, name: str) -> Source:
        """Where a setting's value comes from."""
        return self.sources.get(name, Source.DEFAULT)


_LARGEST_BYTES: Final = 1_000_000
_SHOWN_CHARS: Final = 200

_UNREADABLE: Final = (OSError, ValueError, RecursionError, MemoryError)
"""What reading a file and its grammar may end with: ValueError of bytes, grammar and numbers without end."""

_PATHS: Final = frozenset({"mic", "speaker", "export_folder", "prices"})
"""These may name files, and the system takes any bytes for that."""

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
        if name not in _PATHS and not _is_unicode(value):
            raise SettingError(f"{where} has bytes that are no UTF-8, but it must be {setting.must_be}.")
        value = _from_text(setting, value.strip())
    try:
        converted = msgspec.convert({name: value}, Settings, strict=False)
    except msgspec.ValidationError as error:
        found = "" if setting.about.is_secret else f" is {shown(value)}, but it"
        raise SettingError(f"{where}{found} must be {setting.must_be}.") from error
    if setting.about.is_json_object and not _is_json_object(getattr(converted, name)):
        raise SettingError(f"{where} must be {setting.must_be}.")
    return getattr(converted, name)


def _is_json_object(text: str) -> bool:
    import json

    try:
        return not text or isinstance(json.loads(text, parse_constant=_no_number), dict)
    except (ValueError, RecursionError):
        return False


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number with more digits than Python writes down
        return "far too much"
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _from_text(setting: Setting, text: str) -> object:
    if setting.kind is bool:
        return _WORDS.get(text.lower(), text)
    if setting.is_optional and text.lower() in ("", "none", "off", "inf"):
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
    if path is None:
        return {}
    import tomllib

    try:
        raw = tomllib.loads(_text_of(path))
    except _UNREADABLE as error:
        raise SettingError(f"The settings file {path} cannot be read: {_why(error)}. Correct or remove it.") from error
    table = raw.pop("keys", {})
    if isinstance(table, dict):
        keys.update({name: str(key) for name, key in table.items() if isinstance(key, str) or key in range(10)})
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
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(_text_of(path))
        for name, value in values.items():
            setting = SETTINGS[name]
            if setting.about.is_secret:
                continue
            if value is None or value == setting.default:
                document.pop(name, None)
            else:
                document[name] = tomlkit.item(value, _sort_keys=False)
        replace_private_file(path, tomlkit.dumps(document).encode())
    except (*_UNREADABLE, TOMLKitError) as error:
        raise SettingError(f"The settings file {path} was not saved: {_why(error)}.") from error


def _text_of(path: Path) -> str:
    """The file's text, empty where there is none. Raises one of _UNREADABLE; what is no file is not waited for."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISCHR(found.st_mode):  # /dev/null: somebody who wants no settings
        return ""
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is no file")
    if found.st_size > _LARGEST_BYTES:
        raise OSError(f"it is larger than {_LARGEST_BYTES:,} bytes")
    return path.read_text("utf-8")


def _why(error: Exception) -> str:
    match error:
        case RecursionError():
            return "it is nested too deep"
        case MemoryError():
            return "it is too large"
        case OSError():
            return error.strerror or str(error)
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case _ if type(error) is ValueError:  # none of the grammar's own: Python's, of a number
            return "a number in it has too many digits"
        case _:
            return str(error).rstrip(".")
