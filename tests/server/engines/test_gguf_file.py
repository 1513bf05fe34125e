"""A GGUF file is looked at before it is loaded: what is not all there says so at once."""

from __future__ import annotations

import io
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.engines.gguf_file import DamagedError, check


def string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def model(*, version: int = 3, alignment: int | None = None, data_bytes: int = 64) -> bytes:
    """A small model: two tensors, the second at 32 bytes of the data."""
    entries = [string(b"general.name") + struct.pack("<I", 8) + string(b"tiny")]
    entries.append(string(b"tokens") + struct.pack("<IIQ", 9, 8, 2) + string(b"a") + string(b"b"))
    entries.append(string(b"scores") + struct.pack("<IIQff", 9, 6, 2, 0.5, 1.5))
    if alignment is not None:
        entries.append(string(b"general.alignment") + struct.pack("<II", 4, alignment))
    tensors = [string(name) + struct.pack("<IQIQ", 1, 8, 0, offset) for name, offset in ((b"w", 0), (b"v", 32))]
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries + tensors)
    padded = head + bytes(-len(head) % (alignment or 32))
    return padded + bytes(data_bytes)


def look(data: bytes) -> None:
    check(io.BytesIO(data), len(data))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("alignment", [None, 8, 4_096])
def test_a_whole_file_is_taken(version: int, alignment: int | None) -> None:
    look(model(version=version, alignment=alignment))


@given(st.data())
def test_a_file_that_broke_off_is_none(data: st.DataObject) -> None:
    whole = model()
    with pytest.raises(DamagedError, match="not all there"):
        look(whole[: data.draw(st.integers(4, len(whole) - 32))])


@given(st.binary(max_size=400))
def test_whatever_it_holds_it_is_judged(noise: bytes) -> None:
    for data in (noise, b"GGUF" + noise, model()[:24] + noise):
        with suppress(DamagedError):
            look(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"RIFF" + bytes(60), "is no GGUF file"),
        (b"GGUF" + struct.pack("<I", 1) + bytes(60), "version 1"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "makes no sense"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 62), "makes no sense"),
        (
            b"GGUF"
            + struct.pack("<IQQ", 3, 0, 1)
            + string(b"deep")
            + struct.pack("<I", 9)
            + struct.pack("<IQ", 9, 1) * 5_000,
            "makes no sense",
        ),
        (b"GG", "ends within its header"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, says: str) -> None:
    with pytest.raises(DamagedError, match=says):
        look(data)
