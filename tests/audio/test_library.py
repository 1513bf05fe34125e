"""Whatever the sound library does, nothing but AudioError leaves `app.audio`, and one bad device costs only itself."""

from __future__ import annotations

import contextlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.devices import DeviceMicrophone, DeviceSpeaker
from app.audio.open import open_microphone, open_speaker
from app.audio.pcm import to_pcm16
from app.audio.playback import Began, PlaybackRing, PlayedOut
from app.audio.portaudio import Kind, find_device, list_devices, portaudio_version
from app.audio.ports import AudioError, DeviceBusyError, DeviceLostError, DevicesUnknownError
from tests.audio.sounddevice_fake import FakeLibrary, PortAudioError, facts

UNDECODABLE = UnicodeDecodeError("utf-8", b"Mikrofon f\xfcr alle", 10, 11, "invalid start byte")
FAILURES = [
    PortAudioError("Error querying device 0"),
    PortAudioError("Unanticipated host error", -9999, (0, -5, "Input/output\x1b[31m error")),
    PortAudioError(),
    PortAudioError("odd", "odd", "odd"),
    OSError(5, "Input/output error"),
    UNDECODABLE,
    ValueError("No input device matching 'x'"),
    ValueError(),
    AssertionError(),
    TypeError("unsupported"),
]
CALLS = [
    *("query_devices", "query_hostapis", "default", "get_portaudio_version", "_terminate", "_initialize"),
    *("open", "start", "abort", "close"),
]


def put_in_place(monkeypatch, library):
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return library


@pytest.fixture
def library(monkeypatch):
    return put_in_place(monkeypatch, FakeLibrary())


def everything():
    """Each use that the program makes of the library, with what it said."""
    said = []
    for use in (list_devices, portaudio_version):
        with contextlib.suppress(AudioError):
            use()
    for opening, means in ((open_microphone, ()), (open_speaker, (PlaybackRing().render,))):
        try:
            end = opening(None)
            end.start(*means, lambda: None)
        except AudioError as error:
            said.append(str(error))
        else:
            end.close()
            end.close()
    return said


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: f"{type(error).__name__}{len(error.args)}")
@pytest.mark.parametrize("call", CALLS)
def test_every_call_may_fail_in_every_way(library, call, failure):
    library.failing[call] = failure
    for sentence in everything():
        assert sentence.isprintable()
        assert sentence.endswith(".")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: f"{type(error).__name__}{len(error.args)}")
def test_the_library_may_fail_while_it_is_loaded(monkeypatch, tmp_path, failure):
    class Failing:
        """An importer whose module cannot be loaded."""

        def find_spec(self, name, *_):
            if name == "sounddevice":
                raise failure

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Failing(), *sys.meta_path])
    assert len(everything()) == 2


odd = st.one_of(
    st.none(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=5),
    st.sampled_from([10**400, -1, 0, "\x1b]0;x\x07", "", b"\xff"]),
)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(facts(), odd)), min_size=1, max_size=4), st.tuples(odd, odd))
def test_whatever_it_tells_the_list_holds_what_can_be_used(devices, default):
    with pytest.MonkeyPatch.context() as patch:
        put_in_place(patch, FakeLibrary(*devices, default=default))
        for device in list_devices():
            assert device.name
            assert device.name.isprintable()
            assert 4_000 <= device.rate_hz <= 768_000
            assert 0 <= device.inputs <= 1_024
        everything()


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        (facts(rate=0.0), "rate_hz", 48_000),
        (facts(rate=float("nan")), "rate_hz", 48_000),
        (facts(rate=float("inf")), "rate_hz", 48_000),
        (facts(rate=22_050.0), "rate_hz", 22_050),
        (facts(inputs=-1), "inputs", 0),
        (facts(inputs=10**9), "inputs", 1_024),
        (facts(name=""), "name", "device 0"),
        (facts(name="a\x1b[31m\nb"), "name", "a [31m b"),
        (facts(api=7), "host_api", ""),
        (facts(api=-1), "host_api", ""),
    ],
)
def test_odd_facts_become_usual_ones(monkeypatch, told, field, value):
    put_in_place(monkeypatch, FakeLibrary(told, default=(-1, -1)))
    (device,) = list_devices()
    assert getattr(device, field) == value
    assert find_device(Kind.SPEAKER if value == 0 else Kind.MICROPHONE, None, (device,)) if value else True


@pytest.mark.parametrize("failure", [PortAudioError("Error querying device 1"), ValueError("x"), OSError(5, "x")])
def test_a_device_that_tells_nothing_costs_only_itself(monkeypatch, failure):
    library = put_in_place(monkeypatch, FakeLibrary(facts("First"), facts("Second"), facts("Third"), default=(2, -1)))
    library.broken[1] = failure
    assert [(each.index, each.name, each.default_input) for each in list_devices()] == [
        (0, "First", False),
        (2, "Third", True),
    ]


