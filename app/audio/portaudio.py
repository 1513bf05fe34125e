"""PortAudio through `sounddevice`: which devices there are, and its errors in words for the user.

`sounddevice` raises OSError on import where the library is missing (Linux without `libportaudio2`), so it is
imported on first use only.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from app.audio.ports import (
    AudioError,
    DeviceBusyError,
    DeviceNotFoundError,
    DevicesUnknownError,
    PortAudioMissingError,
)

BLOCK_MS: Final = 10
"""Of sound in each callback. Explicit, because PortAudio's own choice gives blocks of a few frames and up to half a
second of delay on ALSA."""

_LOW_LATENCY: Final = "low"
_UNSUITABLE: Final = frozenset({-9998, -9997, -9994})
"""PaErrorCode: number of channels, sample rate, sample format; another choice may do."""
_NO_SUCH_DEVICE: Final = -9996

_USUAL_HZ: Final = 48_000
_LOWEST_HZ, _HIGHEST_HZ = 4_000, 768_000
"""What else a device names as its rate (0, NaN) is none."""
_MOST_CHANNELS: Final = 1_024
"""Some of ALSA's devices that are none claim more."""

_Facts: TypeAlias = Mapping[str, Any]
_ANY: Final[_Facts] = {
    "hostapi": -1,
    "max_input_channels": 1,
    "max_output_channels": 1,
    "default_samplerate": _USUAL_HZ,
}
"""Of a device of which only the name is known: it may be one or the other."""

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

    @property
    def names(self) -> tuple[str, ...]:
        """What the user may call it."""
        return (self.name,)

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


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that is not started, as it could be had."""

    stream: Stream
    rate_hz: int
    channels: int


def list_devices() -> tuple[Device, ...]:
    """All devices, in PortAudio's order, which gives them their numbers. One that tells nothing of itself is left out.

    Raises PortAudioMissingError, DevicesUnknownError.
    """
    library = _library()
    apis = _host_apis(library)
    defaults = _defaults(library)
    found = (_device(index, facts, apis, defaults) for index, facts in _facts(library, apis))
    return tuple(device for device in found if device is not None)


def portaudio_version() -> str:
    """PortAudio's own words for which it is. Raises AudioError."""
    library = _library()
    try:
        return clean(str(library.get_portaudio_version()[1])).split(",")[0]
    except Exception as error:
        raise _unknown(error) from error


def _facts(library: Any, apis: Sequence[_Facts]) -> list[tuple[int, _Facts]]:
    """What the library tells of each device. Asked for all at once it tells nothing when one of them fails."""
    try:
        return list(enumerate(library.query_devices()))
    except Exception as error:
        failed = error
    told: list[tuple[int, _Facts]] = []
    for index in sorted({index for api in apis for index in api.get("devices", ())}):
        try:
            told.append((index, library.query_devices(index)))
        except UnicodeDecodeError as error:
            told.append((index, {**_ANY, "name": error.object.decode("utf-8", "replace")}))
        except Exception:  # it cannot be used either, and the others can
            continue
    if not told:
        raise _unknown(failed) from failed
    return told


def _host_apis(library: Any) -> Sequence[_Facts]:
    """ALSA, Core Audio, WASAPI ...; without them the devices are still there."""
    try:
        return tuple(library.query_hostapis())
    except Exception:
        return ()


def _defaults(library: Any) -> tuple[int, int]:
    """The numbers of the system's own input and output; -1 where it has none, or does not tell."""
    try:
        given, taken = (int(index) for index in library.default.device)
    except Exception:
        return -1, -1
    return given, taken


