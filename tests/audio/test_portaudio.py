"""Finding devices by what the user names, and PortAudio's refusals in words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.audio.portaudio import Device, Kind, find_device, refused
from app.audio.ports import DeviceBusyError, DeviceNotFoundError

ROOT = Path(__file__).parents[2]


def device(index, name, inputs=0, outputs=0, api="WASAPI", default=False):
    return Device(index, name, api, inputs, outputs, 48_000, default and inputs > 0, default and outputs > 0)


DEVICES = (
    device(0, "USB Microphone", inputs=1, api="MME"),
    device(1, "Speakers", outputs=2, default=True),
    device(2, "USB Microphone", inputs=1, default=True),
    device(3, "USB Headset", inputs=1, outputs=2),
    device(4, "Headset", outputs=2),
    device(5, "7.1 Surround", outputs=8),
)


@pytest.mark.parametrize(
    ("kind", "spec", "index"),
    [
        (Kind.MICROPHONE, None, 2),
        (Kind.SPEAKER, None, 1),
        (Kind.MICROPHONE, "0", 0),
        (Kind.MICROPHONE, "usb micro", 2),  # of two host APIs, the default device's
        (Kind.MICROPHONE, "HEADSET", 3),
        (Kind.SPEAKER, "headset", 4),  # a whole name goes before a part
        (Kind.SPEAKER, "usb", 3),
        (Kind.SPEAKER, "7.1", 5),
    ],
)
def test_a_device_is_found_by_number_or_part_of_its_name(kind, spec, index):
    assert find_device(kind, spec, DEVICES).index == index


@pytest.mark.parametrize(
    ("kind", "spec", "says"),
    [
        (Kind.MICROPHONE, "1", r'no microphone "1"\. There is: 0 USB Microphone'),  # a speaker's number
        (Kind.SPEAKER, "99", 'no speaker "99"'),
        (Kind.SPEAKER, "bluetooth\x1b[31m", r'no speaker "bluetooth \[31m"'),
        (Kind.MICROPHONE, "usb", "more than one microphone: USB Microphone, USB Headset"),
    ],
)
def test_what_does_not_fit_or_fits_twice_is_refused_with_what_there_is(kind, spec, says):
    with pytest.raises(DeviceNotFoundError, match=says):
        find_device(kind, spec, DEVICES)


@pytest.mark.parametrize("spec", [None, "usb", "0"])
def test_a_system_without_devices_says_so(spec):
    with pytest.raises(DeviceNotFoundError, match="There is no microphone on this system"):
        find_device(Kind.MICROPHONE, spec, ())


def test_without_a_default_the_first_that_fits_is_taken():
    assert find_device(Kind.SPEAKER, None, DEVICES[3:]).index == 3


@pytest.mark.parametrize(
    ("error", "kind", "error_type", "says"),
    [
        (
            Exception("Error opening InputStream: Device unavailable", -9985),
            Kind.MICROPHONE,
            DeviceBusyError,
            "cannot be opened: Device unavailable. Check that no other program holds it and that the system lets",
        ),
        (
            Exception("Error opening OutputStream: Unanticipated host error", -9999, (0, -5, "Input/output\x07 error")),
            Kind.SPEAKER,
            DeviceBusyError,
            "The speaker USB Headset cannot be opened: Input/output error. Check that no other program holds it, or",
        ),
        (Exception("Invalid device", -9996), Kind.SPEAKER, DeviceNotFoundError, "no longer there"),
        (None, Kind.SPEAKER, DeviceBusyError, "no reason given"),
    ],
)
def test_a_refusal_is_told_in_portaudios_words_with_a_remedy(error, kind, error_type, says):
    told = refused(DEVICES[3], kind, error)
    assert type(told) is error_type
    assert says in str(told)


def python(code, *before_on_path):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, before_on_path), str(ROOT)])}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=True)


def test_without_the_library_the_remedy_is_named_and_files_still_work(tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    code = """
from app.audio.open import open_microphone, open_speaker
from app.audio.ports import PortAudioMissingError
open_microphone("question.wav"), open_speaker("none")
for opening in (open_microphone, open_speaker):
    try:
        opening(None)
    except PortAudioMissingError as error:
        print(error)
"""
    done = python(code, tmp_path)
    assert done.stdout.count("The PortAudio library is missing, so no device can be used.") == 2
    if sys.platform == "linux":
        assert "sudo apt install libportaudio2" in done.stdout


def test_the_pure_parts_bring_no_device_library():
    done = python("import sys, app.audio.pcm, app.audio.vad, app.audio.open; print('sounddevice' in sys.modules)")
    assert done.stdout.strip() == "False"
