"""From settings to a conversation: what the parts are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.launch.compose import answer_timeout_ms, chosen_settings, make_live, open_sound, session_settings
from app.live.dialling import EmbeddedDialler
from app.settings import Loaded, Settings, Source

CHAT = "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("fields", "timeout_ms"),
    [
        ({"service": "local"}, 20_000),
        ({"service": "local", "responder": CHAT}, 130_000),  # it may be loading its model
        ({"service": "local", "responder": CHAT, "answer_timeout_s": 5}, 5_000),
        ({"service": "ws://127.0.0.1:1/v1/realtime", "responder": CHAT}, 20_000),
    ],
)
def test_how_long_an_answer_is_waited_for(fields: dict[str, Any], timeout_ms: int):
    assert answer_timeout_ms(Settings(**fields)) == timeout_ms


def test_the_budget_is_known_also_where_the_first_service_costs_nothing(tmp_path: Path):
    settings = Settings(service="local", mic="none", speaker="none", budget=1.0, budget_stops=True)
    sound = open_sound(settings, needs_microphone=False, given={})
    dialler = EmbeddedDialler({}, None, tmp_path / "service.log")
    live = make_live(Loaded(settings), dialler, sound, lambda _: None, greets=False)
    assert live.status.budget_usd == 1.0
    assert dialler.capabilities.is_free


def test_what_the_user_has_set_is_known_by_its_source_and_by_its_value():
    loaded = Loaded(Settings(threshold=0.7), {"voice": Source.FILE, "theme": Source.FILE})
    assert chosen_settings(loaded) == {"threshold", "voice"}


class Way:
    """What of a dialler the settings depend on."""

    transcription_model = "gpt-transcribe"


def test_what_is_off_or_empty_is_none_in_the_session():
    session = session_settings(Settings(), Way())
    names = (
        "language", "noise_reduction", "reasoning_effort", "transcription_delay", "transcription_prompt",
        "transcription_keywords", "tracing", "prompt_id", "prompt_version", "prompt_variables", "max_output_tokens",
    )  # fmt: skip
    assert {name: getattr(session, name) for name in names} == dict.fromkeys(names)
    given = Settings(reasoning_effort="low", tracing="auto", prompt_id="pmpt_1", noise_reduction="far_field")
    session = session_settings(given, Way())
    assert (session.reasoning_effort, session.tracing, session.prompt_id) == ("low", "auto", "pmpt_1")


def test_a_muted_assistant_is_said_at_the_start():
    quiet = open_sound(Settings(speaker="none", muted=True), needs_microphone=False, given={})
    assert any("The assistant is muted" in notice for notice in quiet.notices)
    loud = open_sound(Settings(speaker="none"), needs_microphone=False, given={})
    assert not loud.notices
