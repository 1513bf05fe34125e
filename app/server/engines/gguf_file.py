"""Whether a GGUF file is all there, from its header alone (GGUF, version 2 and 3): its data begins where the header
says, and reaches at least to its last tensor. A download that broke off is found in a moment, without any library.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MOST: Final = 1_000_000
"""More tensors, entries or dimensions than any model has; what claims more is damaged."""
_LONGEST: Final = 1 << 28
"""Bytes of a string or an array of the header."""
_ALIGNMENT: Final = 32
_DEEPEST: Final = 4
"""Arrays within each other."""
_STRING, _ARRAY, _UINT32 = 8, 9, 4
_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value, by its type in the header."""


class DamagedError(Exception):
    """It is no GGUF file that can be used; `str` goes on from "The file ..."."""


def check(file: BinaryIO, size: int) -> None:
    """Look at the header of an open file of so many bytes. Raises DamagedError."""
    try:
        _check(_Reader(file), size)
    except (struct.error, EOFError) as error:
        raise DamagedError("ends within its header: it is not all there") from error


class _Reader:
    """Little-endian numbers and strings, none of them without bounds."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def take(self, count: int) -> bytes:
        if count > _LONGEST:
            raise DamagedError("has a header that makes no sense")
        found = self._file.read(count)
        if len(found) < count:
            raise EOFError
        return found

    def number(self, form: str) -> int:
        (value,) = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return int(value)

    def count(self) -> int:
        value = self.number("Q")
        if value > _MOST:
            raise DamagedError("has a header that makes no sense")
        return value

    def string(self) -> bytes:
        return self.take(self.number("Q"))

    def skip(self, kind: int, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise DamagedError("has a header that makes no sense")
        if kind == _STRING:
            self.string()
        elif kind == _ARRAY:
            inner, count = self.number("I"), self.count()
            if inner in _SIZES:
                self.take(_SIZES[inner] * count)
            else:
                for _ in range(count):
                    self.skip(inner, depth + 1)
        elif kind in _SIZES:
            self.take(_SIZES[kind])
        else:
            raise DamagedError("has a header that makes no sense")

    def position(self) -> int:
        return self._file.tell()


def _check(reader: _Reader, size: int) -> None:
    if reader.take(len(MAGIC)) != MAGIC:
        raise DamagedError("is no GGUF file")
    if (version := reader.number("I")) not in _VERSIONS:
        raise DamagedError(f"has version {version} of the format, which is not known here")
    tensors, entries, alignment = reader.count(), reader.count(), _ALIGNMENT
    for _ in range(entries):
        key, kind = reader.string(), reader.number("I")
        if key == b"general.alignment" and kind == _UINT32:
            alignment = reader.number("I") or _ALIGNMENT
        else:
            reader.skip(kind)
    furthest = 0
    for _ in range(tensors):
        reader.string()
        reader.take(8 * min(reader.number("I"), _MOST))
        reader.number("I")
        furthest = max(furthest, reader.number("Q"))
    begins = -(-reader.position() // alignment) * alignment
    if tensors and size <= begins + furthest:
        raise DamagedError(f"is not all there: it has {size:,} bytes and needs more than {begins + furthest:,}")
