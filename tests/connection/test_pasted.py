"""Every spelling of an address that people paste, and where it leads."""

from __future__ import annotations

import re

import pytest

from app.connection.failure_kind import FailureKind
from app.connection.families import AZURE, COMPATIBLE, FAMILIES, INWORLD, OPENAI, SPEACHES, VOICE_LIVE, XAI
from app.connection.services import azure, compatible, openai
from app.protocol.dialect import Dialect
from app.settings import SETTINGS

KEY = "k3y-0123456789abcdef"
RES = "wss://res.openai.azure.com/openai/v1/realtime?model="
GA = f"{RES}voice"
FOUNDRY = "wss://res.services.ai.azure.com/openai/v1/realtime?model=voice"
GATEWAY = "wss://gateway.example/team/openai/v1/realtime?model=voice"
CHAT = "chat/completions?api-version=2025-01-01-preview"

AZURE_ENDPOINTS = [
    ("res", GA),
    (" RES ", "wss://res.openai.azure.com/openai/v1/realtime?model=voice"),
    ("res.openai.azure.com", GA),
    ("res.openai.azure.com/", GA),
    ("res.openai.azure.com:443", "wss://res.openai.azure.com:443/openai/v1/realtime?model=voice"),
    ("https://res.openai.azure.com", GA),
    ("https://res.openai.azure.com/", GA),
    ("  https://RES.openai.azure.com/ \n", GA),
    ("HTTPS://res.openai.azure.com/", GA),
    ("https://res.openai.azure.com/openai", GA),
    ("https://res.openai.azure.com/openai/v1", GA),
    ("https://res.openai.azure.com/openai/v1/", GA),
    ("https://res.openai.azure.com/openai/v1/realtime", GA),
    ("https://res.openai.azure.com/openai/v1/realtime?model=voice", GA),
    ("https://res.openai.azure.com/openai/v1/realtime/client_secrets", GA),
    ("https://res.openai.azure.com/openai/v1/responses", GA),
    ("https://res.openai.azure.com/openai/v1/chat/completions", GA),
    ("https://res.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=voice", GA),
    ("wss://res.openai.azure.com/openai/v1/realtime", GA),
    ("wss://res.openai.azure.com/openai/realtime?api-version=2024-10-01-preview&deployment=voice", GA),
    ("https://res.openai.azure.com/openai/deployments/voice", GA),
    ("https://res.openai.azure.com/openai/deployments/voice/realtime?api-version=2025-04-01-preview", GA),
    (f"https://res.openai.azure.com/openai/deployments/voice/{CHAT}", GA),
    ("https://res.openai.azure.com/?api-key=abc", GA),
    ("https://res.openai.azure.com:8443", "wss://res.openai.azure.com:8443/openai/v1/realtime?model=voice"),
    ("https://res.openai.azure.us", "wss://res.openai.azure.us/openai/v1/realtime?model=voice"),
    ("https://res.cognitiveservices.azure.com/",
     "wss://res.cognitiveservices.azure.com/openai/v1/realtime?model=voice"),
    ("https://res.services.ai.azure.com/", FOUNDRY),
    ("https://res.services.ai.azure.com/api/projects/mine", FOUNDRY),
    ("https://res.services.ai.azure.com/models", FOUNDRY),
    ("https://res.services.ai.azure.com/openai/v1/", FOUNDRY),
    ("https://gateway.example", "wss://gateway.example/openai/v1/realtime?model=voice"),
    ("https://gateway.example/team", GATEWAY),
    ("https://gateway.example/team/", GATEWAY),
    ("https://gateway.example/team/openai", GATEWAY),
    ("https://gateway.example/team/openai/v1", GATEWAY),
    ("https://gateway.example/team/openai/v1/realtime", GATEWAY),
    (f"https://gateway.example/team/openai/deployments/voice/{CHAT}", GATEWAY),
    ("https://gateway.example/team/v1/", GATEWAY),
    ("https://gateway.example/team/aoai", "wss://gateway.example/team/aoai/openai/v1/realtime?model=voice"),
    ("https://gateway.example/team%20a/openai/v1", "wss://gateway.example/team%20a/openai/v1/realtime?model=voice"),
    ("https://api.azure-api.net/aoai", "wss://api.azure-api.net/aoai/openai/v1/realtime?model=voice"),
    ("http://localhost:9000", "ws://localhost:9000/openai/v1/realtime?model=voice"),
    ("localhost:9000", "ws://localhost:9000/openai/v1/realtime?model=voice"),
    ("http://[::1]:9000", "ws://[::1]:9000/openai/v1/realtime?model=voice"),
]  # fmt: skip


