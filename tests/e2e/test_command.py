"""Typed turns, and what bad input gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.program import needs_local, realtime, turns

pytestmark = pytest.mark.timeout(120)


def test_a_piped_question_is_answered_in_writing(tmp_path: Path):
    result = realtime("--plain", "--text-only", folder=tmp_path, typed="What is 17 times 23?\n")
    assert (result.status, result.lines) == (0, ["you: What is 17 times 23?", "assistant: 17 times 23 is 391."])


def test_each_line_waits_for_the_answer_before_it(tmp_path: Path):
    typed = "My name is Ada.\n\nWhat is 2 plus 2?\nWhat is my name?\n"
    result = realtime("--plain", "--text-only", "--export", "talk.json", folder=tmp_path, typed=typed)
    assert result.status == 0, result.err
    assert [line.split(":")[0] for line in result.lines] == ["you", "assistant"] * 3
    assert "Ada" in result.lines[-1]
    times = [turn["started_ms"] for turn in turns(tmp_path / "talk.json")]
    assert times == sorted(times)


@needs_local
def test_a_typed_question_is_answered_in_speech_by_default(tmp_path: Path):
    result = realtime("--mic", "none", "--speaker", "answer.wav", folder=tmp_path, typed="What is 2 plus 2?\n")
    assert result.status == 0, result.err
    assert result.lines[-1] == "assistant: 2 plus 2 is 4."
    assert (tmp_path / "answer.wav").stat().st_size > 24_000


@pytest.mark.parametrize(
    ("arguments", "env", "status", "sentence"),
    [
        (["--vad-threshold", "3"], {}, 2, "--vad-threshold is '3', but it must be a number from 0 to 1."),
        ([], {"REALTIME_SILENCE_MS": "soon"}, 2, "REALTIME_SILENCE_MS is 'soon'"),
        (["--nonsense"], {}, 2, "No such option '--nonsense'."),
        (["--export", "talk.pdf"], {}, 2, "'talk.pdf'"),
        (["--mic", "missing.wav"], {}, 2, "missing.wav"),
        (["--mic", "words.wav"], {}, 2, "words.wav"),
        (["--mic", "No such device"], {}, 4, ""),
        ([], {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"}, 2, "AZURE_OPENAI_API_KEY is not set"),
        (
            [],
            {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com", "AZURE_OPENAI_API_KEY": "k" * 32},
            2,
            "AZURE_OPENAI_DEPLOYMENT is not set",
        ),
        ([], {"AZURE_OPENAI_API_KEY": "k"}, 2, "AZURE_OPENAI_ENDPOINT"),
        (["--service", "openai"], {}, 2, "OPENAI_API_KEY"),
        (["--service", "openai", "--model", "gpt-live-1"], {"OPENAI_API_KEY": "sk-x"}, 2, "gpt-live-1"),
        (["--service", "ws://127.0.0.1:9/v1/realtime"], {}, 5, "127.0.0.1:9"),
        (["--events", "no/such/folder/log"], {}, 2, "no/such/folder/log"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_a_status(
    tmp_path: Path, arguments: list[str], env: dict[str, str], status: int, sentence: str
):
    (tmp_path / "words.wav").write_text("this is no sound")
    result = realtime("--plain", *arguments, folder=tmp_path, env=env)
    assert result.status == status, result.err
    assert sentence in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert (tmp_path / "words.wav").read_text() == "this is no sound"


def test_without_the_extra_it_says_what_to_install(tmp_path: Path):
    """Its packages are hidden from the program by a module that Python imports at its start."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "gone = ('hibari', 'onnxruntime')\n"
        "importlib.util.find_spec = lambda name, package=None: None if name in gone else find(name, package)\n"
    )
    result = realtime("--plain", folder=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert result.status == 2
    assert "AZURE_OPENAI_ENDPOINT" in result.err
    assert "[local]" in result.err
