"""What `pactl` tells, in whatever shape and with whatever names."""

from __future__ import annotations

import json

import pytest

from app.audio.portaudio import Kind, find_device
from app.audio.pulse_server import devices_told, environment

INFO = "Server Name: PulseAudio (on PipeWire 1.0.5)\nDefault Sink: out\nDefault Source: usb\n"


def source(index: int, name: str, description: str, specification: str = "s16le 2ch 44100Hz", monitored: str = "n/a"):
    return {
        "index": index,
        "name": name,
        "description": description,
        "sample_specification": specification,
        "monitor_source": monitored,
    }


def in_text(*sources: dict) -> str:
    """As pactl lists them for people."""
    return "\n\n".join(
        f"Source #{each['index']}\n\tState: IDLE\n\tName: {each['name']}\n\tDescription: {each['description']}\n"
        f"\tSample Specification: {each['sample_specification']}\n\tMonitor of Sink: {each['monitor_source']}\n"
        '\tProperties:\n\t\tdevice.description = "else"\n\t\tName: not this one'
        for each in sources
    )


def server(json_text: str | None, text: str | None = None, info: str | None = INFO):
    """A stand-in for pactl."""

    def ask(*words: str) -> str | None:
        match words:
            case ("info",):
                return info
            case ("-f", "json", "list", _):
                return json_text
            case _:
                return text

    return ask


def told(ask, kind: Kind = Kind.MICROPHONE):
    return [(each.index, each.name, each.server_name, each.inputs, each.rate_hz) for each in devices_told(ask, (kind,))]


USB = source(7, "usb", "Headset", "float32le 1ch 16000Hz")
MONITOR = source(8, "out.monitor", "Monitor of Speakers", monitored="out")


@pytest.mark.parametrize(
    "ask",
    [
        server(json.dumps([USB, MONITOR])),
        server(None, in_text(USB, MONITOR)),  # an older pactl
        server("[{", in_text(USB, MONITOR)),
        server("null", in_text(USB, MONITOR)),
    ],
)
def test_sources_are_listed_and_what_hears_a_speaker_is_no_microphone(ask):
    assert told(ask) == [(7, "Headset", "usb", 1, 16_000)]
    (device,) = devices_told(ask, (Kind.MICROPHONE,))
    assert device.default_input
    assert (device.host_api, device.outputs) == ("PipeWire", 0)


def test_a_monitor_that_is_not_called_one_is_known_by_its_name():
    assert told(server(json.dumps([source(1, "x.monitor", "Stereo Mix", monitored="")]))) == []


def test_a_name_that_json_cannot_spell_is_taken_from_the_text():
    umlaut = {**USB, "description": "(null)"}
    assert told(server(json.dumps([umlaut]), in_text({**USB, "description": "Größe 漢字"})))[0][1] == "Größe 漢字"
    assert told(server(json.dumps([umlaut])))[0][1] == "usb"


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        ("esc\x1b[31mred", "esc [31mred"),
        ("bad\udcff", "bad\N{REPLACEMENT CHARACTER}"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}drawkcab", "drawkcab"),
        ("\x00\x07", "a device without a name"),
        ("", "usb"),
    ],
)
def test_names_of_any_bytes_are_harmless(description: str, shown: str):
    for ask in (server(json.dumps([{**USB, "description": description}])),):
        assert told(ask)[0][1] == shown


def test_a_server_name_of_any_bytes_can_be_given_back():
    (device,) = devices_told(server(None, in_text({**USB, "name": "m\udcfc"})), (Kind.MICROPHONE,))
    assert device.server_name.encode("utf-8", "surrogateescape") == b"m\xfc"
    (device,) = devices_told(server(json.dumps([{**USB, "name": "m\ud800"}])), (Kind.MICROPHONE,))
    assert device.server_name == "m?"


@pytest.mark.parametrize("specification", ["", "s16le", "s16le 0ch 0Hz", "s16le 9999ch 999999999Hz"])
def test_a_specification_that_is_none_costs_no_device(specification: str):
    (device,) = devices_told(server(json.dumps([{**USB, "sample_specification": specification}])), (Kind.MICROPHONE,))
    assert device.rate_hz == 48_000
    assert 1 <= device.inputs <= 32


@pytest.mark.parametrize("text", ["", "{}", '"x"', "[1, null, {}]", '[{"name": 5}]', "[" * 100_000])
def test_what_is_no_listing_lists_nothing(text: str):
    assert told(server(text, text)) == []


def test_no_server_no_devices():
    assert told(server(json.dumps([USB]), info=None)) == []


def test_sinks_are_speakers_and_are_found_by_either_name():
    sinks = [source(0, "out", "Speakers", monitored="out.monitor"), source(1, "hdmi", "Screen", monitored="x")]
    found = devices_told(server(json.dumps(sinks)), (Kind.SPEAKER,))
    assert [(each.name, each.outputs, each.default_output) for each in found] == [
        ("Speakers", 2, True),
        ("Screen", 2, False),
    ]
    assert find_device(Kind.SPEAKER, "HDMI", found).index == 1
    assert find_device(Kind.SPEAKER, "screen", found).index == 1
    assert find_device(Kind.SPEAKER, None, found).index == 0


def test_the_programs_get_no_keys():
    ours = {"OPENAI_API_KEY": "k", "REALTIME_API_KEY": "k", "HTTPS_PROXY": "http://u:p@h", "LANG": "de_DE.UTF-8"}
    theirs = {"PATH": "/bin", "PULSE_SERVER": "tcp:h:1", "XDG_RUNTIME_DIR": "/run/user/1", "PIPEWIRE_REMOTE": "r"}
    assert environment({**ours, **theirs}) == {**theirs, "LC_ALL": "C"}
