"""From what the user named to a microphone or a speaker."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

from app.audio.catalogue import list_devices
from app.audio.devices import DeviceMicrophone, DeviceSpeaker
from app.audio.files import ClipMicrophone, PacedSpeaker, WavMicrophone, WavSink, silent_speaker
from app.audio.portaudio import Device, Kind, find_device
from app.audio.ports import NONE, STANDARD_STREAM, AudioError, Microphone, Speaker
from app.audio.pulse_server import PulseDevice


def open_microphone(spec: str | None) -> Microphone:
    """The microphone of that name, number or `.wav` file; None is the default device, "none" is silence.

    Not started: the file is read and the device opened by `start`. Raises DeviceNotFoundError,
    PortAudioMissingError.
    """
    if spec is not None and spec.casefold() == NONE:
        return ClipMicrophone(NONE)
    if _is_file(spec):
        return WavMicrophone(Path(spec).expanduser())
    _refuse_standard_stream(spec)
    found = find_device(Kind.MICROPHONE, spec, list_devices((Kind.MICROPHONE,)))
    return microphone_of(found, is_default=not spec)


def open_speaker(spec: str | None, *, overwrite: bool = True) -> Speaker:
    """The speaker of that name or number, or a `.wav` file to be written; None is the default device, "none" none.

    Not started. A file that is there is replaced, or with `overwrite` False refused by `start`. Raises
    DeviceNotFoundError, PortAudioMissingError.
    """
    if spec is not None and spec.casefold() == NONE:
        return silent_speaker()
    if _is_file(spec):
        return PacedSpeaker(WavSink(Path(spec).expanduser(), overwrite=overwrite))
    _refuse_standard_stream(spec)
    found = find_device(Kind.SPEAKER, spec, list_devices((Kind.SPEAKER,)))
    return speaker_of(found, is_default=not spec)


def microphone_of(device: Device, *, is_default: bool) -> Microphone:
    """A device of either kind, not started. `is_default`: it was not named, so it may be another one later."""
    if isinstance(device, PulseDevice):
        from app.audio.pulse import PulseMicrophone  # not on every system, and mostly not needed

        return PulseMicrophone(device, follows_default=is_default and device.default_input)
    return DeviceMicrophone(device)


def speaker_of(device: Device, *, is_default: bool) -> Speaker:
    """The same of a speaker."""
    if isinstance(device, PulseDevice):
        from app.audio.pulse import PulseSpeaker

        return PulseSpeaker(device, follows_default=is_default and device.default_output)
    return DeviceSpeaker(device)


def _refuse_standard_stream(spec: str | None) -> None:
    """Raises AudioError."""
    if spec == STANDARD_STREAM:
        raise AudioError(
            "Standard input and output carry sound only under --plain, from the start on: "
            "realtime --plain --mic - --speaker -."
        )


def _is_file(spec: str | None) -> TypeGuard[str]:
    """Whether it can only mean a file: by its ending, whatever devices there are."""
    return spec is not None and spec.casefold().endswith((".wav", ".wave"))