def test_an_undecodable_name_is_listed_with_a_replacement_character(monkeypatch):
    library = put_in_place(monkeypatch, FakeLibrary(facts("First"), facts("?"), facts("Third"), default=(1, -1)))
    library.broken[1] = UNDECODABLE
    assert [each.name for each in list_devices()] == ["First", "Mikrofon f\N{REPLACEMENT CHARACTER}r alle", "Third"]
    assert find_device(Kind.MICROPHONE, "mikrofon").index == 1
    assert find_device(Kind.MICROPHONE, None).index == 1


def test_where_no_device_can_be_asked_for_that_is_a_sentence(library):
    library.failing["query_devices"] = FAILURES[1]
    with pytest.raises(DevicesUnknownError) as caught:
        list_devices()
    assert str(caught.value) == (
        "The system does not tell which sound devices there are: Input/output [31m error. "
        "Check that its sound works, then start the program again."
    )


def test_without_the_names_of_its_apis_the_devices_are_there(library):
    library.failing["query_hostapis"] = UNDECODABLE
    assert [each.name for each in list_devices()] == ["Microphone", "Speakers"]


def test_a_stream_that_cannot_be_started_is_closed(library):
    library.failing["start"] = PortAudioError("Error starting stream: Device unavailable", -9985)
    with pytest.raises(DeviceBusyError, match="cannot be opened: Device unavailable"):
        open_microphone(None).start(lambda: None)
    assert [stream.is_open for stream in library.streams] == [False]


# ---------------------------------------------------------------- two channels


def heard(stream, *blocks):
    for block in blocks:
        stream.say(block)


def voice(frames=480, level=0.5):
    return level * np.sin(np.arange(frames) / 7)


def test_a_voice_on_the_second_channel_is_heard_at_its_full_level(monkeypatch):
    library = put_in_place(monkeypatch, FakeLibrary(facts("Interface", inputs=2)))
    microphone = open_microphone(None)
    microphone.start(lambda: None)
    (stream,) = library.streams
    assert stream.options["channels"] == 2
    for _ in range(20):
        stream.say(np.stack([np.zeros(480), voice()], axis=1))
    samples = microphone.read()
    assert samples.size == 20 * 480
    assert samples[480:] == pytest.approx(np.tile(voice(), 19), abs=1e-6)


@pytest.mark.parametrize(
    ("inputs", "refused", "channels", "code"),
    [
        (1, (), 1, -9998),
        (2, (), 2, -9998),
        (18, (), 2, -9998),
        (2, (2,), 1, -9998),
        (2, (2,), 1, -9999),
        (18, (1, 2), 18, -9998),
    ],
)
def test_with_how_many_channels_a_microphone_is_opened(monkeypatch, inputs, refused, channels, code):
    library = put_in_place(monkeypatch, FakeLibrary(facts(inputs=inputs)))

    def refuses(options):
        if options["channels"] in refused:
            raise PortAudioError("Error opening InputStream", code)

    library.refuses = refuses
    microphone = DeviceMicrophone(find_device(Kind.MICROPHONE, None))
    microphone.start(lambda: None)
    assert library.streams[-1].options["channels"] == channels
    library.streams[-1].say(np.full((480, channels), 0.25))
    assert microphone.read() == pytest.approx(np.full(480, 0.25))


def test_what_the_ring_has_no_room_for_is_lost(monkeypatch):
    library = put_in_place(monkeypatch, FakeLibrary(facts(inputs=2)))
    microphone = DeviceMicrophone(find_device(Kind.MICROPHONE, None))
    microphone.start(lambda: None)
    for _ in range(210):  # 2.1 s into a ring of 2 s
        library.streams[0].say(np.zeros((480, 2)))
    assert microphone.read().size == 200 * 480


def test_a_speaker_stays_mono(library):
    speaker = DeviceSpeaker(find_device(Kind.SPEAKER, None))
    speaker.start(PlaybackRing().render, lambda: None)
    assert library.streams[0].options["channels"] == 1


# ---------------------------------------------------------------- who wakes whom


def test_a_microphone_wakes_only_when_as_much_is_there_as_is_wanted(library):
    microphone, woken = DeviceMicrophone(find_device(Kind.MICROPHONE, None)), []
    microphone.start(lambda: woken.append(len(woken)))
    microphone.wake_at(960)
    (stream,) = library.streams
    counts = []
    for _ in range(4):
        stream.say(np.zeros((480, 1)))
        counts.append(len(woken))
        if counts[-1] == 1 and microphone.read().size:
            microphone.wake_at(480)
    assert counts == [0, 1, 2, 3]  # what is not fetched is told again


