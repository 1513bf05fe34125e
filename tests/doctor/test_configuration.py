"""Wrong settings are all named at once, and the rest is used; the choice of the service is explained."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from app.doctor.configuration import Sources, chosen, places, read
from app.doctor.finding import Finding, Level
from app.settings import Folders, Loaded


def sources(tmp_path: Path, **what: Any) -> Sources:
    """`file` and `dotenv` are texts to be written there."""
    for name in ("file", "dotenv"):
        if name in what:
            (tmp_path / name).write_text(what[name], "utf-8")
    return Sources(what.get("given", {}), what.get("environ", {}), tmp_path / "dotenv", tmp_path / "file")


def found(tmp_path: Path, **what: Any) -> tuple[Loaded, list[Finding]]:
    loaded, findings = read(sources(tmp_path, **what))
    assert all(finding.check == "settings" for finding in findings)
    return loaded, findings


def test_without_any_setting_all_are_defaults(tmp_path: Path):
    _, (finding,) = found(tmp_path, environ={"PATH": "/bin"})
    assert finding.level is Level.OK
    assert finding.text == f"All are the defaults. The settings file is {tmp_path / 'file'}, which is not there yet."


def test_says_where_each_setting_comes_from_and_no_value(tmp_path: Path):
    _, (finding,) = found(
        tmp_path,
        file="silence_ms = 600\nvoice = 'cedar'\n",
        dotenv="OPENAI_API_KEY=sk-secret\n",
        environ={"REALTIME_MODE": "push-to-talk"},
        given={"mic": "none", "voice": None},
    )
    assert finding.text == (
        "command line: mic; environment: mode; .env: openai_api_key; settings file: silence_ms, voice. "
        f"The settings file is {tmp_path / 'file'}."
    )


def test_every_wrong_value_is_named_and_the_others_count(tmp_path: Path):
    loaded, findings = found(
        tmp_path,
        file="silence_ms = 3\n",
        dotenv="REALTIME_SPEED=fast\n",
        environ={"REALTIME_MODE": "x", "REALTIME_VAD_THRESHOLD": "7", "REALTIME_VOICE": "cedar"},
        given={"language": "xxxx", "mic": "none"},
    )
    problems = [finding for finding in findings if finding.level is Level.PROBLEM]
    expected = ["`silence_ms` in ", "REALTIME_SPEED in ", "REALTIME_MODE is ", "REALTIME_VAD_THRESHOLD is ", "--lang"]
    assert len(problems) == len(expected)
    assert all(finding.text.startswith(start) for finding, start in zip(problems, expected, strict=True))
    assert all(finding.remedy for finding in problems)
    assert (loaded.settings.voice, loaded.settings.mic, loaded.settings.silence_ms) == ("cedar", "none", 500)


def test_a_file_that_is_no_toml_is_a_problem(tmp_path: Path):
    _, findings = found(tmp_path, file="= 1")
    assert [finding.level for finding in findings] == [Level.PROBLEM, Level.OK]
    assert "cannot be read" in findings[0].text


def test_what_is_odd_is_noted(tmp_path: Path):
    _, findings = found(
        tmp_path,
        file="colour = 'red'\nopenai_api_key = 'sk-secret'\n",
        environ={"REALTIME_SILENCE": "5", "REALTIME_HOME": "/x", "REALTIME_QQQQQQ\x1b": "1"},
    )
    notes = [(finding.text, finding.remedy) for finding in findings if finding.level is Level.NOTE]
    assert len(notes) == 4
    assert "`colour`, which is no setting" in notes[0][0]
    assert "`openai_api_key` in" in notes[1][0]
    assert notes[2] == (
        "REALTIME_QQQQQQ is set, but no setting has this name.",
        "Unset it, or see .env.example for the names.",
    )
    assert notes[3][1] == "Is REALTIME_SILENCE_MS meant?"
    assert not any("sk-secret" in text for text, _ in notes)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ({}, "auto: the embedded service, because neither AZURE_OPENAI_* nor OPENAI_API_KEY is set."),
        (
            {"environ": {"OPENAI_API_KEY": "sk-x"}},
            "auto: OpenAI, because OPENAI_API_KEY is set (environment).",
        ),
        (
            {"dotenv": "AZURE_OPENAI_ENDPOINT=https://x\nAZURE_OPENAI_API_KEY=k\nAZURE_OPENAI_DEPLOYMENT=d\n"},
            "auto: Azure OpenAI, because AZURE_OPENAI_ENDPOINT is set (.env).",
        ),
        (
            {"environ": {"AZURE_OPENAI_API_KEY": "k", "OPENAI_API_KEY": "sk-x"}},
            "auto: Azure OpenAI, because AZURE_OPENAI_API_KEY is set (environment), but not all it needs.",
        ),
        ({"file": "service = 'local'"}, "the embedded service, as said by the settings file."),
        ({"given": {"service": "ws://h/v1"}}, "a compatible server, as said by the command line."),
    ],
)
def test_the_choice_of_the_service_is_explained(tmp_path: Path, what: dict[str, Any], text: str):
    loaded, _ = read(sources(tmp_path, **what))
    finding = chosen(loaded)
    assert (finding.level, finding.text) == (Level.OK, text)


def in_one(root: Path) -> Folders:
    return Folders(root / "settings.toml", root / "logs", root / "conversations")


def test_folders_are_tried_and_none_is_left_behind(tmp_path: Path):
    findings = places(in_one(tmp_path / "new" / "home"))
    assert [finding.level for finding in findings] == [Level.OK] * 3
    assert all("which is made when it is needed" in finding.text for finding in findings)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_a_problem(tmp_path: Path):
    (tmp_path / "logs").write_text("")
    levels = {finding.text.split()[0]: finding.level for finding in places(in_one(tmp_path))}
    assert levels == {"settings:": Level.OK, "conversations:": Level.OK, "The": Level.PROBLEM}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path):
    tmp_path.chmod(0o500)
    try:
        findings = places(in_one(tmp_path))
    finally:
        tmp_path.chmod(0o700)
    assert [finding.level for finding in findings] == [Level.PROBLEM] * 3
    assert all("REALTIME_HOME" in finding.remedy for finding in findings)
