"""An export on the disk: whole or not at all, for the user's eyes only, and never over a file by accident."""

from __future__ import annotations

import os
from pathlib import Path

from app.history.export import ExportError
from app.private_files import replace_private_file
from app.protocol.text import flat


class ExportExistsError(ExportError):
    """There is such a file already, and it was not said that it may go."""


def write_export(path: str | Path, text: str, *, overwrite: bool) -> Path:
    """Write the file as UTF-8, readable by the user only (0600), and give its full path.

    Missing folders are made; a symbolic link is followed. The file appears complete or stays as it was. Raises
    ExportExistsError when it is there and `overwrite` is not set, ExportError when it cannot be written.
    """
    target = Path(os.path.realpath(os.path.expanduser(path)))
    shown = flat(str(target))
    try:
        if os.path.isdir(target):
            raise ExportError(f"{shown} is a folder; the export needs a file's name.")
        if os.path.exists(target) and not overwrite:
            raise FileExistsError
        replace_private_file(target, text.encode(), overwrite=overwrite)
    except FileExistsError:
        raise ExportExistsError(
            f"{shown} exists already and was left alone. Choose another name, or say to overwrite it."
        ) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise ExportError(f"The export {shown} was not written: {why}. Choose another place.") from error
    return target
