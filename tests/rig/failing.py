"""The program with one call into the file system that fails: `python failing.py NUMBER ERRNO REPORT ARGUMENTS...`.

Counts every open, write, flush to the disk, replacement, removal and new folder of the program itself, in the order
in which they come, and lets the one of that NUMBER fail with that ERRNO (0: none). REPORT becomes one line for each:
what it was, and with which file. What the interpreter does to import modules is not counted.

Files written through Python's own objects are counted too: those of C are replaced by those of `_pyio`, which call
`os.write`. Standard output and error are wrapped for the same reason.
"""

from __future__ import annotations

import _pyio
import builtins
import io
import itertools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

number, code, report = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.argv[:] = ["realtime", *sys.argv[4:]]

_lock = threading.Lock()
_numbers = itertools.count(1)
_log = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_write = os.write
_importers = ("<frozen importlib", "importlib/", "linecache", "zipimport", "tokenize")


def _is_importing() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        if any(name in frame.f_code.co_filename for name in _importers):
            return True
        frame = frame.f_back
    return False


def _step(what: str, about: object) -> None:
    if _is_importing():
        return
    with _lock:
        is_it = next(_numbers) == number
        mark = "FAILED " if is_it and code else ""
        _write(_log, f"{mark}{what} {about!r}\n".encode("utf-8", "replace"))
    if is_it and code:
        raise OSError(code, os.strerror(code), about if isinstance(about, (str, os.PathLike)) else None)


def _counted(name: str) -> Callable[..., Any]:
    real = getattr(os, name)

    def call(first: Any, *more: Any, **named: Any) -> Any:
        _step(name, first)
        return real(first, *more, **named)

    return call


for each in ("open", "write", "fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir"):
    setattr(os, each, _counted(each))
os.remove = os.unlink

_c_open = io.open


def _open(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
    if isinstance(file, int):
        return (_pyio.open if set(mode) & set("wxa+") else _c_open)(file, mode, *more, **named)
    if set(mode) & set("wxa+"):
        return _pyio.open(file, mode, *more, **named)  # which calls os.open
    _step("open to read", os.fspath(file))
    return _c_open(file, mode, *more, **named)


builtins.open = io.open = _open


class _Raw(io.FileIO):
    """One of the standard streams; a flush is nothing, since there is nothing in between."""

    def write(self, data: Any) -> int:
        _step("write", self.name)
        return super().write(data)


for place, name in ((1, "stdout"), (2, "stderr")):
    raw = _Raw(place, "w", closefd=False)
    stream = io.TextIOWrapper(raw, "utf-8", "backslashreplace" if place == 2 else "strict", write_through=True)
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)

from app.cli import main  # noqa: E402  # only now does anything of it look at `open`

main()
