"""Opens real devices and does as the lines on its standard input say; prints one JSON object a line.

Run by the tests on the virtual sound card:  device_program.py listen | speak | rest | nap | lose | both | echo | list
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict

import numpy as np
import sounddevice

from app.audio.capture import Capture
from app.audio.catalogue import list_devices
from app.audio.echo import open_canceller
from app.audio.open import open_microphone, open_speaker
from app.audio.pcm import WIRE_RATE_HZ, from_pcm16, level_dbfs, resample, to_pcm16
from app.audio.playback import PlayedOut
from app.audio.ports import AudioError
from app.audio.vad import EnergyDetector
from app.audio.wav import read_wav
from app.live.speaker import LastingSpeaker
from tests.rig.sound import chirp, find_chirps


def tell(**facts) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def now_ms() -> float:
    return time.monotonic() * 1000


def listen() -> None:
    """Reports the chunk in which a chirp began, and stops."""
    microphone = open_microphone(None)
    wake = threading.Event()
    microphone.start(wake.set)
    capture = Capture(microphone, EnergyDetector())
    chunks = []
    reported = False
    while not reported:
        if not wake.wait(10):
            raise TimeoutError("no sound from the microphone")
        wake.clear()
        first = not chunks
        chunks += capture.step(now_ms())
        if first and chunks:
            tell(event="listening", name=microphone.name, rate_hz=microphone.rate_hz)
        found = find_chirps(from_pcm16(b"".join(chunk.pcm for chunk in chunks[-50:])), WIRE_RATE_HZ)
        if found and found[0] < len(chunks[-50:]) * 0.02 - 0.1:
            at = chunks[-50:][int(found[0] / 0.02)]
            began_ms = at.captured_ms - 20 + found[0] * 1000 % 20
            tell(
                event="heard",
                began_ms=began_ms,
                peak_dbfs=capture.levels(now_ms()).peak_dbfs,
            )
            reported = True
    microphone.close()


def opened_speaker() -> tuple[LastingSpeaker, threading.Event]:
    """The default speaker, and what is set when it wants to be looked at."""
    speaker, wake = LastingSpeaker(open_speaker(None)), threading.Event()
    speaker.start(wake.set)
    return speaker, wake


def speak() -> None:
    """Plays a chirp, then a long tone; a line flushes it."""
    speaker, _ = opened_speaker()
    speaker.play("marker", to_pcm16(chirp(WIRE_RATE_HZ)))
    speaker.finish("marker")
    tell(event="given", at_ms=now_ms(), far_hz=speaker.far.rate_hz if speaker.far else None)
    sys.stdin.readline()
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(WIRE_RATE_HZ * 20) / WIRE_RATE_HZ)
    speaker.play("tone", to_pcm16(tone))
    tell(event="given", at_ms=now_ms())
    sys.stdin.readline()
    heard = speaker.silence()
    tell(event="flushed", at_ms=now_ms(), heard=heard)
    speaker.play("tone", to_pcm16(tone))
    sys.stdin.readline()
    speaker.close()


def rest() -> None:
    """Lets the speaker fall asleep; after a line a chirp is played, and told when all of it has sounded."""
    speaker, wake = opened_speaker()
    if not wake.wait(30):
        raise TimeoutError("it runs on in silence")
    wake.clear()
    speaker.tend()
    tell(event="resting")
    sys.stdin.readline()
    speaker.play("marker", to_pcm16(chirp(WIRE_RATE_HZ)))
    speaker.finish("marker")
    given_ms = now_ms()
    while not any(isinstance(news, PlayedOut) for news in speaker.news()):
        if not wake.wait(10):
            raise TimeoutError("it does not wake up")
        wake.clear()
        speaker.tend()
    tell(event="heard", took_ms=now_ms() - given_ms)
    sys.stdin.readline()
    speaker.close()


def nap() -> None:
    """Lets a speaker that wakes up by itself rest; after a line a chirp is played, and told when it has sounded."""
    speaker, wake = opened_speaker()
    threading.Event().wait(2.0)  # a second until it rests, and one in which it does
    tell(event="resting")
    sys.stdin.readline()
    speaker.play("marker", to_pcm16(chirp(WIRE_RATE_HZ)))
    speaker.finish("marker")
    while not any(isinstance(news, PlayedOut) for news in speaker.news()):
        if not wake.wait(10):
            raise TimeoutError("it does not wake up")
        wake.clear()
    tell(event="heard")
    sys.stdin.readline()
    speaker.close()


def both() -> None:
    """Opens both, waits until both are lost, and tells in which words."""
    wake = threading.Event()
    speaker, microphone = LastingSpeaker(open_speaker(None)), open_microphone(None)
    speaker.start(wake.set)
    microphone.start(wake.set)
    tell(event="running")
    while not (microphone.failure and speaker.failure):
        if not wake.wait(10):
            raise TimeoutError("the loss was not noticed")
        wake.clear()
        microphone.read()
    microphone.close()
    tell(microphone=str(microphone.failure), speaker=str(speaker.failure))
    sys.stdin.readline()
    speaker.close()


def lose() -> None:
    """Waits for the microphone to go away, and after a line opens it again."""
    microphone = open_microphone(None)
    wake = threading.Event()
    microphone.start(wake.set)
    while not microphone.read().size:
        wake.wait(10)
        wake.clear()
    tell(event="listening")
    while not microphone.ended:
        if not wake.wait(10):
            raise TimeoutError("the loss was not noticed")
        wake.clear()
    tell(event="lost", error=type(microphone.failure).__name__, says=str(microphone.failure))
    microphone.close()
    try:
        again = open_microphone(None)
        again.start(wake.set)
    except AudioError as error:
        tell(event="refused", error=type(error).__name__, says=str(error))
    sys.stdin.readline()
    sounddevice._terminate()  # have PortAudio look again; every stream is closed
    sounddevice._initialize()
    microphone = open_microphone(None)
    microphone.start(wake.set)
    while not microphone.read().size:
        if not wake.wait(10):
            raise TimeoutError("no sound after plugging in again")
        wake.clear()
    tell(event="listening")
    microphone.close()


def echo() -> None:
    """Speaks for five seconds while the speaker comes back at the microphone; tells what was heard and was left."""
    speaker, _ = opened_speaker()
    microphone = open_microphone(None)
    wake = threading.Event()
    microphone.start(wake.set)
    canceller = open_canceller(speaker.far) if speaker.far else None
    if canceller is None:
        tell(event="no canceller")
        return
    heard: list[np.ndarray] = []

    class Listening:
        """The canceller, with what goes in kept."""

        @property
        def held_frames(self):
            return canceller.held_frames

        def process(self, near):
            heard.append(near)
            return canceller.process(near)

        def drain(self):
            return canceller.drain()

    capture = Capture(microphone, EnergyDetector(), Listening())
    samples, rate_hz = read_wav(sys.argv[2])
    speech = np.resize(resample(samples, rate_hz, WIRE_RATE_HZ), WIRE_RATE_HZ * 5)
    speaker.play("speech", to_pcm16(speech))
    speaker.finish("speech")
    chunks = []
    while len(chunks) < 240:
        if not wake.wait(10):
            raise TimeoutError("no sound from the microphone")
        wake.clear()
        chunks += capture.step(now_ms())
    microphone.close()
    speaker.close()
    left = from_pcm16(b"".join(chunk.pcm for chunk in chunks))
    settled = slice(2 * WIRE_RATE_HZ, 4 * WIRE_RATE_HZ)
    tell(heard_dbfs=level_dbfs(np.concatenate(heard)[settled]), left_dbfs=level_dbfs(left[settled]))


if __name__ == "__main__":
    match sys.argv[1]:
        case "listen":
            listen()
        case "speak":
            speak()
        case "rest":
            rest()
        case "lose":
            lose()
        case "nap":
            nap()
        case "both":
            both()
        case "echo":
            echo()
        case _:
            tell(devices=[asdict(device) for device in list_devices()])
