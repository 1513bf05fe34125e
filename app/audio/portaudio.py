"""PortAudio through `sounddevice`: which devices there are, and its errors in words for the user.

`sounddevice` raises OSError on import where the library is missing (Linux without `libportaudio2`), so it is
imported on first use only.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from app.audio.ports import (
    AudioError,
    DeviceBusyError,
    DeviceNotFoundError,
    PortAudioMissingError,
)

_LOW_LATENCY: Final = "low"
_UNSUITABLE: Final = frozenset({-9998, -9997, -9994})
"""PaErrorCode: number of channels, sample rate, sample format; another choice may do."""
_NO_SUCH_DEVICE: Final = -9996

_MISSING: Final = {
    "linux": "Install it, e.g. with: sudo apt install libportaudio2 (Fedora: sudo dnf install portaudio).",
    "darwin": "Reinstall the program's Python package sounddevice, or run: brew install portaudio.",
    "win32": "Reinstall the program's Python package sounddevice, which brings it.",
}


class Kind(StrEnum):
    """What a device is wanted for; the value is the word the user reads."""

    MICROPHONE = "microphone"
    SPEAKER = "speaker"


@dataclass(frozen=True, slots=True)
class Device:
    """One device of the system's list; the name is cleaned of control characters."""

    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    rate_hz: int
    """The device's own rate."""
    default_input: bool
    default_output: bool

    def channels(self, kind: Kind) -> int:
        """How many channels it has as a microphone or as a speaker; 0 when it is none."""
        return self.inputs if kind is Kind.MICROPHONE else self.outputs

    def is_default(self, kind: Kind) -> bool:
        """Whether the system would choose it."""
        return self.default_input if kind is Kind.MICROPHONE else self.default_output


class Stream(Protocol):
    """What we use of a sounddevice stream."""

    @property
    def latency(self) -> float: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


def list_devices() -> tuple[Device, ...]:
    """All devices, in PortAudio's order, which gives them their numbers. Raises PortAudioMissingError."""
    library = _library()
    apis = library.query_hostapis()
    default_input, default_output = (int(index) for index in library.default.device)
    return tuple(
        Device(
            index=index,
            name=_clean(each["name"]),
            host_api=_clean(apis[each["hostapi"]]["name"]),
            inputs=int(each["max_input_channels"]),
            outputs=int(each["max_output_channels"]),
            rate_hz=round(each["default_samplerate"]),
            default_input=index == default_input,
            default_output=index == default_output,
        )
        for index, each in enumerate(library.query_devices())
    )


def rescan_devices() -> None:
    """Have PortAudio look again, as after plugging something in; every stream must be closed before.

    `_terminate` and `_initialize` are the way sounddevice's author names for this.
    """
    library = _library()
    library._terminate()
    library._initialize()


def find_device(kind: Kind, spec: str | None, devices: tuple[Device, ...] | None = None) -> Device:
    """The device of that number or part of a name (any case), or with None the system's default.

    The same name under several host APIs (Windows) is one device: the default host API's. Raises
    DeviceNotFoundError where none or several fit, PortAudioMissingError.
    """
    fit = [each for each in (list_devices() if devices is None else devices) if each.channels(kind) > 0]
    default = next((each for each in fit if each.is_default(kind)), None)
    if not fit:
        raise DeviceNotFoundError(f"There is no {kind} on this system. Plug one in, or use a .wav file or none.")
    if spec is None:
        return default or fit[0]
    if spec.isdecimal():
        found = [each for each in fit if each.index == int(spec)]
    else:
        wanted = spec.casefold().strip()
        found = [each for each in fit if wanted in each.name.casefold()]
        found = [each for each in found if wanted == each.name.casefold()] or found
    names = list(dict.fromkeys(each.name for each in found))
    if not found:
        there = ", ".join(f"{each.index} {each.name}" for each in fit[:6])
        raise DeviceNotFoundError(f'There is no {kind} "{_clean(spec)}". There is: {there}.')
    if len(names) > 1:
        raise DeviceNotFoundError(
            f'"{_clean(spec)}" fits more than one {kind}: {", ".join(names[:6])}. Give more of the name, or its number.'
        )
    return next((each for each in found if default and each.host_api == default.host_api), found[0])


def open_stream(
    device: Device, kind: Kind, callback: Callable[..., None], finished: Callable[[], None]
) -> tuple[Stream, int]:
    """A stream of float32 in blocks of 10 ms, not started, and its rate in Hz.

    Mono at the device's own rate where it takes that, else more channels or another common rate. The callback is
    sounddevice's: (data of shape (frames, channels), frames, time, status). Explicit blocks, because PortAudio's
    own choice gives blocks of a few frames and up to half a second of delay on ALSA.
    Raises DeviceBusyError, DeviceNotFoundError, PortAudioMissingError.
    """
    library = _library()
    stream_type = library.InputStream if kind is Kind.MICROPHONE else library.OutputStream
    refusal: Exception | None = None
    for rate_hz in dict.fromkeys((device.rate_hz, 48_000, 44_100)):
        for channels in dict.fromkeys((1, min(2, device.channels(kind)), device.channels(kind))):
            try:
                stream: Stream = stream_type(
                    device=device.index,
                    samplerate=rate_hz,
                    channels=channels,
                    dtype="float32",
                    blocksize=rate_hz // 100,
                    latency=_LOW_LATENCY,
                    callback=callback,
                    finished_callback=finished,
                )
            except library.PortAudioError as error:
                refusal = error
                if _code(error) in _UNSUITABLE:
                    continue
                raise refused(device, kind, error) from error
            return stream, rate_hz
    raise refused(device, kind, refusal) from refusal


def start_stream(stream: Stream, device: Device, kind: Kind) -> None:
    """Start it; a stream that cannot be started is closed. Raises DeviceBusyError, DeviceNotFoundError."""
    try:
        stream.start()
    except _library().PortAudioError as error:
        stream.close()
        raise refused(device, kind, error) from error


def refused(device: Device, kind: Kind, error: Exception | None) -> AudioError:
    """PortAudio's refusal to open or start a device, in words."""
    if _code(error) == _NO_SUCH_DEVICE:
        return DeviceNotFoundError(f"The {kind} {device.name} is no longer there. Choose another one.")
    permission = " and that the system lets this terminal use the microphone" if kind is Kind.MICROPHONE else ""
    return DeviceBusyError(
        f"The {kind} {device.name} cannot be opened: {_cause(error)}. "
        f"Check that no other program holds it{permission}, or choose another one."
    )


def _library() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except OSError as error:
        remedy = _MISSING.get(sys.platform, "Install PortAudio with the system's package manager.")
        raise PortAudioMissingError(f"The PortAudio library is missing, so no device can be used. {remedy}") from error


def _code(error: Exception | None) -> int | None:
    return error.args[1] if error is not None and len(error.args) > 1 else None


def _cause(error: Exception | None) -> str:
    """PortAudio's own words: the host's if it has some, without "Error opening InputStream:"."""
    words = str(error.args[0]) if error is not None and error.args else "no reason given"
    if error is not None and len(error.args) > 2 and error.args[2][2]:
        words = str(error.args[2][2])
    return _clean(re.sub(r"^Error (opening|starting) \w*[Ss]tream: ", "", words)).rstrip(".")[:120]


def _clean(text: str) -> str:
    """Text from outside, on one line and without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
