"""WAV files, read leniently and written so that they are valid at any moment.

Layout: RIFF chunks as in Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and
`WAVEFORMATEXTENSIBLE`. The standard library's `wave` refuses float samples, so the chunks are read here.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from app.audio.channels import ChannelChoice
from app.audio.ports import NotASoundFileError, Samples

_PCM: Final = 1
_EXTENSIBLE: Final = 0xFFFE
_HEADER_BYTES: Final = 44
_LARGEST_BYTES: Final = 0xFFFFFFFF - _HEADER_BYTES


@dataclass(frozen=True, slots=True)
class _Format:
    code: int
    channels: int
    rate_hz: int
    bits: int


def read_wav(path: str | Path) -> tuple[Samples, int]:
    """The whole file as mono float samples (of several channels the loudest, see ChannelChoice) and its rate in Hz.

    Takes 8, 16, 24 and 32 bit integers and 32 and 64 bit floats, plain or extensible. A data chunk that is cut
    short, or whose size was never filled in (0 or 0xFFFFFFFF, as recorders that were killed leave it), gives
    what is there. Raises NotASoundFileError.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotASoundFileError(f"There is no file {path}. Check the name.") from None
    except OSError as error:
        raise NotASoundFileError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(content) < 12 or content[:4] not in (b"RIFF", b"RIFX") or content[8:12] != b"WAVE":
        raise NotASoundFileError(f"{path} is not a WAV file. Convert it first, or name another one.")
    if content[:4] == b"RIFX":
        raise NotASoundFileError(f"{path} is a big-endian WAV file, which is not read. Convert it first.")
    return _decode(content, path)


def _decode(content: bytes, path: Path) -> tuple[Samples, int]:
    form: _Format | None = None
    for kind, start, size in _chunks(content):
        if kind == b"fmt ":
            form = _read_format(content[start : start + size])
        elif kind == b"data":
            if form is None:
                break
            try:
                frames = _numbers(content[start : start + size], form).reshape(-1, form.channels)
                return ChannelChoice(form.channels, form.rate_hz).mono(frames), form.rate_hz
            except ValueError as error:
                raise NotASoundFileError(f"{path} holds {error}, which is not read. Convert it first.") from None
    raise NotASoundFileError(f"{path} is damaged: it has no sound that could be read. Name another file.")


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of each chunk's body; sizes cut to what is there."""
    at = 12
    while at + 8 <= len(content):
        kind = content[at : at + 4]
        (size,) = struct.unpack_from("<I", content, at + 4)
        rest = len(content) - at - 8
        if kind == b"data" and size in (0, 0xFFFFFFFF):
            size = rest
        size = min(size, rest)
        yield kind, at + 8, size
        at += 8 + size + size % 2


def _read_format(body: bytes) -> _Format | None:
    if len(body) < 16:
        return None
    code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE and len(body) >= 26:
        (code,) = struct.unpack_from("<H", body, 24)  # the first two bytes of the sub-format's GUID
    if channels == 0 or rate_hz == 0:
        return None
    return _Format(code, channels, rate_hz, bits)


def _numbers(data: bytes, form: _Format) -> npt.NDArray[np.float32]:
    """The samples, channels interleaved, full scale 1.0. Raises ValueError naming what it cannot read."""
    width = form.bits // 8
    if width:
        data = data[: len(data) // (width * form.channels) * (width * form.channels)]
    match form.code, form.bits:
        case (1, 8):
            return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / np.float32(128.0)
        case (1, 16):
            return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
        case (1, 24):
            octets = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
            whole = (octets[:, 0] << 8) | (octets[:, 1] << 16) | (octets[:, 2] << 24)
            return whole.astype(np.float32) / np.float32(2147483648.0)
        case (1, 32):
            return np.frombuffer(data, "<i4").astype(np.float32) / np.float32(2147483648.0)
        case (3, 32):
            return _finite(np.frombuffer(data, "<f4").astype(np.float32))
        case (3, 64):
            return _finite(np.frombuffer(data, "<f8").astype(np.float32))
        case _:
            raise ValueError(f"sound in WAV format {form.code} with {form.bits} bits")


def _finite(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.nan_to_num(numbers, nan=0.0, posinf=1.0, neginf=-1.0)


class WavWriter:
    """A PCM16 WAV file that any reader takes after every `write`, even if the program is killed.

    The two sizes in the header are rewritten after each append.
    """

    def __init__(self, path: str | Path, rate_hz: int, channels: int = 1, *, overwrite: bool = False) -> None:
        """Creates the file, readable by the user alone. Raises FileExistsError unless `overwrite`; OSError."""
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL) | getattr(os, "O_BINARY", 0)
        self._file: BinaryIO = os.fdopen(os.open(path, flags, 0o600), "wb")
        self._frame_bytes = 2 * channels
        self._data_bytes = 0
        frame_bytes = self._frame_bytes
        self._file.write(
            struct.pack(
                "<4sI4s4sIHHIIHH4sI",
                *(b"RIFF", _HEADER_BYTES - 8, b"WAVE", b"fmt ", 16, _PCM, channels, rate_hz),
                *(rate_hz * frame_bytes, frame_bytes, 16, b"data", 0),
            )
        )
        self._file.flush()

    @property
    def frames(self) -> int:
        """Frames written so far."""
        return self._data_bytes // self._frame_bytes

    def write(self, pcm: bytes) -> None:
        """Append PCM16 (channels interleaved, whole frames). Raises OSError (disk full), ValueError when closed.

        Beyond 4 GB, where a WAV file ends, nothing more is taken.
        """
        if self._data_bytes + len(pcm) > _LARGEST_BYTES:
            return
        self._file.seek(_HEADER_BYTES + self._data_bytes)
        self._file.write(pcm)
        self._data_bytes += len(pcm)
        self._file.seek(4)
        self._file.write(struct.pack("<I", _HEADER_BYTES - 8 + self._data_bytes))
        self._file.seek(40)
        self._file.write(struct.pack("<I", self._data_bytes))
        self._file.flush()

    def close(self) -> None:
        """Release the file; it is already complete. Safe to call twice."""
        self._file.close()