@pytest.mark.parametrize(("endpoint", "url"), AZURE_ENDPOINTS)
def test_azure(endpoint: str, url: str):
    service = azure(endpoint, KEY, "voice", transcription_model="ears")
    assert service.url == url
    assert service.headers == (("api-key", KEY),)
    assert (service.dialect, service.model, service.label) == (Dialect.GA, "voice", "Azure OpenAI")
    assert service.hint is None


@pytest.mark.parametrize(
    ("endpoint", "deployment", "counts", "is_conflict"),
    [
        ("https://res.openai.azure.com/openai/deployments/mine/realtime?api-version=1", "", "mine", False),
        (f"https://res.openai.azure.com/openai/deployments/mine/{CHAT}", "", "mine", False),
        ("https://res.openai.azure.com/openai/realtime?api-version=1&deployment=mine", "", "mine", False),
        ("wss://res.openai.azure.com/openai/v1/realtime?model=mine", "", "mine", False),
        ("https://gateway.example/x/openai/deployments/mine", "", "mine", False),
        ("wss://res.openai.azure.com/openai/v1/realtime?model=mine", "mine", "mine", False),
        ("wss://res.openai.azure.com/openai/v1/realtime?model=mine", "voice", "voice", True),
        (f"https://res.openai.azure.com/openai/deployments/gpt-4o/{CHAT}", "voice", "voice", True),
    ],
)
def test_the_deployment_is_taken_from_a_pasted_address(endpoint: str, deployment: str, counts: str, is_conflict: bool):
    service = azure(endpoint, KEY, deployment, transcription_model="ears")
    assert service.model == counts
    assert service.url.endswith(f"/openai/v1/realtime?model={counts}")
    assert bool(service.hint) is is_conflict
    if is_conflict:
        assert "AZURE_OPENAI_DEPLOYMENT counts" in (service.hint or "")


