"""A `sounddevice` of our own at the import: two host APIs, a few devices, and every call can be made to fail."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import numpy as np


class PortAudioError(Exception):
    """As the library's: words, PaErrorCode, (host API, its code, its words)."""


def facts(name="Microphone", api=0, inputs=1, outputs=0, rate=48_000.0):
    return {
        "name": name,
        "hostapi": api,
        "max_input_channels": inputs,
        "max_output_channels": outputs,
        "default_samplerate": rate,
    }


class FakeStream:
    """Opened by the fake; `say` runs the callback with a block of shape (frames, channels), `ask` gets one."""

    latency = 0.01

    def __init__(self, library, options):
        self.library, self.options = library, options
        self.is_open = True
        self.is_running = False

    def start(self):
        self.library.fail("start")
        self.is_running = True

    def stop(self):
        self.library.fail("stop")

    def abort(self):
        self.library.fail("abort")
        if self.is_running:
            self.is_running = False
            self.options["finished_callback"]()

    def close(self):
        self.is_open = False
        self.library.fail("close")

    def say(self, block):
        status = SimpleNamespace(input_overflow=False)
        self.options["callback"](np.ascontiguousarray(block, dtype=np.float32), len(block), None, status)

    def ask(self):
        frames, channels = self.options["blocksize"], self.options["channels"]
        block = np.full(frames * channels, np.nan, dtype=np.float32)
        self.options["callback"](block, frames, None, SimpleNamespace(output_underflow=False))
        return block.reshape(frames, channels)


class FakeLibrary(ModuleType):
    """`failing` holds what a call raises, by its name; `refuses(options)` raises what opening a stream shall raise."""

    PortAudioError = PortAudioError

    def __init__(self, *devices, default=(0, 1)):
        super().__init__("sounddevice")
        self.devices = list(devices) or [facts(), facts("Speakers", inputs=0, outputs=2)]
        self.pair = default
        self.failing = {}
        self.broken = {}  # index of a device -> what asking for it raises
        self.refuses = lambda options: None
        self.streams = []

    def fail(self, call):
        if call in self.failing:
            raise self.failing[call]

    @property
    def default(self):
        self.fail("default")
        return SimpleNamespace(device=self.pair)

    def query_devices(self, index=None):
        self.fail("query_devices")
        if index is None:
            return [self.query_devices(each) for each in range(len(self.devices))]
        if index in self.broken:
            raise self.broken[index]
        return self.devices[index]

    def query_hostapis(self):
        self.fail("query_hostapis")
        return ({"name": "ALSA", "devices": list(range(len(self.devices)))}, {"name": "JACK", "devices": []})

    def get_portaudio_version(self):
        self.fail("get_portaudio_version")
        return 1246720, "PortAudio V19.6.0-devel, revision 1"

    def _terminate(self):
        self.fail("_terminate")

    def _initialize(self):
        self.fail("_initialize")

    def _open(self, options):
        self.fail("open")
        self.refuses(options)
        stream = FakeStream(self, options)
        self.streams.append(stream)
        return stream

    def RawInputStream(self, **options):  # noqa: N802
        return self._open(options)

    def RawOutputStream(self, **options):  # noqa: N802
        return self._open(options)
