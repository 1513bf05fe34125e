"""Files and folders for the user's eyes only: 0600 and 0700 from the first moment, whatever the umask says."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

_KINDS: Final = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}


def make_private_folder(path: Path) -> None:
    """The folder, with every folder above it that is missing, each for the user alone. Raises OSError."""
    missing = list(itertools.takewhile(lambda each: not os.path.isdir(each), (path, *path.parents)))
    for each in reversed(missing):
        try:
            os.mkdir(each, 0o700)
        except FileExistsError:  # a file; or somebody was quicker
            if not os.path.isdir(each):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(each)) from None


def open_private_log(path: Path) -> int:
    """A descriptor that appends to the file, which is made if need be; its folder is there already. Raises OSError.

    A device such as /dev/null will do. Whatever else is no file, such as a named pipe, is refused: opening one
    waits for a reader, and so may every write.
    """
    with contextlib.suppress(FileNotFoundError):
        _refuse_others(os.stat(path), path)
    more = ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | sum(getattr(os, each, 0) for each in more)
    descriptor = os.open(path, flags, 0o600)
    try:
        found = os.fstat(descriptor)
        _refuse_others(found, path)  # what is there now may not be what was
        if os.name == "posix":
            os.set_blocking(descriptor, True)
            if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != 0o600:
                os.chmod(descriptor, 0o600)  # an older file may be readable for others
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_others(found: os.stat_result, path: Path) -> None:
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode)):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "a device")
        raise OSError(errno.EINVAL, f"it is {kind} and no file", str(path))


def replace_private_file(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """The file with this content and nothing else, at once or not at all; missing folders are made.

    A symbolic link stays, and what it leads to is replaced. Raises FileExistsError where there is a file and
    `overwrite` is not set, OSError.
    """
    target = Path(os.path.realpath(path))
    make_private_folder(target.parent)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    is_claimed = False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if not overwrite:  # take the name at the last moment, so that a file that came meanwhile stays
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            is_claimed = True
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        if is_claimed:
            target.unlink(missing_ok=True)
        raise
