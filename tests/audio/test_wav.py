"""WAV files: every common form is read, damage is tolerated or named, and a file is valid at any moment."""

from __future__ import annotations

import struct
import wave

import numpy as np
import pytest

from app.audio.ports import NotASoundFileError
from app.audio.wav import WavWriter, read_wav

RATE_HZ = 22_050
SOUND = (0.8 * np.sin(np.arange(500) / 7)).astype(np.float32)
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def encoded(samples, code, bits):
    match code, bits:
        case 1, 8:
            return (np.rint(samples * 127) + 128).astype(np.uint8).tobytes()
        case 1, 16:
            return np.rint(samples * 32767).astype("<i2").tobytes()
        case 1, 24:
            return np.rint(samples * 8388607).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case 1, 32:
            return np.rint(samples.astype(np.float64) * 2147483647).astype("<i4").tobytes()
        case 3, 32:
            return samples.astype("<f4").tobytes()
        case _:
            return samples.astype("<f8").tobytes()


def riff(data, code=1, bits=16, channels=1, extensible=False, data_size=None, before=b""):
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else code, channels, RATE_HZ, RATE_HZ * frame, frame, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, code) + GUID_TAIL
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + before
    body += b"data" + struct.pack("<I", len(data) if data_size is None else data_size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("code", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
def test_every_common_form_is_read_and_the_loudest_channel_heard(tmp_path, code, bits, channels, extensible):
    each = np.stack([SOUND * (1 if n == channels - 1 else 0.1) for n in range(channels)], axis=1)
    path = tmp_path / "sound.wav"
    path.write_bytes(riff(encoded(each.reshape(-1), code, bits), code, bits, channels, extensible))
    samples, rate_hz = read_wav(path)
    assert rate_hz == RATE_HZ
    assert samples.dtype == np.float32
    faded = RATE_HZ // 200 if channels > 1 else 0  # from the first channel to the loudest
    assert samples[faded:] == pytest.approx(SOUND[faded:], abs=0.01 if bits == 8 else 1e-4)


@pytest.mark.parametrize("data_size", [0, 0xFFFFFFFF, 5000])
def test_a_data_size_never_filled_in_or_too_large_gives_what_is_there(tmp_path, data_size):
    path = tmp_path / "cut.wav"
    path.write_bytes(riff(encoded(SOUND, 1, 16) + b"\x07", data_size=data_size))
    assert read_wav(path)[0].size == SOUND.size


def test_other_chunks_are_passed_over(tmp_path):
    path = tmp_path / "tagged.wav"
    path.write_bytes(riff(encoded(SOUND, 1, 16), before=b"LIST" + struct.pack("<I", 3) + b"abc\x00"))
    assert read_wav(path)[0].size == SOUND.size


def test_numbers_that_are_none_become_silence_or_full_scale(tmp_path):
    path = tmp_path / "odd.wav"
    path.write_bytes(riff(np.array([np.nan, np.inf, -np.inf, 0.5], "<f4").tobytes(), 3, 32))
    assert read_wav(path)[0].tolist() == [0.0, 1.0, -1.0, 0.5]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a WAV file"),
        (b"ID3 some music that is not one of ours", "is not a WAV file"),
        (b"RIFX" + bytes(4) + b"WAVE", "big-endian"),
        (b"RIFF" + bytes(4) + b"WAVE", "is damaged"),
        (riff(b"", code=1, bits=16)[:30], "is damaged"),
        (riff(bytes(8), code=85, bits=0), "WAV format 85"),
        (riff(bytes(8), code=1, bits=12), "with 12 bits"),
    ],
)
def test_what_is_no_sound_is_named(tmp_path, content, says):
    path = tmp_path / "not.wav"
    path.write_bytes(content)
    with pytest.raises(NotASoundFileError, match=says):
        read_wav(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(NotASoundFileError, match="There is no file"):
        read_wav(tmp_path / "nowhere.wav")
    with pytest.raises(NotASoundFileError, match="cannot be read"):
        read_wav(tmp_path)


def test_a_written_file_is_valid_after_every_write(tmp_path):
    path = tmp_path / "growing.wav"
    writer = WavWriter(path, 24_000, channels=2)
    for count in range(1, 4):
        writer.write(encoded(np.repeat(SOUND, 2), 1, 16))
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels()) == (24_000, 2)
            assert file.getnframes() == writer.frames == count * SOUND.size
    writer.close()
    writer.close()


def test_a_file_that_is_there_is_overwritten_only_when_told(tmp_path):
    path = tmp_path / "kept.wav"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        WavWriter(path, 24_000)
    assert path.read_bytes() == b"precious"
    WavWriter(path, 24_000, overwrite=True).close()
    assert read_wav(path)[0].size == 0
