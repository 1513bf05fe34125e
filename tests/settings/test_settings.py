"""Five sources, one order; a wrong value is one sentence; saving costs nothing that was there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.session import SessionSettings
from app.settings import SETTINGS, SettingError, Settings, Source, checked, folders, load, save


def loaded(tmp_path: Path, *, given: dict | None = None, environ: dict | None = None, dotenv: str = "", file: str = ""):
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "settings.toml").write_text(file)
    return load(given=given or {}, environ=environ or {}, dotenv=tmp_path / ".env", file=tmp_path / "settings.toml")


def test_defaults_without_any_source(tmp_path: Path):
    nothing = load(given={}, environ={}, dotenv=None, file=tmp_path / "missing.toml")
    assert nothing.settings == Settings()
    assert nothing.source("threshold") is Source.DEFAULT


def test_the_order_of_the_sources(tmp_path: Path):
    layers = {
        "file": "threshold = 0.1",
        "dotenv": "REALTIME_VAD_THRESHOLD=0.2\n",
        "environ": {"REALTIME_VAD_THRESHOLD": "0.3"},
        "given": {"threshold": "0.4"},
    }
    expected = [
        ("given", 0.4, Source.COMMAND_LINE),
        ("environ", 0.3, Source.ENVIRONMENT),
        ("dotenv", 0.2, Source.DOTENV),
        ("file", 0.1, Source.FILE),
    ]
    for layer, value, source in expected:
        result = loaded(tmp_path, **layers)
        assert (result.settings.threshold, result.source("threshold")) == (value, source)
        del layers[layer]
    assert loaded(tmp_path).settings.threshold == 0.5


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("threshold", "2", "X is '2', but it must be a number from 0 to 1."),
        ("threshold", "nan", "X is 'nan', but it must be a number from 0 to 1."),
        ("silence_ms", "soon", "X is 'soon', but it must be a whole number from 100 to 10000 ms."),
        ("mode", "loud", "X is 'loud', but it must be one of hands-free, push-to-talk."),
        ("greeting", "maybe", "X is 'maybe', but it must be yes or no."),
        ("idle_timeout_ms", "1", "X is '1', but it must be a whole number from 5000 to 30000 ms, or empty."),
        ("max_output_tokens", "5000", "X is '5000', but it must be a whole number from 1 to 4096 tokens, or empty."),
        ("language", "en; de", "X is 'en; de', but it must be two letters such as en, several with commas between, "
         "or empty."),
        ("reasoning_effort", "a lot", "X is 'a lot', but it must be one of auto, minimal, low, medium, high, xhigh."),
        ("prompt_variables", "[1]", 'X must be a JSON object such as {"name": "value"}, or empty.'),
        ("prompt_variables", '{"x": NaN}', 'X must be a JSON object such as {"name": "value"}, or empty.'),
        ("service", "ftp://x", "X is 'ftp://x', but it must be auto, azure, openai, local, xai, litellm, localai, "
         "speaches, speech-to-speech, or the address of a server such as ws://localhost:8080."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_sentence(name: str, value: str, sentence: str):
    with pytest.raises(SettingError) as error:
        checked(name, value, "X")
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_output_tokens", "inf", None),
        ("max_output_tokens", "800", 800),
        ("language", "en, de", "en, de"),
        ("prompt_variables", '{"city": "Bern"}', '{"city": "Bern"}'),
        ("prompt_variables", " ", ""),
        ("tracing", "support line", "support line"),
    ],
)
def test_what_a_session_can_be_told(name: str, text: str, value: object):
    assert checked(name, text, "X") == value


def test_a_wrong_secret_is_not_shown():
    with pytest.raises(SettingError) as error:
        checked("openai_api_key", 12345, "OPENAI_API_KEY")
    assert "12345" not in str(error.value)


def test_the_error_names_the_variable(tmp_path: Path):
    with pytest.raises(SettingError, match=r"^REALTIME_SILENCE_MS is 'x'"):
        loaded(tmp_path, environ={"REALTIME_SILENCE_MS": "x"})
    with pytest.raises(SettingError, match=r"^REALTIME_SILENCE_MS in .*\.env is 'x'"):
        loaded(tmp_path, dotenv="REALTIME_SILENCE_MS=x")
    with pytest.raises(SettingError, match=r"`silence_ms` in .*settings\.toml"):
        loaded(tmp_path, file="silence_ms = 'x'")
    with pytest.raises(SettingError, match=r"^--vad-threshold"):
        loaded(tmp_path, given={"threshold": "x"})
    with pytest.raises(SettingError, match="cannot be read"):
        loaded(tmp_path, file="not toml at all [")


def test_words_for_yes_and_no_and_for_nothing(tmp_path: Path):
    result = loaded(tmp_path, environ={"REALTIME_GREETING": "off", "REALTIME_IDLE_TIMEOUT_MS": "none"})
    assert result.settings.greeting is False
    assert result.settings.idle_timeout_ms is None
    assert loaded(tmp_path, environ={"REALTIME_VOICE": "  "}).settings.voice == "marin"


def test_the_names_of_azure_samples_are_understood(tmp_path: Path):
    assert loaded(tmp_path, environ={"AZURE_OPENAI_DEPLOYMENT_NAME": "rt"}).settings.azure_deployment == "rt"


def test_secrets_in_the_file_are_refused_and_unknown_keys_are_told(tmp_path: Path):
    result = loaded(tmp_path, file="openai_api_key = 'sk-x'\nthreshhold = 1\n[keys]\ntalk = 'ctrl+t'\n")
    assert result.settings.openai_api_key == ""
    assert len(result.hints) == 2
    assert result.keys == {"talk": "ctrl+t"}


def test_saving_keeps_comments_other_keys_and_no_secret(tmp_path: Path):
    file = tmp_path / "deep" / "settings.toml"
    file.parent.mkdir()
    file.write_text("# mine\nthreshold = 0.3  # loud room\nvoice = 'cedar'\n\n[keys]\ntalk = 'f8'\n")
    save(file, {"threshold": 0.6, "voice": "marin", "openai_api_key": "sk-x", "speed": 1.2})
    text = file.read_text()
    assert "# mine" in text
    assert "# loud room" in text
    assert "sk-x" not in text
    assert "voice" not in text  # back at its default
    again = load(given={}, environ={}, dotenv=None, file=file)
    assert (again.settings.threshold, again.settings.speed, again.keys) == (0.6, 1.2, {"talk": "f8"})
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_saved_stays_as_it_was(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text("broken [")
    with pytest.raises(SettingError, match="not saved"):
        save(file, {"threshold": 0.6})
    assert file.read_text() == "broken ["
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_every_setting_is_explained_and_its_default_is_valid():
    for setting in SETTINGS.values():
        assert setting.about.help or setting.about.is_secret
        assert setting.about.title
        assert checked(setting.name, setting.default, "X") == setting.default
        if setting.kind in (int, float):
            assert setting.low is not None
            assert setting.about.step > 0


def test_session_settings_have_the_same_names():
    shared = set(SETTINGS) & set(SessionSettings.__struct_fields__)
    assert set(SessionSettings.__struct_fields__) == shared


@given(st.sampled_from(sorted(SETTINGS)), st.text(max_size=30))
def test_no_text_raises_anything_else(name: str, text: str):
    try:
        value = checked(name, text, "X")
    except SettingError:
        return
    assert getattr(msgspec.convert({name: value}, Settings), name) == value


def test_one_folder_for_everything(tmp_path: Path):
    places = folders({"REALTIME_HOME": str(tmp_path)})
    assert places.settings_file == tmp_path / "settings.toml"
    assert places.conversations == tmp_path / "conversations"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value", "steps", "then"),
    [("volume", 100, -1, 95), ("volume", 3, -1, 0), ("volume", 98, 1, 100), ("speed", 1.0, 1, 1.05),
     ("speed", 1.5, 2, 1.5), ("threshold", 0.5, -3, 0.35)],
)  # fmt: skip
def test_a_number_goes_by_its_steps_within_its_limits(name, value, steps, then):
    stepped = SETTINGS[name].stepped(value, steps)
    assert (stepped, type(stepped)) == (then, SETTINGS[name].kind)