OPENAI_ADDRESSES = [
    (None, "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("api.openai.com", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/chat/completions", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/responses", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/models", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/realtime", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/realtime/client_secrets", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://api.openai.com/v1/realtime/sessions", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://eu.api.openai.com/v1", "wss://eu.api.openai.com/v1/realtime?model=m", "OpenAI"),
    ("https://proxy.example", "wss://proxy.example/v1/realtime?model=m", "OpenAI at proxy.example"),
    ("https://proxy.example/v1", "wss://proxy.example/v1/realtime?model=m", "OpenAI at proxy.example"),
    ("https://proxy.example/openai", "wss://proxy.example/openai/v1/realtime?model=m", "OpenAI at proxy.example"),
    ("https://proxy.example/api/v1", "wss://proxy.example/api/v1/realtime?model=m", "OpenAI at proxy.example"),
    ("https://proxy.example/v1/acc/openai", "wss://proxy.example/v1/acc/openai/realtime?model=m",
     "OpenAI at proxy.example"),
    ("wss://proxy.example/v1/realtime", "wss://proxy.example/v1/realtime?model=m", "OpenAI at proxy.example"),
    ("wss://proxy.example/realtime", "wss://proxy.example/realtime?model=m", "OpenAI at proxy.example"),
    ("https://p.example/v1?team=a%2Fb", "wss://p.example/v1/realtime?team=a%2Fb&model=m", "OpenAI at p.example"),
    ("http://127.0.0.1:8000/v1", "ws://127.0.0.1:8000/v1/realtime?model=m", "OpenAI at 127.0.0.1:8000"),
    ("http://localhost:4000", "ws://localhost:4000/v1/realtime?model=m", "OpenAI at localhost:4000"),
    ("localhost:4000", "ws://localhost:4000/v1/realtime?model=m", "OpenAI at localhost:4000"),
]  # fmt: skip


@pytest.mark.parametrize(("base_url", "url", "label"), OPENAI_ADDRESSES)
def test_openai(base_url: str | None, url: str, label: str):
    service = openai(KEY, base_url, "m")
    assert (service.url, service.label, service.family) == (url, label, OPENAI)
    assert service.headers == (("Authorization", f"Bearer {KEY}"),)
    assert service.dialect is Dialect.GA


def test_an_ephemeral_key_is_a_key():
    assert openai("ek_0123456789").headers == (("Authorization", "Bearer ek_0123456789"),)


@pytest.mark.parametrize(
    "make",
    [
        lambda: openai(KEY, "https://res.openai.azure.com/openai/v1", "voice"),
        lambda: openai(KEY, "https://res.openai.azure.com/openai/v1/realtime?model=voice"),
        lambda: compatible("wss://res.openai.azure.com/openai/v1/realtime?model=voice", KEY),
        lambda: compatible("https://res.openai.azure.com", KEY, "voice"),
    ],
)
def test_azure_under_another_setting_is_azure(make):
    service = make()
    assert (service.url, service.family, service.headers) == (GA, AZURE, (("api-key", KEY),))
    assert service.transcription_model is None
    assert "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT" in (service.hint or "")
    assert service.variables.address in ("OPENAI_BASE_URL", "REALTIME_SERVICE")


SERVERS = [
    ("ws://h:1/v1/realtime", None, "ws://h:1/v1/realtime", "", COMPATIBLE),
    ("ws://h:1", None, "ws://h:1/v1/realtime", "", COMPATIBLE),
    ("ws://h:1/", None, "ws://h:1/v1/realtime", "", COMPATIBLE),
    ("ws://h:1/v1", None, "ws://h:1/v1/realtime", "", COMPATIBLE),
    ("http://h:1", None, "ws://h:1/v1/realtime", "", COMPATIBLE),
    ("https://h.example", None, "wss://h.example/v1/realtime", "", COMPATIBLE),
    ("https://h.example/v1/", None, "wss://h.example/v1/realtime", "", COMPATIBLE),
    ("https://h.example/api/v1/chat/completions", None, "wss://h.example/api/v1/realtime", "", COMPATIBLE),
    ("localhost:8080", None, "ws://localhost:8080/v1/realtime", "", COMPATIBLE),
    ("127.0.0.1:8080", None, "ws://127.0.0.1:8080/v1/realtime", "", COMPATIBLE),
    ("[::1]:8080", None, "ws://[::1]:8080/v1/realtime", "", COMPATIBLE),
    ("192.168.1.9:8000", None, "ws://192.168.1.9:8000/v1/realtime", "", COMPATIBLE),
    ("nas.local:8000", None, "ws://nas.local:8000/v1/realtime", "", COMPATIBLE),
    ("nas:8000", None, "ws://nas:8000/v1/realtime", "", COMPATIBLE),
    ("nas:443", None, "wss://nas:443/v1/realtime", "", COMPATIBLE),
    ("h.example", None, "wss://h.example/v1/realtime", "", COMPATIBLE),
    ("h.example:8443/x", None, "wss://h.example:8443/x", "", COMPATIBLE),
    ("ws://h:1/v1/realtime", "m 1", "ws://h:1/v1/realtime?model=m%201", "m 1", COMPATIBLE),
    ("wss://h/v1/realtime?intent=x", "m", "wss://h/v1/realtime?intent=x&model=m", "m", COMPATIBLE),
    ("wss://h/v1/realtime?model=own", None, "wss://h/v1/realtime?model=own", "own", COMPATIBLE),
    ("wss://h/pfad/größe?key=s#part", None, "wss://h/pfad/gr%C3%B6%C3%9Fe?key=s", "", COMPATIBLE),
    ("wss://user:pass@h/x", None, "wss://user:pass@h/x", "", COMPATIBLE),
    ("wss://bücher.example/x", None, "wss://xn--bcher-kva.example/x", "", COMPATIBLE),
    ("localai", "pipe", "ws://localhost:8080/v1/realtime?model=pipe", "pipe", FAMILIES["localai"]),
    ("litellm", "voice", "ws://localhost:4000/v1/realtime?model=voice", "voice", FAMILIES["litellm"]),
    ("speaches", "m", "ws://localhost:8000/v1/realtime?model=m", "m", SPEACHES),
    ("speech-to-speech", None, "ws://localhost:8765/v1/realtime", "", FAMILIES["speech-to-speech"]),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "model", "url", "named", "family"), SERVERS)