class Sleeper:
    """A speaker on the fake library, tended after each of its calls as the worker does."""

    def __init__(self, library):
        self.ring = PlaybackRing(48_000)
        self.speaker = DeviceSpeaker(find_device(Kind.SPEAKER, None))
        self.speaker.start(self.render, self.speaker.tend)
        (self.stream,) = library.streams

    def render(self, out):
        self.ring.render(out)
        return self.ring.is_sounding

    def play(self, pcm):
        self.ring.play("a", pcm)
        self.ring.finish("a")
        self.speaker.expect()

    def silence(self, seconds):
        for _ in range(round(seconds * 100)):
            if not self.stream.is_running:
                return
            self.stream.ask()


@pytest.fixture
def sleeper(library):
    return Sleeper(library)


def test_a_speaker_rests_after_ten_seconds_of_silence_and_that_is_no_loss(sleeper):
    sleeper.speaker.expect()
    sleeper.silence(9.9)
    assert sleeper.stream.is_running
    sleeper.silence(0.2)
    assert not sleeper.stream.is_running
    assert sleeper.speaker.failure is None


def test_a_speaker_that_nobody_has_used_yet_rests_after_a_second(sleeper):
    sleeper.silence(0.9)
    assert sleeper.stream.is_running
    sleeper.silence(0.2)
    assert not sleeper.stream.is_running
    sleeper.speaker.expect()
    assert sleeper.stream.is_running


def test_a_speaker_that_rests_runs_again_when_sound_is_expected(sleeper):
    sleeper.silence(11)
    sleeper.play(to_pcm16(np.full(2400, 0.5)))
    assert sleeper.stream.is_running
    heard = np.concatenate([sleeper.stream.ask() for _ in range(11)])
    assert np.count_nonzero(np.abs(heard) > 0.4) == pytest.approx(4800, abs=20)
    assert sleeper.ring.news() == [Began("a"), PlayedOut("a", 100)]
    sleeper.silence(11)
    assert not sleeper.stream.is_running


def test_a_speaker_runs_on_while_something_sounds_or_is_expected_again(sleeper):
    sleeper.play(bytes(48_000 * 30))
    sleeper.silence(29)
    assert sleeper.stream.is_running
    sleeper.silence(8)
    sleeper.speaker.expect()
    sleeper.silence(8)
    assert sleeper.stream.is_running


def test_sound_that_is_expected_while_the_speaker_is_being_stopped_is_heard(sleeper):
    stream, abort = sleeper.stream, sleeper.stream.abort

    def meanwhile():
        abort()
        stream.abort = abort
        sleeper.speaker._wake = lambda: None  # the worker is not told a second time
        sleeper.speaker.expect()

    stream.abort = meanwhile
    sleeper.silence(11)
    assert stream.is_running


def test_what_is_handed_to_the_device_is_the_far_end_of_an_echo(sleeper):
    sleeper.play(to_pcm16(np.full(2400, 0.5)))
    heard = np.concatenate([sleeper.stream.ask() for _ in range(11)]).ravel()
    assert np.array_equal(sleeper.speaker.far.read(), heard[::2])


def test_a_speaker_that_comes_back_at_another_rate_goes_on_at_that(sleeper, library):
    sleeper.speaker.pause()

    def refuses(options):
        if options["samplerate"] == 48_000:
            raise PortAudioError("Invalid sample rate", -9997)

    library.refuses = refuses
    sleeper.speaker.resume()
    assert sleeper.speaker.rate_hz == 44_100
    assert sleeper.speaker.far.rate_hz == 44_100
    assert sleeper.speaker.failure is None


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_speaker_that_does_not_start_again_is_lost(library, sleeper, failure):
    sleeper.silence(11)
    library.failing["start"] = failure
    sleeper.speaker.expect()
    assert isinstance(sleeper.speaker.failure, DeviceLostError)
    sleeper.speaker.tend()
    sleeper.speaker.close()


def test_a_speaker_that_went_away_while_it_ran_is_lost(sleeper):
    sleeper.stream.is_running = False
    sleeper.stream.options["finished_callback"]()
    assert isinstance(sleeper.speaker.failure, DeviceLostError)


def test_all_channels_of_a_speaker_that_takes_no_fewer_play_the_same(monkeypatch):
    library = put_in_place(monkeypatch, FakeLibrary(facts("7.1", inputs=0, outputs=8)))

    def refuses(options):
        if options["channels"] < 8:
            raise PortAudioError("Error opening OutputStream", -9998)

    library.refuses = refuses
    speaker, ring = open_speaker(None), PlaybackRing(48_000)
    speaker.start(ring.render, lambda: None)
    ring.play("a", to_pcm16(np.full(24_000, 0.5)))
    ring.finish("a")
    block = library.streams[-1].ask()
    assert block.shape == (480, 8)
    assert block[-1].tolist() == pytest.approx([0.5] * 8, abs=1e-3)
