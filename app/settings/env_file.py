"""`.env` as it stands: lines of NAME=value. Nothing is filled in from elsewhere, and no line is passed over in silence.

The syntax is python-dotenv's, without its `${NAME}`: whoever wrote the file would else be sent any variable of the
user's. What is no assignment is an error with its line, since a key that was meant and not read would have another
service answer.
"""

from __future__ import annotations

import codecs
import difflib
import io
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dotenv.parser import Binding

_LARGEST_BYTES: Final = 1_000_000
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_FILLED_IN: Final = re.compile(r"\$\{[^}]*\}")
_PREFIXES: Final = ("REALTIME_", "AZURE_OPENAI_", "OPENAI_")
_ONLY_OUTSIDE: Final = ("REALTIME_HOME", "REALTIME_SERVE_TOKEN")
"""What is read before `.env` is, or without it."""


class EnvFileError(Exception):
    """The file cannot be used; `str` is the sentence for the user, which shows no value."""


def read_env_file(path: Path, ours: Mapping[str, bool]) -> dict[str, str]:
    """The variables that are not empty. `ours` are the names that count, and whether each may have several lines.

    Raises EnvFileError.
    """
    from dotenv.parser import parse_stream  # 40 ms on a cold start, and only where there is such a file

    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(_text(path))):
        line = _line(binding)
        name, value = binding.key, binding.value
        if binding.error or (name is not None and (value is None or not _NAME.fullmatch(name))):
            raise EnvFileError(f"{path}, line {line}, {_what_is_wrong(binding, ours)}")
        if name and value:
            if not ours.get(name, True):
                _check(f"{path}, line {line}: {name}", value)
            values[name] = value
    return values


def odd_names(path: Path, names: Iterable[str], known: Collection[str], missing: Collection[str]) -> list[str]:
    """A sentence for each name that seems meant for us and is none of ours; `missing` are those that nothing sets."""
    told = []
    for name in names:
        if name in known or not name.upper().startswith(_PREFIXES):
            continue
        near = difflib.get_close_matches(name.upper(), known, 1, cutoff=0.8)
        if name in _ONLY_OUTSIDE:
            told.append(f"{name} in {path} does not count: set it in the environment.")
        elif near and near[0] in missing:
            told.append(f"{name} in {path} is no setting. Is {near[0]} meant?")
        elif name.startswith("REALTIME_"):
            told.append(f"{name} in {path} is no setting; it is left alone.")
    return told


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise EnvFileError(f"{path} cannot be read: {error.strerror or error}. Correct or remove it.") from error
    if len(data) > _LARGEST_BYTES:
        raise EnvFileError(f"{path} is larger than any file of settings. Correct or remove it.")
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as PowerShell 5 writes with >
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise EnvFileError(f"{path}, line {line}, is no text in UTF-8. Save the file as UTF-8.") from error
    if "\0" in text:
        raise EnvFileError(f"{path} is no text in UTF-8. Save the file as UTF-8.")
    return text


def _line(binding: Binding) -> int:
    """Where it begins, after the empty lines that the parser counts in."""
    text = binding.original.string
    before = text[: len(text) - len(text.lstrip())]
    return binding.original.line + len(re.findall("\r\n|\n|\r", before))


def _what_is_wrong(binding: Binding, ours: Collection[str]) -> str:
    text = binding.original.string.strip()
    first = text.splitlines()[0] if text else ""
    if re.match(r"(export\s+)?[\w.-]+\s*=\s*['\"]", first):
        return "has a quote that does not end at the end of the line. Close it, or leave the quotes out."
    named = [name for name in sorted(ours, key=len, reverse=True) if name in first]
    name = named[0] if named else "NAME"
    return f"is no assignment. Write {name}=value, with nothing before the name, or put a # in front of the line."


def _check(what: str, value: str) -> None:
    if "\n" in value or "\r" in value:
        raise EnvFileError(f"{what} goes on in the next line. Close the quote, or leave the quotes out.")
    if found := _FILLED_IN.search(value):
        shown = found[0] if found[0].isascii() and found[0].isprintable() and len(found[0]) < 60 else "${...}"
        raise EnvFileError(f"{what} holds {shown}, and nothing is filled in here. Write the value itself.")