def test_compatible_servers(typed: str, model: str | None, url: str, named: str, family: object):
    service = compatible(typed, model=model)
    assert (service.url, service.model, service.family) == (url, named, family)
    assert service.headers == ()


@pytest.mark.parametrize(
    ("typed", "url", "family", "header"),
    [
        ("xai", "wss://api.x.ai/v1/realtime?model=grok-voice-latest", XAI, ("Authorization", f"Bearer {KEY}")),
        ("https://api.x.ai/v1", "wss://api.x.ai/v1/realtime?model=grok-voice-latest", XAI,
         ("Authorization", f"Bearer {KEY}")),
        ("https://res.services.ai.azure.com/voice-live/realtime?model=gpt-realtime",
         "wss://res.services.ai.azure.com/voice-live/realtime?model=gpt-realtime&api-version=2026-07-15",
         VOICE_LIVE, ("api-key", KEY)),
        ("wss://res.cognitiveservices.azure.com/voice-live/realtime?api-version=2025-10-01&model=x",
         "wss://res.cognitiveservices.azure.com/voice-live/realtime?api-version=2025-10-01&model=x",
         VOICE_LIVE, ("api-key", KEY)),
        ("api.inworld.ai", "wss://api.inworld.ai/api/v1/realtime/session?protocol=realtime", INWORLD,
         ("Authorization", f"Basic {KEY}")),
        ("https://api.openai.com/v1", "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1-mini", OPENAI,
         ("Authorization", f"Bearer {KEY}")),
    ],
)  # fmt: skip
def test_services_known_by_their_hosts(typed: str, url: str, family: object, header: tuple[str, str]):
    service = compatible(typed, KEY)
    assert (service.url, service.family, service.headers) == (url, family, (header,))


def test_a_name_in_the_address_and_another_in_the_settings_are_told():
    hint = compatible("wss://h/v1/realtime?model=own", model="m").hint
    assert hint is not None
    assert "REALTIME_SERVICE counts" in hint


@pytest.mark.parametrize("typed", [row[0] for row in SERVERS] + ["https://res.openai.azure.com", "api.x.ai"])
def test_the_setting_takes_what_a_service_can_be_made_of(typed: str):
    pattern = next(note.pattern for note in _notes("service") if getattr(note, "pattern", None))
    assert re.search(pattern, typed)


@pytest.mark.parametrize("typed", ["", "opnai", "ftp://h", "no such", "://x"])
def test_the_setting_refuses_what_is_neither_a_name_nor_an_address(typed: str):
    pattern = next(note.pattern for note in _notes("service") if getattr(note, "pattern", None))
    assert not re.search(pattern, typed)


def _notes(name: str) -> tuple[object, ...]:
    import typing

    from app.settings import Settings

    return typing.get_args(typing.get_type_hints(Settings, include_extras=True)[name])


def test_every_service_that_a_name_alone_leads_to_can_be_named_in_the_settings():
    words = re.findall(r"[a-z-]+", SETTINGS["service"].must_be)
    named = {family.name for family in FAMILIES.values() if family.address} | {"local"}
    assert named <= set(words)


def test_every_row_is_whole():
    for family in FAMILIES.values():
        assert family.evidence
        assert all(isinstance(kind, FailureKind) for kind in family.remedies)
        for remedy in family.remedies.values():
            assert remedy.format(address="A", key="K", model="M")
