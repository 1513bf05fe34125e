"""Which services are offered to go on with: those for which all is set, and that may have the user's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.launch.request import Request
from app.launch.switchboard import ConfiguredServices, with_choice
from app.live.service_choice import ServiceChoice
from app.live.switching import SwitchError
from app.settings import Folders, Loaded, Settings, Source

AZURE = {"azure_endpoint": "res", "azure_api_key": "k-0123456789", "azure_deployment": "voice"}
OPENAI = {"openai_api_key": "k-0123456789"}


def services(folder: Path, values: dict[str, Any], sources: dict[str, Source] | None = None) -> ConfiguredServices:
    places = Folders(folder / "settings.toml", folder / "logs", folder / "conversations")
    loaded = Loaded(Settings(**values), sources or {})
    request = Request({}, loaded, places, is_plain=False, is_text_only=False, exports=(), events=None)
    return ConfiguredServices(request, None, folder)


def offered(board: ConfiguredServices) -> list[tuple[str, str]]:
    return [(choice.label, choice.model) for choice in board.choices() if choice.service != "local"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        (AZURE, [("Azure OpenAI", "voice")]),
        ({**AZURE, "azure_deployment": ""}, []),
        ({"service": "xai", "api_key": "k-0123456789"}, [("xAI", "grok-voice-latest")]),
        ({"service": "nas:8000", **AZURE}, [("nas:8000", ""), ("Azure OpenAI", "voice")]),
    ],
)
def test_what_is_whole_is_offered_the_first_one_first(tmp_path: Path, values: dict[str, Any], found: list[Any]):
    assert offered(services(tmp_path, values)) == found


def test_models_of_openai_are_offered_the_one_that_is_set_first(tmp_path: Path):
    found = offered(services(tmp_path, {**OPENAI, "model": "gpt-realtime-2"}))
    assert found[0] == ("OpenAI", "gpt-realtime-2")
    assert ("OpenAI", "gpt-realtime-2.1") in found
    assert len(found) == len(set(found)) > 2


def test_what_a_folder_wants_and_nobody_has_allowed_is_not_offered_and_not_dialled(tmp_path: Path):
    sources = {"openai_base_url": Source.DOTENV, "openai_api_key": Source.ENVIRONMENT}
    board = services(tmp_path, {**OPENAI, "openai_base_url": "https://evil.test", "service": "local"}, sources)
    assert offered(board) == []
    with pytest.raises(SwitchError, match=r"wants your OPENAI_API_KEY.*https://evil\.test"):
        board.dialler(ServiceChoice("openai", "OpenAI", "m"))


def test_the_way_there_and_what_it_transcribes_with(tmp_path: Path):
    board = services(tmp_path, {**AZURE, **OPENAI, "azure_transcription_deployment": "ears"})
    dialler, change = board.dialler(ServiceChoice("azure", "", "other"))
    assert dialler.label == "Azure OpenAI"
    assert change.transcription_model == "ears"
    _, change = board.dialler(ServiceChoice("openai", "", "gpt-realtime-2"))
    assert change.transcription_model == "gpt-transcribe"
    off = services(tmp_path, {**OPENAI, "transcription_model": "off"})
    assert off.dialler(ServiceChoice("openai", ""))[1].transcription_model is None


def test_what_cannot_be_dialled_is_one_sentence(tmp_path: Path):
    with pytest.raises(SwitchError, match="OPENAI_API_KEY is not set"):
        services(tmp_path, AZURE).dialler(ServiceChoice("openai", ""))


def test_the_model_has_its_own_setting_at_azure():
    settings = Settings(model="m", azure_deployment="d")
    assert with_choice(settings, ServiceChoice("azure", "", "x")).azure_deployment == "x"
    assert with_choice(settings, ServiceChoice("azure", "")).azure_deployment == "d"
    assert with_choice(settings, ServiceChoice("openai", "", "x")).model == "x"


def test_no_model_of_a_folder_is_read_by_switching_either(tmp_path: Path):
    board = services(tmp_path, {**OPENAI, "responder": "evil.gguf"}, {"responder": Source.DOTENV})
    assert [choice for choice in board.choices() if choice.service == "local"] == []
    with pytest.raises(SwitchError, match="REALTIME_RESPONDER"):
        board.dialler(ServiceChoice("local", "embedded service"))
