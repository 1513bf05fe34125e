"""An export on the disk: whole or not at all, for the user's eyes only, and never over a file by accident."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from app.history.export import ExportError


class ExportExistsError(ExportError):
    """There is such a file already, and it was not said that it may go."""


def write_export(path: str | Path, text: str, *, overwrite: bool) -> Path:
    """Write the file as UTF-8, readable by the user only (0600), and give its full path.

    Missing folders are made; a symbolic link is followed. The file appears complete or stays as it was. Raises
    ExportExistsError when it is there and `overwrite` is not set, ExportError when it cannot be written.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))
    try:
        if target.is_dir():
            raise ExportError(f"{target} is a folder; the export needs a file's name.")
        if target.exists() and not overwrite:
            raise _exists(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text.encode(), overwrite=overwrite)
    except OSError as error:
        why = error.strerror or str(error)
        raise ExportError(f"The export {target} was not written: {why}. Choose another place.") from error
    return target


def _replace(target: Path, data: bytes, *, overwrite: bool) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".export-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not overwrite:
            _claim(target)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _claim(target: Path) -> None:
    """Take the name at the last moment, so that a file that came meanwhile is not replaced either."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise _exists(target) from None


def _exists(target: Path) -> ExportExistsError:
    return ExportExistsError(
        f"{target} exists already and was left alone. Choose another name, or say to overwrite it."
    )