def _device(index: int, facts: _Facts, apis: Sequence[_Facts], defaults: tuple[int, int]) -> Device | None:
    try:
        api = facts["hostapi"]
        rate_hz = float(facts["default_samplerate"])
        return Device(
            index=index,
            name=clean(str(facts["name"])) or f"device {index}",
            host_api=clean(str(apis[api]["name"])) if 0 <= api < len(apis) else "",
            inputs=max(0, min(_MOST_CHANNELS, int(facts["max_input_channels"]))),
            outputs=max(0, min(_MOST_CHANNELS, int(facts["max_output_channels"]))),
            rate_hz=usable_rate_hz(rate_hz),
            default_input=index == defaults[0],
            default_output=index == defaults[1],
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def usable_rate_hz(told_hz: float) -> int:
    """The rate that a device tells of itself; where that is none, the usual one."""
    return round(told_hz) if _LOWEST_HZ <= told_hz <= _HIGHEST_HZ else _USUAL_HZ


def find_device(kind: Kind, spec: str | None, devices: tuple[Device, ...] | None = None) -> Device:
    """The device of that number or part of a name (any case), or with None the system's default; without `devices`
    of PortAudio's.

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
        found = [each for each in fit if any(wanted in name.casefold() for name in each.names)]
        found = [each for each in found if wanted in map(str.casefold, each.names)] or found
    names = list(dict.fromkeys(each.name for each in found))
    if not found:
        there = ", ".join(f"{each.index} {each.name}" for each in fit[:6])
        raise DeviceNotFoundError(f'There is no {kind} "{clean(spec)}". There is: {there}.')
    if len(names) > 1:
        raise DeviceNotFoundError(
            f'"{clean(spec)}" fits more than one {kind}: {", ".join(names[:6])}. Give more of the name, or its number.'
        )
    return next((each for each in found if default and each.host_api == default.host_api), found[0])


def open_stream(device: Device, kind: Kind, callback: Callable[..., None], finished: Callable[[], None]) -> Opened:
    """A stream of float32 in blocks of 10 ms at the device's own rate, or where it does not take that at a common one.

    A microphone with two channels is opened with both, since an interface may have its microphone on the second; the
    ones after those are often what the computer plays. Else mono, and more channels only where that is refused. The
    callback is sounddevice's: (a buffer of float32, the channels of each frame side by side; frames, time, status).
    Raises AudioError.
    """
    library = _library()
    refusal: Exception | None = None
    for rate_hz in dict.fromkeys((device.rate_hz, _USUAL_HZ, 44_100)):
        for channels in _channels(device, kind):
            try:
                stream_type = library.RawInputStream if kind is Kind.MICROPHONE else library.RawOutputStream
                stream: Stream = stream_type(
                    device=device.index,
                    samplerate=rate_hz,
                    channels=channels,
                    dtype="float32",
                    blocksize=rate_hz * BLOCK_MS // 1000,
                    latency=_LOW_LATENCY,
                    callback=callback,
                    finished_callback=finished,
                )
            except Exception as error:
                refusal = error
                if _code(error) in _UNSUITABLE or (kind is Kind.MICROPHONE and channels > 1):
                    continue
                raise refused(device, kind, error) from error
            return Opened(stream, rate_hz, channels)
    raise refused(device, kind, refusal) from refusal


def _channels(device: Device, kind: Kind) -> Iterable[int]:
    """How many to try to open, in order."""
    two, all_of_them = min(2, device.channels(kind)), device.channels(kind)
    return dict.fromkeys((two, 1, all_of_them) if kind is Kind.MICROPHONE else (1, two, all_of_them))


def start_stream(stream: Stream, device: Device, kind: Kind) -> None:
    """Start it; a stream that cannot be started is closed. Raises DeviceBusyError, DeviceNotFoundError."""
    try:
        stream.start()
    except Exception as error:
        release(stream)
        raise refused(device, kind, error) from error


def release(stream: Stream) -> None:
    """Stop and close it. What the library says to that is of no use: the device may have gone, and we are done."""
    for step in (stream.abort, stream.close):
        with contextlib.suppress(Exception):
            step()


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
    """The library; loading it starts PortAudio. Raises PortAudioMissingError, DevicesUnknownError."""
    try:
        library = importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        remedy = _MISSING.get(sys.platform, "Install PortAudio with the system's package manager.")
        raise PortAudioMissingError(f"The PortAudio library is missing, so no device can be used. {remedy}") from error
    except Exception as error:
        raise _unknown(error) from error
    _make_lenient(library)
    return library


def _make_lenient(library: Any) -> None:
    """Let no name that is no UTF-8 keep its device from being listed and opened.

    All text of PortAudio comes into sounddevice through one private function, and is decoded strictly afterwards, also
    the name of a device that is about to be opened and the words of an error.
    """
    raw = getattr(library, "_ffi_string", None)
    if raw is None or getattr(raw, "is_lenient", False):
        return

    def lenient(text: Any) -> bytes:
        return _decoded(raw(text)).encode()

    lenient.is_lenient = True  # type: ignore[attr-defined]
    library._ffi_string = lenient


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:  # on Windows MME and DirectSound speak the system's code page
        return text.decode("mbcs" if sys.platform == "win32" else "utf-8", "replace")


def _unknown(error: Exception) -> DevicesUnknownError:
    return DevicesUnknownError(
        f"The system does not tell which sound devices there are: {_cause(error)}. "
        "Check that its sound works, then start the program again."
    )


def _code(error: Exception | None) -> int | None:
    """PortAudio's number for it."""
    code = error.args[1] if error is not None and len(error.args) > 1 else None
    return code if isinstance(code, int) else None


def _cause(error: Exception | None) -> str:
    """PortAudio's own words: the host's if it has some, without "Error opening InputStream:"."""
    match error.args if error is not None else ():
        case (_, _, (_, _, str(host)), *_) if host:
            words = host
        case (str(own), *_) if not isinstance(error, UnicodeError):
            words = own
        case (int(), str(reason), *_):  # an OSError
            words = reason
        case _:
            words = "a text that cannot be read" if isinstance(error, UnicodeError) else "no reason given"
    return clean(re.sub(r"^Error (opening|starting) \w*[Ss]tream: ", "", words)).rstrip(".")[:120]


def clean(text: str) -> str:
    """Text from outside, on one line and without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
