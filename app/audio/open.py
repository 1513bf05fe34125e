"""From what the user named to a microphone or a speaker."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

from app.audio.devices import DeviceMicrophone, DeviceSpeaker
from app.audio.files import ClipMicrophone, PacedSpeaker, WavMicrophone, WavSink, silent_speaker
from app.audio.portaudio import Kind, find_device
from app.audio.ports import NONE, Microphone, Speaker


def open_microphone(spec: str | None) -> Microphone:
    """The microphone of that name, number or `.wav` file; None is the default device, "none" is silence.

    Not started: the file is read and the device opened by `start`. Raises DeviceNotFoundError,
    PortAudioMissingError.
    """
    if spec is not None and spec.casefold() == NONE:
        return ClipMicrophone(NONE)
    if _is_file(spec):
        return WavMicrophone(Path(spec).expanduser())
    return DeviceMicrophone(find_device(Kind.MICROPHONE, spec))


def open_speaker(spec: str | None, *, overwrite: bool = True) -> Speaker:
    """The speaker of that name or number, or a `.wav` file to be written; None is the default device, "none" none.

    Not started. A file that is there is replaced, or with `overwrite` False refused by `start`. Raises
    DeviceNotFoundError, PortAudioMissingError.
    """
    if spec is not None and spec.casefold() == NONE:
        return silent_speaker()
    if _is_file(spec):
        return PacedSpeaker(WavSink(Path(spec).expanduser(), overwrite=overwrite))
    return DeviceSpeaker(find_device(Kind.SPEAKER, spec))


def _is_file(spec: str | None) -> TypeGuard[str]:
    """Whether it can only mean a file: by its ending, whatever devices there are."""
    return spec is not None and spec.casefold().endswith((".wav", ".wave"))
