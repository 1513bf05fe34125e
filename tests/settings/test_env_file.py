"""`.env`: assignments are read, every other line is a sentence with its number, and nothing is filled in."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import SETTINGS, Loaded, SettingError, Source, load


def loaded(path: Path, content: str | bytes, environ: dict[str, str] | None = None) -> Loaded:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load(given={}, environ=environ or {}, dotenv=path, file=None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=sk-x",
        "OPENAI_API_KEY = sk-x",
        "export OPENAI_API_KEY=sk-x",
        "OPENAI_API_KEY='sk-x'",
        'OPENAI_API_KEY="sk-x"  # mine',
        "OPENAI_API_KEY=sk-x # mine",
        "\ufeffOPENAI_API_KEY=sk-x",
        "# a comment\n\n   \nOPENAI_API_KEY=sk-x\n\n",
        "OPENAI_API_KEY=sk-old\nOPENAI_API_KEY=sk-x",
        "OTHER='several\nlines'\r\nOPENAI_API_KEY=sk-x\r\n",
        "my-other.name=1\nOPENAI_API_KEY=sk-x\rEMPTY=\r",
        b"\xff\xfe" + "OPENAI_API_KEY=sk-x\r\n".encode("utf-16-le"),
        b"\xfe\xff" + "OPENAI_API_KEY=sk-x\r\n".encode("utf-16-be"),
    ],
)
def test_assignments_are_read_however_they_are_written(path: Path, text: str | bytes):
    result = loaded(path, text)
    assert (result.settings.openai_api_key, result.source("openai_api_key")) == ("sk-x", Source.DOTENV)
    assert result.hints == ()


@pytest.mark.parametrize(
    "line",
    [
        "set OPENAI_API_KEY=sk-secret",
        "SET OPENAI_API_KEY=sk-secret",
        'set "OPENAI_API_KEY=sk-secret"',
        "setx OPENAI_API_KEY sk-secret",
        "setenv OPENAI_API_KEY sk-secret",
        '$env:OPENAI_API_KEY = "sk-secret"',
        '$env:OPENAI_API_KEY="sk-secret"',
        "$OPENAI_API_KEY=sk-secret",
        "OPENAI_API_KEY: sk-secret",
        "OPENAI_API_KEY:sk-secret",
        'OPENAI_API_KEY: "sk-secret"',
        "OPENAI_API_KEY := sk-secret",
        "OPENAI_API_KEY:=sk-secret",
        "OPENAI_API_KEY sk-secret",
        "OPENAI_API_KEY",
        "OPENAI_API_KEY:",
        "export OPENAI_API_KEY",
        "declare -x OPENAI_API_KEY=sk-secret",
        "- OPENAI_API_KEY=sk-secret",
        '"OPENAI_API_KEY"="sk-secret"',
        '{"OPENAI_API_KEY": "sk-secret"}',
        "%OPENAI_API_KEY%=sk-secret",
        "OPENAI_API_KEY+=sk-secret",
        "OPENAI_API_KEY?=sk-secret",
        "=OPENAI_API_KEY sk-secret",
    ],
)
@pytest.mark.parametrize("before", ["", "# mine\n\n\n", "OTHER='two\nlines'\n"])
def test_a_line_that_is_no_assignment_is_told_with_its_number(path: Path, line: str, before: str, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(SettingError) as caught:
        loaded(path, f"{before}{line}\nREALTIME_VOICE=cedar\n")
    number = before.count("\n") + 1
    assert str(caught.value).startswith(f"{path}, line {number}, is no assignment. Write OPENAI_API_KEY=value")
    assert "sk-secret" not in str(caught.value)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sk-secret", "line 1, is no assignment. Write NAME=value"),
        ("A=1\n\nsome words of mine", "line 3, is no assignment"),
        ("; a comment of another kind", "line 1, is no assignment"),
        ("[section]", "line 1, is no assignment"),
        ("A=1\nOPENAI_API_KEY='sk-secret", "line 2, has a quote that does not end"),
        ('OPENAI_API_KEY="sk-secret\nREALTIME_VOICE="cedar"\n', "line 1, has a quote that does not end"),
        ('OPENAI_API_KEY="sk-secret" and more', "line 1, has a quote that does not end"),
        ('OPENAI_API_KEY="sk-secret\nREALTIME_VOICE="', "line 1: OPENAI_API_KEY goes on in the next line"),
        ("REALTIME_SERVICE=ws://h/?x=${MY_SECRET}", "line 1: REALTIME_SERVICE holds ${MY_SECRET}, and nothing is"),
        ("OPENAI_API_KEY=${MY_KEY:-none}", "line 1: OPENAI_API_KEY holds ${MY_KEY:-none}, and nothing"),
        (b"A=1\nB=\xfc\n", "line 2, is no text in UTF-8"),
        (b"A\0=\0" + b"1\0", "is no text in UTF-8"),
        (b"\xff\xfeA", "is no text in UTF-8"),
        (b"A=1\n" * 300_000, "larger than any file of settings"),
    ],
)
def test_what_else_cannot_be_read_is_told(path: Path, text: str | bytes, says: str):
    with pytest.raises(SettingError) as caught:
        loaded(path, text)
    assert says in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_nothing_is_filled_in_from_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_SECRET", "hunter2")
    text = "OTHER=${MY_SECRET}\nREALTIME_INSTRUCTIONS='Say ${MY_SECRET} and\n$MY_SECRET.'\nREALTIME_VOICE=$MY_SECRET\n"
    settings = loaded(path, text).settings
    assert settings.instructions == "Say ${MY_SECRET} and\n$MY_SECRET."
    assert settings.voice == "$MY_SECRET"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("OPENAI_APIKEY=x", "Is OPENAI_API_KEY meant?"),
        ("OPENAI_KEY=x", "Is OPENAI_API_KEY meant?"),
        ("openai_api_key=x", "Is OPENAI_API_KEY meant?"),
        ("AZURE_OPENAI_KEY=x", "Is AZURE_OPENAI_API_KEY meant?"),
        ("REALTIME_SILENCE=x", "Is REALTIME_SILENCE_MS meant?"),
        ("REALTIME_ZZZZZZ=x", "it is left alone"),
        ("REALTIME_HOME=/x", "set it in the environment"),
        ("REALTIME_SERVE_TOKEN=x", "set it in the environment"),
        ("OPENAI_ORG_ID=x", None),
        ("OPENAI_API_KEY=x\nOPENAI_APIKEY=y", None),
        ("AZURE_OPENAI_API_KEY=x\nAZURE_OPENAI_API_TYPE=azure", None),
        ("DATABASE_URL=x\nKEY=y", None),
    ],
)
def test_a_name_that_is_nearly_one_of_ours_is_told(path: Path, text: str, hint: str | None):
    hints = loaded(path, text).hints
    assert len(hints) == (hint is not None)
    assert hint is None or hint in hints[0]


def test_a_folder_of_that_name_is_none_of_ours(path: Path):
    path.mkdir()
    assert load(given={}, environ={}, dotenv=path, file=None).sources == {}


@given(st.binary(max_size=60) | st.text(max_size=60) | st.text("AB=\n\r\"' #:$\\{}", max_size=60))
def test_any_file_is_read_or_told_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: str | bytes):
    path = tmp_path_factory.getbasetemp() / "any.env"
    told = f"{path}: nothing to tell."
    try:
        loaded(path, content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    except SettingError as error:
        told = str(error)
    assert told.startswith(f"{path}")
    assert told.isprintable()


@given(st.sampled_from(sorted(setting.env for setting in SETTINGS.values())), st.text("ab1-./:", min_size=1))
def test_what_is_written_plainly_is_read_back(tmp_path_factory: pytest.TempPathFactory, name: str, value: str):
    from app.settings.env_file import read_env_file

    path = tmp_path_factory.getbasetemp() / "plain.env"
    path.write_text(f"# {value}\n{name}={value}\n")
    assert read_env_file(path, {name: False}) == {name: value}
